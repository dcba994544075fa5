// A port: commands out of the guest's list, one in hand at a time, the lowest slot that waits first. AHCI 1.3.1, 5.3, 5.5 and 6.2.
//
//   PxCI -> header, table, FIS -> execute (ata/, atapi/): done at once, or data through the PRDT -> FIS to the host, PxCI cleared
//
// A queued command (Serial ATA 2.6, 13.6) leaves PxCI when its turn comes and PxSACT when it is done. After an error the port takes no more commands
// until software has cleared PxCMD.ST (6.2.2).

import { count } from "../../base/counters";
import { mayWork } from "../../device/allowance";
import { dmaFailed, dmaRead, dmaWrite32 } from "../../device/dma";
import { noteMasterAbort, requesterOf } from "../../pci/functions";
import { executePacket, endPacket } from "../atapi/commands";
import { begin, endTransfer, execute, requestOf } from "../ata/commands";
import { abort, Data, fail } from "../ata/outcome";
import { resetTask } from "../ata/reset";
import { Command, Control, Device, Error, Status } from "../ata/spec";
import { collectRanges } from "../ata/trim";
import { DELAY_NS, forgetJob, startJob } from "../unit/job";
import { goThrough, ListKind, startList, Way } from "../unit/list";
import { bufferOf, isCd, isThere, JobState, PACKET_BYTES, packetOf, Result, Unit } from "../unit/state";
import { AskedFlag, RequestType } from "../../surface/blocks";
import { putStatus, sendBits, sendPioSetup, sendRegisters, takeTask } from "./fis";
import { raise } from "./interrupt";
import { Cmd, Fis, Header, Is, LINK_UP, NO_SIGNATURE, NO_STATUS, Px, SLOTS, Table } from "./spec";
import { Ahci, ahciOfBus, Count, driveAt, getBase, getPx, isOn, Port, portAt, setPx } from "./state";

const HEADER: usize = memory.data(32, 8);
const FIS: usize = memory.data(64, 8);

// --- Resets ---

/** COMRESET or a software reset: the device is as after power-up and says so when the port receives. */
export function resetPort(a: Ahci, p: u32): void {
  const u = driveAt(a, p), it = portAt(a, p);
  it.slot = 0; it.told = 0; it.resetting = 0; it.stopped = 0;
  setPx(a, p, Px.SACT, 0); setPx(a, p, Px.SERR, 0); setPx(a, p, Px.TFD, NO_STATUS); setPx(a, p, Px.SIG, NO_SIGNATURE);
  setPx(a, p, Px.SSTS, isThere(u) ? LINK_UP : 0);
  if (!isThere(u)) return;
  forgetJob(u);
  resetTask(u);
  u.status = <u8>(isCd(u) ? 0 : Status.DRDY | Status.DSC);
  tellSignature(a, p);
}

/** The device's first FIS: its signature. */
export function tellSignature(a: Ahci, p: u32): void {
  const u = driveAt(a, p), it = portAt(a, p);
  if (!isThere(u) || it.told || !isOn(a, p, Cmd.FRE)) return;
  it.told = 1;
  setPx(a, p, Px.SIG, <u32>u.high << 24 | <u32>u.mid << 16 | <u32>u.low << 8 | u.count);
  sendRegisters(a, p, u);
}

/** PxCMD.ST has been cleared: what waited is forgotten, and what is in hand is not told. */
export function stopPort(a: Ahci, p: u32): void {
  const u = driveAt(a, p), it = portAt(a, p);
  setPx(a, p, Px.CI, 0); setPx(a, p, Px.SACT, 0);
  it.slot = 0; it.stopped = 0;
  if (isThere(u)) forgetJob(u);
}

// --- Commands ---

/** Takes commands while there are any and none is in hand. */
export function servePort(a: Ahci, p: u32): void {
  const u = driveAt(a, p), it = portAt(a, p);
  if (!isThere(u)) return;
  for (let i: u32 = 0; i < SLOTS && mayServe(a, p, it, u); i++) takeCommand(a, p, <u32>ctz(getPx(a, p, Px.CI)));
}

@inline function mayServe(a: Ahci, p: u32, it: Port, u: Unit): bool {
  return !it.slot && !it.stopped && u.jobState == JobState.NONE && isOn(a, p, Cmd.ST) && getPx(a, p, Px.CI) != 0 && mayWork(u.turn);
}

/** Bus.onTurn: there is allowance again. */
export function goOn(unit: usize): void {
  const u = changetype<Unit>(unit);
  servePort(ahciOfBus(u.bus), u.port);
}

function takeCommand(a: Ahci, p: u32, slot: u32): void {
  const u = driveAt(a, p), it = portAt(a, p), requester = requesterOf(a.pci);
  setPx(a, p, Px.CMD, getPx(a, p, Px.CMD) & ~(<u32>Cmd.CCS) | slot << Cmd.CCS_SHIFT);
  it.header = getBase(a, p, Px.CLB, 1024) + slot * Header.BYTES;
  it.slot = slot + 1; it.queued = 0; it.moved = 0;
  if (!dmaRead(requester, it.header, HEADER, Header.BYTES)) { failBus(a, p); return; }
  it.table = load<u64>(HEADER, Header.TABLE) & ~<u64>127;
  if (!dmaRead(requester, it.table, FIS, Fis.BYTES)) { failBus(a, p); return; }
  startList(u, it.table + Table.LIST, load<u32>(HEADER) >> Header.ENTRIES_SHIFT);
  // What is no command for a device goes nowhere, and nobody answers; it is taken out of the way.
  if (load<u8>(FIS) != <u8>Fis.HOST_TO_DEVICE) { retire(a, p); return; }
  if (!(load<u8>(FIS, 1) & <u8>Fis.IS_COMMAND)) { control(a, p); return; }
  takeTask(u, FIS);
  if (u.command == <u8>Command.READ_FPDMA_QUEUED || u.command == <u8>Command.WRITE_FPDMA_QUEUED) { takeQueued(a, p, u, it); return; }
  execute(u, true);
  if (u.data == Data.PACKET) { takePacket(a, p, u, it); return; }
  carryOut(a, p, u);
}

/** A FIS that sets the control register: a reset goes on while its bit is up, and is done when it goes down. */
function control(a: Ahci, p: u32): void {
  const it = portAt(a, p), up = (load<u8>(FIS, 15) & <u8>Control.SRST) != 0;
  retire(a, p);
  if (up) it.resetting = 1;
  else if (it.resetting) resetPort(a, p);
}

/** The slot is free again. */
function retire(a: Ahci, p: u32): void {
  const it = portAt(a, p);
  if (it.slot) setPx(a, p, Px.CI, getPx(a, p, Px.CI) & ~(1 << (it.slot - 1)));
  it.slot = 0;
}

function takePacket(a: Ahci, p: u32, u: Unit, it: Port): void {
  if (!dmaRead(requesterOf(a.pci), it.table + Table.PACKET, packetOf(u), PACKET_BYTES)) { failBus(a, p); return; }
  executePacket(u);
  carryOut(a, p, u);
}

/** What the command asks for: nothing more, what the drive has in its buffer, or a job. */
function carryOut(a: Ahci, p: u32, u: Unit): void {
  switch (u.data) {
    case Data.NONE: tellEnd(a, p, u); break;
    case Data.INWARD: giveBuffer(a, p, u); break;
    case Data.TRIM: takeRanges(a, p, u); break;
    default:
      busy(a, p);
      startJob(u, requestOf(u.data), u.sector, u.data == Data.FLUSH ? 0 : u.bytes, u.flags, DELAY_NS);
  }
}
@inline function busy(a: Ahci, p: u32): void { setPx(a, p, Px.TFD, Status.BSY | Status.DRDY); }

function giveBuffer(a: Ahci, p: u32, u: Unit): void {
  const there = goThrough(u, ListKind.AHCI, requesterOf(a.pci), u.dataBytes, Way.INWARD, bufferOf(u));
  portAt(a, p).moved = there;
  if (dmaFailed()) { failBus(a, p); return; }
  if (!u.byDma) sendPioSetup(a, p, u, u.dataBytes, true, true);
  tellEnd(a, p, u);
}

function takeRanges(a: Ahci, p: u32, u: Unit): void {
  if (goThrough(u, ListKind.AHCI, requesterOf(a.pci), u.bytes, Way.OUTWARD, bufferOf(u)) < u.bytes) { dmaFailed(); abort(u); tellEnd(a, p, u); return; }
  const bytes = collectRanges(u);
  if (bytes == ~<u32>0) { fail(u, Error.IDNF); tellEnd(a, p, u); return; }
  busy(a, p);
  startJob(u, RequestType.DISCARD, 0, bytes, 0, DELAY_NS);
}

// --- Queued commands ---

function takeQueued(a: Ahci, p: u32, u: Unit, it: Port): void {
  const sectors = <u32>u.featureWas << 8 | u.feature, write = u.command == <u8>Command.WRITE_FPDMA_QUEUED;
  const sector = <u64>u.highWas << 40 | <u64>u.midWas << 32 | <u64>u.lowWas << 24 | <u64>u.high << 16 | <u64>u.mid << 8 | u.low;
  it.queued = 1; it.tag = <u32>u.count >> 3;
  u.flags = write && u.device & <u8>Device.FUA ? AskedFlag.STABLE : 0;
  if (isCd(u)) abort(u);
  else begin(u, write ? Data.WRITE : Data.READ, sector, sectors ? sectors : 65536, 1);
  setPx(a, p, Px.CI, getPx(a, p, Px.CI) & ~(1 << (it.slot - 1)));
  if (u.data == Data.NONE) { failQueued(a, p, u); return; }
  startJob(u, requestOf(u.data), u.sector, u.bytes, u.flags, DELAY_NS);
}

/** The commands that wait stay in PxSACT until software has read the log and begun anew. */
function failQueued(a: Ahci, p: u32, u: Unit): void {
  const it = portAt(a, p);
  u.failedTag = it.tag; u.failedStatus = u.status; u.failedError = u.error; u.failedSector = u.sector;
  it.slot = 0; it.stopped = 1;
  count(a.counters + Count.ERRORS);
  sendBits(a, p, u, 0);
}

// --- Ends ---

/** The job of a command in hand is done. */
export function endCommand(unit: usize): void {
  const u = changetype<Unit>(unit), a = ahciOfBus(u.bus), p = u.port, it = portAt(a, p);
  if (!it.slot) return;
  it.moved = u.jobDone;
  if (u.jobResult == Result.MEMORY) { failBus(a, p); return; }
  if (u.jobResult == Result.SHORT) raise(a, p, Is.OFS);
  if (isCd(u)) endPacket(u);
  else endTransfer(u);
  if (!it.queued) {
    if (!u.byDma && !isCd(u) && u.data == Data.NONE && u.jobType == RequestType.IN) sendPioSetup(a, p, u, u.block << 9, true, true);
    tellEnd(a, p, u);
  } else if (u.status & <u8>Status.ERR) failQueued(a, p, u);
  else {
    dmaWrite32(requesterOf(a.pci), it.header + Header.MOVED, it.moved);
    it.slot = 0;
    sendBits(a, p, u, 1 << it.tag);
  }
  servePort(a, p);
}

/** Status and error are in the task file: the guest is told, and the slot is free, but for that of a command that failed. */
function tellEnd(a: Ahci, p: u32, u: Unit): void {
  const it = portAt(a, p);
  dmaWrite32(requesterOf(a.pci), it.header + Header.MOVED, it.moved);
  if (u.status & <u8>Status.ERR) { it.slot = 0; it.stopped = 1; count(a.counters + Count.ERRORS); }
  else retire(a, p);
  sendRegisters(a, p, u);
}

/** A list or a buffer lies where no memory is: a host bus fatal error (6.1.2). */
function failBus(a: Ahci, p: u32): void {
  const u = driveAt(a, p), it = portAt(a, p);
  dmaFailed();
  noteMasterAbort(a.pci);
  count(a.counters + Count.ERRORS);
  it.slot = 0; it.stopped = 1;
  if (isThere(u)) { fail(u, Error.ICRC | Error.ABRT); putStatus(a, p, u); }
  raise(a, p, Is.HBFS | Is.TFES);
}

// --- Where data go ---

/** Bus.onReach and Bus.onMove: through the PRDT. */
export function reachMemory(unit: usize, wanted: u32): u32 {
  const u = changetype<Unit>(unit);
  return goThrough(u, ListKind.AHCI, requesterOf(ahciOfBus(u.bus).pci), wanted, Way.COUNT, 0);
}
export function moveMemory(unit: usize, at: usize, bytes: u32, inward: u32): u32 {
  const u = changetype<Unit>(unit);
  const moved = goThrough(u, ListKind.AHCI, requesterOf(ahciOfBus(u.bus).pci), bytes, inward ? Way.INWARD : Way.OUTWARD, at);
  return moved == bytes ? 1 : 0;
}
