// QEMU's card for testing remapping units (spec.ts): armed by its doorbell, a read of TRIGGER writes a pattern to a device's address and reads it back at a physical
// one, and RESULT says how that went. One memory BAR of dwords; no interrupt.
//
// It is done at once, within the machine's allowance: without any left RESULT stays BUSY until the card's turn. A transfer is of at most 64 KiB, so that one read
// does no more than an item of work; a longer one is a bad length. Reading back asks no unit; it is the machine's own look at memory.

import { anew } from "../../base/anew";
import { addCount, count } from "../../base/counters";
import { beginTurn, cancelTurn, endTurn, mayWork, spend, takeTurn, waitsForTurn } from "../../device/allowance";
import { Card } from "../../device/card";
import { bindTimer } from "../../device/clock";
import { dmaFailed, dmaWrite } from "../../device/dma";
import { Access, Block, countAccesses, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../../device/registers";
import { makeHandler, Width } from "../../memory/bus";
import { ramAt } from "../../memory/ram";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { functionAt, makeMaster, noteMasterAbort, requesterOf } from "../../pci/functions";
import { setSubsystem } from "../../pci/header";
import { placeOf } from "../../pci/place";
import { BarKind, Config } from "../../pci/spec";
import { Attribute, BUSY, Doorbell, Id, IDLE, Outcome, PATTERN, Reg } from "./spec";
import { addressOf, Count, getPair, getReg, nameCounters, setReg, TestDev, testDevAt, valuesOf } from "./state";

@inline const CARD: string = "iommu-testdev";
@inline const MOST_BYTES: u32 = 0x1_0000;
@inline const PAGE: u32 = 4096;
/** Bytes compared for a unit of work, as a power of two. */
@inline const COMPARED_LOG2: u32 = 3;
/** A page of the pattern. */
const FILLED: usize = memory.data(4096);

/** A card of the machine's list. */
export function attachIommuTestDev(c: Card): void {
  const d = testDevAt(c.index), dev = addressOf(d);
  const f = attachFunction(placeOf(c), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, false, Config.BYTES);
  d.pci = f;
  functionAt(f).owner = <u32>dev;
  makeMaster(f);
  setSubsystem(f, Id.SUBSYSTEM_VENDOR, Id.SUBSYSTEM);
  addBar(f, 0, Id.BAR_BYTES, BarKind.MEMORY32, makeHandler(dev, readCard.index, writeCard.index, "iommu-testdev memory", Width.DWORD));
  anew(dev, offsetof<TestDev>("armed"));
  nameCounters(d, CARD, c.number);
  d.block = <u32>changetype<usize>(defineRegisters(c.number));
  d.turn = takeTurn();
  bindTimer(d.turn, goOn.index, dev);
  for (let at: u32 = 0; at < PAGE; at += 4) store<u32>(FILLED + at, PATTERN);
}

function defineRegisters(number: u32): Block {
  const b = makeBlock(Reg.BYTES, 12), dword: u64 = 0xffff_ffff;
  hook(define(b, "trigger", Reg.TRIGGER, 4, Access.RO, 0, 0), trigger.index, 0);
  define(b, "IOVA low", Reg.IOVA_LOW, 4, Access.RW, 0, dword);
  define(b, "IOVA high", Reg.IOVA_HIGH, 4, Access.RW, 0, dword);
  define(b, "length", Reg.LENGTH, 4, Access.RW, 0, dword);
  define(b, "result", Reg.RESULT, 4, Access.RW, IDLE, dword);
  hook(define(b, "doorbell", Reg.DOORBELL, 4, Access.WO, 0, 0), 0, arm.index);
  define(b, "attributes", Reg.ATTRIBUTES, 4, Access.RW, Attribute.RESET, dword);
  define(b, "GPA low", Reg.GPA_LOW, 4, Access.RW, 0, dword);
  define(b, "GPA high", Reg.GPA_HIGH, 4, Access.RW, 0, dword);
  countAccesses(b, CARD, number);
  return b;
}

/** At the machine's reset, after the PCI functions'. */
export function resetIommuTestDev(c: Card): void {
  const d = testDevAt(c.index);
  cancelTurn(d.turn);
  d.armed = 0;
  resetBlock(changetype<Block>(<usize>d.block), valuesOf(d));
}

/** Dwords at their places; anything else reads as zero and changes nothing. */
@inline function answers(offset: u32): bool { return offset < <u32>Reg.BYTES && !(offset & 3); }

function readCard(dev: usize, offset: u32, bytes: u32): u64 {
  return answers(offset) ? guestRead(changetype<Block>(<usize>changetype<TestDev>(dev).block), valuesOf(changetype<TestDev>(dev)), dev, offset, bytes) : 0;
}
function writeCard(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (answers(offset)) guestWrite(changetype<Block>(<usize>changetype<TestDev>(dev).block), valuesOf(changetype<TestDev>(dev)), dev, offset, bytes, value);
}

function arm(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<TestDev>(dev);
  cancelTurn(d.turn);
  d.armed = <u32>written & Doorbell.ARM;
  setReg(d, Reg.RESULT, d.armed ? BUSY : IDLE);
}

function trigger(dev: usize, offset: u32): void {
  const d = changetype<TestDev>(dev);
  if (!d.armed) { setReg(d, Reg.RESULT, Outcome.NOT_ARMED); return; }
  if (!waitsForTurn(d.turn) && mayWork(d.turn)) run(d);
}

function goOn(dev: usize): void {
  beginTurn();
  if (changetype<TestDev>(dev).armed) run(changetype<TestDev>(dev));
  endTurn();
}

function run(d: TestDev): void {
  const outcome = transfer(d);
  d.armed = 0;
  setReg(d, Reg.RESULT, outcome);
  count(d.counters + Count.RUNS);
  if (outcome) count(d.counters + Count.FAILED);
}

/** What the card says came of it. */
function transfer(d: TestDev): u32 {
  const bytes = getReg(d, Reg.LENGTH);
  if (bytes == 0 || bytes > MOST_BYTES) return Outcome.BAD_LENGTH;
  if (isInconsistent(getReg(d, Reg.ATTRIBUTES))) return Outcome.BAD_ATTRIBUTES;
  if (!writePattern(d, getPair(d, Reg.IOVA_LOW, Reg.IOVA_HIGH), bytes)) return Outcome.WRITE_FAILED;
  addCount(d.counters + Count.BYTES, bytes);
  return readBack(getPair(d, Reg.GPA_LOW, Reg.GPA_HIGH), bytes);
}

/** A secure transfer to memory that is not, or the other way round. */
function isInconsistent(attributes: u32): bool {
  const space = attributes >> Attribute.SPACE_SHIFT & Attribute.SPACE;
  return (attributes & Attribute.SPACE_VALID) != 0 && space <= 1 && (attributes & Attribute.SECURE) == space;
}

function writePattern(d: TestDev, iova: u64, bytes: u32): bool {
  for (let done: u32 = 0; done < bytes; done += PAGE) {
    const ok = dmaWrite(requesterOf(d.pci), iova + done, FILLED, min(PAGE, bytes - done));
    if (dmaFailed()) noteMasterAbort(d.pci);
    if (!ok) return false;
  }
  return true;
}

function readBack(gpa: u64, bytes: u32): u32 {
  let same = true;
  spend(bytes >> COMPARED_LOG2);
  for (let done: u32 = 0; done < bytes; done++) {
    const host = ramAt(gpa + done, 1);
    if (!host) return Outcome.READ_FAILED;
    if (load<u8>(host) != <u8>(PATTERN >> ((done & 3) << 3))) same = false;
  }
  return same ? Outcome.DONE : Outcome.MISMATCH;
}
