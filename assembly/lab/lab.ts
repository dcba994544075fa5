// The lab: a peer inside the module for measuring, on the far side of a frame port. It works in virtual time alone and needs no
// host, so the same machine with the same peer is the same run.
//
//      source   gives frames: `burst` of them at once, `rate` a second on average, `count` in all (0: without end), as soon as a
//               driver listens, or from one mark of the guest's with its number (chipset/roi) to the next. A frame that finds no room is
//               missed, as on a wire, and counted.
//      sink     takes every frame.
//      echo     gives every frame back, its MAC addresses exchanged, when there is room: what waits holds back the guest.
//
// A link speed makes each frame take its time on the line, one after the other, each way: the frame and 24 bytes of preamble, FCS and
// gap (IEEE 802.3, 3.1.1 and 4.4.2), for every segment of a large one. Between the card and such a line is a FIFO: the card completes a
// frame when it is in there, for which the last bits of frames before it must have left. Without a speed a frame takes no time.
//
// Frames are looked at where the card commits them and by one timer for all ports; never from inside a card's own walk of a ring, except
// that a sink without a link speed takes the frame at once. State lies in the header of the rings' region.
// frames.ts calls here by slots, which are filled where a port has a lab.

import { countEvent } from "../base/trace";
import { addCount, count, nameOwned, takeCounters } from "../base/counters";
import { scaleDown } from "../base/scale";
import { bindTimer, NEVER, nowNs, setTimer, Timer } from "../device/clock";
import { commitEntry, dropEntry, Frame, frameData, MAX_PORTS, peekEntry, port, receiveRing, reserveEntry, sendRing } from "../device/frames";
import { Accepts, LabMode } from "../surface/rings";
import { LAB_WORDS, RING_SLOTS } from "../device/layout";
import { slots } from "../device/slots";
import { addWords, fold } from "../device/sums";

/** When a source begins: as soon as a driver listens; at a mark, and then whether it has come. */
export const enum LabStart { LISTEN, SILENT, MARKED }
const enum Count { TAKEN, BYTES_TAKEN, SEGMENTS, GIVEN, BYTES_GIVEN, MISSED, UNECHOED, COUNT }

@unmanaged export class Lab {
  mode: u32;
  /** Bytes of a source's frames, without FCS. */
  size: u32;
  /** Frames a second; frames at once. */
  rate: u32; burst: u32;
  /** 1000 bits a second of the line, 0: no limit. */
  kbits: u32;
  /** First of its counters. */
  counters: u32;
  /** Frames that a source gives in all, 0: without end. */
  limit: u64;
  /** The card's address, first byte lowest: where a source's frames go. */
  mac: u64;
  /** When the source began, NEVER before a driver listens; frames it has had to give since, and in all; when it looks again. */
  startNs: u64; due: u64; sent: u64; nextNs: u64;
  /** When the frame at the head of what the guest sends has arrived, NEVER: none is on its way. */
  arrivesNs: u64;
  /** The line to the guest is free, and the line from it. */
  outFreeNs: u64; inFreeNs: u64;
  /** An echo waits for the guest to take something. */
  waiting: u32;
  /** A LabStart. */
  start: u32;
  /** Of a line without a FIFO: when the frame at the card's head will have gone, 0: it has asked for none. */
  goneNs: u64;
}
@inline export function lab(n: u32): Lab { return changetype<Lab>(LAB_WORDS + (<usize>(n & 7) << 7)); }

/** Preamble, FCS and gap. */
@inline const LINE_BYTES: u64 = 24;
/** A source that nobody listens to looks again so much later. */
@inline const LOOK_NS: u64 = 1_000_000;
/** Frames handled for one port, each way, in one turn of the timer. */
@inline const MAX_TURN: u32 = 512;
/** Local experimental ethertype 1 (IEEE 802, 9.2.3), as a little-endian half-word. */
@inline const ETHERTYPE: u16 = 0xb588;
@inline const NEEDS_SUM: u32 = 1;

/** Puts a lab behind a port, before the machine is made. */
export function setLab(n: u32, mode: u32, size: u32, rate: u32, burst: u32, kbits: u32, limit: u32, fifo: u32, start: u32): void {
  const l = lab(n);
  l.mode = mode <= <u32>LabMode.ECHO ? mode : <u32>LabMode.NONE;
  l.size = min(max(size, 60), 9014);
  l.rate = max(rate, 1); l.burst = max(burst, 1);
  l.kbits = kbits; l.limit = limit; l.start = start ? <u32>LabStart.SILENT : 0;
  port(n).fifo = kbits ? fifo : 0; port(n).held = 0; port(n).lastBit = kbits && !fifo ? 1 : 0;
}

/** Names a port's counters and binds the timer; `mac` is the card's. */
export function attachLab(n: u32, mac: u64): void {
  const l = lab(n);
  bindTimer(Timer.LAB, runLabs.index, 0);
  if (!l.mode) return;
  l.mac = mac;
  slots.frameSent = labSent.index; slots.frameTaken = labTaken.index; slots.lineReady = lineReady.index;
  if (l.start) slots.marked = labMarked.index;
  l.counters = takeCounters(Count.COUNT);
  nameOwned(l.counters + Count.TAKEN, "lab", n, -1, "frames taken", "frames");
  nameOwned(l.counters + Count.BYTES_TAKEN, "lab", n, -1, "bytes taken", "bytes");
  nameOwned(l.counters + Count.SEGMENTS, "lab", n, -1, "segments taken", "segments");
  nameOwned(l.counters + Count.GIVEN, "lab", n, -1, "frames given", "frames");
  nameOwned(l.counters + Count.BYTES_GIVEN, "lab", n, -1, "bytes given", "bytes");
  nameOwned(l.counters + Count.MISSED, "lab", n, -1, "frames missed", "frames");
  nameOwned(l.counters + Count.UNECHOED, "lab", n, -1, "frames not echoed", "frames");
}

/** At a machine's reset: the lines are quiet, a source begins anew. */
export function resetLabs(): void {
  for (let n: u32 = 0; n < MAX_PORTS; n++) {
    const l = lab(n);
    l.startNs = NEVER; l.due = 0; l.sent = 0; l.arrivesNs = NEVER; l.outFreeNs = 0; l.inFreeNs = 0; l.waiting = 0; l.goneNs = 0;
    if (l.start) l.start = LabStart.SILENT;
    l.nextNs = l.mode == <u32>LabMode.SOURCE && !l.start ? nowNs() + LOOK_NS : NEVER;
  }
  setTimer(Timer.LAB, soonest());
}

// --- What cards call, by way of frames.ts ---

/** The card has committed a frame. */
export function labSent(n: u32): void {
  const l = lab(n);
  if (!l.mode) return;
  if (port(n).lastBit) chargeSegments(n, l);
  if (l.mode != <u32>LabMode.ECHO && (!l.kbits || port(n).lastBit)) { takeAll(n, l); return; }
  if (l.arrivesNs != NEVER) return;
  l.arrivesNs = port(n).lastBit ? nowNs() : max(nowNs(), l.inFreeNs) + lineNs(l, peekEntry(sendRing(n)));
  setTimer(Timer.LAB, soonest());
}

/**
 * Without a FIFO: 1 when the frame at the card's head has gone, which it is asked for by its bytes. The line begins with it when it is first asked; it is
 * the timer that lets the card ask again.
 */
export function lineReady(n: u32, bytes: u32): u32 {
  const l = lab(n), now = nowNs();
  if (!l.goneNs) {
    l.goneNs = max(now, l.inFreeNs) + lineTime(l, <u64>bytes + LINE_BYTES);
    setTimer(Timer.LAB, soonest());
  }
  if (now < l.goneNs) return 0;
  l.inFreeNs = l.goneNs;
  l.goneNs = 0;
  return 1;
}

/** The headers that segments of one large frame repeat: known only now, so the next frame pays for them. */
function chargeSegments(n: u32, l: Lab): void {
  const f = peekEntry(sendRing(n));
  if (changetype<usize>(f)) l.inFreeNs += lineNs(l, f) - lineTime(l, <u64>f.bytes + LINE_BYTES);
}

/** The card has taken a frame: an echo may have waited for the room. */
export function labTaken(n: u32): void {
  const l = lab(n);
  if (!l.waiting) return;
  l.waiting = 0;
  l.arrivesNs = nowNs();
  setTimer(Timer.LAB, soonest());
}

/** The guest has marked: the source before port `tag` - 1 begins or ends. */
export function labMarked(tag: u32): void {
  if (!tag || tag > MAX_PORTS) return;
  const l = lab(tag - 1);
  if (!l.start) return;
  l.start = l.start == LabStart.SILENT ? LabStart.MARKED : LabStart.SILENT;
  l.startNs = NEVER; l.due = 0;
  l.nextNs = l.start == LabStart.MARKED ? nowNs() : NEVER;
  setTimer(Timer.LAB, soonest());
}

// --- The timer ---

function nextOf(l: Lab): u64 {
  if (!l.mode) return NEVER;
  return min(min(l.nextNs, l.waiting ? NEVER : l.arrivesNs), l.goneNs ? l.goneNs : NEVER);
}

function soonest(): u64 {
  let ns = NEVER;
  for (let n: u32 = 0; n < MAX_PORTS; n++) ns = min(ns, nextOf(lab(n)));
  return ns;
}

function runLabs(dev: usize): void {
  const now = nowNs();
  for (let n: u32 = 0; n < MAX_PORTS; n++) {
    const l = lab(n);
    if (nextOf(l) > now) continue;
    if (l.arrivesNs <= now && !l.waiting) arrive(n, l, now);
    if (l.nextNs <= now) give(n, l, now);
    tellCard(n);
    // A card that no longer wants to send it: nothing is on the line.
    if (l.goneNs && l.goneNs <= now) l.goneNs = 0;
  }
  setTimer(Timer.LAB, soonest());
}

/** The card looks at its rings, as after the host's turn. */
function tellCard(n: u32): void {
  const at = RING_SLOTS + (<usize>receiveRing(n) << 3), onService = load<u32>(at);
  if (onService) call_indirect<void>(onService, <usize>load<u32>(at, 4));
}

// --- From the guest ---

function segmentsOf(f: Frame): u32 {
  if (!f.gsoType || !f.gsoSize || f.bytes <= <u32>f.hdrLen) return 1;
  return (f.bytes - f.hdrLen + f.gsoSize - 1) / f.gsoSize;
}

/** How long a frame is on the line. */
function lineNs(l: Lab, f: Frame): u64 {
  if (!l.kbits || !changetype<usize>(f)) return 0;
  const more = <u64>segmentsOf(f) - 1;
  return lineTime(l, <u64>f.bytes + LINE_BYTES + more * (<u64>f.hdrLen + LINE_BYTES));
}
function lineTime(l: Lab, bytes: u64): u64 { return l.kbits ? scaleDown(bytes << 3, 1_000_000, l.kbits) : 0; }

function countTaken(l: Lab, f: Frame): void {
  countEvent(l.counters + Count.TAKEN, 1);
  addCount(l.counters + Count.BYTES_TAKEN, f.bytes);
  addCount(l.counters + Count.SEGMENTS, segmentsOf(f));
}

/** The frame is out of the ring, and of the FIFO. */
function leave(n: u32, id: u32, f: Frame): void {
  const p = port(n);
  p.held -= min(p.held, f.bytes);
  dropEntry(id, f);
}

/** Every frame that waits: a ring's room bounds them. */
function takeAll(n: u32, l: Lab): void {
  const id = sendRing(n);
  for (let f = peekEntry(id); changetype<usize>(f); f = peekEntry(id)) { countTaken(l, f); leave(n, id, f); }
}

/** Frames whose last bit has come by now. */
function arrive(n: u32, l: Lab, now: u64): void {
  const id = sendRing(n);
  for (let turn: u32 = 0; turn < MAX_TURN && l.arrivesNs <= now; turn++) {
    const f = peekEntry(id);
    if (!changetype<usize>(f)) { l.arrivesNs = NEVER; return; }
    if (l.mode == <u32>LabMode.ECHO && !echo(n, l, f, now)) { l.waiting = 1; return; }
    countTaken(l, f);
    leave(n, id, f);
    l.inFreeNs = max(l.inFreeNs, l.arrivesNs);
    const next = peekEntry(id);
    l.arrivesNs = !changetype<usize>(next) ? NEVER : port(n).lastBit ? now : l.arrivesNs + lineNs(l, next);
  }
}

/** False when the guest has no room for it yet. */
function echo(n: u32, l: Lab, f: Frame, now: u64): bool {
  if (!listens(n) || f.bytes < 14 || !canTake(n, f)) { count(l.counters + Count.UNECHOED); return true; }
  const back = reserveEntry(receiveRing(n), f.bytes);
  if (!changetype<usize>(back)) return false;
  const from = frameData(f), to = frameData(back);
  memory.copy(changetype<usize>(back) + 4, changetype<usize>(f) + 4, 12);
  memory.copy(to, from, f.bytes);
  memory.copy(to, from + 6, 6);
  memory.copy(to + 6, from, 6);
  if (<u32>f.flags & NEEDS_SUM && !(port(n).accepts & Accepts.CSUM)) finishSum(back);
  handOver(n, l, back);
  return true;
}

@inline function listens(n: u32): bool { return (port(n).accepts & Accepts.LINK_UP) != 0; }

/** A segment that is to be cut goes only to a guest that takes it whole. */
function canTake(n: u32, f: Frame): bool {
  const accepts = port(n).accepts;
  switch (<u32>f.gsoType & 0x7f) {
    case 0: return true;
    case 1: return (accepts & Accepts.TSO4) != 0;
    case 4: return (accepts & Accepts.TSO6) != 0;
    default: return false;
  }
}

/** Sums what the sender left to be summed; a place outside the frame is left alone. */
function finishSum(f: Frame): void {
  const data = frameData(f), place = <u32>f.csumStart + f.csumOffset;
  f.flags = 0;
  if (place + 2 > f.bytes) return;
  store<u16>(data + place, <u16>~fold(addWords(data + f.csumStart, f.bytes - f.csumStart, 0)));
}

function handOver(n: u32, l: Lab, f: Frame): void {
  countEvent(l.counters + Count.GIVEN, 1);
  addCount(l.counters + Count.BYTES_GIVEN, f.bytes);
  commitEntry(receiveRing(n), f);
}

// --- A source ---

/** When the next frame is to be given: bursts keep to the rate, and the line to its speed. */
function giveNs(l: Lab): u64 {
  const first = l.due - l.due % l.burst;
  return max(l.startNs + scaleDown(first, 1_000_000_000, l.rate), l.outFreeNs);
}

function give(n: u32, l: Lab, now: u64): void {
  if (!listens(n)) { l.startNs = NEVER; l.nextNs = now + LOOK_NS; return; }
  if (l.startNs == NEVER) { l.startNs = now; l.due = 0; }
  for (let turn: u32 = 0; turn < MAX_TURN; turn++) {
    l.nextNs = l.limit && l.sent >= l.limit ? NEVER : giveNs(l);
    if (l.nextNs > now) return;
    l.outFreeNs = l.nextNs + lineTime(l, <u64>l.size + LINE_BYTES);
    giveOne(n, l, now);
    l.due++; l.sent++;
  }
}

/** A frame to the card: addresses, ethertype, its number and the time, both with the highest byte first, and zeros. */
function giveOne(n: u32, l: Lab, now: u64): void {
  const f = reserveEntry(receiveRing(n), l.size);
  if (!changetype<usize>(f)) { count(l.counters + Count.MISSED); return; }
  const data = frameData(f);
  memory.fill(data, 0, l.size);
  store<u64>(data, l.mac & 0xffff_ffff_ffff | <u64>2 << 48);
  store<u8>(data, <u8>n, 11);
  store<u16>(data, ETHERTYPE, 12);
  store<u32>(data, bswap<u32>(<u32>l.sent), 14);
  store<u64>(data, bswap<u64>(now), 18);
  handOver(n, l, f);
}
