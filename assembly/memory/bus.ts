// The port and MMIO buses: who answers at an address, and the one engine that splits what a device does not take whole.
//
// A device makes a handler (dev, two function-table indices, the access widths it takes) and places it on a range.
// Handlers are rebuilt at attach, in the same order, so that handles stay; the places are machine state, since guests
// move BARs and PMBASE: an attach over a snapshot's state leaves them as they are. Where places overlap, the handler made first answers. An access goes to a handler in one call when it lies inside its place, is
// naturally aligned there and has a width the handler takes; otherwise it is cut into the widest pieces that do. A read
// narrower than anything the device takes is cut out of the register around it; such a write has no defined meaning on
// any of our devices and is dropped and counted. Nothing there: reads give ones, writes vanish.

import { BUS, PLACES } from "../base/layout";
import { spend, Work } from "../base/control";
import { links, machine } from "../base/machine";
import { Counter, FIRST_DEVICE, count, nameCounter } from "../base/counters";
import { Crossing, Owner } from "../surface/counters";

/** Access widths a handler takes, a bit each; the bit's value is the width in bytes. */
export const enum Width { BYTE = 1, WORD = 2, DWORD = 4, QWORD = 8, UP_TO_DWORD = 7, ALL = 15 }

const enum Kind { NONE, PORTS, MMIO, HEAD }

/** Cache: what to call. Signatures: read (dev: usize, offset: u32, bytes: u32) => u64, write (..., value: u64) => void. */
@unmanaged class Handler { dev: usize; onRead: u32; onWrite: u32; widths: u32; pad0: u32; pad1: u32; pad2: u32; pad3: u32; }
/** State: where it sits. */
@unmanaged class Place { base: u64; size: u64; kind: u32; pad0: u32; pad1: u64; }
@unmanaged class Bus {
  handlers: u32; mmioCount: u32;
  /** This attach found no places: handlers are to be put where they start. */
  fresh: u32;
}

@inline const PORTS_BYTES: usize = 128 * 1024;
@inline const MAX_HANDLERS: u32 = 256;
@inline const bus = changetype<Bus>(BUS + PORTS_BYTES);
@inline const MMIO_ORDER: usize = BUS + PORTS_BYTES + 64;
@inline const HANDLERS: usize = BUS + PORTS_BYTES + 1024;

@inline function handler(h: u32): Handler { return changetype<Handler>(HANDLERS + (<usize>h << 5)); }
@inline function place(h: u32): Place { return changetype<Place>(PLACES + (<usize>h << 5)); }
@inline function lowMask(bytes: u32): u64 { return bytes >= 8 ? ~(<u64>0) : (<u64>1 << (<u64>bytes << 3)) - 1; }

/** Forgets every handler; before attach. Place 0 is no handler's: it says that the others are in use. */
export function clearBus(): void {
  memory.fill(BUS, 0, PORTS_BYTES + 1024 + (MAX_HANDLERS << 5));
  bus.fresh = place(0).kind == Kind.NONE ? 1 : 0;
  place(0).kind = Kind.HEAD;
}

/** Makes a handler; `name` (a string literal) labels its counters. Returns its handle, or 0 when the table is full. */
export function makeHandler(dev: usize, onRead: u32, onWrite: u32, name: string, widths: u32): u32 {
  const h = bus.handlers + 1;
  if (h >= MAX_HANDLERS) return 0;
  bus.handlers = h;
  const it = handler(h);
  it.dev = dev; it.onRead = onRead; it.onWrite = onWrite; it.widths = widths;
  nameCounter(FIRST_DEVICE + 2 * h, name, "reads", Owner.MACHINE, Crossing.B1);
  nameCounter(FIRST_DEVICE + 2 * h + 1, name, "writes", Owner.MACHINE, Crossing.B1);
  if (place(h).kind != Kind.NONE) map(place(h));
  return h;
}

/** Puts a handler on `count` ports, wherever it was before. */
export function placePorts(h: u32, first: u32, count: u32): void { put(h, Kind.PORTS, first & 0xffff, count); }
/** Puts a handler on a range of guest-physical addresses, wherever it was before. */
export function placeMmio(h: u32, base: u64, size: u64): void { put(h, Kind.MMIO, base, size); }
/** Takes a handler off the bus; it keeps its handle. */
export function unplace(h: u32): void { put(h, Kind.NONE, 0, 0); }

function put(h: u32, kind: u32, base: u64, size: u64): void {
  if (h == 0 || h >= MAX_HANDLERS) return;
  const p = place(h);
  if (p.kind == kind && p.base == base && p.size == size) return;
  const oldKind = p.kind, oldBase = p.base, oldSize = p.size;
  p.kind = kind; p.base = base; p.size = size;
  if (oldKind == Kind.PORTS) mapPortsAgain(oldBase, oldSize);
  else if (oldKind == Kind.MMIO && kind != Kind.MMIO) orderMmio();
  if (oldKind != Kind.MMIO || kind != Kind.MMIO) map(p);
}

/** Puts a place on the map. A move of MMIO to MMIO changes nothing: the look-up asks the places themselves. */
function map(p: Place): void {
  if (p.kind == Kind.PORTS) mapPortsAgain(p.base, p.size);
  else if (p.kind == Kind.MMIO) orderMmio();
}

/** Handlers with a place in memory, first made first. */
function orderMmio(): void {
  bus.mmioCount = 0;
  for (let h: u32 = 1; h <= bus.handlers; h++) {
    if (place(h).kind != Kind.MMIO) continue;
    store<u16>(MMIO_ORDER + (<usize>bus.mmioCount << 1), <u16>h);
    bus.mmioCount++;
  }
  spend(bus.handlers / Work.LINKS_A_UNIT);
}

/** Works out again who answers on a run of ports: of those that overlap there, the handler made first. */
function mapPortsAgain(first: u64, size: u64): void {
  const end = min(first + size, <u64>0x1_0000);
  for (let port = first; port < end; port++) store<u16>(BUS + (<usize>port << 1), 0);
  for (let h = bus.handlers; h > 0; h--) if (place(h).kind == Kind.PORTS) fillPorts(h, first, end);
  spend((bus.handlers + <u32>size) / Work.LINKS_A_UNIT);
}
function fillPorts(h: u32, from: u64, to: u64): void {
  const first = max(place(h).base, from), end = min(place(h).base + place(h).size, to);
  for (let port = first; port < end; port++) store<u16>(BUS + (<usize>port << 1), <u16>h);
}

/** A handler that starts on a run of ports: at attach. Returns the handle. */
export function mapPorts(first: u32, count: u32, dev: usize, onRead: u32, onWrite: u32, name: string, widths: u32): u32 {
  const h = makeHandler(dev, onRead, onWrite, name, widths);
  if (bus.fresh) placePorts(h, first, count);
  return h;
}

/** A handler that starts on a range of guest-physical addresses: at attach. Returns the handle. */
export function mapMmio(base: u64, size: u64, dev: usize, onRead: u32, onWrite: u32, name: string, widths: u32): u32 {
  const h = makeHandler(dev, onRead, onWrite, name, widths);
  if (bus.fresh) placeMmio(h, base, size);
  return h;
}
export function unmapPorts(h: u32): void { unplace(h); }
export function unmapMmio(h: u32): void { unplace(h); }

// --- Look-up ---

function findMmio(gpa: u64): u32 {
  const n = bus.mmioCount;
  for (let i: u32 = 0; i < n; i++) {
    const h = <u32>load<u16>(MMIO_ORDER + (<usize>i << 1)), p = place(h);
    if (gpa - p.base < p.size) return h;
  }
  return 0;
}

@inline function find(kind: u32, address: u64): u32 {
  if (kind == Kind.MMIO) return findMmio(address);
  return address < 0x1_0000 ? <u32>load<u16>(BUS + (<usize>address << 1)) : 0;
}

/** Something answers at this guest-physical address. */
export function isMmio(gpa: u64): bool { return findMmio(gpa) != 0; }

/** The whole access can go to `h` in one call. */
@inline function takes(h: u32, offset: u64, bytes: u32): bool {
  return (handler(h).widths & bytes) != 0 && (offset & (bytes - 1)) == 0 && offset + bytes <= place(h).size;
}

@inline function readFrom(h: u32, offset: u64, bytes: u32): u64 {
  count(FIRST_DEVICE + 2 * h);
  const it = handler(h);
  if (!it.onRead) return lowMask(bytes);
  return call_indirect<u64>(it.onRead, it.dev, <u32>offset, bytes) & lowMask(bytes);
}

@inline function writeTo(h: u32, offset: u64, bytes: u32, value: u64): void {
  count(FIRST_DEVICE + 2 * h + 1);
  const it = handler(h);
  if (it.onWrite) call_indirect<void>(it.onWrite, it.dev, <u32>offset, bytes, value & lowMask(bytes));
}

// --- The access engine ---

/** `bytes` is 1, 2, 4 or 8. */
@inline function readAt(kind: u32, address: u64, bytes: u32): u64 {
  const h = find(kind, address);
  if (h) {
    const offset = address - place(h).base;
    if (takes(h, offset, bytes)) return readFrom(h, offset, bytes);
  }
  return readSplit(kind, address, bytes);
}

@inline function writeAt(kind: u32, address: u64, bytes: u32, value: u64): void {
  const h = find(kind, address);
  if (h) {
    const offset = address - place(h).base;
    if (takes(h, offset, bytes)) { writeTo(h, offset, bytes, value); return; }
  }
  writeSplit(kind, address, bytes, value);
}

/** The widest piece of at most `left` bytes that `h` takes at `offset`; 0 if even its narrowest does not fit. */
function pieceAt(h: u32, offset: u64, left: u32): u32 {
  for (let width: u32 = 8; width > 0; width >>= 1) if (width <= left && takes(h, offset, width)) return width;
  return 0;
}

function readSplit(kind: u32, address: u64, bytes: u32): u64 {
  let value: u64 = 0, done: u32 = 0;
  while (done < bytes) {
    const at = address + done, h = find(kind, at), left = bytes - done;
    let piece: u32 = 1, part: u64 = 0xff;
    if (!h) count(Counter.UNMAPPED_READS);
    else {
      const offset = at - place(h).base;
      piece = pieceAt(h, offset, left);
      if (piece) part = readFrom(h, offset, piece);
      else { piece = 1; part = readInside(h, offset); }
    }
    value |= part << (<u64>done << 3);
    done += piece;
  }
  return value & lowMask(bytes);
}

/** One byte out of the narrowest register around it that `h` takes. */
function readInside(h: u32, offset: u64): u64 {
  const width = handler(h).widths & (0 - handler(h).widths), start = offset & ~<u64>(width - 1);
  if (!takes(h, start, width)) return 0xff;
  return (readFrom(h, start, width) >> ((offset - start) << 3)) & 0xff;
}

function writeSplit(kind: u32, address: u64, bytes: u32, value: u64): void {
  let done: u32 = 0;
  while (done < bytes) {
    const at = address + done, h = find(kind, at), left = bytes - done;
    let piece: u32 = 1;
    if (!h) count(Counter.UNMAPPED_WRITES);
    else {
      const offset = at - place(h).base;
      piece = pieceAt(h, offset, left);
      if (piece) writeTo(h, offset, piece, value >> (<u64>done << 3));
      else { piece = 1; count(Counter.NARROW_WRITES); }
    }
    done += piece;
  }
}

/** Before the device answers: what it does then is done at that time. */
@inline function chargeAccess(): void { if (machine.accessNs) call_indirect<void>(links.chargeSlot, <u64>machine.accessNs); }

/** IN of 1, 2 or 4 bytes. */
export function portRead(port: u32, bytes: u32): u32 {
  count(Counter.PORT_READS);
  spend(Work.ACCESS);
  chargeAccess();
  return <u32>readAt(Kind.PORTS, port & 0xffff, bytes);
}
/** OUT of 1, 2 or 4 bytes. */
export function portWrite(port: u32, bytes: u32, value: u32): void {
  count(Counter.PORT_WRITES);
  spend(Work.ACCESS);
  chargeAccess();
  writeAt(Kind.PORTS, port & 0xffff, bytes, value);
}
/** A load of 1, 2, 4 or 8 bytes at an address that is not RAM. */
export function mmioRead(gpa: u64, bytes: u32): u64 {
  count(Counter.MMIO_READS);
  spend(Work.ACCESS);
  chargeAccess();
  return readAt(Kind.MMIO, gpa, bytes);
}
/** A store of 1, 2, 4 or 8 bytes at an address that is not RAM. */
export function mmioWrite(gpa: u64, bytes: u32, value: u64): void {
  count(Counter.MMIO_WRITES);
  spend(Work.ACCESS);
  chargeAccess();
  writeAt(Kind.MMIO, gpa, bytes, value);
}
