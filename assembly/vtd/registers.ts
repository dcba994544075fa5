// The unit's registers (11.4): one row each, and what happens when they are written. Software may write 64-bit registers in halves; what a write
// starts is started by the half that holds it.

import { Access, Block, countAccesses, define, hook, makeBlock } from "../device/registers";
import { slots } from "../device/slots";
import { receiveMessage } from "../chipset/lapic/messages";
import { CARD } from "./counters";
import { dropEvent, unmaskEvent } from "./events";
import { refreshFaults } from "./faults";
import { remapMessage } from "./interrupt";
import { invalidateContexts, invalidatePages } from "./invalidate";
import { restartQueue, runQueue } from "./queue";
import { TTM_BITS } from "./scalable-spec";
import {
  Ccmd, CCMD_WRITABLE, Command, EventControl, EventReg, FAULT_RECORDS, Fsts, Frcd, GO, Ics, IotlbReg, IOTLB_WRITABLE, Iq, Irta, Iva, Pmen, PROTECTED_LOW, RECORD_BYTES, RECORD_HIGH, Reg,
  TABLE_ADDRESS, VERSION,
} from "./spec";
import { get32, get64, isOn, put32, put64, translates, unit } from "./state";
import { translate } from "./translate";

@inline const ALL32: u64 = 0xffff_ffff;

export function defineRegisters(cap: u64, ecap: u64): Block {
  const b = makeBlock(Reg.BYTES, 48);
  define(b, "VER", Reg.VER, 4, Access.RO, VERSION, 0);
  define(b, "CAP", Reg.CAP, 8, Access.RO, cap, 0);
  define(b, "ECAP", Reg.ECAP, 8, Access.RO, ecap, 0);
  hook(define(b, "GCMD", Reg.GCMD, 4, Access.WO, 0, ALL32), 0, command.index);
  define(b, "GSTS", Reg.GSTS, 4, Access.RO, 0, 0);
  define(b, "RTADDR", Reg.RTADDR, 8, Access.RW, 0, TABLE_ADDRESS | (unit.scalable ? TTM_BITS : 0));
  hook(define(b, "CCMD", Reg.CCMD, 8, Access.RW, 0, CCMD_WRITABLE), 0, contextCommand.index);
  definePages(b);
  defineFaults(b);
  defineQueue(b);
  if (unit.remaps) define(b, "IRTA", Reg.IRTA, 8, Access.RW, 0, TABLE_ADDRESS | Irta.SIZE | (unit.wideIds ? <u64>Irta.EIME : 0));
  countAccesses(b, CARD, 0);
  return b;
}

function definePages(b: Block): void {
  hook(define(b, "PMEN", Reg.PMEN, 4, Access.RW, 0, <u64><u32>Pmen.EPM), 0, protect.index);
  define(b, "PLMBASE", Reg.PLMBASE, 4, Access.RW, 0, ALL32 & ~PROTECTED_LOW);
  define(b, "PLMLIMIT", Reg.PLMLIMIT, 4, Access.RW, 0, ALL32 & ~PROTECTED_LOW);
  define(b, "PHMBASE", Reg.PHMBASE, 8, Access.RW, 0, ~PROTECTED_LOW);
  define(b, "PHMLIMIT", Reg.PHMLIMIT, 8, Access.RW, 0, ~PROTECTED_LOW);
  define(b, "IVA", Reg.IVA, 8, Access.WO, 0, TABLE_ADDRESS | Iva.IH | Iva.AM);
  hook(define(b, "IOTLB", Reg.IOTLB, 8, Access.RW, 0, IOTLB_WRITABLE), 0, pagesCommand.index);
}

function defineFaults(b: Block): void {
  hook(define(b, "FSTS", Reg.FSTS, 4, Access.W1C, 0, Fsts.PFO | Fsts.IQE | Fsts.ICE | Fsts.ITE), 0, clearStatus.index);
  defineEvent(b, Reg.FECTL, "FECTL", "FEDATA", "FEADDR", "FEUADDR");
  for (let n: u32 = 0; n < FAULT_RECORDS; n++) {
    define(b, "FRCD", Reg.FRCD + n * RECORD_BYTES, 8, Access.RO, 0, 0);
    hook(define(b, "FRCD high", Reg.FRCD + n * RECORD_BYTES + RECORD_HIGH, 8, Access.W1C, 0, <u64>1 << Frcd.FAULT_SHIFT), 0, clearRecord.index);
  }
}

function defineQueue(b: Block): void {
  define(b, "IQH", Reg.IQH, 8, Access.RO, 0, 0);
  hook(define(b, "IQT", Reg.IQT, 8, Access.RW, 0, Iq.PLACE), 0, moveTail.index);
  define(b, "IQA", Reg.IQA, 8, Access.RW, 0, TABLE_ADDRESS | Iq.SIZE | (unit.scalable ? <u64>Iq.WIDE : 0));
  hook(define(b, "ICS", Reg.ICS, 4, Access.W1C, 0, Ics.IWC), 0, clearCompletion.index);
  defineEvent(b, Reg.IECTL, "IECTL", "IEDATA", "IEADDR", "IEUADDR");
  define(b, "IQERCD", Reg.IQERCD, 8, Access.RO, 0, 0);
}

function defineEvent(b: Block, at: u32, control: string, data: string, address: string, upper: string): void {
  hook(define(b, control, at, 4, Access.RW, <u64><u32>EventControl.IM, <u64><u32>EventControl.IM), 0, writeEventControl.index);
  define(b, data, at + EventReg.DATA, 4, Access.RW, 0, 0xffff);
  define(b, address, at + EventReg.ADDRESS, 4, Access.RW, 0, 0xffff_fffc);
  define(b, upper, at + EventReg.UPPER, 4, Access.RW, 0, ALL32);
}

// --- Commands ---

/** GCMD: bits that differ from GSTS are commands; those that take a table over are whenever they are set. */
function command(dev: usize, offset: u32, old: u64, written: u64): void {
  const wanted = <u32>written, changed = wanted ^ get32(Reg.GSTS);
  if (wanted & Command.SRTP) { unit.root = get64(Reg.RTADDR); setOn(Command.SRTP, true); }
  if (changed & Command.TE) setOn(Command.TE, (wanted & Command.TE) != 0);
  if (changed & Command.QIE) { setOn(Command.QIE, (wanted & Command.QIE) != 0); restartQueue(); runQueue(); }
  if (unit.remaps) commandInterrupts(wanted, changed);
  placeUnit();
}

function commandInterrupts(wanted: u32, changed: u32): void {
  if (wanted & Command.SIRTP) { unit.interrupts = get64(Reg.IRTA); setOn(Command.SIRTP, true); }
  if (changed & Command.IRE) setOn(Command.IRE, (wanted & Command.IRE) != 0);
  if (changed & Command.CFI) setOn(Command.CFI, (wanted & Command.CFI) != 0);
}

function setOn(bit: u32, on: bool): void { put32(Reg.GSTS, on ? get32(Reg.GSTS) | bit : get32(Reg.GSTS) & ~bit); }

/** Hangs the unit where transfers and messages pass, as long as it has something to say of them: off, it costs nothing. */
export function placeUnit(): void {
  const asks = translates() || (get32(Reg.PMEN) & Pmen.PRS) != 0;
  slots.translate = asks ? translate.index : 0;
  slots.message = isOn(Command.IRE) ? remapMessage.index : receiveMessage.index;
}

/** CCMD: a granularity that there is not is answered as none (11.4.4). */
function contextCommand(dev: usize, offset: u32, old: u64, written: u64): void {
  const value = get64(Reg.CCMD);
  if (!(value & GO)) return;
  const asked = <u32>(value >> Ccmd.ASKED_SHIFT) & 3;
  const done = invalidateContexts(asked, <u32>value & 0xffff, <u32>(value >> Ccmd.SID_SHIFT) & 0xffff, <u32>(value >> Ccmd.FM_SHIFT) & 3);
  put64(Reg.CCMD, (value & ~GO & ~(<u64>3 << Ccmd.DONE_SHIFT)) | <u64>(done ? asked : 0) << Ccmd.DONE_SHIFT);
}

/** IOTLB, with IVA for pages. */
function pagesCommand(dev: usize, offset: u32, old: u64, written: u64): void {
  const value = get64(Reg.IOTLB);
  if (!(value & GO)) return;
  const asked = <u32>(value >> IotlbReg.ASKED_SHIFT) & 3;
  const done = invalidatePages(asked, <u32>(value >> IotlbReg.DID_SHIFT) & 0xffff, get64(Reg.IVA));
  put64(Reg.IOTLB, (value & ~GO & ~(<u64>3 << IotlbReg.DONE_SHIFT)) | <u64>(done ? asked : 0) << IotlbReg.DONE_SHIFT);
}

function protect(dev: usize, offset: u32, old: u64, written: u64): void {
  const on = get32(Reg.PMEN) & Pmen.EPM;
  put32(Reg.PMEN, on | (on ? Pmen.PRS : 0));
  placeUnit();
}

// --- Faults, the queue, events ---

/** With IQE gone the queue goes on at the descriptor that stopped it. */
function clearStatus(dev: usize, offset: u32, old: u64, written: u64): void {
  refreshFaults();
  if (<u32>old & ~get32(Reg.FSTS) & Fsts.IQE) { put64(Reg.IQERCD, 0); runQueue(); }
}

function clearRecord(dev: usize, offset: u32, old: u64, written: u64): void { refreshFaults(); }

function moveTail(dev: usize, offset: u32, old: u64, written: u64): void { runQueue(); }

function writeEventControl(dev: usize, offset: u32, old: u64, written: u64): void { unmaskEvent(offset); }

function clearCompletion(dev: usize, offset: u32, old: u64, written: u64): void {
  if (!(get32(Reg.ICS) & Ics.IWC)) dropEvent(Reg.IECTL);
}
