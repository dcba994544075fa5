// A floppy controller as every PC had one (82077AA, Intel 290166), with the DMA controllers that it moves data by: attach, reset, registers. It is no PCI function.
// Drives are cards of their own (unit/drive.ts), units 0 and 1. CMOS says what they are.

import { anew } from "../../base/anew";
import { Card } from "../../device/card";
import { putCmos, readCmos } from "../../chipset/rtc/rtc";
import { mapPorts, Width } from "../../memory/bus";
import { forgetJob } from "../unit/job";
import { Bus, BUS_BYTES, isThere } from "../unit/state";
import { carryOut, endTransfer, goOn, lengthOf, lower, move, raise, reach, refreshLine, tryTransfer } from "./commands";
import { readChip, readPage, resetDma, writeChip, writePage } from "./dma";
import { driveTypeOf } from "./geometry";
import { Cmos, Dir, Dma, Dor, Dsr, Msr, Port, Reg } from "./spec";
import { answerAt, busAddress, commandAt, dmaAt, driveAt, Floppy, floppyOfCard, MOST_DRIVES, nameFloppy, Phase, transferOf } from "./state";

/** A card of the machine's list. */
export function attachFloppy(c: Card): void {
  const f = floppyOfCard(c.index), dev = changetype<usize>(f), bus = changetype<Bus>(busAddress(f)), bytes = Width.BYTE;
  anew(changetype<usize>(bus), BUS_BYTES);
  anew(dev, offsetof<Floppy>("dor"));
  bus.onReach = reach.index; bus.onMove = move.index; bus.onDone = endTransfer.index; bus.onTurn = goOn.index;
  nameFloppy(f, c.number);
  mapPorts(Port.FIRST, Port.COUNT, dev, readRegister.index, writeRegister.index, "floppy", bytes);
  mapPorts(Port.DIR, 1, dev, readDir.index, writeCcr.index, "floppy", bytes);
  mapPorts(Dma.FIRST, Dma.FIRST_COUNT, dev, readFirst.index, writeFirst.index, "dma 8 bits", bytes);
  mapPorts(Dma.SECOND, Dma.SECOND_COUNT, dev, readSecond.index, writeSecond.index, "dma 16 bits", bytes);
  mapPorts(Dma.PAGES, Dma.PAGES_COUNT, dev, readPages.index, writePages.index, "dma pages", bytes);
  mapPorts(Dma.HIGH_PAGES, Dma.HIGH_PAGES_COUNT, dev, readHighPage.index, writeHighPage.index, "dma pages", bytes);
  mapPorts(Dma.MORE_PAGES, Dma.MORE_PAGES_COUNT, dev, readMorePages.index, writeMorePages.index, "dma pages", bytes);
}

/** At the machine's reset, before its drives'. */
export function resetFloppy(c: Card): void {
  const f = floppyOfCard(c.index);
  resetDma(dmaAt(f));
  f.dor = 0; f.tdr = 0; f.dsr = 2; f.ccr = 2; f.specified0 = 0; f.specified1 = 0; f.configured = 0; f.precompensation = 0; f.locked = 0; f.perpendicular = 0;
  f.cylinder0 = 0; f.cylinder1 = 0;
  resetController(f);
  lower(f);
  f.polled = 0;
}

/** After the drives' reset: what a BIOS finds in CMOS. */
export function tellCmos(c: Card): void {
  const f = floppyOfCard(c.index);
  let types: u32 = 0, drives: u32 = 0;
  for (let n: u32 = 0; n < MOST_DRIVES; n++) {
    if (!isThere(driveAt(f, n))) continue;
    types |= driveTypeOf(driveAt(f, n).sectors) << (n ? 0 : 4);
    drives++;
  }
  putCmos(Cmos.TYPES, types);
  putCmos(Cmos.EQUIPMENT, readCmos(Cmos.EQUIPMENT) & ~(<u32>0xc1) | (drives ? 1 | (drives - 1) << 6 : 0));
}

/** A reset by DOR or DSR: what is in hand is forgotten, and each drive is polled. */
function resetController(f: Floppy): void {
  for (let n: u32 = 0; n < MOST_DRIVES; n++) if (isThere(driveAt(f, n))) forgetJob(driveAt(f, n));
  f.phase = Phase.COMMAND; f.got = 0; f.gives = 0; f.given = 0; f.polled = 0;
  transferOf(f).type = 0;
  if (!f.locked) { f.configured = 0; f.precompensation = 0; }
}

// --- Registers ---

function readRegister(dev: usize, offset: u32, bytes: u32): u64 {
  const f = changetype<Floppy>(dev);
  switch (offset) {
    case Reg.SRA: return f.wanted ? 0x80 : 0;
    case Reg.SRB: return 0xc0;
    case Reg.DOR: return f.dor;
    case Reg.TDR: return f.tdr;
    case Reg.MSR: return statusOf(f);
    default: return readFifo(f);
  }
}

function statusOf(f: Floppy): u32 {
  if (!(f.dor & Dor.RUN)) return 0;
  if (f.phase == Phase.BUSY) return Msr.BUSY;
  if (f.phase == Phase.RESULT) return Msr.READY | Msr.OUTWARD | Msr.BUSY;
  return Msr.READY | (f.got ? Msr.BUSY : 0);
}

/** The first byte of an answer takes the interrupt back. */
function readFifo(f: Floppy): u32 {
  if (f.phase != Phase.RESULT) return 0;
  const value = load<u8>(answerAt(f) + f.given);
  f.given++;
  if (!f.polled) lower(f);
  if (f.given >= f.gives) { f.phase = Phase.COMMAND; f.given = 0; f.gives = 0; }
  return value;
}

function writeRegister(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const f = changetype<Floppy>(dev), v = <u32>value;
  switch (offset) {
    case Reg.DOR: writeDor(f, v); break;
    case Reg.TDR: f.tdr = v & 3; break;
    case Reg.MSR: f.dsr = v; if (v & Dsr.RESET) { resetController(f); poll(f); } break;
    case Reg.FIFO: writeFifo(f, v); break;
    default: break;
  }
}

/** The controller runs while RUN is up; a rise ends its reset, and is told. */
function writeDor(f: Floppy, value: u32): void {
  const was = f.dor;
  f.dor = value;
  if (was & Dor.RUN && !(value & Dor.RUN)) { resetController(f); lower(f); }
  if (!(was & Dor.RUN) && value & Dor.RUN) poll(f);
  refreshLine(f);
}
function poll(f: Floppy): void { f.polled = 4; raise(f); }

function writeFifo(f: Floppy, value: u32): void {
  if (f.phase != Phase.COMMAND || !(f.dor & Dor.RUN)) return;
  if (!f.got) f.wants = lengthOf(value);
  store<u8>(commandAt(f) + f.got, <u8>value);
  f.got++;
  if (f.got >= f.wants) carryOut(f);
}

/** The selected drive's diskette is another one than before its last step, or there is none. */
function readDir(dev: usize, offset: u32, bytes: u32): u64 {
  const f = changetype<Floppy>(dev), n = f.dor & Dor.DRIVE, u = driveAt(f, n);
  const motor = f.dor >> 4 >> n & 1;
  return motor && isThere(u) && (u.attention || !u.sectors) ? Dir.CHANGED : 0;
}
function writeCcr(dev: usize, offset: u32, bytes: u32, value: u64): void { changetype<Floppy>(dev).ccr = <u32>value & 3; }

// --- The DMA controllers ---

function readFirst(dev: usize, offset: u32, bytes: u32): u64 { return readChip(dmaAt(changetype<Floppy>(dev)), 0, offset); }
function writeFirst(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const f = changetype<Floppy>(dev);
  writeChip(dmaAt(f), 0, offset, <u32>value);
  tryTransfer(f);
}
function readSecond(dev: usize, offset: u32, bytes: u32): u64 { return readChip(dmaAt(changetype<Floppy>(dev)), 1, offset >> 1); }
function writeSecond(dev: usize, offset: u32, bytes: u32, value: u64): void { writeChip(dmaAt(changetype<Floppy>(dev)), 1, offset >> 1, <u32>value); }
function readPages(dev: usize, offset: u32, bytes: u32): u64 { return readPage(dmaAt(changetype<Floppy>(dev)), Dma.PAGES + offset); }
function writePages(dev: usize, offset: u32, bytes: u32, value: u64): void { writePage(dmaAt(changetype<Floppy>(dev)), Dma.PAGES + offset, <u32>value); }
function readHighPage(dev: usize, offset: u32, bytes: u32): u64 { return readPage(dmaAt(changetype<Floppy>(dev)), Dma.HIGH_PAGES + offset); }
function writeHighPage(dev: usize, offset: u32, bytes: u32, value: u64): void { writePage(dmaAt(changetype<Floppy>(dev)), Dma.HIGH_PAGES + offset, <u32>value); }
function readMorePages(dev: usize, offset: u32, bytes: u32): u64 { return readPage(dmaAt(changetype<Floppy>(dev)), Dma.MORE_PAGES + offset); }
function writeMorePages(dev: usize, offset: u32, bytes: u32, value: u64): void { writePage(dmaAt(changetype<Floppy>(dev)), Dma.MORE_PAGES + offset, <u32>value); }
