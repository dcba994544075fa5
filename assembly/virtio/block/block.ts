// virtio-blk: attach, reset and the configuration. Virtio 1.2, 5.2. Requests go to the host in batches (device/blocks.ts), are answered
// while virtual time stands still, and complete after a fixed virtual delay, so that a run does not depend on the host's disk.
//
//   doorbell -> take chains, ask (submit.ts) -> slice ends -> host answers -> service: data and status into the guest's buffers, a
//   completion is noted with its time (answer.ts) -> timer: used ring, interrupt
//
// A request longer than a batch is asked in parts, and completes with the last.

import { Card, optionOf, wordOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { bindTimer } from "../../device/clock";
import { takeTimers } from "../../device/timers";
import { ask, askedAt, askedCount } from "../../device/blocks";
import { bindRing } from "../../device/ring";
import { RingId } from "../../surface/rings";
import { configOf, deviceAt, deviceOfCard, has, makeQueue, nameDevice, VirtioDevice } from "../device";
import { attachTransport, resetVirtio } from "../pci/transport";
import { DeviceId, FeatureBit } from "../spec";
import { complete, forgetAll, forgetQueue, service } from "./answer";
import { BlockConfig, BlockFeature } from "./spec";
import { BLOCK_COUNTERS, blockOf, nameBlockCounters } from "./state";
import { Fate, MAX_DISCARD_SECTORS, MAX_RANGES, MAX_ZERO_RANGES, MAX_ZERO_SECTORS, submit, submitAll } from "./submit";
import { AskedFlag, Request, RequestType } from "../../surface/blocks";

@inline const TRANSITIONAL: u32 = 0x1001;
@inline const STORAGE_CLASS: u32 = 0x01_0000;
@inline const QUEUE_SIZE: u32 = 128;
@inline export const MAX_QUEUES: u32 = 8;
/** Pieces of a request: two descriptors are its header and its status. Longer requests are taken as well. */
@inline const SEG_MAX: u32 = QUEUE_SIZE - 2;
@inline const SIZE_MAX: u32 = 1 << 20;
/** What a BIOS would call such a disk. */
@inline const HEADS: u32 = 16;
@inline const TRACK_SECTORS: u32 = 63;
@inline const CARD: string = "virtio-blk";

@inline function queuesOf(c: Card): u32 { return max(1, min(wordOf(c, CardOption.QUEUES), MAX_QUEUES)); }

@inline function bit(n: u32): u64 { return <u64>1 << n; }

/** Everything a disk of this kind has, before masking. */
function allFeatures(c: Card): u64 {
  const writing = bit(BlockFeature.FLUSH) | bit(BlockFeature.CONFIG_WCE) | bit(BlockFeature.DISCARD) | bit(BlockFeature.WRITE_ZEROES);
  return bit(BlockFeature.SIZE_MAX) | bit(BlockFeature.SEG_MAX) | bit(BlockFeature.GEOMETRY) | bit(BlockFeature.BLK_SIZE) | bit(BlockFeature.TOPOLOGY)
    | (wordOf(c, CardOption.READ_ONLY) ? bit(BlockFeature.RO) : writing) | (queuesOf(c) > 1 ? bit(BlockFeature.MQ) : 0)
    | bit(FeatureBit.INDIRECT_DESC) | bit(FeatureBit.EVENT_IDX) | bit(FeatureBit.VERSION_1) | bit(FeatureBit.RING_PACKED) | bit(FeatureBit.RING_RESET);
}

/** Without a write cache there is nothing to flush, unless the driver may switch it on; and it may not where there is no flush. */
function withNeeds(features: u64, writethrough: bool): u64 {
  let f = features;
  if (!(f & bit(BlockFeature.FLUSH))) f &= ~bit(BlockFeature.CONFIG_WCE);
  if (writethrough && !(f & bit(BlockFeature.CONFIG_WCE))) f &= ~bit(BlockFeature.FLUSH);
  return f;
}

/** A card of the machine's list; its table of requests has its number. */
export function attachBlock(c: Card): void {
  const d = deviceOfCard(c, DeviceId.BLOCK), s = blockOf(d);
  d.offered = withNeeds(allFeatures(c) & ~optionOf(c, CardOption.MASKED), wordOf(c, CardOption.WRITETHROUGH) != 0);
  d.queueCount = queuesOf(c); d.configBytes = BlockConfig.BYTES;
  d.onQueue = submit.index; d.onReset = resetBlock.index; d.onDriverOk = 0; d.onConfig = writeBlockConfig.index; d.onQueueReset = forgetQueue.index; d.onTurn = takeTurnNow.index;
  s.disk = c.first; s.timer = takeTimers(1);
  nameDevice(d, CARD, BLOCK_COUNTERS);
  nameBlockCounters(d, CARD);
  for (let q: u32 = 0; q < d.queueCount; q++) makeQueue(d, q, QUEUE_SIZE, CARD);
  attachTransport(d, c, STORAGE_CLASS, TRANSITIONAL, CARD);
  bindTimer(s.timer, complete.index, changetype<usize>(d));
  bindRing(RingId.FIRST_DISK + s.disk, service.index, changetype<usize>(d));
}

/** The configuration as it was asked for, and the device's reset. */
export function resetBlockCard(c: Card): void {
  const d = deviceAt(c.index), config = configOf(d), sectors = optionOf(c, CardOption.SECTORS);
  blockOf(d).sectors = sectors;
  blockOf(d).cached = wordOf(c, CardOption.WRITETHROUGH) ? 0 : 1;
  store<u64>(config, sectors, BlockConfig.CAPACITY);
  store<u32>(config, SIZE_MAX, BlockConfig.SIZE_MAX);
  store<u32>(config, SEG_MAX, BlockConfig.SEG_MAX);
  store<u16>(config, <u16>min(sectors / (HEADS * TRACK_SECTORS), 65535), BlockConfig.CYLINDERS);
  store<u8>(config, HEADS, BlockConfig.HEADS);
  store<u8>(config, TRACK_SECTORS, BlockConfig.SECTORS);
  store<u32>(config, <u32>Request.SECTOR_BYTES << (wordOf(c, CardOption.LOGICAL_EXP) & 7), BlockConfig.BLK_SIZE);
  store<u8>(config, <u8>(wordOf(c, CardOption.PHYSICAL_EXP) & 15), BlockConfig.PHYSICAL_BLOCK_EXP);
  store<u8>(config, <u8>blockOf(d).cached, BlockConfig.WRITEBACK);
  store<u16>(config, <u16>d.queueCount, BlockConfig.NUM_QUEUES);
  store<u32>(config, MAX_DISCARD_SECTORS, BlockConfig.MAX_DISCARD_SECTORS);
  store<u32>(config, MAX_RANGES, BlockConfig.MAX_DISCARD_SEG);
  store<u32>(config, 8, BlockConfig.DISCARD_ALIGNMENT);
  store<u32>(config, MAX_ZERO_SECTORS, BlockConfig.MAX_WRITE_ZEROES_SECTORS);
  store<u32>(config, MAX_ZERO_RANGES, BlockConfig.MAX_WRITE_ZEROES_SEG);
  store<u8>(config, 1, BlockConfig.WRITE_ZEROES_MAY_UNMAP);
  resetVirtio(d);
}

/** There is allowance again; what is with the host goes on when it has answered. */
function takeTurnNow(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  if (!askedCount(blockOf(d).disk)) submitAll(d);
}

/** Writes already handed to the host are done; what has not been told to the driver is forgotten with its rings. */
function resetBlock(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  forgetAll(d);
  store<u8>(configOf(d), <u8>blockOf(d).cached, BlockConfig.WRITEBACK);
}

/** The driver turns the write cache on or off (5.2.5); off, what was written before goes to the disk too. */
function writeBlockConfig(dev: usize, at: u32, bytes: u32, value: u64): void {
  const d = changetype<VirtioDevice>(dev);
  if (at > <u32>BlockConfig.WRITEBACK || at + bytes <= <u32>BlockConfig.WRITEBACK || !has(d, BlockFeature.CONFIG_WCE)) return;
  const cached = <u8>(value >> (<u64>(BlockConfig.WRITEBACK - at) << 3)) & 1;
  if (!cached && load<u8>(configOf(d), BlockConfig.WRITEBACK)) flushNow(d);
  store<u8>(configOf(d), cached, BlockConfig.WRITEBACK);
}

/** A flush that nobody waits for. With the batch full, what is in it goes to the disk itself. */
function flushNow(d: VirtioDevice): void {
  const disk = blockOf(d).disk, a = ask(disk, RequestType.FLUSH, 0, 0);
  if (changetype<usize>(a)) a.fate = Fate.FORGOTTEN;
  else askedAt(disk, askedCount(disk) - 1).flags |= AskedFlag.STABLE;
}
