// virtio-blk. Virtio 1.2, 5.2. Requests go to the host in batches (device/blocks.ts), are answered while virtual time stands still,
// and complete after a fixed virtual delay, so that a run does not depend on the host's disk.
//
//   doorbell -> take chains, ask -> slice ends -> host answers -> service: data and status into the guest's buffers, a completion is
//   noted with its time -> timer: used ring, interrupt
//
// Between service and timer a request is a completion: chain head, bytes written, due time.

import { addCount, count, nameOwned } from "../../base/counters";
import { ask, Asked, askedAt, askedCount, clearAsked, MAX_ASKED, UNANSWERED } from "../../device/blocks";
import { bindTimer, cancelTimer, NEVER, nowNs, setTimer, Timer } from "../../device/clock";
import { bindRing, RingId } from "../../device/ring";
import { configOf, Count, deviceAt, has, isLive, makeQueue, nameDevice, ownOf, Queue, queueOf, VirtioDevice } from "../device";
import { Part, SCRATCH } from "../layout";
import { attachTransport } from "../pci/transport";
import { Chain, chain, gather, scatter } from "../queue/chain";
import { listen, publish, putUsed, rewind, Take, takeChain, walkAgain } from "../queue/queue";
import { DeviceId, FeatureBit } from "../spec";
import { Answer, BlockConfig, BlockFeature, Range, Request, RequestType } from "./spec";

@inline const TRANSITIONAL: u32 = 0x1001;
@inline const STORAGE_CLASS: u32 = 0x01_0000;
@inline const QUEUE_SIZE: u32 = 128;
/** Pieces of a request and bytes of each: a request fits in a batch. */
@inline const SEG_MAX: u32 = 62;
@inline const SIZE_MAX: u32 = 4096;
@inline const MAX_RANGES: u32 = 16;
@inline const MAX_RANGE_SECTORS: u32 = 1 << 22;
/** Virtual ns from doorbell to completion. */
@inline const DELAY_NS: u64 = 50_000;
@inline const CARD: string = "virtio-blk";

const enum BlockCount { READS = 4, WRITES, FLUSHES, DISCARDS, BYTES_READ, BYTES_WRITTEN, REFUSED, WAITS, END }
@unmanaged class BlockState { disk: u32; completions: u32; sectors: u64; }
@inline function blockOf(d: VirtioDevice): BlockState { return changetype<BlockState>(ownOf(d)); }
@unmanaged class Completion { head: u32; written: u32; due: u64; }
@inline function completionAt(d: VirtioDevice, i: u32): Completion { return changetype<Completion>(changetype<usize>(d) + Part.REQUESTS + (<usize>i << 4)); }
@inline const MAX_COMPLETIONS: u32 = 256;

@inline function bit(n: u32): u64 { return <u64>1 << n; }

/** Device `i` becomes disk `number` of so many sectors. */
export function attachBlock(i: u32, number: u32, slot: u32, masked: u64, readOnly: bool, modernOnly: bool, vectors: u32): void {
  const d = deviceAt(i);
  d.kind = DeviceId.BLOCK; d.number = number;
  const writing = bit(BlockFeature.FLUSH) | bit(BlockFeature.DISCARD) | bit(BlockFeature.WRITE_ZEROES);
  d.offered = (bit(BlockFeature.SIZE_MAX) | bit(BlockFeature.SEG_MAX) | bit(BlockFeature.BLK_SIZE) | (readOnly ? bit(BlockFeature.RO) : writing)
    | bit(FeatureBit.INDIRECT_DESC) | bit(FeatureBit.EVENT_IDX) | bit(FeatureBit.VERSION_1) | bit(FeatureBit.RING_PACKED) | bit(FeatureBit.RING_RESET)) & ~masked;
  d.queueCount = 1; d.configBytes = BlockConfig.BYTES;
  d.onQueue = submit.index; d.onReset = resetBlockDevice.index; d.onDriverOk = 0; d.onConfig = 0;
  nameDevice(d, CARD, BlockCount.END - Count.OWN);
  nameBlockCounters(d);
  makeQueue(d, 0, QUEUE_SIZE, CARD);
  attachTransport(d, slot, STORAGE_CLASS, modernOnly ? 0 : TRANSITIONAL, vectors, CARD);
  bindTimer(Timer.FIRST_CARD + i, complete.index, changetype<usize>(d));
  bindRing(RingId.FIRST_DISK + number, service.index, changetype<usize>(d));
}

function nameBlockCounters(d: VirtioDevice): void {
  const c = d.counters, n = d.number;
  nameOwned(c + BlockCount.READS, CARD, n, -1, "reads", "requests");
  nameOwned(c + BlockCount.WRITES, CARD, n, -1, "writes", "requests");
  nameOwned(c + BlockCount.FLUSHES, CARD, n, -1, "flushes", "requests");
  nameOwned(c + BlockCount.DISCARDS, CARD, n, -1, "discards and zeroings", "requests");
  nameOwned(c + BlockCount.BYTES_READ, CARD, n, -1, "bytes read", "bytes");
  nameOwned(c + BlockCount.BYTES_WRITTEN, CARD, n, -1, "bytes written", "bytes");
  nameOwned(c + BlockCount.REFUSED, CARD, n, -1, "requests refused", "requests");
  nameOwned(c + BlockCount.WAITS, CARD, n, -1, "waits for the host", "events");
}

export function presetBlock(i: u32, number: u32, sectors: u64): void {
  const d = deviceAt(i), config = configOf(d);
  blockOf(d).disk = number; blockOf(d).sectors = sectors;
  store<u64>(config, sectors, BlockConfig.CAPACITY);
  store<u32>(config, SIZE_MAX, BlockConfig.SIZE_MAX);
  store<u32>(config, SEG_MAX, BlockConfig.SEG_MAX);
  store<u32>(config, Request.SECTOR_BYTES, BlockConfig.BLK_SIZE);
  store<u32>(config, MAX_RANGE_SECTORS, BlockConfig.MAX_DISCARD_SECTORS);
  store<u32>(config, MAX_RANGES, BlockConfig.MAX_DISCARD_SEG);
  store<u32>(config, 8, BlockConfig.DISCARD_ALIGNMENT);
  store<u32>(config, MAX_RANGE_SECTORS, BlockConfig.MAX_WRITE_ZEROES_SECTORS);
  store<u32>(config, MAX_RANGES, BlockConfig.MAX_WRITE_ZEROES_SEG);
  store<u8>(config, 1, BlockConfig.WRITE_ZEROES_MAY_UNMAP);
}

/** Writes already handed to the host are done; what has not been told to the driver is forgotten with its rings. */
function resetBlockDevice(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  for (let i: u32 = 0; i < askedCount(blockOf(d).disk); i++) askedAt(blockOf(d).disk, i).queue = 1;
  blockOf(d).completions = 0;
  for (let i: u32 = 0; i < 16; i++) if (deviceAt(i) == d) cancelTimer(Timer.FIRST_CARD + i);
}

// --- From the guest ---

function submit(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), q = queueOf(d, 0), c = chain(0);
  if (!isLive(d, 0)) return;
  for (;;) {
    if (askedCount(blockOf(d).disk) + blockOf(d).completions >= MAX_COMPLETIONS) break;
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    if (!request(d, q, c)) { rewind(q, 1, 0); count(d.counters + BlockCount.WAITS); break; }
    if (d.broken) return;
  }
  publish(q);
}

/** Asks the host, or answers what needs no host. False when the batch is full. */
function request(d: VirtioDevice, q: Queue, c: Chain): bool {
  // The last writable byte is the status (5.2.6); without it there is nobody to answer.
  if (c.readBytes < <u32>Request.BYTES || c.writeBytes < 1) { count(d.counters + BlockCount.REFUSED); putUsed(q, c.head, 0); return true; }
  if (!gather(q, c, 0, SCRATCH, Request.BYTES)) return true;
  const type = load<u32>(SCRATCH, Request.TYPE), sector = load<u64>(SCRATCH, Request.SECTOR);
  const out = c.readBytes - Request.BYTES, into = c.writeBytes - 1;
  const answer = check(d, type, sector, out, into);
  if (answer != Answer.OK) { refuse(d, q, c, answer); return true; }
  const bytes = type == RequestType.GET_ID ? <u32>Request.ID_BYTES : max(out, into);
  const a = ask(blockOf(d).disk, type, sector, bytes);
  if (!changetype<usize>(a)) return false;
  a.head = c.head; a.queue = 0;
  if (out && !gather(q, c, Request.BYTES, <usize>a.data, out)) { a.queue = 1; return true; }
  if (type >= <u32>RequestType.DISCARD && !rangesGood(d, <usize>a.data, out)) { a.type = RequestType.FLUSH; a.queue = 2; }
  countRequest(d, type, bytes);
  return true;
}

/** An Answer: whether the request makes sense before its data is looked at. */
function check(d: VirtioDevice, type: u32, sector: u64, out: u32, into: u32): u32 {
  switch (type) {
    case RequestType.IN: return out == 0 ? span(d, sector, into) : <u32>Answer.IOERR;
    case RequestType.OUT: return has(d, BlockFeature.RO) || (d.offered >> BlockFeature.RO & 1) || into ? <u32>Answer.IOERR : span(d, sector, out);
    case RequestType.FLUSH: return out || into || (d.offered >> BlockFeature.RO & 1) ? Answer.UNSUPP : Answer.OK;
    case RequestType.GET_ID: return out == 0 && into >= <u32>Request.ID_BYTES ? Answer.OK : Answer.IOERR;
    case RequestType.DISCARD: return has(d, BlockFeature.DISCARD) ? ranges(out, into) : <u32>Answer.UNSUPP;
    case RequestType.WRITE_ZEROES: return has(d, BlockFeature.WRITE_ZEROES) ? ranges(out, into) : <u32>Answer.UNSUPP;
    default: return Answer.UNSUPP;
  }
}

function span(d: VirtioDevice, sector: u64, bytes: u32): u32 {
  const sectors = blockOf(d).sectors;
  if (bytes == 0 || bytes & (Request.SECTOR_BYTES - 1) || bytes > SEG_MAX * SIZE_MAX) return Answer.IOERR;
  return sector <= sectors && <u64>(bytes >> 9) <= sectors - sector ? Answer.OK : Answer.IOERR;
}

function ranges(out: u32, into: u32): u32 {
  return into || out == 0 || out & (Range.BYTES - 1) || out > MAX_RANGES * Range.BYTES ? Answer.IOERR : Answer.OK;
}

/** Every range lies on the disk and has no unknown flag (5.2.6.2). */
function rangesGood(d: VirtioDevice, at: usize, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i += Range.BYTES) {
    const sector = load<u64>(at + i, Range.SECTOR), n = load<u32>(at + i, Range.COUNT);
    if (load<u32>(at + i, Range.FLAGS) & ~(<u32>Range.UNMAP) || n > MAX_RANGE_SECTORS) return false;
    if (sector > blockOf(d).sectors || <u64>n > blockOf(d).sectors - sector) return false;
  }
  return true;
}

function countRequest(d: VirtioDevice, type: u32, bytes: u32): void {
  switch (type) {
    case RequestType.IN: count(d.counters + BlockCount.READS); addCount(d.counters + BlockCount.BYTES_READ, bytes); break;
    case RequestType.OUT: count(d.counters + BlockCount.WRITES); addCount(d.counters + BlockCount.BYTES_WRITTEN, bytes); break;
    case RequestType.FLUSH: count(d.counters + BlockCount.FLUSHES); break;
    default: count(d.counters + BlockCount.DISCARDS);
  }
}

function refuse(d: VirtioDevice, q: Queue, c: Chain, answer: u32): void {
  count(d.counters + BlockCount.REFUSED);
  writeStatus(q, c, answer);
  putUsed(q, c.head, 1);
}

function writeStatus(q: Queue, c: Chain, answer: u32): bool {
  store<u8>(SCRATCH, <u8>answer);
  return scatter(q, c, c.writeBytes - 1, SCRATCH, 1);
}

// --- From the host ---

/** The host has answered; no instruction has run since the doorbell. */
function service(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), s = blockOf(d), q = queueOf(d, 0), n = askedCount(s.disk), c = chain(0);
  if (!n) return;
  for (let i: u32 = 0; i < min(n, MAX_ASKED); i++) {
    const a = askedAt(s.disk, i);
    if (a.queue != 1 && isLive(d, 0)) finish(d, q, c, a);
  }
  clearAsked(s.disk);
  arm(d);
  // Chains that found the batch full.
  submit(dev, 0);
}

/** Data and status into the guest's buffers; the driver is told when the time has come. */
function finish(d: VirtioDevice, q: Queue, c: Chain, a: Asked): void {
  if (!walkAgain(q, c, a.head) || c.writeBytes < 1) return;
  const answer = a.queue == 2 || a.answer == UNANSWERED ? <u32>Answer.IOERR : min(a.answer, <u32>Answer.UNSUPP);
  const reads = a.type == RequestType.IN || a.type == RequestType.GET_ID;
  const data = reads && answer == Answer.OK ? min(a.bytes, c.writeBytes - 1) : 0;
  if (data && !scatter(q, c, 0, <usize>a.data, data)) return;
  if (!writeStatus(q, c, answer)) return;
  const done = completionAt(d, blockOf(d).completions++);
  done.head = a.head; done.written = data + 1; done.due = nowNs() + DELAY_NS;
}

function arm(d: VirtioDevice): void {
  if (!blockOf(d).completions) return;
  for (let i: u32 = 0; i < 16; i++) if (deviceAt(i) == d) setTimer(Timer.FIRST_CARD + i, completionAt(d, 0).due);
}

/** The timer: completions that are due, in their order. */
function complete(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), s = blockOf(d), q = queueOf(d, 0), now = nowNs();
  let done: u32 = 0;
  while (done < s.completions && completionAt(d, done).due <= now) {
    if (isLive(d, 0)) putUsed(q, completionAt(d, done).head, completionAt(d, done).written);
    done++;
  }
  s.completions -= done;
  memory.copy(changetype<usize>(completionAt(d, 0)), changetype<usize>(completionAt(d, done)), <usize>s.completions << 4);
  arm(d);
  if (!isLive(d, 0)) return;
  publish(q);
  // There is room again, for a driver that had more in flight than its queue holds.
  submit(dev, 0);
}
