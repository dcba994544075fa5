// The 8254 interval timer and port 61h: Intel 231164-005; ICH9 data sheet for the port.
//
// Counting is not done. A channel remembers when its count began; elapsed input clocks then give count and output in
// any mode. Channel 0 drives ISA interrupt 0 and keeps a timer at its next change of output; channel 2 has its gate
// and output at port 61h. A gate that falls holds the count in modes 0 and 4 and the output high in modes 2 and 3; one
// that rises starts modes 1, 2, 3 and 5. Limit: a new count restarts modes 2 and 3 at once, where the chip would first
// finish the period in hand. The shortest period, two clocks, is 1.7 us, which bounds a hostile guest's interrupts.

import { scaleDown, scaleUp } from "../../base/scale";
import { mapPorts, Width } from "../../memory/bus";
import { bindTimer, cancelTimer, nowNs, setTimer, Timer } from "../../device/clock";
import { setLine } from "../../device/interrupt";
import { PIT_BYTES, PIT_STATE } from "../layout";
import { Control, NmiSc, PIT_HZ, PitPort, ReadBack, Status } from "./spec";

const enum Bytes { NONE, LOW, HIGH, BOTH }

@unmanaged class Channel {
  /** When elapsed was 0, while it runs. */
  startNs: u64;
  /** Elapsed clocks while it does not. */
  held: u64;
  running: u32; gate: u32;
  /** A count has been written since the control word; and, in modes 1 and 5, the gate has triggered. */
  loaded: u32; triggered: u32;
  count: u32; mode: u32; rw: u32; bcd: u32;
  /** First byte of a two-byte write, and that it has come; that a two-byte read is half done. */
  lowByte: u32; halfWritten: u32; halfRead: u32;
  /** Bytes of the latched count still to be read. */
  latched: u32; latch: u32; statusLatched: u32; status: u32;
}
@inline const NS: u64 = 1_000_000_000;
@inline const CHANNEL_BYTES: usize = 80;
@inline function channel(n: u32): Channel { return changetype<Channel>(PIT_STATE + <usize>n * CHANNEL_BYTES); }
/** Last write to port 61h. */
@inline const NMI_SC: usize = PIT_STATE + 3 * CHANNEL_BYTES;

export function resetPit(): void {
  memory.fill(PIT_STATE, 0, PIT_BYTES);
  for (let n: u32 = 0; n < 3; n++) {
    const c = channel(n);
    c.rw = Bytes.BOTH; c.mode = 3;
    c.gate = n == 2 ? 0 : 1;
  }
  cancelTimer(Timer.PIT);
  setLine(0, true);
}

export function attachPit(): void {
  mapPorts(PitPort.COUNTER0, 4, 0, readPit.index, writePit.index, "pit", Width.BYTE);
  mapPorts(PitPort.NMI_SC, 1, 0, readNmiSc.index, writeNmiSc.index, "port 61", Width.BYTE);
  bindTimer(Timer.PIT, passChange.index, 0);
}

// --- Counting ---

/** Input clocks since the count began. */
function elapsed(c: Channel): u64 { return c.running ? scaleDown(nowNs() - c.startNs, PIT_HZ, NS) : c.held; }

function hold(c: Channel): void { c.held = elapsed(c); c.running = 0; }
function run(c: Channel): void {
  if (c.running) return;
  c.startNs = nowNs() - scaleUp(c.held, NS, PIT_HZ);
  c.running = 1;
}
function restart(c: Channel): void { c.held = 0; c.running = 0; run(c); }

/** The count as a number of clocks; 0 stands for the largest. One clock is no period in modes 2 and 3. */
function clocks(c: Channel): u64 {
  const n = c.bcd ? fromBcd(c.count) : c.count;
  if (n == 0) return c.bcd ? 10000 : 0x10000;
  return n == 1 && (c.mode == 2 || c.mode == 3) ? 2 : n;
}

function fromBcd(v: u32): u32 { return min<u32>((v >> 12) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15), 9999); }
function toBcd(v: u32): u32 { return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10; }

/** The output pin after `d` clocks. */
function output(c: Channel, d: u64): bool {
  if (!c.loaded) return c.mode != 0;
  const n = clocks(c);
  switch (c.mode) {
    case 0: return d >= n;
    case 1: return !c.triggered || d >= n;
    case 2: return !c.gate || d % n != n - 1;
    case 3: return !c.gate || d % n < (n + 1) >> 1;
    case 4: return d != n;
    default: return !c.triggered || d != n;
  }
}

/** Clocks from the start to the next change of output after `d`; 0 when there is none. */
function nextChange(c: Channel, d: u64): u64 {
  if (!c.loaded || !c.running) return 0;
  const n = clocks(c), round = d - d % n;
  switch (c.mode) {
    case 0: case 1: return d < n ? n : 0;
    case 2: return d % n < n - 1 ? round + n - 1 : round + n;
    case 3: return d % n < (n + 1) >> 1 ? round + ((n + 1) >> 1) : round + n;
    default: return d < n ? n : d == n ? n + 1 : 0;
  }
}

/** The number in the counter. */
function countNow(c: Channel): u32 {
  if (!c.loaded) return c.count;
  const n = clocks(c), d = elapsed(c);
  let left: u64;
  if (c.mode == 2) left = n - d % n;
  else if (c.mode == 3) left = n - (d * 2) % n;
  else if (c.mode == 1 || c.mode == 5) left = c.triggered ? n - d : n;
  else left = n - d;
  // Past zero the one-shot modes go on counting down through the largest count.
  if (!c.bcd) return <u32>left & 0xffff;
  return toBcd(<u32>(d > n && c.mode != 2 && c.mode != 3 ? 9999 - (d - n - 1) % 10000 : left));
}

/**
 * A change of output is due. Where time has jumped past it, the output may have changed again: a pulse of one clock that is over, or the low
 * half of a square wave. Its edge is the interrupt, so the line makes it.
 */
function passChange(dev: usize): void {
  const c = channel(0);
  if (output(c, elapsed(c))) setLine(0, false);
  carryOutput();
}

/** Carries channel 0's output to its line and arms the next change. */
function carryOutput(): void {
  const c = channel(0), d = elapsed(c), next = nextChange(c, d);
  setLine(0, output(c, d));
  if (next) setTimer(Timer.PIT, c.startNs + scaleUp(next, NS, PIT_HZ));
  else cancelTimer(Timer.PIT);
}

function changed(n: u32): void { if (n == 0) carryOutput(); }

function setGate(n: u32, level: u32): void {
  const c = channel(n), rises = level && !c.gate, falls = !level && c.gate;
  c.gate = level;
  if (rises) raiseGate(c);
  if (falls && c.mode != 1 && c.mode != 5) hold(c);
  changed(n);
}

function raiseGate(c: Channel): void {
  if (!c.loaded) return;
  if (c.mode == 0 || c.mode == 4) { run(c); return; }
  c.triggered = 1;
  restart(c);
}

// --- Programming ---

function writeControl(v: u32): void {
  const n = v >> Control.SELECT_SHIFT;
  if (n == Control.READ_BACK) { readBack(v); return; }
  const c = channel(n), rw = v >> Control.RW_SHIFT & 3;
  if (rw == Bytes.NONE) { latchCount(c); return; }
  c.rw = rw;
  c.mode = v >> Control.MODE_SHIFT & 7;
  if (c.mode > 5) c.mode -= 4;
  c.bcd = v & Control.BCD;
  c.loaded = 0; c.triggered = 0; c.running = 0; c.held = 0;
  c.halfWritten = 0; c.halfRead = 0; c.latched = 0; c.statusLatched = 0;
  changed(n);
}

function readBack(v: u32): void {
  for (let n: u32 = 0; n < 3; n++) {
    if (!(v >> (n + 1) & 1)) continue;
    if (!(v & ReadBack.NO_COUNT)) latchCount(channel(n));
    if (!(v & ReadBack.NO_STATUS)) latchStatus(channel(n));
  }
}

/** A latch holds until it has been read; a second one before that is ignored. */
function latchCount(c: Channel): void {
  if (c.latched) return;
  c.latch = countNow(c);
  c.latched = c.rw == Bytes.BOTH ? 2 : 1;
}

function latchStatus(c: Channel): void {
  if (c.statusLatched) return;
  c.status = (output(c, elapsed(c)) ? Status.OUT : 0) | (c.loaded ? 0 : Status.NULL_COUNT) | c.rw << 4 | c.mode << 1 | c.bcd;
  c.statusLatched = 1;
}

function writeCount(n: u32, v: u32): void {
  const c = channel(n);
  switch (c.rw) {
    case Bytes.LOW: loadCount(n, v); break;
    case Bytes.HIGH: loadCount(n, v << 8); break;
    default:
      if (c.halfWritten) { c.halfWritten = 0; loadCount(n, v << 8 | c.lowByte); }
      else { c.halfWritten = 1; c.lowByte = v; if (c.mode == 0) stopForCount(n); }
  }
}

/** In mode 0 the first byte of a count stops the old one and drops the output. */
function stopForCount(n: u32): void {
  channel(n).loaded = 0;
  channel(n).running = 0;
  changed(n);
}

function loadCount(n: u32, count: u32): void {
  const c = channel(n);
  c.count = count;
  c.loaded = 1;
  // Modes 1 and 5 take a new count at the next trigger; the others start now, gate permitting.
  if (c.mode != 1 && c.mode != 5) { c.held = 0; c.running = 0; if (c.gate) run(c); }
  changed(n);
}

function readCount(n: u32): u32 {
  const c = channel(n);
  if (c.statusLatched) { c.statusLatched = 0; return c.status; }
  if (c.latched) {
    const high = c.latched == 1 && c.rw != Bytes.LOW;
    c.latched--;
    return high ? c.latch >> 8 : c.latch & 0xff;
  }
  const now = countNow(c);
  if (c.rw == Bytes.LOW) return now & 0xff;
  if (c.rw == Bytes.HIGH) return now >> 8;
  c.halfRead ^= 1;
  return c.halfRead ? now & 0xff : now >> 8;
}

function readPit(dev: usize, offset: u32, bytes: u32): u64 { return offset < 3 ? readCount(offset) & 0xff : 0xff; }
function writePit(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (offset == 3) writeControl(<u32>value);
  else writeCount(offset, <u32>value);
}

// --- Port 61h ---

/** Bit 4 turns over with every memory refresh, 15 us; old delay loops watch it. */
function readNmiSc(dev: usize, offset: u32, bytes: u32): u64 {
  const c = channel(2), refresh: u32 = nowNs() / 15_085 & 1 ? NmiSc.REFRESH : 0;
  return load<u8>(NMI_SC) | refresh | (output(c, elapsed(c)) ? NmiSc.OUT2 : 0);
}
function writeNmiSc(dev: usize, offset: u32, bytes: u32, value: u64): void {
  store<u8>(NMI_SC, <u8>(value & NmiSc.WRITABLE));
  setGate(2, <u32>value & NmiSc.GATE2);
}
