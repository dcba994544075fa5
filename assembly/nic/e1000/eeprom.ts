// The card's 64-word EEPROM: contents (manual 5.6), reads through EERD (13.4.4), and the 93C46's Microwire bus, which software
// drives bit by bit through EECD (13.4.3).
//
// On the bus each rising edge of SK moves a bit while CS is up: a start bit, two of instruction, six of address; then a READ
// gives a zero and the words from there on, highest bit first, and a WRITE takes sixteen. CS going down ends an instruction, and
// carries out a write if writing was enabled (EWEN). Writing takes no time, so DO says "ready" when CS goes up again.

import { bump, Count, E1000, eepromOf, getReg, setReg } from "./state";
import { Eecd, Eeprom, Eerd, Microwire, PciId, Reg } from "./spec";

const enum Phase { IDLE, COMMAND, READ, WRITE, DONE }
@inline const COMMAND_BITS: u32 = 8;

@inline function getWord(d: E1000, at: u32): u32 { return load<u16>(eepromOf(d) + (<usize>(at & 63) << 1)); }
@inline function setWord(d: E1000, at: u32, value: u32): void { store<u16>(eepromOf(d) + (<usize>(at & 63) << 1), <u16>value); }

/** As the card leaves the factory: a machine's reset. */
export function fillEeprom(d: E1000): void {
  memory.fill(eepromOf(d), 0, Eeprom.WORDS << 1);
  for (let i: u32 = 0; i < 3; i++) setWord(d, Eeprom.MAC + i, <u32>(d.mac >> (<u64>i << 4)));
  setWord(d, Eeprom.COMPATIBILITY, 0);
  setWord(d, Eeprom.PBA, 0xffff); setWord(d, Eeprom.PBA + 1, 0xffff);
  // The identifiers in words 0b to 0e are to be loaded (5.6.7, bits 0 and 1).
  setWord(d, Eeprom.INIT_CONTROL1, 0x4003);
  setWord(d, Eeprom.SUBSYSTEM, PciId.SUBSYSTEM); setWord(d, Eeprom.SUBSYSTEM_VENDOR, PciId.VENDOR);
  setWord(d, Eeprom.DEVICE, PciId.DEVICE); setWord(d, Eeprom.VENDOR, PciId.VENDOR);
  // Both directions of PAUSE advertised.
  setWord(d, Eeprom.INIT_CONTROL2, 0x3000);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < <u32>Eeprom.CHECKSUM; i++) sum += getWord(d, i);
  setWord(d, Eeprom.CHECKSUM, Eeprom.SUM - sum);
}

/** The address in words 0 to 2, first byte lowest. */
export function macOf(d: E1000): u64 { return load<u64>(eepromOf(d)) & 0xffff_ffff_ffff; }

export function writeEerd(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev), at = <u32>written >> Eerd.ADDR_SHIFT & 0xff;
  if (!(<u32>written & Eerd.START)) return;
  const word = at < <u32>Eeprom.WORDS ? getWord(d, at) : 0;
  setReg(d, Reg.EERD, word << Eerd.DATA_SHIFT | at << Eerd.ADDR_SHIFT | Eerd.DONE);
}

// --- Microwire ---

export function writeEecd(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev), before = <u32>old;
  let now = getReg(d, Reg.EECD);
  // Nobody else wants the bus: a request is granted at once.
  now = now & Eecd.REQ ? now | Eecd.GNT : now & ~(<u32>Eecd.GNT);
  setReg(d, Reg.EECD, now);
  if (!(now & Eecd.CS)) { if (before & Eecd.CS) deselect(d); return; }
  if (!(before & Eecd.CS)) { d.eePhase = Phase.COMMAND; d.eeBits = 0; d.eeShift = 0; setOut(d, 1); }
  if (now & ~before & Eecd.SK) clockBit(d, now & Eecd.DI ? 1 : 0);
}

function setOut(d: E1000, bit: u32): void {
  const eecd = getReg(d, Reg.EECD);
  setReg(d, Reg.EECD, bit ? eecd | Eecd.DO : eecd & ~(<u32>Eecd.DO));
}

function clockBit(d: E1000, bit: u32): void {
  switch (d.eePhase) {
    case Phase.COMMAND: takeCommandBit(d, bit); break;
    case Phase.READ: giveBit(d); break;
    case Phase.WRITE: if (d.eeBits < 16) { d.eeShift = d.eeShift << 1 | bit; d.eeBits++; } break;
    default: break;
  }
}

/** Zeros before the start bit mean nothing. */
function takeCommandBit(d: E1000, bit: u32): void {
  if (d.eeBits == 0) { d.eeBits = bit; return; }
  d.eeShift = d.eeShift << 1 | bit;
  if (d.eeBits++ < COMMAND_BITS) return;
  d.eeOperation = d.eeShift >> 6 & 3; d.eeAddress = d.eeShift & 63;
  d.eeBits = 0; d.eeShift = 0;
  begin(d);
}

function begin(d: E1000): void {
  const extended = d.eeOperation == Microwire.EXTENDED ? d.eeAddress >> 4 : 4;
  if (d.eeOperation == Microwire.READ) { d.eePhase = Phase.READ; setOut(d, 0); return; }
  if (extended == Microwire.EWEN) d.eeWritable = 1;
  if (extended == Microwire.EWDS) d.eeWritable = 0;
  d.eePhase = d.eeOperation == Microwire.WRITE || extended == Microwire.WRAL ? Phase.WRITE : Phase.DONE;
}

function giveBit(d: E1000): void {
  setOut(d, getWord(d, d.eeAddress) >> (15 - d.eeBits) & 1);
  if (++d.eeBits == 16) { d.eeBits = 0; d.eeAddress = (d.eeAddress + 1) & 63; }
}

/** CS went down: what was asked for whole is done. */
function deselect(d: E1000): void {
  const all = d.eeOperation == Microwire.EXTENDED, operation = all ? d.eeAddress >> 4 : d.eeOperation;
  if (d.eePhase == Phase.WRITE && d.eeBits == 16) program(d, all, d.eeShift & 0xffff);
  else if (d.eePhase == Phase.DONE && (all ? operation == Microwire.ERAL : operation == Microwire.ERASE)) program(d, all, 0xffff);
  d.eePhase = Phase.IDLE;
}

function program(d: E1000, all: bool, value: u32): void {
  if (!d.eeWritable) { bump(d, Count.MISUSED); return; }
  if (!all) { setWord(d, d.eeAddress, value); return; }
  for (let i: u32 = 0; i < <u32>Eeprom.WORDS; i++) setWord(d, i, value);
}
