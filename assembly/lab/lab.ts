// The lab: a peer inside the module for measuring, on the far side of a frame port. It works in virtual time alone and needs no
// host, so the same machine with the same peer is the same run.
//
//      source   gives frames: `burst` of them at once, `rate` a second on average, evenly or as a Poisson process, `count` in all (0: without end), as soon as a
//               driver listens, or from one mark of the guest's with its number (chipset/roi) to the next, or at once. Or what the host has put down for it, at the times
//               that are with it. A frame that finds no room, or nobody that listens, is missed, as on a wire, and counted. What comes back of its frames is
//               an echo: the time it took is counted.
//      sink     takes every frame.
//      echo     gives every frame back, its MAC addresses exchanged, and with a protocol its IP addresses and ports, when there is room: what waits holds back the guest.
//
// With an address it answers who asks for that by ARP or neighbour discovery, in every mode. Frames are made in packets.ts; traffic.ts has what they are to be.
//
// A link speed makes each frame take its time on the line, one after the other, each way: the frame and 24 bytes of preamble, FCS and
// gap (IEEE 802.3, 3.1.1 and 4.4.2), for every segment of a large one. Between the card and such a line is a FIFO: the card completes a
// frame when it is in there, for which the last bits of frames before it must have left. Without a speed a frame takes no time.
//
// Frames are looked at where the card commits them and by one timer for all ports; never from inside a card's own walk of a ring, except
// that a sink without a link speed takes the frame at once. State lies in the header of the rings' region.
// frames.ts calls here by slots, which are filled where a port has a lab.

import { anew } from "../base/anew";
import { addCount, count, nameOwned, nameOwnedHistogram, takeCounters, takeHistograms } from "../base/counters";
import { observe } from "../base/histograms";
import { countEvent } from "../base/trace";
import { bindTimer, NEVER, nowNs, setTimer, Timer } from "../device/clock";
import { dropEntry, Frame, frameData, MAX_PORTS, peekEntry, port, receiveRing, reserveEntry, sendRing } from "../device/frames";
import { RING_SLOTS } from "../device/layout";
import { slots } from "../device/slots";
import { addWords, fold } from "../device/sums";
import { LabMode, LabProto, LabStart } from "../surface/lab";
import { Accepts } from "../surface/rings";
import { captureFrame, isCaptured } from "./capture";
import { answerBytes, fillAnswer, findStamp, leastBytes, turnRound } from "./packets";
import { give, LOOK_NS } from "./source";
import { commit, Count, handOver, Lab, lab, LINE_BYTES, lineTime, listens, MAX_TURN } from "./state";
import { beginRandom, isReplay, Traffic, traffic } from "./traffic";

@inline const NEEDS_SUM: u32 = 1;
/** Echoes' latency is counted in steps of 64 ns: the last bucket begins at 1 ms. */
@inline const LATENCY_SHIFT: u64 = 6;

/** For the host: where a lab's words lie, and its traffic's. */
export function labAt(n: u32): u32 { return <u32>changetype<usize>(lab(n)); }
export function trafficAt(n: u32): u32 { return <u32>changetype<usize>(traffic(n)); }

/** Bytes of the FIFO before its line. */
export function labFifo(n: u32): u32 { return port(n).fifo; }

/** Puts a lab behind a port, before the machine is made, or changes what it does (changeLab follows). `start` is a LabStart. */
export function setLab(n: u32, mode: u32, size: u32, rate: u32, burst: u32, kbits: u32, limit: u32, fifo: u32, start: u32): void {
  const l = lab(n);
  l.mode = mode <= <u32>LabMode.ECHO ? mode : <u32>LabMode.NONE;
  l.size = min(max(size, leastBytes(traffic(n).proto)), 9014);
  l.rate = max(rate, 1); l.burst = max(burst, 1);
  l.kbits = kbits; l.limit = limit; l.start = start <= <u32>LabStart.NOW ? start : <u32>LabStart.LISTEN;
  port(n).fifo = kbits ? fifo : 0; port(n).lastBit = kbits && !fifo ? 1 : 0;
}

/** The machine runs: a source's time begins anew, with what setLab was given. `counts`: so does its count of frames. */
export function changeLab(n: u32, counts: u32): void {
  const l = lab(n), t = traffic(n);
  if (counts) t.before = l.sent;
  l.startNs = NEVER; l.due = 0;
  l.nextNs = l.mode == <u32>LabMode.SOURCE && l.start != <u32>LabStart.SILENT ? nowNs() : NEVER;
  if (!t.random) beginRandom(t);
  setTimer(Timer.LAB, soonest());
}

/** Names a port's counters and binds the timer; `mac` is the card's. */
export function attachLab(n: u32, mac: u64): void {
  const l = lab(n);
  bindTimer(Timer.LAB, runLabs.index, 0);
  if (!l.mode) return;
  l.mac = mac;
  slots.frameSent = labSent.index; slots.frameTaken = labTaken.index; slots.lineReady = lineReady.index;
  slots.marked = labMarked.index;
  l.counters = takeCounters(Count.COUNT);
  anew(changetype<usize>(l) + offsetof<Lab>("counters"), 4);
  nameOwned(l.counters + Count.TAKEN, "lab", n, -1, "frames taken", "frames");
  nameOwned(l.counters + Count.BYTES_TAKEN, "lab", n, -1, "bytes taken", "bytes");
  nameOwned(l.counters + Count.SEGMENTS, "lab", n, -1, "segments taken", "segments");
  nameOwned(l.counters + Count.GIVEN, "lab", n, -1, "frames given", "frames");
  nameOwned(l.counters + Count.BYTES_GIVEN, "lab", n, -1, "bytes given", "bytes");
  nameOwned(l.counters + Count.MISSED, "lab", n, -1, "frames missed", "frames");
  nameOwned(l.counters + Count.UNECHOED, "lab", n, -1, "frames not echoed", "frames");
  nameOwned(l.counters + Count.ANSWERS, "lab", n, -1, "addresses answered", "frames");
  nameOwned(l.counters + Count.ECHOES, "lab", n, -1, "echoes", "frames");
  nameOwned(l.counters + Count.ECHO_NS, "lab", n, -1, "echoes' latency", "ns");
  traffic(n).latency = takeHistograms(1);
  anew(changetype<usize>(traffic(n)) + offsetof<Traffic>("latency"), 4);
  nameOwnedHistogram(traffic(n).latency, "lab", n, -1, "echo latency", "ns/64");
}

/** At a machine's reset: the lines are quiet, a source begins anew. */
export function resetLabs(): void {
  for (let n: u32 = 0; n < MAX_PORTS; n++) {
    const l = lab(n);
    l.startNs = NEVER; l.due = 0; l.sent = 0; l.arrivesNs = NEVER; l.outFreeNs = 0; l.inFreeNs = 0; l.waiting = 0; l.goneNs = 0;
    if (l.start == <u32>LabStart.MARKED) l.start = LabStart.SILENT;
    l.nextNs = l.mode != <u32>LabMode.SOURCE || l.start == <u32>LabStart.SILENT ? NEVER : l.start == <u32>LabStart.NOW ? nowNs() : nowNs() + LOOK_NS;
    const t = traffic(n);
    t.replayNext = 0; t.before = 0; t.tell = 0; t.arrivalNs = 0;
    if (l.mode) beginRandom(t);
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
  if (l.start != <u32>LabStart.SILENT && l.start != <u32>LabStart.MARKED) return;
  l.start = l.start == LabStart.SILENT ? LabStart.MARKED : LabStart.SILENT;
  l.startNs = NEVER; l.due = 0;
  l.nextNs = l.mode == <u32>LabMode.SOURCE && l.start == <u32>LabStart.MARKED ? nowNs() : NEVER;
  setTimer(Timer.LAB, soonest());
}

// --- The timer ---

function nextOf(n: u32): u64 {
  const l = lab(n);
  if (!l.mode) return NEVER;
  if (traffic(n).tell) return 0;
  return min(min(l.nextNs, l.waiting ? NEVER : l.arrivesNs), l.goneNs ? l.goneNs : NEVER);
}

function soonest(): u64 {
  let ns = NEVER;
  for (let n: u32 = 0; n < MAX_PORTS; n++) ns = min(ns, nextOf(n));
  return ns;
}

function runLabs(dev: usize): void {
  const now = nowNs();
  for (let n: u32 = 0; n < MAX_PORTS; n++) {
    const l = lab(n);
    if (nextOf(n) > now) continue;
    traffic(n).tell = 0;
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
  for (let f = peekEntry(id); changetype<usize>(f); f = peekEntry(id)) { take(n, l, f, nowNs()); leave(n, id, f); }
  if (traffic(n).tell) setTimer(Timer.LAB, soonest());
}

/** A frame has come. */
function take(n: u32, l: Lab, f: Frame, now: u64): void {
  const t = traffic(n);
  if (isCaptured()) captureFrame(n, f, false);
  countTaken(l, f);
  if (l.mode == <u32>LabMode.SOURCE) noteEcho(l, t, f, now);
  if (l.mode != <u32>LabMode.ECHO) answer(n, l, t, f);
}

/** A frame of the source's own that has come back: when it was given stands in it. */
function noteEcho(l: Lab, t: Traffic, f: Frame, now: u64): void {
  if (isReplay(t)) return;
  const at = findStamp(f, t);
  if (!at) return;
  const number = bswap<u32>(load<u32>(frameData(f) + at)), then = bswap<u64>(load<u64>(frameData(f) + at, 4));
  if (then > now || number >= <u32>l.sent && l.sent >> 32 == 0) return;
  countEvent(l.counters + Count.ECHOES, 1);
  addCount(l.counters + Count.ECHO_NS, now - then);
  observe(t.latency, <u32>min(now - then >> LATENCY_SHIFT, 0xffff_ffff));
}

/** Answers who asks for the lab's address. False: there is no room for it, and nobody that asks waits for ever. */
function answer(n: u32, l: Lab, t: Traffic, f: Frame): bool {
  const bytes = answerBytes(f, t);
  if (!bytes || !listens(n)) return false;
  const back = reserveEntry(receiveRing(n), bytes);
  if (!changetype<usize>(back)) return false;
  memory.fill(frameData(back), 0, bytes);
  fillAnswer(frameData(back), frameData(f), n, t);
  count(l.counters + Count.ANSWERS);
  commit(n, back);
  t.tell = 1;
  return true;
}

/** Frames whose last bit has come by now. */
function arrive(n: u32, l: Lab, now: u64): void {
  const id = sendRing(n);
  for (let turn: u32 = 0; turn < MAX_TURN && l.arrivesNs <= now; turn++) {
    const f = peekEntry(id);
    if (!changetype<usize>(f)) { l.arrivesNs = NEVER; return; }
    if (l.mode == <u32>LabMode.ECHO && !echo(n, l, f, now)) { l.waiting = 1; return; }
    take(n, l, f, l.arrivesNs);
    leave(n, id, f);
    l.inFreeNs = max(l.inFreeNs, l.arrivesNs);
    const next = peekEntry(id);
    l.arrivesNs = !changetype<usize>(next) ? NEVER : port(n).lastBit ? now : l.arrivesNs + lineNs(l, next);
  }
}

/** False when the guest has no room for it yet. */
function echo(n: u32, l: Lab, f: Frame, now: u64): bool {
  if (answerBytes(f, traffic(n))) { answer(n, l, traffic(n), f); return true; }
  if (!listens(n) || f.bytes < 14 || !canTake(n, f)) { count(l.counters + Count.UNECHOED); return true; }
  const back = reserveEntry(receiveRing(n), f.bytes);
  if (!changetype<usize>(back)) return false;
  const from = frameData(f), to = frameData(back);
  memory.copy(changetype<usize>(back) + 4, changetype<usize>(f) + 4, 12);
  memory.copy(to, from, f.bytes);
  memory.copy(to, from + 6, 6);
  memory.copy(to + 6, from, 6);
  if (traffic(n).proto != LabProto.RAW) turnRound(to, f.bytes);
  if (<u32>f.flags & NEEDS_SUM && !(port(n).accepts & Accepts.CSUM)) finishSum(back);
  handOver(n, l, back);
  return true;
}



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
