// QEMU's educational device: a card for those who learn to write drivers, and the example of docs/add-a-card.md. One memory BAR; INTx or MSI.
//
// A factorial (modulo 2^32) and a transfer take their time: STATUS.COMPUTING and COMMAND.RUN say so, and what is written to the registers of a
// transfer meanwhile is ignored. A transfer goes between memory and the buffer of 4 KiB, which no register shows; addresses in memory are cut by the
// card's mask, 28 bits unless asked otherwise. One that does not fit the buffer, or meets no memory, is counted and moves what it can.

import { anew } from "../../base/anew";
import { addCount, count } from "../../base/counters";
import { bindTimer, cancelTimer, nowNs, setTimer } from "../../device/clock";
import { Card, optionOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { dmaFailed, dmaRead, dmaWrite } from "../../device/dma";
import { Access, Block, countAccesses, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../../device/registers";
import { takeTimers } from "../../device/timers";
import { makeHandler, Width } from "../../memory/bus";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { functionAt, makeMaster, noteMasterAbort, requesterOf, root } from "../../pci/functions";
import { setPin, setSubsystem } from "../../pci/header";
import { setIntx } from "../../pci/intx";
import { addMsi } from "../../pci/msi-capability";
import { msiEnabled, sendMessage } from "../../pci/msi";
import { BarKind, Config, MsiControl } from "../../pci/spec";
import { Buffer, Cause, Command, Id, IDENTITY, Reg, Status } from "./spec";
import { addressOf, bufferOf, Count, Edu, eduAt, getReg, getWide, nameCounters, setReg, setWide, valuesOf } from "./state";

@inline const CARD: string = "edu";
@inline const MSI_AT: u32 = 0x40;
/** What a factorial and a transfer take, in ns of virtual time. */
@inline const FACTORIAL_NS: u64 = 10_000;
@inline const TRANSFER_NS: u64 = 100_000_000;
/** From here on n! is 0 modulo 2^32. */
@inline const VANISHES: u32 = 34;

/** A card of the machine's list. */
export function attachEdu(c: Card): void {
  const d = eduAt(c.index), dev = addressOf(d);
  const f = attachFunction(placeOf(c), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, false, Config.BYTES);
  anew(dev, offsetof<Edu>());
  d.pci = f; d.dmaMask = optionOf(c, CardOption.DMA_MASK);
  functionAt(f).owner = <u32>dev;
  makeMaster(f);
  setSubsystem(f, Id.SUBSYSTEM_VENDOR, Id.SUBSYSTEM);
  setPin(f, 1);
  addBar(f, 0, Id.BAR_BYTES, BarKind.MEMORY32, makeHandler(dev, readEdu.index, writeEdu.index, "edu memory", Width.DWORD | Width.QWORD));
  addMsi(f, MSI_AT, 0, MsiControl.WIDE);
  nameCounters(d, CARD, c.number);
  d.block = <u32>changetype<usize>(defineRegisters(c.number));
  d.factorialTimer = takeTimers(2); d.transferTimer = d.factorialTimer + 1;
  bindTimer(d.factorialTimer, computed.index, dev);
  bindTimer(d.transferTimer, transfer.index, dev);
}

function defineRegisters(number: u32): Block {
  const b = makeBlock(Reg.BYTES, 12), dword: u64 = 0xffff_ffff, qword: u64 = ~0;
  define(b, "identification", Reg.IDENTIFICATION, 4, Access.RO, IDENTITY, 0);
  hook(define(b, "liveness", Reg.LIVENESS, 4, Access.RW, 0, dword), 0, invert.index);
  hook(define(b, "factorial", Reg.FACTORIAL, 4, Access.RW, 0, dword), 0, compute.index);
  define(b, "status", Reg.STATUS, 4, Access.RW, 0, Status.TELL);
  define(b, "interrupt status", Reg.INTERRUPTS, 4, Access.RO, 0, 0);
  hook(define(b, "interrupt raise", Reg.RAISE, 4, Access.WO, 0, 0), 0, writeRaise.index);
  hook(define(b, "interrupt acknowledge", Reg.ACKNOWLEDGE, 4, Access.WO, 0, 0), 0, acknowledge.index);
  hook(define(b, "DMA source", Reg.SOURCE, 8, Access.RW, 0, qword), 0, keepWhileRunning.index);
  hook(define(b, "DMA destination", Reg.DESTINATION, 8, Access.RW, 0, qword), 0, keepWhileRunning.index);
  hook(define(b, "DMA count", Reg.COUNT, 8, Access.RW, 0, qword), 0, keepWhileRunning.index);
  hook(define(b, "DMA command", Reg.COMMAND, 8, Access.RW, 0, Command.WRITABLE), 0, writeCommand.index);
  countAccesses(b, CARD, number);
  return b;
}

/** At the machine's reset, after the PCI functions'. */
export function resetEdu(c: Card): void {
  const d = eduAt(c.index);
  cancelTimer(d.factorialTimer);
  cancelTimer(d.transferTimer);
  resetBlock(changetype<Block>(<usize>d.block), valuesOf(d));
  memory.fill(bufferOf(d), 0, Buffer.BYTES);
  setIntx(d.pci, false);
}

/** Registers below 80h are dwords alone. */
@inline function answers(offset: u32, bytes: u32): bool { return offset < <u32>Reg.BYTES && (bytes == 4 || offset >= <u32>Reg.SOURCE); }

function readEdu(dev: usize, offset: u32, bytes: u32): u64 {
  const d = changetype<Edu>(dev);
  return answers(offset, bytes) ? guestRead(changetype<Block>(<usize>d.block), valuesOf(d), dev, offset, bytes) : ~<u64>0;
}
function writeEdu(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const d = changetype<Edu>(dev);
  if (answers(offset, bytes)) guestWrite(changetype<Block>(<usize>d.block), valuesOf(d), dev, offset, bytes, value);
}

// --- Interrupts ---

/** Every raise is a message, whether the line is up or not. */
function raise(d: Edu, causes: u32): void {
  const up = (root.intx >> d.pci & 1) != 0, before = getReg(d, Reg.INTERRUPTS);
  setReg(d, Reg.INTERRUPTS, before | causes);
  if (!(before | causes)) return;
  count(d.counters + Count.RAISED);
  setIntx(d.pci, true);
  if (up && msiEnabled(d.pci)) sendMessage(d.pci, 0);
}

function writeRaise(dev: usize, offset: u32, old: u64, written: u64): void { raise(changetype<Edu>(dev), <u32>written); }

function acknowledge(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<Edu>(dev);
  setReg(d, Reg.INTERRUPTS, getReg(d, Reg.INTERRUPTS) & ~(<u32>written));
  if (!getReg(d, Reg.INTERRUPTS)) setIntx(d.pci, false);
}

// --- Computing ---

function invert(dev: usize, offset: u32, old: u64, written: u64): void { setReg(changetype<Edu>(dev), offset, ~(<u32>written)); }

function compute(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<Edu>(dev);
  if (getReg(d, Reg.STATUS) & Status.COMPUTING) { setReg(d, offset, <u32>old); return; }
  setReg(d, Reg.STATUS, getReg(d, Reg.STATUS) | Status.COMPUTING);
  setTimer(d.factorialTimer, nowNs() + FACTORIAL_NS);
}

function computed(dev: usize): void {
  const d = changetype<Edu>(dev), n = getReg(d, Reg.FACTORIAL), status = getReg(d, Reg.STATUS);
  let product: u32 = n < VANISHES ? 1 : 0;
  for (let i: u32 = 2; product && i <= n; i++) product *= i;
  setReg(d, Reg.FACTORIAL, product);
  setReg(d, Reg.STATUS, status & ~(<u32>Status.COMPUTING));
  count(d.counters + Count.FACTORIALS);
  if (status & Status.TELL) raise(d, Cause.FACTORIAL);
}

// --- Transfers ---

function keepWhileRunning(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<Edu>(dev);
  if (getReg(d, Reg.COMMAND) & Command.RUN) setWide(d, offset, old);
}

/** Only a command to run means something, and only when none runs. */
function writeCommand(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<Edu>(dev);
  if (old & Command.RUN || !(written & Command.RUN)) { setWide(d, offset, old); return; }
  setTimer(d.transferTimer, nowNs() + TRANSFER_NS);
}

/** Where in the buffer a transfer begins; all ones for one that does not fit. */
function placeInBuffer(at: u64, bytes: u64): u64 {
  const offset = at - <u64>Buffer.FIRST;
  return bytes <= <u64>Buffer.BYTES && offset <= <u64>Buffer.BYTES - bytes ? offset : ~<u64>0;
}

function transfer(dev: usize): void {
  const d = changetype<Edu>(dev), command = getReg(d, Reg.COMMAND), bytes = getWide(d, Reg.COUNT), outward = (command & Command.FROM_DEVICE) != 0;
  const place = placeInBuffer(getWide(d, outward ? Reg.SOURCE : Reg.DESTINATION), bytes), memory = getWide(d, outward ? Reg.DESTINATION : Reg.SOURCE) & d.dmaMask;
  setWide(d, Reg.COMMAND, command & ~(<u32>Command.RUN));
  count(d.counters + Count.TRANSFERS);
  if (!move(d, memory, place, <u32>bytes, outward)) count(d.counters + Count.REFUSED);
  if (command & Command.TELL) raise(d, Cause.TRANSFER);
}

/** False when it does not fit, or memory refused. */
function move(d: Edu, memory: u64, place: u64, bytes: u32, outward: bool): bool {
  if (place > <u64>Buffer.BYTES) return false;
  const at = bufferOf(d) + <usize>place, ok = outward ? dmaWrite(requesterOf(d.pci), memory, at, bytes) : dmaRead(requesterOf(d.pci), memory, at, bytes);
  if (dmaFailed()) noteMasterAbort(d.pci);
  addCount(d.counters + Count.BYTES, bytes);
  return ok;
}
