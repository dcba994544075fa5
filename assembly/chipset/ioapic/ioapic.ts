// The I/O APIC with 24 pins: Intel 290566-001, EOI register as in ICH9 (316972).
//
// A pin sends its message when it is asserted and its entry unmasked: an edge pin once a rise (a rise while masked is
// lost, as on the 82093AA), a level pin whenever it is up and remote IRR is clear; remote IRR is set then and cleared
// by an EOI carrying its vector. Polarity bits are kept and ignored: lines are carried as asserted or not.

import { mapMmio, Width } from "../../memory/bus";
import { IOAPIC_REQUESTER, sendMsi } from "../../device/interrupt";
import { slots } from "../../device/slots";
import { IOAPIC_BYTES, IOAPIC_STATE } from "../layout";
import { IOAPICVER_VALUE, IOAPIC_BASE, IOAPIC_PINS, IoIndex, IoRegister, Redirect } from "./spec";

@unmanaged class IoApic {
  select: u32;
  id: u32;
  /** Pins asserted. */
  pins: u32;
}
@inline const ioapic = changetype<IoApic>(IOAPIC_STATE);
@inline const ENTRIES: usize = IOAPIC_STATE + 64;
@inline function entryAt(pin: u32): usize { return ENTRIES + (<usize>pin << 3); }
@inline function low(pin: u32): u32 { return load<u32>(entryAt(pin)); }
@inline function setLow(pin: u32, value: u32): void { store<u32>(entryAt(pin), value); }

export function resetIoapic(): void {
  memory.fill(IOAPIC_STATE, 0, IOAPIC_BYTES);
  for (let pin: u32 = 0; pin < IOAPIC_PINS; pin++) setLow(pin, Redirect.MASKED);
}

export function attachIoapic(): void {
  mapMmio(IOAPIC_BASE, 0x1000, 0, readIoapic.index, writeIoapic.index, "ioapic", Width.DWORD);
  slots.ioapicInput = setPin.index;
  slots.endOfInterrupt = endVector.index;
}

/** A pin's line changed. */
function setPin(pin: u32, level: u32): void {
  if (pin >= IOAPIC_PINS) return;
  const bit: u32 = 1 << pin, was = ioapic.pins & bit;
  ioapic.pins = level ? ioapic.pins | bit : ioapic.pins & ~bit;
  if (!level) return;
  if (low(pin) & Redirect.LEVEL) servicePin(pin);
  else if (!was && !(low(pin) & Redirect.MASKED)) sendPin(pin);
}

/** Sends for a level pin that is up, unmasked and not waiting for its EOI. */
function servicePin(pin: u32): void {
  const entry = low(pin);
  if (!(entry & Redirect.LEVEL) || entry & (Redirect.MASKED | Redirect.REMOTE_IRR)) return;
  if (!(ioapic.pins >> pin & 1)) return;
  // Only fixed and lowest priority messages are answered by an EOI.
  if ((entry & Redirect.MODE) <= 1 << Redirect.MODE_SHIFT) setLow(pin, entry | Redirect.REMOTE_IRR);
  sendPin(pin);
}

/**
 * The message of a pin, in the form of an MSI. The upper half's bits are the address's from 4 up: a destination, or with interrupt remapping the format and the
 * index, whose highest bit is the lower half's bit of logical destinations (VT-d 5.1.5.1).
 */
function sendPin(pin: u32): void {
  const entry = low(pin), upper = load<u32>(entryAt(pin), 4) >> 16;
  const address = 0xfee0_0000 | upper << 4 | (entry & Redirect.LOGICAL ? 4 : 0);
  const trigger: u32 = entry & Redirect.LEVEL ? 0xc000 : 0;
  sendMsi(IOAPIC_REQUESTER, <u64>address, (entry & (Redirect.VECTOR | Redirect.MODE)) | trigger);
}

/** An EOI for `vector` came, by broadcast or by the EOI register. */
function endVector(vector: u32): void {
  for (let pin: u32 = 0; pin < IOAPIC_PINS; pin++) {
    const entry = low(pin);
    if ((entry & Redirect.VECTOR) != vector || !(entry & Redirect.LEVEL)) continue;
    setLow(pin, entry & ~Redirect.REMOTE_IRR);
    servicePin(pin);
  }
}

// --- Registers, behind an index ---

function readIndex(index: u32): u32 {
  switch (index) {
    case IoIndex.IOAPICID: case IoIndex.IOAPICARB: return ioapic.id;
    case IoIndex.IOAPICVER: return IOAPICVER_VALUE;
  }
  const word = index - IoIndex.IOREDTBL;
  return word < 2 * IOAPIC_PINS ? load<u32>(ENTRIES + (<usize>word << 2)) : 0;
}

function writeIndex(index: u32, value: u32): void {
  if (index == IoIndex.IOAPICID) { ioapic.id = value & 0x0f00_0000; return; }
  const word = index - IoIndex.IOREDTBL, pin = word >> 1;
  if (pin >= IOAPIC_PINS) return;
  if (word & 1) { store<u32>(entryAt(pin), value & (slots.remappable ? Redirect.REMAPPED : Redirect.DESTINATION), 4); return; }
  writeEntry(pin, value);
}

function writeEntry(pin: u32, value: u32): void {
  let entry = (low(pin) & ~Redirect.WRITABLE) | (value & Redirect.WRITABLE);
  // Going to edge forgets the outstanding EOI; Linux uses that to clear a stuck remote IRR.
  if (!(entry & Redirect.LEVEL)) entry &= ~Redirect.REMOTE_IRR;
  setLow(pin, entry);
  servicePin(pin);
}

function readIoapic(dev: usize, offset: u32, bytes: u32): u64 {
  if (offset == IoRegister.IOREGSEL) return ioapic.select;
  return offset == IoRegister.IOWIN ? readIndex(ioapic.select) : 0;
}

function writeIoapic(dev: usize, offset: u32, bytes: u32, value: u64): void {
  switch (offset) {
    case IoRegister.IOREGSEL: ioapic.select = <u32>value & 0xff; break;
    case IoRegister.IOWIN: writeIndex(ioapic.select, <u32>value); break;
    case IoRegister.EOIR: endVector(<u32>value & 0xff); break;
  }
}
