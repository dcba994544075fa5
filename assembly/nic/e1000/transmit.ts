// Transmitting: packets from the driver's descriptors into the host's ring. Manual 3.3, 3.4.
//
// A packet is the descriptors from TDH to the first with EOP. They are read first; only when all are there, and the ring has
// room for the frame, is anything consumed: no room leaves TDH where it is, and the service after the host has drained
// goes on. Each packet then goes by DMA straight into the ring's entry. A context descriptor stands alone.
// Each packet or context is an item of the machine's allowance (device/allowance.ts). A packet of more than MAX_PIECES
// descriptors is passed over up to its end.

import { readCount } from "../../base/counters";
import { notePackets, notePoll } from "../../base/histograms";
import { dmaRead, dmaWrite8 } from "../../device/dma";
import { canMaster } from "../../pci/functions";
import { beginFrame, commitFrame, Frame, frameData, MAX_FRAME } from "../../device/frames";
import { mayWork, spend } from "../../device/allowance";
import { nowNs } from "../../device/clock";
import { DESCRIPTORS, LOOP_FRAME, MAX_PIECES } from "../layout";
import { put16 } from "../../device/sums";
import { stripsTags } from "./filter";
import { noteSent, raise } from "./interrupts";
import { fullSegment, lastSegment, segmentLater, segmentsOf, sumIp, sumToEnd, sumUpper } from "./offload";
import { receiveLooped } from "./receive";
import { bump, bumpBy, Context, contextOf, Count, E1000, getReg, hasLink, isLooped, noteAbort, requesterOf, setReg, txRates } from "./state";
import { addStat, countSent } from "./statistics";
import { Cause, Reg, Stat, Status, Tctl, Tx, TxContext } from "./spec";

@inline const MIN_FRAME: u32 = 14;
@inline const PADDED: u32 = 60;
/** The longest that is not segmented (3.3.1). */
@inline const LONGEST: u32 = 16288;
/** What an item costs beside its transfers. */
@inline const ITEM_UNITS: u32 = 2;

@inline function look(i: u32): usize { return DESCRIPTORS + (<usize>i << 4); }
@inline function lowerOf(i: u32): u32 { return load<u32>(look(i), Tx.LOWER); }
@inline function upperOf(i: u32): u32 { return load<u32>(look(i), Tx.UPPER); }
@inline function placeOf(d: E1000, i: u32): u64 { return (<u64>getReg(d, Reg.TDBAH) << 32 | getReg(d, Reg.TDBAL)) + (<u64>i << 4); }
@inline function isContext(lower: u32): bool { return (lower & (Tx.DEXT | Tx.DTYP)) == Tx.DEXT; }
@inline function isData(lower: u32): bool { return (lower & (Tx.DEXT | Tx.DTYP)) == (Tx.DEXT | Tx.DTYP_DATA); }

/** Bytes a descriptor stands for: none for one of an unknown type. */
function lengthOf(lower: u32): u32 {
  if (!(lower & Tx.DEXT)) return lower & Tx.LENGTH_LEGACY;
  return isData(lower) ? lower & Tx.LENGTH : 0;
}

/** Sends what waits between TDH and TDT. */
export function transmit(d: E1000): void {
  const before = readCount(d.counters + Count.SENT);
  sendAll(d);
  notePoll(d.txHistograms, <u32>(readCount(d.counters + Count.SENT) - before));
}

function sendAll(d: E1000): void {
  if (!(getReg(d, Reg.TCTL) & Tctl.EN) || (!hasLink(d) && !isLooped(d)) || !canMaster(d.pci)) return;
  const n = getReg(d, Reg.TDLEN) >> 4, tail = getReg(d, Reg.TDT);
  let packets: u32 = 0;
  for (;;) {
    const head = getReg(d, Reg.TDH);
    if (head == tail) break;
    if (head >= n || tail >= n) { bump(d, Count.MISUSED); return; }
    if (isPaused(d) || !mayWork(d.turn)) break;
    spend(ITEM_UNITS);
    const used = d.skipping ? skip(d, head) : next(d, head, tail > head ? tail - head : tail + n - head, n);
    if (!used) break;
    setReg(d, Reg.TDH, (head + used) % n);
    finish(d, head, used, n);
    packets++;
  }
  if (packets) tellQueue(d, n, tail);
}

/** The partner wants silence; the timer set then ends it. */
@inline function isPaused(d: E1000): bool { return nowNs() < d.pausedUntil; }

/** A pause is over. */
export function endPause(d: E1000): void {
  if (nowNs() >= d.pausedUntil) setReg(d, Reg.STATUS, getReg(d, Reg.STATUS) & ~(<u32>Status.TXOFF));
  transmit(d);
}

/** Empty, or down to TXDCTL.LWTHRESH. */
function tellQueue(d: E1000, n: u32, tail: u32): void {
  const head = getReg(d, Reg.TDH), left = tail >= head ? tail - head : tail + n - head, low = getReg(d, Reg.TXDCTL) >> 25 << 3;
  raise(d, (left == 0 ? Cause.TXQE : 0) | (low && left < low ? Cause.TXD_LOW : 0));
}

function read(d: E1000, at: u32, to: u32): void {
  bump(d, Count.TX_READ);
  dmaRead(requesterOf(d), placeOf(d, at), look(to), Tx.BYTES);
}

/** Consumes the context or packet at the head; the descriptors used, 0 when it is not whole or there is no room. */
function next(d: E1000, head: u32, ready: u32, n: u32): u32 {
  let bytes: u32 = 0, i: u32 = 0;
  while (i < ready) {
    read(d, (head + i) % n, i);
    const lower = lowerOf(i);
    if (i == 0 && isContext(lower)) { loadContext(d); return 1; }
    bytes += lengthOf(lower);
    i++;
    if (lower & Tx.EOP) return send(d, i, bytes) ? i : 0;
    if (i == MAX_PIECES) { d.skipping = 1; refuse(d); return i; }
  }
  return 0;
}

function loadContext(d: E1000): void {
  const c = contextOf(d, lowerOf(0) & TxContext.TSE ? 1 : 0);
  memory.copy(changetype<usize>(c), look(0), Tx.BYTES);
}

/** Passes over a packet of too many descriptors. */
function skip(d: E1000, head: u32): u32 {
  read(d, head, 0);
  if (lowerOf(0) & Tx.EOP) d.skipping = 0;
  return 1;
}

function refuse(d: E1000): void {
  noteAbort(d);
  bump(d, Count.SEND_REFUSED);
}

// --- One packet ---

/** False when there is no room for it. What is no frame is consumed and counted. */
function send(d: E1000, pieces: u32, gathered: u32): bool {
  const first = lowerOf(0), last = lowerOf(pieces - 1), large = isData(first) && (first & Tx.TSE) != 0;
  // Without IFCS the driver has put the FCS behind the frame.
  const bytes = large || last & Tx.IFCS ? gathered : gathered - min(gathered, 4);
  const segments = large ? segmentsOf(contextOf(d, 1), bytes) : 1, shift: u32 = stripsTags(d) && last & Tx.VLE ? 4 : 0;
  const whole = getReg(d, Reg.TCTL) & Tctl.PSP ? max(bytes + shift, PADDED) : bytes + shift, looped = isLooped(d);
  if (bytes < MIN_FRAME || !segments || (!large && bytes > LONGEST) || whole > MAX_FRAME || (looped && large)) { refuse(d); return true; }
  const f = looped ? changetype<Frame>(0) : beginFrame(d.port, whole);
  if (!looped && !changetype<usize>(f)) { bump(d, Count.SEND_WAITS); return false; }
  const data = looped ? LOOP_FRAME : frameData(f);
  if (!gather(d, pieces, data + shift, bytes)) { refuse(d); return true; }
  offload(d, f, data + shift, bytes, shift, large);
  if (shift) addTag(d, data, upperOf(pieces - 1) >> 16);
  if (whole > bytes + shift) memory.fill(data + bytes + shift, 0, whole - bytes - shift);
  countPacket(d, data, whole, segments, shift);
  if (looped) receiveLooped(d, data, whole);
  else commitFrame(d.port, f);
  return true;
}

/** Copies `bytes` of the descriptors' buffers; false if a transfer was refused. */
function gather(d: E1000, pieces: u32, to: usize, bytes: u32): bool {
  let done: u32 = 0, ok = true;
  for (let i: u32 = 0; i < pieces && done < bytes; i++) {
    const piece = min(lengthOf(lowerOf(i)), bytes - done);
    if (piece && !dmaRead(requesterOf(d), load<u64>(look(i)), to + done, piece)) ok = false;
    done += piece;
  }
  bumpBy(d, Count.TX_COPIED, done);
  return ok;
}

/** Sums and segmentation, by the first descriptor's options. `frame` is without the tag. */
function offload(d: E1000, f: Frame, frame: usize, bytes: u32, shift: u32, large: bool): void {
  const lower = lowerOf(0), upper = upperOf(0), c = contextOf(d, large ? 1 : 0);
  if (large) { segmentLater(c, f, frame, bytes, shift); return; }
  if (!(lower & Tx.DEXT)) {
    if (lower & Tx.IC) sumToEnd(f, frame, bytes, shift, upper >> 8 & 0xff, lower >> 16 & 0xff);
    return;
  }
  if (upper & Tx.IXSM) sumIp(c, frame, bytes);
  if (upper & Tx.TXSM) sumUpper(c, f, frame, bytes, shift);
}

/** Opens the frame behind its addresses for VET's ethertype and the descriptor's tag. */
function addTag(d: E1000, data: usize, tag: u32): void {
  memory.copy(data, data + 4, 12);
  put16(data + 12, getReg(d, Reg.VET) & 0xffff);
  put16(data + 14, tag);
}

function countPacket(d: E1000, data: usize, whole: u32, segments: u32, shift: u32): void {
  bump(d, Count.SENT);
  notePackets(txRates(d), 1);
  bumpBy(d, Count.BYTES_SENT, whole);
  if (segments > 1) countSegments(d, contextOf(d, 1), data, whole, segments, shift);
  else countSent(d, data, whole, 1);
}

function countSegments(d: E1000, c: Context, data: usize, whole: u32, segments: u32, shift: u32): void {
  bump(d, Count.LARGE_SENT);
  addStat(d, Stat.TSCTC, 1);
  countSent(d, data, fullSegment(c) + shift, segments - 1);
  countSent(d, data, lastSegment(c, whole - shift) + shift, 1);
}

// --- Afterwards ---

/** Writes DD to the descriptors that ask for it, and tells of the last of them. */
function finish(d: E1000, head: u32, used: u32, n: u32): void {
  let written: u32 = 0, last: u32 = 0;
  for (let i: u32 = 0; i < used; i++) {
    if (!(lowerOf(i) & (Tx.RS | Tx.RPS))) continue;
    dmaWrite8(requesterOf(d), placeOf(d, (head + i) % n) + Tx.UPPER, upperOf(i) & 0xf0 | Tx.DD);
    written++; last = lowerOf(i);
  }
  noteAbort(d);
  if (!written) return;
  bumpBy(d, Count.TX_WRITTEN, written);
  noteSent(d, (last & Tx.IDE) != 0);
}
