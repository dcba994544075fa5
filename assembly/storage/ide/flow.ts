// A command's course on a channel (ATA/ATAPI-7, 9): from the command register to blocks through the data port or a run of the bus master, to the interrupt at its end.
//
//   execute (ata/, atapi/) -> nothing more: interrupt
//                          -> reads by PIO: BUSY -> job of a block -> INWARD (DRQ, interrupt) -> the host has read it -> the next block
//                          -> writes by PIO: OUTWARD (DRQ) -> the host has written it -> BUSY -> job -> interrupt, the next block
//                          -> by DMA: MASTER until the bus master starts, then a job through its table
//                          -> PACKET: twelve bytes by PIO, then as above; a block is as long as the host's byte count lets it be

import { count } from "../../base/counters";
import { dmaFailed } from "../../device/dma";
import { noteMasterAbort, requesterOf } from "../../pci/functions";
import { RequestType } from "../../surface/blocks";
import { endPacket, executePacket } from "../atapi/commands";
import { pass } from "../atapi/reply";
import { endTransfer, execute, requestOf } from "../ata/commands";
import { abort, Data, fail } from "../ata/outcome";
import { Error, Reason, SECTOR_BYTES, Status } from "../ata/spec";
import { collectRanges } from "../ata/trim";
import { BLOCK_DELAY_NS, DELAY_NS, startJob } from "../unit/job";
import { goThrough, ListKind, startList, Way } from "../unit/list";
import { bufferOf, isCd, PACKET_BYTES, packetOf, Result, Unit } from "../unit/state";
import { lower, raise } from "./line";
import { MasterCommand, MasterStatus, MOST_ENTRIES } from "./spec";
import { Channel, channelOf, Count, driveOf, ideOf, Phase } from "./state";

@inline const READY: u32 = Status.DRDY | Status.DSC;
/** What a packet's blocks are gathered in: whole ones of the medium. */
@inline const PACKET_BATCH: u32 = 8192;

/** The drive takes what is in its command register. */
export function takeCommand(c: Channel, u: Unit, number: u32): void {
  lower(c);
  c.busy = number; c.left = 0;
  execute(u, false);
  carryOut(c, u);
}

/** The packet is there. */
export function takePacket(c: Channel, u: Unit): void {
  memory.copy(packetOf(u), bufferOf(u), PACKET_BYTES);
  executePacket(u);
  carryOut(c, u);
}

function carryOut(c: Channel, u: Unit): void {
  switch (u.data) {
    case Data.NONE: end(c); break;
    case Data.PACKET: askPacket(c, u); break;
    case Data.FLUSH: busy(c, u, DELAY_NS, 0); break;
    default:
      if (u.byDma) { c.phase = Phase.MASTER; u.status = <u8>(READY | Status.DRQ); tryMaster(c); }
      else if (u.data == Data.INWARD) { c.filled = u.dataBytes; c.at = 0; offer(c, u); }
      else {
        c.left = u.bytes; c.sector = u.sector;
        if (u.data == Data.WRITE) openBlock(c, u);
        else nextJob(c, u, DELAY_NS);
      }
  }
}

/** The command is done; status and error are in the task file. */
function end(c: Channel): void {
  c.phase = Phase.NONE;
  raise(c);
}

function askPacket(c: Channel, u: Unit): void {
  const limit = <u32>u.high << 8 | u.mid;
  u.byteLimit = limit == 0 || limit == 0xffff ? 0xfffe : limit;
  u.count = u.count & 0xf8 | <u8>Reason.COMMAND;
  u.status = <u8>(READY | Status.DRQ);
  c.phase = Phase.PACKET; c.at = 0; c.end = PACKET_BYTES;
}

// --- Through the data port ---

function busy(c: Channel, u: Unit, delayNs: u32, bytes: u32): void {
  c.phase = Phase.BUSY;
  u.status = <u8>Status.BSY;
  startJob(u, requestOf(u.data), c.sector, bytes, u.flags, delayNs);
}

/** Reads the next block, or writes the one that is in the buffer. */
function nextJob(c: Channel, u: Unit, delayNs: u32): void { busy(c, u, delayNs, blockBytes(c, u)); }
function blockBytes(c: Channel, u: Unit): u32 { return min(c.left, isCd(u) ? PACKET_BATCH : u.block * SECTOR_BYTES); }

/** A block of a write: the first comes without an interrupt. */
function openBlock(c: Channel, u: Unit): void {
  c.phase = Phase.OUTWARD; c.at = 0; c.end = blockBytes(c, u);
  u.status = <u8>(READY | Status.DRQ);
}

/** What is in the buffer is there to be read: all of it, of a packet as much as the host's byte count lets it be, an even number unless it is the last. */
function offer(c: Channel, u: Unit): void {
  const there = c.filled - c.at;
  c.phase = Phase.INWARD;
  c.end = c.filled;
  u.status = <u8>(READY | Status.DRQ);
  if (isCd(u) && inPacket(u)) {
    const bytes = there <= u.byteLimit ? there : max(u.byteLimit & ~1, 2);
    c.end = c.at + bytes;
    u.mid = <u8>bytes; u.high = <u8>(bytes >> 8);
    u.count = u.count & 0xf8 | <u8>Reason.INWARD;
  }
  raise(c);
}
@inline function inPacket(u: Unit): bool { return u.command == 0xa0; }

/** The host has read to the end of the block. */
export function drained(c: Channel, u: Unit): void {
  if (c.at < c.filled) { offer(c, u); return; }
  if (c.left) { nextJob(c, u, BLOCK_DELAY_NS); return; }
  c.phase = Phase.NONE;
  if (isCd(u) && inPacket(u)) { pass(u); raise(c); return; }
  if (u.data == Data.READ) { u.jobResult = Result.OK; endTransfer(u); }
  else u.status = <u8>READY;
}

/** The host has written to the end of the block. */
export function filled(c: Channel, u: Unit): void {
  if (c.phase == Phase.PACKET) { takePacket(c, u); return; }
  nextJob(c, u, c.left == u.bytes ? DELAY_NS : BLOCK_DELAY_NS);
}

/** Bus.onDone: the job is done. */
export function endJobOf(unit: usize): void {
  const u = changetype<Unit>(unit), c = channelOf(u);
  if (c.phase != Phase.BUSY) return;
  if (u.byDma) { endMaster(c, u); return; }
  if (u.jobResult != Result.OK || u.data == Data.FLUSH) { finish(c, u); return; }
  c.left -= u.jobDone; c.sector += u.jobDone >> 9;
  if (u.data == Data.READ) { c.at = 0; c.filled = u.jobDone; offer(c, u); return; }
  if (!c.left) { finish(c, u); return; }
  openBlock(c, u);
  raise(c);
}

function finish(c: Channel, u: Unit): void {
  c.left = 0;
  if (isCd(u) && inPacket(u)) endPacket(u);
  else endTransfer(u);
  end(c);
}

// --- By the bus master ---

/** A transfer begins when the drive waits for it and the bus master has been started. */
export function tryMaster(c: Channel): void {
  if (c.phase != Phase.MASTER || !(c.status & MasterStatus.ACTIVE)) return;
  const u = driveInHand(c);
  count(ideOf(c).counters + Count.MASTERED);
  startList(u, c.table, MOST_ENTRIES);
  if (u.data == Data.INWARD) { giveBuffer(c, u); return; }
  if (u.data == Data.TRIM) { takeRanges(c, u); return; }
  c.phase = Phase.BUSY;
  u.status = <u8>(Status.BSY | Status.DRDY);
  startJob(u, requestOf(u.data), u.sector, u.bytes, u.flags, DELAY_NS);
}
function driveInHand(c: Channel): Unit { return driveOf(c, c.busy); }

function giveBuffer(c: Channel, u: Unit): void {
  const moved = goThrough(u, ListKind.BUS_MASTER, requesterOf(ideOf(c).pci), u.dataBytes, Way.INWARD, bufferOf(u));
  if (dmaFailed()) { failMaster(c, u); return; }
  pass(u);
  stopMaster(c, u);
  if (moved) end(c);
  else c.phase = Phase.NONE;
}

function takeRanges(c: Channel, u: Unit): void {
  const moved = goThrough(u, ListKind.BUS_MASTER, requesterOf(ideOf(c).pci), u.bytes, Way.OUTWARD, bufferOf(u));
  if (dmaFailed()) { failMaster(c, u); return; }
  const bytes = moved < u.bytes ? ~<u32>0 : collectRanges(u);
  if (bytes == ~<u32>0) { abort(u); stopMaster(c, u); end(c); return; }
  c.phase = Phase.BUSY;
  startJob(u, RequestType.DISCARD, 0, bytes, 0, DELAY_NS);
}

/** The table was too short: the bus master stops and nobody is told (1.0, 2.2); the rest as it went. */
function endMaster(c: Channel, u: Unit): void {
  if (u.jobResult == Result.MEMORY) { dmaFailed(); failMaster(c, u); return; }
  const short = u.jobResult == Result.SHORT;
  stopMaster(c, u);
  if (isCd(u)) endPacket(u);
  else endTransfer(u);
  if (short) c.phase = Phase.NONE;
  else end(c);
}

function failMaster(c: Channel, u: Unit): void {
  noteMasterAbort(ideOf(c).pci);
  c.status = c.status & ~(<u32>MasterStatus.ACTIVE) | MasterStatus.ERROR;
  fail(u, Error.ICRC | Error.ABRT);
  end(c);
}

/** Active stays where the table has more than the drive had. */
function stopMaster(c: Channel, u: Unit): void {
  const more = goThrough(u, ListKind.BUS_MASTER, requesterOf(ideOf(c).pci), 1, Way.COUNT, 0);
  if (!more || !(c.command & MasterCommand.START)) c.status &= ~(<u32>MasterStatus.ACTIVE);
}

// --- Where data go ---

/** Bus.onReach and Bus.onMove: through the bus master's table, or into the drive's buffer. */
export function reach(unit: usize, wanted: u32): u32 {
  const u = changetype<Unit>(unit);
  if (!u.byDma) return wanted;
  return goThrough(u, ListKind.BUS_MASTER, requesterOf(ideOf(channelOf(u)).pci), wanted, Way.COUNT, 0);
}
export function move(unit: usize, at: usize, bytes: u32, inward: u32): u32 {
  const u = changetype<Unit>(unit);
  if (!u.byDma) {
    if (inward) memory.copy(bufferOf(u) + u.jobDone, at, bytes);
    else memory.copy(at, bufferOf(u) + u.jobDone, bytes);
    return 1;
  }
  return goThrough(u, ListKind.BUS_MASTER, requesterOf(ideOf(channelOf(u)).pci), bytes, inward ? Way.INWARD : Way.OUTWARD, at) == bytes ? 1 : 0;
}
/** Bus.onTurn: no command waits for allowance but in a job. */
export function goOn(unit: usize): void {}
