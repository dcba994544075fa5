// Driving the board without its processor, for `pintail qtest`: accesses as the processor would make them, timers, and the inputs
// and outputs of the interrupt controllers taken off them and noted instead.
//
// What is noted is a list of edges in the slots' page, two bytes each: the pin, and EDGE_UP where it rises. The host empties it
// after every access and every timer; past MAX_EDGES in one of those, edges are dropped and only counted. Nothing here is state: a
// machine that is probed is not snapshotted.

import { control, Event } from "../base/control";
import { machine } from "../base/machine";
import { runTimers } from "../device/clock";
import { PROBE } from "../device/layout";
import { slots } from "../device/slots";
import { mmioRead, mmioWrite, portRead as inPort, portWrite as outPort } from "../memory/bus";
import { Attr, attrOf, noteWrite, pageOf, ramAt, takesCommands } from "../memory/ram";
import { ProbePoint } from "../surface/run";

@unmanaged class Probe {
  /** Upper half of the last read. */
  high: u32;
  /** Edges noted; those past MAX_EDGES are lost. */
  count: u32;
}
@inline const probe = changetype<Probe>(PROBE);
@inline const EDGES: usize = PROBE + 64;
@inline const MAX_EDGES: u32 = 320;
@inline const EDGE_UP: u32 = 0x8000;

@inline function wide(lo: u32, hi: u32): u64 { return <u64>lo | <u64>hi << 32; }

/** Memory at a guest-physical address, or what answers there: 1, 2, 4 or 8 bytes. The upper half waits in physicalHigh(). */
export function physicalRead(lo: u32, hi: u32, bytes: u32): u32 {
  const gpa = wide(lo, hi), host = ramAt(gpa, bytes), value = host ? loadBytes(host, bytes) : mmioRead(gpa, bytes);
  probe.high = <u32>(value >> 32);
  return <u32>value;
}
export function physicalHigh(): u32 { return probe.high; }

function loadBytes(host: usize, bytes: u32): u64 {
  switch (bytes) {
    case 1: return load<u8>(host);
    case 2: return load<u16>(host);
    case 4: return load<u32>(host);
    default: return load<u64>(host);
  }
}

export function physicalWrite(lo: u32, hi: u32, bytes: u32, valueLo: u32, valueHi: u32): void {
  const gpa = wide(lo, hi), host = ramAt(gpa, bytes), value = wide(valueLo, valueHi);
  if (!host) { mmioWrite(gpa, bytes, value); return; }
  if (attrOf(pageOf(host)) & Attr.ROM) { if (takesCommands(gpa)) mmioWrite(gpa, bytes, value); return; }
  switch (bytes) {
    case 1: store<u8>(host, <u8>value); break;
    case 2: store<u16>(host, <u16>value); break;
    case 4: store<u32>(host, <u32>value); break;
    default: store<u64>(host, value);
  }
  noteWrite(host, bytes);
}

export function portRead(port: u32, bytes: u32): u32 { return inPort(port, bytes); }
export function portWrite(port: u32, bytes: u32, value: u32): void { outPort(port, bytes, value); }

/** Fires the timers that are due. */
export function fireTimers(): void { runTimers(); }

/** What the guest has asked for, a StopReason's cause (device/power.ts), and forgets it; 0 for nothing. */
export function takeStop(): u32 {
  const asked = control.events & Event.STOP ? machine.stop : 0;
  control.events &= ~(<u32>Event.STOP);
  machine.stop = 0;
  return asked;
}

// --- Interrupt lines ---

function note(pin: u32, level: u32): void {
  if (probe.count < MAX_EDGES) store<u16>(EDGES + (<usize>probe.count << 1), <u16>(level ? pin | EDGE_UP : pin));
  probe.count++;
}

function noteOutput(level: u32): void { note(0, level); }

/** Takes a controller's inputs, or the PIC's output, off it; what drives them is noted from here on. 0: there is no such point. */
export function intercept(point: u32): u32 {
  switch (point) {
    case ProbePoint.IOAPIC_IN: slots.ioapicInput = note.index; return 1;
    case ProbePoint.PIC_IN: slots.picInput = note.index; return 1;
    case ProbePoint.PIC_OUT: slots.picOutput = noteOutput.index; return 1;
    default: return 0;
  }
}

/** Edges noted since the last call: how many, and where they are. */
export function takeEdges(): u32 {
  const count = probe.count;
  probe.count = 0;
  return min(count, MAX_EDGES);
}
export function edgesAt(): u32 { return <u32>EDGES; }

/** Drives a controller's input, or what has been put in its place. */
export function driveInput(point: u32, pin: u32, level: u32): void {
  if (point == ProbePoint.IOAPIC_IN && slots.ioapicInput && pin < 24) call_indirect<void>(slots.ioapicInput, pin, level ? <u32>1 : <u32>0);
  if (point == ProbePoint.PIC_IN && slots.picInput && pin < 16) call_indirect<void>(slots.picInput, pin, level ? <u32>1 : <u32>0);
}
