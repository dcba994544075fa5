// What a command of the floppy controller does (82077AA, 5): its bytes come through the FIFO, transfers go through DMA channel 2, answers wait in the FIFO.
// Transfers without DMA (SPECIFY's ND) are not there: such a command ends abnormally, with an overrun.

import { count } from "../../base/counters";
import { setLine } from "../../device/interrupt";
import { RequestType } from "../../surface/blocks";
import { countUnit, Result, Unit, UnitCount } from "../unit/state";
import { DELAY_NS, startJob } from "../unit/job";
import { dmaFailed } from "../../device/dma";
import { bytesLeft, isOpen, moveChannel } from "./dma";
import { cylindersOf, sidesOf, trackOf } from "./geometry";
import { Command, Dor, ENHANCED, INVALID, Port, St0, St1, St3 } from "./spec";
import { answerAt, commandAt, Count, cylinderOf, dmaAt, driveAt, Floppy, floppyOfBus, isReady, Phase, setCylinder, transferOf } from "./state";

@inline const SECTOR: u32 = 512;
/** N of 512 bytes. */
@inline const SIZE_CODE: u32 = 2;

@inline function byteOf(f: Floppy, i: u32): u32 { return load<u8>(commandAt(f) + i); }
@inline function answer(f: Floppy, i: u32, value: u32): void { store<u8>(answerAt(f) + i, <u8>value); }

// --- The line ---

export function refreshLine(f: Floppy): void { setLine(Port.LINE, f.wanted != 0 && (f.dor & Dor.GATE) != 0); }
export function raise(f: Floppy): void {
  f.wanted = 1;
  count(f.counters + Count.INTERRUPTS);
  refreshLine(f);
}
export function lower(f: Floppy): void { f.wanted = 0; refreshLine(f); }

// --- Dispatch ---

/** Bytes of a command with its first; 1 for what is none. */
export function lengthOf(first: u32): u32 {
  switch (first & Command.NUMBER) {
    case Command.WRITE: case Command.READ: case Command.WRITE_DELETED: case Command.READ_DELETED: case Command.VERIFY: return 9;
    case Command.FORMAT: return 6;
    case Command.CONFIGURE: return 4;
    case Command.SPECIFY: case Command.SEEK: return 3;
    case Command.SENSE_DRIVE: case Command.RECALIBRATE: case Command.READ_ID: case Command.PERPENDICULAR: return 2;
    default: return 1;
  }
}

/** All bytes of the command are there. */
export function carryOut(f: Floppy): void {
  const drive = byteOf(f, 1) & 3;
  count(f.counters + Count.COMMANDS);
  switch (byteOf(f, 0) & Command.NUMBER) {
    case Command.READ: case Command.READ_DELETED: transfer(f, drive, RequestType.IN); break;
    case Command.WRITE: case Command.WRITE_DELETED: transfer(f, drive, RequestType.OUT); break;
    case Command.VERIFY: verify(f, drive); break;
    case Command.FORMAT: format(f, drive); break;
    case Command.READ_ID: readId(f, drive); break;
    case Command.RECALIBRATE: seek(f, drive, 0); break;
    case Command.SEEK: seek(f, drive, byteOf(f, 2)); break;
    case Command.SENSE_INTERRUPT: senseInterrupt(f); break;
    case Command.SENSE_DRIVE: answer(f, 0, driveStatus(f, drive)); reply(f, 1); break;
    case Command.SPECIFY: f.specified0 = byteOf(f, 1); f.specified1 = byteOf(f, 2); reply(f, 0); break;
    case Command.CONFIGURE: f.configured = byteOf(f, 2); f.precompensation = byteOf(f, 3); reply(f, 0); break;
    case Command.PERPENDICULAR: f.perpendicular = byteOf(f, 1); reply(f, 0); break;
    case Command.LOCK: f.locked = byteOf(f, 0) >> 7; answer(f, 0, f.locked << 4); reply(f, 1); break;
    case Command.VERSION: answer(f, 0, ENHANCED); reply(f, 1); break;
    case Command.DUMP: dump(f); break;
    default: answer(f, 0, INVALID); reply(f, 1);
  }
}

/** So many bytes of an answer wait; with none the controller is free. */
function reply(f: Floppy, bytes: u32): void {
  f.got = 0; f.given = 0; f.gives = bytes;
  f.phase = bytes ? Phase.RESULT : Phase.COMMAND;
}

// --- Without data ---

function seek(f: Floppy, drive: u32, cylinder: u32): void {
  const u = driveAt(f, drive);
  f.seekStatus = St0.SEEK_END | drive | (byteOf(f, 0) == Command.SEEK ? byteOf(f, 1) & St0.HEAD : 0);
  if (changetype<usize>(u)) { setCylinder(f, drive, cylinder); if (u.sectors) u.attention = 0; }
  else if (cylinder == 0 && byteOf(f, 0) == Command.RECALIBRATE) f.seekStatus |= St0.ABNORMAL | 0x10;
  reply(f, 0);
  raise(f);
}

/** What ended: the polling after a reset, drive by drive, or a seek; with nothing to tell an invalid command. */
function senseInterrupt(f: Floppy): void {
  if (f.polled) {
    const drive = 4 - f.polled;
    f.polled--;
    answer(f, 0, St0.POLLED | drive); answer(f, 1, cylinderOf(f, drive));
  } else if (f.wanted) { answer(f, 0, f.seekStatus); answer(f, 1, cylinderOf(f, f.seekStatus & 3)); }
  else { answer(f, 0, INVALID); reply(f, 1); return; }
  if (!f.polled) lower(f);
  reply(f, 2);
}

function driveStatus(f: Floppy, drive: u32): u32 {
  const u = driveAt(f, drive);
  let status = drive | byteOf(f, 1) & St3.HEAD | St3.READY | St3.TWO_SIDES;
  if (cylinderOf(f, drive) == 0) status |= St3.TRACK0;
  if (isReady(u) && u.readOnly) status |= St3.PROTECTED;
  return status;
}

function dump(f: Floppy): void {
  for (let i: u32 = 0; i < 4; i++) answer(f, i, cylinderOf(f, i));
  answer(f, 4, f.specified0); answer(f, 5, f.specified1); answer(f, 6, byteOf(f, 6)); answer(f, 7, f.locked << 7 | f.perpendicular & 0x3f);
  answer(f, 8, f.configured); answer(f, 9, f.precompensation);
  reply(f, 10);
}

function readId(f: Floppy, drive: u32): void {
  const u = driveAt(f, drive), side = byteOf(f, 1) >> 2 & 1;
  if (!isReady(u) || cylinderOf(f, drive) >= cylindersOf(u.sectors) || side >= sidesOf(u.sectors)) { end(f, St0.ABNORMAL, St1.NO_ADDRESS_MARK, cylinderOf(f, drive), side, 1); return; }
  end(f, 0, 0, cylinderOf(f, drive), side, 1);
}

/** ST0 to ST2 and where it ended. */
function end(f: Floppy, st0: u32, st1: u32, cylinder: u32, side: u32, sector: u32): void {
  answer(f, 0, st0 | byteOf(f, 1) & 7); answer(f, 1, st1); answer(f, 2, 0);
  answer(f, 3, cylinder); answer(f, 4, side); answer(f, 5, sector); answer(f, 6, SIZE_CODE);
  reply(f, 7);
  raise(f);
}

// --- Transfers: drive and head, C, H, R, N, EOT, GPL, DTL ---

/** The sectors from R to the end of the track that the command has, and with MT of the other side. */
function sectorsAsked(f: Floppy): u32 {
  const first = byteOf(f, 4), last = byteOf(f, 6), both = (byteOf(f, 0) & Command.MULTITRACK) != 0 && byteOf(f, 3) == 0;
  return last < first ? 0 : last - first + 1 + (both ? last : 0);
}

/** First sector on the diskette; all ones where it has none such. */
function sectorAt(f: Floppy, u: Unit): u64 {
  const cylinder = byteOf(f, 2), side = byteOf(f, 3), sector = byteOf(f, 4), track = trackOf(u.sectors);
  if (cylinder >= cylindersOf(u.sectors) || side >= sidesOf(u.sectors) || !sector || sector > track || byteOf(f, 5) != SIZE_CODE) return ~<u64>0;
  return (<u64>cylinder * sidesOf(u.sectors) + side) * track + sector - 1;
}

function fails(f: Floppy, st1: u32): void { end(f, St0.ABNORMAL, st1, byteOf(f, 2), byteOf(f, 3), byteOf(f, 4)); }

function transfer(f: Floppy, drive: u32, type: u32): void {
  const u = driveAt(f, drive), t = transferOf(f);
  if (!isReady(u)) { fails(f, St1.NO_ADDRESS_MARK); return; }
  if (f.specified1 & 1) { fails(f, St1.OVERRUN); return; }
  if (type == RequestType.OUT && u.readOnly) { fails(f, St1.NOT_WRITABLE); return; }
  const sector = sectorAt(f, u), asked = sectorsAsked(f);
  if (sector >= u.sectors || !asked || byteOf(f, 6) > trackOf(u.sectors)) { fails(f, St1.NO_DATA); return; }
  setCylinder(f, drive, byteOf(f, 2));
  t.type = type + 1; t.sector = sector; t.asked = asked; t.formats = 0;
  f.phase = Phase.BUSY;
  tryTransfer(f);
}

/** Begins when the DMA channel lets it. */
export function tryTransfer(f: Floppy): void {
  const t = transferOf(f), u = driveAt(f, byteOf(f, 1) & 3);
  if (f.phase != Phase.BUSY || !t.type || !changetype<usize>(u) || !isOpen(dmaAt(f))) return;
  const type = t.type - 1, wanted = t.formats ? t.asked : min((bytesLeft(dmaAt(f)) + SECTOR - 1) / SECTOR, t.asked);
  const sectors = <u32>min<u64>(wanted, u.sectors - t.sector);
  t.type = 0; t.moved = sectors;
  countUnit(u, UnitCount.COMMANDS);
  countUnit(u, type == RequestType.IN ? UnitCount.READS : UnitCount.WRITES);
  startJob(u, type, t.sector, sectors * SECTOR, 0, DELAY_NS);
}

function verify(f: Floppy, drive: u32): void {
  const u = driveAt(f, drive);
  if (!isReady(u) || sectorAt(f, u) >= u.sectors) { fails(f, St1.NO_DATA); return; }
  finish(f, sectorsAsked(f), true);
}

/** Every sector of a track filled with one byte; the ids that come by DMA are those that the track has anyway. */
function format(f: Floppy, drive: u32): void {
  const u = driveAt(f, drive), side = byteOf(f, 1) >> 2 & 1, t = transferOf(f);
  if (!isReady(u)) { end(f, St0.ABNORMAL, St1.NO_ADDRESS_MARK, cylinderOf(f, drive), side, 1); return; }
  if (u.readOnly) { end(f, St0.ABNORMAL, St1.NOT_WRITABLE, cylinderOf(f, drive), side, 1); return; }
  if (byteOf(f, 2) != SIZE_CODE || byteOf(f, 3) != trackOf(u.sectors) || cylinderOf(f, drive) >= cylindersOf(u.sectors) || side >= sidesOf(u.sectors)) {
    end(f, St0.ABNORMAL, St1.NO_DATA, cylinderOf(f, drive), side, 1);
    return;
  }
  t.type = RequestType.OUT + 1; t.asked = byteOf(f, 3); t.fill = byteOf(f, 5); t.formats = 1;
  t.sector = (<u64>cylinderOf(f, drive) * sidesOf(u.sectors) + side) * trackOf(u.sectors);
  f.phase = Phase.BUSY;
  tryTransfer(f);
}

/** Bus.onDone. */
export function endTransfer(unit: usize): void {
  const u = changetype<Unit>(unit), f = floppyOfBus(u.bus), t = transferOf(f);
  if (f.phase != Phase.BUSY) return;
  if (u.jobResult != Result.OK) { dmaFailed(); countUnit(u, UnitCount.REFUSED); fails(f, u.jobResult == Result.HOST ? St1.CRC : St1.OVERRUN); return; }
  if (t.formats) { end(f, 0, 0, cylinderOf(f, u.port), byteOf(f, 1) >> 2 & 1, 1); return; }
  finish(f, t.moved, !isOpen(dmaAt(f)) || t.moved < t.asked);
}

/** Where the next sector would be; without a terminal count the command has run over the end of the track. */
function finish(f: Floppy, moved: u32, counted: bool): void {
  const last = byteOf(f, 6), both = (byteOf(f, 0) & Command.MULTITRACK) != 0;
  let cylinder = byteOf(f, 2), side = byteOf(f, 3), sector = byteOf(f, 4) + moved;
  if (sector > last && both && side == 0) { sector -= last; side = 1; }
  if (sector > last) { sector = 1; cylinder++; if (both) side ^= 1; }
  end(f, counted ? 0 : St0.ABNORMAL, counted ? 0 : St1.END_OF_TRACK, cylinder, side, sector);
}

// --- Where data go ---

/** Bus.onReach: the channel may end before the sector, whose rest then goes nowhere. */
export function reach(unit: usize, wanted: u32): u32 { return wanted; }
export function move(unit: usize, at: usize, bytes: u32, inward: u32): u32 {
  const f = floppyOfBus(changetype<Unit>(unit).bus), t = transferOf(f);
  if (t.formats) { moveChannel(dmaAt(f), at, min(bytesLeft(dmaAt(f)), 4 * t.asked), false); memory.fill(at, <u8>t.fill, bytes); return 1; }
  const there = min(bytes, bytesLeft(dmaAt(f)));
  if (!inward && there < bytes) memory.fill(at + there, 0, bytes - there);
  return moveChannel(dmaAt(f), at, there, inward != 0) ? 1 : 0;
}
export function goOn(unit: usize): void {}
