// Receiving: frames from the host's ring, or from a loopback, into the driver's buffers. Manual 3.2.
//
// A frame is checked against the filters, put together as on the wire (tag taken out, padding, FCS unless SECRC) and
// written over as many descriptors as it needs. With too few of them it stays in the ring, RNBC counts it, and the next write to
// RDT goes on. A descriptor with a null address takes no data: it is written back with DD and passed over (3.2.5).
// Each frame is an item of the machine's allowance (device/allowance.ts), and so is each run of null descriptors.
// The ring is RDLEN / 16 descriptors, free ones from RDH up to but not including RDT; an index outside it stops the receiver.

import { readCount } from "../../base/counters";
import { notePackets, notePoll } from "../../base/histograms";
import { mayWork, spend } from "../../device/allowance";
import { dmaRead, dmaWrite, dmaWrite8 } from "../../device/dma";
import { canMaster } from "../../pci/functions";
import { dropFrame, frameData, peekFrame } from "../../device/frames";
import { addWords, fold, get16 } from "../../device/sums";
import { MAX_LOOK, RECEIVE_DESCRIPTORS, RECEIVE_FRAME } from "../layout";
import { fcsOf } from "../fcs";
import { followFill, isControl, takeControl } from "./flow";
import { isTagged, Match, matchAddress, matchesVlan, stripsTags } from "./filter";
import { noteReceived, raise } from "./interrupts";
import { bump, bumpBy, Count, E1000, getReg, hasLink, isLooped, noteAbort, requesterOf, rxRates, setReg } from "./state";
import { addStat, countReceived, countSeen } from "./statistics";
import { Cause, Rctl, Reg, Rx, RxStatus, Stat } from "./spec";
import { verifySums } from "./verify";

const enum Outcome { DONE, WAIT,
  /** Null descriptors have been passed over: to be tried again. */
  AGAIN,
}
/** Runs of null descriptors passed over for a frame that cannot wait. */
@inline const MAX_RUNS: u32 = 4;
/** What a frame costs beside its transfers. */
@inline const ITEM_UNITS: u32 = 6;
@inline const MIN_FRAME: u32 = 14;
@inline const PADDED: u32 = 60;
/** Without FCS: with a tag or without (13.4.22, LPE), and what long packet reception takes. */
@inline const LONG_FROM: u32 = 1518;
@inline const LONGEST: u32 = 16380;

@inline export function isReceiving(d: E1000): bool { return (getReg(d, Reg.RCTL) & Rctl.EN) != 0; }

/** Hands the guest what the host has put, until the ring is empty or buffers run out; then asks the partner to wait, or to go on. */
export function receive(d: E1000): void {
  const before = readCount(d.counters + Count.RECEIVED);
  takeAll(d);
  followFill(d);
  notePoll(d.rxHistograms, <u32>(readCount(d.counters + Count.RECEIVED) - before));
}

function takeAll(d: E1000): void {
  for (;;) {
    const f = peekFrame(d.port);
    if (!changetype<usize>(f) || !canMaster(d.pci) || !mayWork(d.turn)) return;
    spend(ITEM_UNITS);
    if (!isReceiving(d) || !hasLink(d) || isLooped(d)) bump(d, Count.NO_RECEIVER);
    // The host was not told of any offloads.
    else if (f.bytes < MIN_FRAME || f.flags & 1 || f.gsoType) bump(d, Count.RECEIVE_REFUSED);
    else {
      const what = take(d, frameData(f), f.bytes);
      if (what == Outcome.WAIT) return;
      if (what == Outcome.AGAIN) continue;
    }
    d.waiting = 0; d.heeded = 0;
    dropFrame(d.port, f);
  }
}

/** A frame that the card itself has sent. There is nowhere to keep it: without buffers it is missed, and counted. */
export function receiveLooped(d: E1000, frame: usize, bytes: u32): void {
  bump(d, Count.LOOPED);
  if (!isReceiving(d)) { bump(d, Count.NO_RECEIVER); return; }
  let what: u32 = Outcome.AGAIN;
  for (let runs: u32 = 0; runs < MAX_RUNS && what == Outcome.AGAIN; runs++) what = take(d, frame, bytes);
  if (what != Outcome.DONE) { addStat(d, Stat.MPC, 1); raise(d, Cause.RXO); }
  d.waiting = 0; d.heeded = 0;
}

function take(d: E1000, frame: usize, bytes: u32): u32 {
  const match = matchAddress(d, frame);
  if (isControl(d, frame, bytes)) { if (!takeControl(d, frame)) { countOnce(d, bytes); return Outcome.DONE; } }
  else if (match == Match.NONE || !matchesVlan(d, frame, bytes)) { bump(d, Count.FILTERED); countOnce(d, bytes); return Outcome.DONE; }
  if (isTooLong(d, frame, bytes)) { addStat(d, Stat.ROC, 1); bump(d, Count.RECEIVE_REFUSED); countOnce(d, bytes); return Outcome.DONE; }
  const what = build(d, frame, bytes, match);
  if (what == Outcome.WAIT) noteWait(d);
  if (what != Outcome.DONE) return what;
  countOnce(d, bytes);
  countReceived(d, frame, max(bytes, PADDED));
  bump(d, Count.RECEIVED);
  notePackets(rxRates(d), 1);
  bumpBy(d, Count.BYTES_RECEIVED, bytes);
  return Outcome.DONE;
}

function countOnce(d: E1000, bytes: u32): void { countSeen(d, max(bytes, PADDED)); }

/** Without LPE frames of more than 1522 bytes, FCS included, are thrown away. */
function isTooLong(d: E1000, frame: usize, bytes: u32): bool { return bytes > (getReg(d, Reg.RCTL) & Rctl.LPE ? LONGEST : LONG_FROM); }

/** No buffers: told once a frame. */
function noteWait(d: E1000): void {
  bump(d, Count.RECEIVE_WAITS);
  if (d.waiting) return;
  d.waiting = 1;
  addStat(d, Stat.RNBC, 1);
}

// --- From a frame to descriptors ---

/** What the last descriptor says besides DD and EOP. */
function build(d: E1000, frame: usize, bytes: u32, match: u32): u32 {
  const to = RECEIVE_FRAME, tagged = stripsTags(d) && isTagged(d, frame, bytes);
  let length = bytes, special: u32 = 0, status: u32 = match == Match.INEXACT ? RxStatus.PIF : 0;
  if (tagged) {
    memory.copy(to, frame, 12);
    memory.copy(to + 12, frame + 16, bytes - 16);
    length -= 4; special = get16(frame + 14); status |= RxStatus.VP;
  } else memory.copy(to, frame, bytes);
  if (length < PADDED) { memory.fill(to + length, 0, PADDED - length); length = PADDED; }
  const rxcsum = getReg(d, Reg.RXCSUM), from = rxcsum & 0xff;
  const sums = verifySums(to, length, rxcsum), packet = from < length ? fold(addWords(to + from, length - from, 0)) : 0;
  if (!(getReg(d, Reg.RCTL) & Rctl.SECRC)) { store<u32>(to + length, fcsOf(to, length)); length += 4; }
  return place(d, length, status | (sums & 0xff), sums >> 8, packet, special);
}

/** Bytes a buffer holds: BSIZE, sixteen times as many with BSEX. */
export function bufferBytes(rctl: u32): u32 {
  const code = rctl >> Rctl.BSIZE_SHIFT & 3;
  return rctl & Rctl.BSEX && code ? 32768 >> code : 2048 >> code;
}

@inline function baseOf(d: E1000): u64 { return <u64>getReg(d, Reg.RDBAH) << 32 | getReg(d, Reg.RDBAL); }
@inline function look(i: u32): usize { return RECEIVE_DESCRIPTORS + (<usize>i << 4); }

/** Writes the frame in RECEIVE_FRAME over the next descriptors, if there are enough. */
function place(d: E1000, length: u32, status: u32, errors: u32, packet: u32, special: u32): u32 {
  const n = getReg(d, Reg.RDLEN) >> 4, tail = getReg(d, Reg.RDT), size = bufferBytes(getReg(d, Reg.RCTL));
  const head = getReg(d, Reg.RDH);
  if (n == 0 || head == tail) return Outcome.WAIT;
  if (head >= n || tail >= n) { bump(d, Count.MISUSED); return Outcome.WAIT; }
  const free = tail > head ? tail - head : tail + n - head, used = lookAhead(d, head, n, free, (length + size - 1) / size);
  if (!used) return getReg(d, Reg.RDH) == head ? Outcome.WAIT : Outcome.AGAIN;
  let done: u32 = 0;
  for (let i: u32 = 0; i < used; i++) {
    const at = baseOf(d) + (<u64>((head + i) % n) << 4), buffer = load<u64>(look(i));
    bump(d, Count.RX_WRITTEN);
    if (!buffer) { dmaWrite8(requesterOf(d), at + Rx.STATUS, load<u8>(look(i), Rx.STATUS) | RxStatus.DD); continue; }
    const piece = min(length - done, size), last = done + piece == length;
    dmaWrite(requesterOf(d), buffer, RECEIVE_FRAME + done, piece);
    bumpBy(d, Count.RX_COPIED, piece);
    done += piece;
    store<u16>(look(i), <u16>piece, Rx.LENGTH);
    store<u16>(look(i), last ? <u16>packet : <u16>0, Rx.CHECKSUM);
    store<u8>(look(i), <u8>(last ? status | RxStatus.DD | RxStatus.EOP : RxStatus.DD), Rx.STATUS);
    store<u8>(look(i), last ? <u8>errors : <u8>0, Rx.ERRORS);
    store<u16>(look(i), last ? <u16>special : <u16>0, Rx.SPECIAL);
    dmaWrite(requesterOf(d), at + Rx.LENGTH, look(i) + Rx.LENGTH, 8);
  }
  noteAbort(d);
  finish(d, length, n, free, used);
  return Outcome.DONE;
}

/** Reads descriptors until `need` of them have buffers; how many that are, 0 when there are too few. */
function lookAhead(d: E1000, head: u32, n: u32, free: u32, need: u32): u32 {
  let buffers: u32 = 0, i: u32 = 0;
  for (; i < min(free, MAX_LOOK) && buffers < need; i++) {
    dmaRead(requesterOf(d), baseOf(d) + (<u64>((head + i) % n) << 4), look(i), Rx.BYTES);
    if (load<u64>(look(i))) buffers++;
  }
  bumpBy(d, Count.RX_READ, i);
  if (buffers == need) return i;
  noteAbort(d);
  if (i == MAX_LOOK || buffers == 0) passNulls(d, head, n, i);
  return 0;
}

/** Nothing but null descriptors, or too many between buffers: those at the head go back, so that there is progress. */
function passNulls(d: E1000, head: u32, n: u32, looked: u32): void {
  let i: u32 = 0;
  for (; i < looked; i++) {
    if (load<u64>(look(i))) { if (looked < MAX_LOOK) break; bump(d, Count.MISUSED); }
    dmaWrite8(requesterOf(d), baseOf(d) + (<u64>((head + i) % n) << 4) + Rx.STATUS, load<u8>(look(i), Rx.STATUS) | RxStatus.DD);
  }
  bumpBy(d, Count.RX_WRITTEN, i);
  setReg(d, Reg.RDH, (head + i) % n);
}

/** Moves the head and tells of the packet, of few descriptors left, and of a small one. */
function finish(d: E1000, length: u32, n: u32, free: u32, used: u32): void {
  setReg(d, Reg.RDH, (getReg(d, Reg.RDH) + used) % n);
  const threshold = n >> ((getReg(d, Reg.RCTL) >> Rctl.RDMTS_SHIFT & 3) + 1);
  let causes: u32 = free > threshold && free - used <= threshold ? Cause.RXDMT0 : 0;
  if (length <= (getReg(d, Reg.RSRPD) & 0xfff)) causes |= Cause.SRPD;
  noteReceived(d);
  raise(d, causes);
}
