// The pair of 8259As: Intel 231468-003; the ELCR as in ICH9 (316972), 13.4.12.
//
// Each chip has a request register (irr), an in-service register (isr) and a mask. An edge input latches in irr when it
// rises and unlatches when it falls before it was taken, which makes the vector of input 7 with no bit in service
// (data sheet, "Default IR7"); a level input is in irr while it is up. The slave's output is the master's input 2. The
// master's output goes by a slot to the local APIC's LINT0, which decides whether the processor sees it.

import { Counter, count } from "../../base/counters";
import { mapPorts, Width } from "../../memory/bus";
import { lines, setLine } from "../../device/interrupt";
import { slots } from "../../device/slots";
import { PIC_BYTES, PIC_STATE } from "../layout";
import { COPROC_ERR, ELCR, FirmwareVector, ICW1, ICW4, OCW2, OCW3, PicPort } from "./spec";

/** What the next write to the data port is. */
const enum Init { NONE, ICW2, ICW3, ICW4 }

@unmanaged class Chip {
  irr: u32; isr: u32; imr: u32;
  /** Levels at the inputs. */
  inputs: u32;
  elcr: u32;
  vector: u32;
  init: u32; wantIcw4: u32; single: u32; autoEoi: u32; rotateAuto: u32; nested: u32;
  specialMask: u32;
  /** OCW3: what a read of the command port gives; and that the next read polls. */
  readIsr: u32; poll: u32;
  /** The input of lowest priority. */
  lowest: u32;
  levelAll: u32;
}
@inline const master = changetype<Chip>(PIC_STATE);
@inline const slave = changetype<Chip>(PIC_STATE + 128);

export function resetPic(): void {
  memory.fill(PIC_STATE, 0, PIC_BYTES);
  resetChip(master);
  resetChip(slave);
  lines.pic = 0;
}
/** Before it is initialised a chip has no defined state; ours is masked. */
function resetChip(c: Chip): void { c.lowest = 7; c.imr = 0xff; }

/** As PC firmware leaves the pair: its vectors, everything masked, the SCI's input level-triggered. */
export function presetPic(): void {
  master.vector = FirmwareVector.MASTER;
  slave.vector = FirmwareVector.SLAVE;
  slave.elcr = 1 << 1;
}

export function attachPic(): void {
  mapPorts(PicPort.MASTER, 2, changetype<usize>(master), readPic.index, writePic.index, "pic master", Width.BYTE);
  mapPorts(PicPort.SLAVE, 2, changetype<usize>(slave), readPic.index, writePic.index, "pic slave", Width.BYTE);
  mapPorts(PicPort.ELCR_MASTER, 2, 0, readElcr.index, writeElcr.index, "pic elcr", Width.BYTE);
  mapPorts(COPROC_ERR, 1, 0, 0, writeCoprocessor.index, "coprocessor error", Width.BYTE);
  slots.picInput = setInput.index;
  slots.picAcknowledge = acknowledgePic.index;
}

// --- Inputs and priority ---

function isLevel(c: Chip, input: u32): bool { return c.levelAll != 0 || (c.elcr >> input & 1) != 0; }

function setChipInput(c: Chip, input: u32, level: u32): void {
  const bit: u32 = 1 << input, was = c.inputs & bit;
  if (!level) { c.inputs &= ~bit; c.irr &= ~bit; return; }
  c.inputs |= bit;
  if (!was || isLevel(c, input)) c.irr |= bit;
}

function setInput(irq: u32, level: u32): void {
  if (irq >= 8) setChipInput(slave, irq & 7, level);
  else if (irq != 2) setChipInput(master, irq, level);
  updatePic();
}

/** Place of the highest-priority input in `set`, counted from the highest; 8 for none. */
function highest(c: Chip, set: u32): u32 {
  if (!(set & 0xff)) return 8;
  const from = (c.lowest + 1) & 7, turned = ((set | set << 8) >> from) & 0xff;
  return ctz(turned);
}

/** The input that would interrupt now, or 8. */
function pendingInput(c: Chip): u32 {
  const wants = highest(c, c.irr & ~c.imr);
  if (wants == 8) return 8;
  let serving = c.isr;
  if (c.specialMask) serving &= ~c.imr;
  // Special fully nested mode: a slave in service does not shut out its own further requests.
  if (c.nested && changetype<usize>(c) == changetype<usize>(master)) serving &= ~4;
  return wants < highest(c, serving) ? (wants + c.lowest + 1) & 7 : 8;
}

/** Works out both outputs and tells the local APIC of a change. */
function updatePic(): void {
  setChipInput(master, 2, pendingInput(slave) < 8 ? 1 : 0);
  const output: u32 = pendingInput(master) < 8 ? 1 : 0;
  if (output == lines.pic) return;
  lines.pic = output;
  if (slots.picOutput) call_indirect<void>(slots.picOutput, output);
}

/** Takes the pending input of one chip into service; input 7 with nothing in service when it has gone. */
function takeInput(c: Chip): u32 {
  const input = pendingInput(c);
  // The slave drops its output during INTA, so a request it still has makes a new edge.
  if (changetype<usize>(c) == changetype<usize>(slave)) setChipInput(master, 2, 0);
  if (input == 8) { count(Counter.SPURIOUS); return 7; }
  const bit: u32 = 1 << input;
  if (!isLevel(c, input)) c.irr &= ~bit;
  if (!c.autoEoi) c.isr |= bit;
  else if (c.rotateAuto) c.lowest = input;
  return input;
}

/** The two INTA cycles: gives the vector. */
function acknowledgePic(): i32 {
  const input = takeInput(master);
  let vector = master.vector + input;
  if (input == 2 && !master.single) vector = slave.vector + takeInput(slave);
  updatePic();
  return <i32>(vector & 0xff);
}
// --- Commands ---

function readPic(dev: usize, offset: u32, bytes: u32): u64 {
  const c = changetype<Chip>(dev);
  if (c.poll) {
    c.poll = 0;
    const any = pendingInput(c) < 8;
    const input = any ? takeInput(c) : 0;
    updatePic();
    return any ? 0x80 | input : 0;
  }
  if (offset == 1) return c.imr;
  return c.readIsr ? c.isr : c.irr;
}

function writePic(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const c = changetype<Chip>(dev), v = <u32>value;
  if (offset == 1) writeData(c, v);
  else if (v & ICW1.ICW1) startInit(c, v);
  else if (v & OCW3.OCW3) writeOcw3(c, v);
  else writeOcw2(c, v);
  updatePic();
}

function startInit(c: Chip, v: u32): void {
  c.irr = 0; c.isr = 0; c.imr = 0;
  c.specialMask = 0; c.readIsr = 0; c.poll = 0; c.lowest = 7;
  c.autoEoi = 0; c.rotateAuto = 0; c.nested = 0;
  c.wantIcw4 = v & ICW1.IC4; c.single = v & ICW1.SNGL; c.levelAll = v & ICW1.LTIM;
  c.init = Init.ICW2;
  for (let input: u32 = 0; input < 8; input++) if (isLevel(c, input)) c.irr |= c.inputs & (1 << input);
}

function writeData(c: Chip, v: u32): void {
  switch (c.init) {
    case Init.ICW2:
      c.vector = v & 0xf8;
      c.init = c.single ? (c.wantIcw4 ? Init.ICW4 : Init.NONE) : Init.ICW3;
      break;
    case Init.ICW3: c.init = c.wantIcw4 ? Init.ICW4 : Init.NONE; break;
    case Init.ICW4:
      c.autoEoi = v & ICW4.AEOI; c.nested = v & ICW4.SFNM;
      c.init = Init.NONE;
      break;
    default: c.imr = v & 0xff;
  }
}

function writeOcw3(c: Chip, v: u32): void {
  if (v & OCW3.POLL) c.poll = 1;
  if (v & OCW3.RR) c.readIsr = v & OCW3.RIS;
  if (v & OCW3.ESMM) c.specialMask = v & OCW3.SMM;
}

function writeOcw2(c: Chip, v: u32): void {
  const named = v & OCW2.LEVEL;
  if (v & OCW2.EOI) endOfInterrupt(c, v);
  else if (v & OCW2.SL) { if (v & OCW2.R) c.lowest = named; }
  else c.rotateAuto = v & OCW2.R;
}

function endOfInterrupt(c: Chip, v: u32): void {
  let input = v & OCW2.LEVEL;
  if (!(v & OCW2.SL)) {
    const serving = c.specialMask ? c.isr & ~c.imr : c.isr, place = highest(c, serving);
    if (place == 8) return;
    input = (place + c.lowest + 1) & 7;
  }
  c.isr &= ~(1 << input);
  count(Counter.EOIS);
  if (v & OCW2.R) c.lowest = input;
}

function readElcr(dev: usize, offset: u32, bytes: u32): u64 { return offset ? slave.elcr : master.elcr; }
function writeElcr(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (offset) slave.elcr = <u32>value & ELCR.SLAVE_MASK;
  else master.elcr = <u32>value & ELCR.MASTER_MASK;
  updatePic();
}

/** FERR# holds line 13 up from an unmasked x87 error until this write. */
/** FERR# lets go of IRQ 13, and the processor is told to ignore the error it stands for. ICH9 13.7.3. */
function writeCoprocessor(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (lines.levels >> 13 & 1) lines.ignoreNumeric = 1;
  setLine(13, false);
}
