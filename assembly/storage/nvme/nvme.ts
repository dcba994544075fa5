// An NVMe controller with one namespace, NVM Express 1.4: attach, reset, and what writing its registers does.
//
//   doorbell -> commands are fetched (serve), admin commands done at once (admin.ts), others asked of the host (io.ts) -> slice ends -> host answers -> takeAnswers: data to the
//   guest's pages, a completion is noted with its time (done.ts) -> timer: the completion queue, an interrupt
//
// The command's place in its queue is not left until the host's batch and the completions have room for it.

import { anew } from "../../base/anew";
import { askedCount } from "../../device/blocks";
import { beginTurn, cancelTurn, endTurn, mayWork, takeTurn } from "../../device/allowance";
import { Card, optionOf, wordOf } from "../../device/card";
import { bindTimer, cancelTimer } from "../../device/clock";
import { dmaRead } from "../../device/dma";
import { Access, Block, countAccesses, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../../device/registers";
import { bindRing } from "../../device/ring";
import { takeTimers } from "../../device/timers";
import { makeHandler, Width } from "../../memory/bus";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { functionAt, makeMaster, requesterOf } from "../../pci/functions";
import { setPin, setSubsystem } from "../../pci/header";
import { setIntx } from "../../pci/intx";
import { addMsix } from "../../pci/msix";
import { BarKind, Config } from "../../pci/spec";
import { CardOption } from "../../surface/cards";
import { RingId } from "../../surface/rings";
import { doAdmin } from "./admin";
import { refreshPin, tellDue } from "./done";
import { resetFeatures } from "./features";
import { doIo, forgetAnswers, takeAnswers } from "./io";
import { makeQueue, ring } from "./queues";
import { CAP, Cc, Csts, Id, MOST_MPS, Reg, Sqe, VERSION } from "./spec";
import { addressOf, clearController, completionAt, failController, getReg, getWide, hasSubmission, isReady, MOST_IN_HAND, nameNvme, Nvme, nvmeOfCard, pageShift, QUEUES, serialOf, setReg, submissionAt, valuesOf } from "./state";

@inline const CARD: string = "nvme";
@inline const VECTORS: u32 = QUEUES;
const ENTRY: usize = memory.data(64, 16);

/** A card of the machine's list. */
export function attachNvme(c: Card): void {
  const n = nvmeOfCard(c.index), dev = addressOf(n);
  const f = attachFunction(placeOf(c), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, false, Config.BYTES);
  anew(dev, offsetof<Nvme>("blockShift"));
  n.pci = f; n.table = c.first; n.vectors = VECTORS;
  functionAt(f).owner = <u32>dev;
  makeMaster(f);
  setSubsystem(f, Id.SUBSYSTEM_VENDOR, Id.SUBSYSTEM);
  setPin(f, 1);
  addBar(f, 0, Id.BAR_BYTES, BarKind.MEMORY64, makeHandler(dev, readNvme.index, writeNvme.index, "nvme memory", Width.DWORD | Width.QWORD));
  addMsix(f, VECTORS, Id.MSIX_BAR, "nvme vectors");
  nameNvme(n, c.number);
  n.block = <u32>changetype<usize>(defineRegisters(c.number));
  n.timer = takeTimers(1);
  n.turn = takeTurn();
  bindTimer(n.timer, onTime.index, dev);
  bindTimer(n.turn, onTurn.index, dev);
  bindRing(RingId.FIRST_DISK + n.table, onAnswers.index, dev);
}

function defineRegisters(number: u32): Block {
  const b = makeBlock(Reg.BYTES, 10), all: u64 = 0xffff_ffff;
  define(b, "CAP", Reg.CAP, 8, Access.RO, CAP, 0);
  define(b, "VS", Reg.VS, 4, Access.RO, VERSION, 0);
  hook(define(b, "INTMS", Reg.INTMS, 4, Access.RW, 0, all), 0, writeMask.index);
  hook(define(b, "INTMC", Reg.INTMC, 4, Access.RW, 0, all), 0, writeMask.index);
  hook(define(b, "CC", Reg.CC, 4, Access.RW, 0, Cc.WRITABLE), 0, writeCc.index);
  define(b, "CSTS", Reg.CSTS, 4, Access.RO, 0, 0);
  define(b, "AQA", Reg.AQA, 4, Access.RW, 0, 0x0fff_0fff);
  define(b, "ASQ", Reg.ASQ, 8, Access.RW, 0, ~<u64>0xfff);
  define(b, "ACQ", Reg.ACQ, 8, Access.RW, 0, ~<u64>0xfff);
  countAccesses(b, CARD, number);
  return b;
}

/** At the machine's reset, after the PCI function's. */
export function resetNvme(c: Card): void {
  const n = nvmeOfCard(c.index);
  n.sectors = optionOf(c, CardOption.SECTORS);
  n.readOnly = wordOf(c, CardOption.READ_ONLY) ? 1 : 0;
  n.blockShift = 9 + (wordOf(c, CardOption.LOGICAL_EXP) & 3);
  n.reads = 0; n.writes = 0; n.sectorsRead = 0; n.sectorsWritten = 0;
  stop(n);
  resetBlock(changetype<Block>(<usize>n.block), valuesOf(n));
  resetFeatures(n, !wordOf(c, CardOption.WRITETHROUGH));
}

/** For the host, before the machine is made: where the serial number goes, a length and up to 20 bytes. */
export function nvmeSerial(i: u32): u32 { return <u32>serialOf(nvmeOfCard(i)); }

/** Everything in hand is given up. */
function stop(n: Nvme): void {
  forgetAnswers(n);
  cancelTimer(n.timer);
  cancelTurn(n.turn);
  clearController(n);
  setIntx(n.pci, false);
}

// --- Access ---

function readNvme(dev: usize, offset: u32, bytes: u32): u64 {
  const n = changetype<Nvme>(dev);
  return guestRead(changetype<Block>(<usize>n.block), valuesOf(n), dev, offset, bytes);
}
function writeNvme(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const n = changetype<Nvme>(dev);
  if (offset < <u32>Reg.DOORBELLS) { guestWrite(changetype<Block>(<usize>n.block), valuesOf(n), dev, offset, bytes, value); return; }
  if (!isReady(n) || !ring(n, offset - Reg.DOORBELLS, <u32>value & 0xffff)) return;
  // A completion queue that has room again may let commands begin.
  tellDue(n);
  serve(n);
}

// --- Hooks ---

/** INTMS sets bits of the mask, INTMC clears them, both show it. */
function writeMask(dev: usize, offset: u32, old: u64, written: u64): void {
  const n = changetype<Nvme>(dev);
  n.masked = offset == Reg.INTMS ? <u32>old | <u32>written : <u32>old & ~<u32>written;
  setReg(n, Reg.INTMS, n.masked); setReg(n, Reg.INTMC, n.masked);
  refreshPin(n);
}

function writeCc(dev: usize, offset: u32, old: u64, written: u64): void {
  const n = changetype<Nvme>(dev), was = <u32>old, now = getReg(n, Reg.CC);
  if (now & Cc.EN && !(was & Cc.EN)) setReg(n, Reg.CSTS, start(n) ? Csts.RDY : Csts.CFS);
  if (!(now & Cc.EN) && was & Cc.EN) {
    const cached = n.cached;
    stop(n);
    resetFeatures(n, cached != 0);
    setReg(n, Reg.INTMS, 0); setReg(n, Reg.INTMC, 0);
    setReg(n, Reg.CSTS, 0);
  }
  // Whatever was asked of the host is done before the next instruction: a shutdown (3.1.5) has nothing to wait for.
  if (now & Cc.SHN && !(was & Cc.SHN)) setReg(n, Reg.CSTS, getReg(n, Reg.CSTS) | Csts.SHUT);
  else if (!(now & Cc.SHN) && was & Cc.SHN) setReg(n, Reg.CSTS, getReg(n, Reg.CSTS) & ~(<u32>Csts.SHUT));
}

/** CC.EN: false for admin queues that are none (7.6.1). */
function start(n: Nvme): bool {
  const aqa = getReg(n, Reg.AQA), submission = getWide(n, Reg.ASQ), completion = getWide(n, Reg.ACQ), within = (<u64>1 << pageShift(n)) - 1;
  if ((getReg(n, Reg.CC) >> Cc.MPS_SHIFT & Cc.MPS_MASK) > MOST_MPS || !submission || !completion || (submission | completion) & within) return false;
  if (!(aqa & 0xfff) || !(aqa >> 16 & 0xfff)) return false;
  makeQueue(submissionAt(n, 0), submission, aqa & 0xfff);
  makeQueue(completionAt(n, 0), completion, aqa >> 16 & 0xfff);
  completionAt(n, 0).phase = 1; completionAt(n, 0).interrupts = 1;
  return true;
}

// --- Commands ---

/** Takes commands from every queue, another one first each time, one by one, as long as there is room and allowance. */
function serve(n: Nvme): void {
  for (let idle: u32 = 0; idle < QUEUES && isReady(n);) {
    const i = n.next % QUEUES;
    if (!hasSubmission(n, i) || submissionAt(n, i).head == submissionAt(n, i).tail) { n.next = i + 1; idle++; continue; }
    if (askedCount(n.table) + n.completions >= MOST_IN_HAND || !mayWork(n.turn)) return;
    if (!serveOne(n, i)) return;
    n.next = i + 1; idle = 0;
  }
}

/** False when the command has to wait. */
function serveOne(n: Nvme, i: u32): bool {
  const q = submissionAt(n, i), before = q.head;
  if (!dmaRead(requesterOf(n.pci), q.base + <u64>before * Sqe.BYTES, ENTRY, Sqe.BYTES)) { failController(n); return false; }
  q.head = before + 1 >= q.entries ? 0 : before + 1;
  if (i == 0) { doAdmin(n, ENTRY); return true; }
  if (doIo(n, i, ENTRY)) return true;
  q.head = before;
  return false;
}

/** The host has answered; no instruction has run since the doorbell. */
function onAnswers(dev: usize): void {
  const n = changetype<Nvme>(dev);
  if (takeAnswers(n)) serve(n);
}
function onTime(dev: usize): void {
  const n = changetype<Nvme>(dev);
  if (tellDue(n)) serve(n);
}
function onTurn(dev: usize): void {
  const n = changetype<Nvme>(dev);
  beginTurn();
  serve(n);
  endTurn();
}
