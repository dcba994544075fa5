// What an ATA command in the task file means: done at once, or data that its controller is to move (ATA/ATAPI-7, clause 6; ATA8-ACS for what came later).
// Nothing here knows whether data go through a port, a PRD table or FISes.

import { RequestType } from "../../surface/blocks";
import { AskedFlag } from "../../surface/blocks";
import { bufferOf, countUnit, isCd, Result, Unit, UnitCount } from "../unit/state";
import { countOf, putSector, sectorOf } from "./address";
import { identify } from "./identify";
import { abort, Data, fail, give, succeed } from "./outcome";
import { putSignature, resetTask } from "./reset";
import { Command, Device, Error, Feature, Log, Mode, MOST_MULTIPLE, SECTOR_BYTES, Status } from "./spec";

/** Blocks of 512 bytes of ranges that a TRIM may bring. */
@inline const MOST_TRIM: u32 = 8;

/** Carries out what is in `command`. `queues`: the controller has native command queuing. */
export function execute(u: Unit, queues: bool): void {
  countUnit(u, UnitCount.COMMANDS);
  u.flags = 0; u.byDma = 0; u.block = 1;
  if (isCd(u)) { executeCd(u, queues); return; }
  if (transfers(u)) return;
  switch (<u32>u.command) {
    case Command.IDENTIFY: give(u, identify(u, queues)); break;
    case Command.READ_LOG_EXT: readLog(u, queues); break;
    case Command.DATA_SET_MANAGEMENT: trim(u); break;
    case Command.SET_MULTIPLE: setMultiple(u); break;
    case Command.SET_GEOMETRY: setGeometry(u); break;
    case Command.READ_NATIVE_MAX: case Command.READ_NATIVE_MAX_EXT: readNativeMax(u, u.command == <u8>Command.READ_NATIVE_MAX_EXT); break;
    case Command.VERIFY: case Command.VERIFY_ONCE: check(u, false); break;
    case Command.VERIFY_EXT: check(u, true); break;
    case Command.FLUSH: case Command.FLUSH_EXT: countUnit(u, UnitCount.FLUSHES); u.data = Data.FLUSH; break;
    case Command.SEEK: case Command.RECALIBRATE: succeed(u); break;
    default: common(u);
  }
}

/** Commands that a CD-ROM drive has too. */
function common(u: Unit): void {
  switch (<u32>u.command) {
    case Command.SET_FEATURES: setFeatures(u); break;
    case Command.CHECK_POWER: case Command.CHECK_POWER_OLD: u.count = 0xff; succeed(u); break;
    case Command.STANDBY_NOW: case Command.STANDBY_NOW_OLD: case Command.IDLE_NOW: case Command.IDLE_NOW_OLD: case Command.STANDBY: case Command.STANDBY_OLD:
    case Command.IDLE: case Command.IDLE_OLD: case Command.SLEEP: case Command.SLEEP_OLD: succeed(u); break;
    case Command.DIAGNOSTIC: diagnose(u); break;
    default: abort(u);
  }
}

/** A packet device refuses a disk's commands, and shows what it is to those that every disk has (ATA/ATAPI-7, 6.17, 6.32). */
function executeCd(u: Unit, queues: bool): void {
  switch (<u32>u.command) {
    case Command.PACKET: u.byDma = u.feature & 1; u.data = Data.PACKET; break;
    case Command.IDENTIFY_PACKET: give(u, identify(u, queues)); break;
    case Command.DEVICE_RESET: resetTask(u); u.status = 0; u.data = Data.NONE; break;
    case Command.IDENTIFY: case Command.READ_SECTORS: putSignature(u); abort(u); break;
    default: common(u);
  }
}

function diagnose(u: Unit): void {
  putSignature(u);
  succeed(u);
  u.error = <u8>Error.PASSED;
}

// --- Transfers ---

/** Reads and writes; false for another command. */
function transfers(u: Unit): bool {
  switch (<u32>u.command) {
    case Command.READ_SECTORS: case Command.READ_SECTORS_ONCE: start(u, Data.READ, false, 1); return true;
    case Command.READ_SECTORS_EXT: start(u, Data.READ, true, 1); return true;
    case Command.WRITE_SECTORS: case Command.WRITE_SECTORS_ONCE: case Command.WRITE_VERIFY: start(u, Data.WRITE, false, 1); return true;
    case Command.WRITE_SECTORS_EXT: start(u, Data.WRITE, true, 1); return true;
    case Command.READ_MULTIPLE: case Command.READ_MULTIPLE_EXT: several(u, Data.READ, u.command == <u8>Command.READ_MULTIPLE_EXT); return true;
    case Command.WRITE_MULTIPLE: several(u, Data.WRITE, false); return true;
    case Command.WRITE_MULTIPLE_FUA_EXT: u.flags = AskedFlag.STABLE; several(u, Data.WRITE, true); return true;
    case Command.WRITE_MULTIPLE_EXT: several(u, Data.WRITE, true); return true;
    case Command.READ_DMA: case Command.READ_DMA_ONCE: u.byDma = 1; start(u, Data.READ, false, 1); return true;
    case Command.READ_DMA_EXT: u.byDma = 1; start(u, Data.READ, true, 1); return true;
    case Command.WRITE_DMA: case Command.WRITE_DMA_ONCE: u.byDma = 1; start(u, Data.WRITE, false, 1); return true;
    case Command.WRITE_DMA_FUA_EXT: u.flags = AskedFlag.STABLE; u.byDma = 1; start(u, Data.WRITE, true, 1); return true;
    case Command.WRITE_DMA_EXT: u.byDma = 1; start(u, Data.WRITE, true, 1); return true;
    default: return false;
  }
}

function several(u: Unit, data: u32, wide: bool): void {
  if (!u.multiple) { abort(u); return; }
  start(u, data, wide, u.multiple);
}

function start(u: Unit, data: u32, wide: bool, block: u32): void { begin(u, data, sectorOf(u, wide), countOf(u, wide), block); }

/** A read or write of sectors; also of a queued command. */
export function begin(u: Unit, data: u32, sector: u64, sectors: u32, block: u32): void {
  if (sector > u.sectors || <u64>sectors > u.sectors - sector) { fail(u, Error.IDNF); return; }
  if (data == Data.WRITE && u.readOnly) { fail(u, Error.WP | Error.ABRT); return; }
  countUnit(u, data == Data.READ ? UnitCount.READS : UnitCount.WRITES);
  u.sector = sector; u.bytes = sectors * SECTOR_BYTES; u.block = block;
  if (data == Data.WRITE && !u.cached) u.flags = AskedFlag.STABLE;
  u.data = data;
}

/** The command has moved what it was to move, or could not. */
export function endTransfer(u: Unit): void {
  const wrote = u.data == Data.WRITE, flushed = u.data == Data.FLUSH || u.data == Data.TRIM;
  if (u.jobResult == Result.HOST) { fail(u, flushed || wrote ? Error.ABRT : Error.UNC); if (flushed) u.status |= <u8>Status.DF; return; }
  if (u.jobResult == Result.MEMORY) { fail(u, Error.ICRC | Error.ABRT); return; }
  if (!flushed) { putSector(u, u.sector + (u.bytes >> 9), isWide(u)); u.count = 0; u.countWas = 0; }
  succeed(u);
}

/** The command in hand has registers of 48 bits. */
function isWide(u: Unit): bool {
  switch (<u32>u.command) {
    case Command.READ_SECTORS_EXT: case Command.READ_DMA_EXT: case Command.READ_MULTIPLE_EXT: case Command.WRITE_SECTORS_EXT: case Command.WRITE_DMA_EXT:
    case Command.WRITE_MULTIPLE_EXT: case Command.WRITE_MULTIPLE_FUA_EXT: case Command.WRITE_DMA_FUA_EXT: return true;
    default: return false;
  }
}

/** The RequestType of a job. */
export function requestOf(data: u32): u32 {
  return data == Data.WRITE ? RequestType.OUT : data == Data.FLUSH ? RequestType.FLUSH : data == Data.TRIM ? RequestType.DISCARD : RequestType.IN;
}

function check(u: Unit, wide: bool): void {
  const sector = sectorOf(u, wide), n = <u64>countOf(u, wide);
  if (sector > u.sectors || n > u.sectors - sector) fail(u, Error.IDNF);
  else succeed(u);
}

// --- Settings ---

function setMultiple(u: Unit): void {
  const n = <u32>u.count;
  if (n > MOST_MULTIPLE || n & (n - 1)) { u.multiple = 0; abort(u); return; }
  u.multiple = n;
  succeed(u);
}

function setGeometry(u: Unit): void {
  if (!u.count) { abort(u); return; }
  u.heads = (<u32>u.device & Device.HEAD) + 1; u.track = <u32>u.count;
  succeed(u);
}

function readNativeMax(u: Unit, wide: bool): void {
  if (!u.sectors) { abort(u); return; }
  const last = u.sectors - 1;
  if (!wide) u.device |= <u8>Device.LBA;
  putSector(u, wide ? last : min<u64>(last, 0x0fff_ffff), wide);
  succeed(u);
}

function setFeatures(u: Unit): void {
  switch (<u32>u.feature) {
    case Feature.CACHE_ON: u.cached = 1; succeed(u); break;
    case Feature.CACHE_OFF:
      u.cached = 0;
      if (isCd(u)) succeed(u);
      else { countUnit(u, UnitCount.FLUSHES); u.data = Data.FLUSH; }
      break;
    case Feature.TRANSFER_MODE: setMode(u); break;
    case Feature.APM_ON: case Feature.APM_OFF: case Feature.ACOUSTIC_ON: case Feature.ACOUSTIC_OFF: case Feature.LOOK_AHEAD_ON: case Feature.LOOK_AHEAD_OFF:
    case Feature.DEFAULTS_ON: case Feature.DEFAULTS_OFF: succeed(u); break;
    default: abort(u);
  }
}

function setMode(u: Unit): void {
  const kind = <u32>u.count >> 3, n = <u32>u.count & 7;
  const most: u32 = kind == Mode.PIO_DEFAULT ? 1 : kind == Mode.PIO_FLOW ? 4 : kind == Mode.SINGLE_DMA || kind == Mode.MULTI_DMA ? 2 : kind == Mode.ULTRA_DMA ? 5 : 0;
  if ((most == 0 && kind) || n > most) { abort(u); return; }
  u.mode = kind == Mode.PIO_DEFAULT || kind == Mode.PIO_FLOW ? u.mode : <u32>u.count;
  succeed(u);
}

// --- Logs and TRIM ---

/** The directory, and with queuing what the last queued command that failed was (ATA8-ACS, A.10). */
function readLog(u: Unit, queues: bool): void {
  const at = bufferOf(u), page = <u32>u.midWas << 8 | u.mid, n = countOf(u, true);
  if (n != 1 || page) { abort(u); return; }
  memory.fill(at, 0, SECTOR_BYTES);
  if (u.low == <u8>Log.DIRECTORY) { store<u16>(at, 1); if (queues) store<u16>(at, 1, Log.QUEUED_ERRORS * 2); }
  else if (u.low == <u8>Log.QUEUED_ERRORS && queues) putQueuedError(u, at);
  else { abort(u); return; }
  give(u, SECTOR_BYTES);
}

function putQueuedError(u: Unit, at: usize): void {
  store<u8>(at, <u8>u.failedTag);
  store<u8>(at, <u8>u.failedStatus, 2); store<u8>(at, <u8>u.failedError, 3);
  store<u16>(at, <u16>u.failedSector, 4); store<u8>(at, <u8>(u.failedSector >> 16), 6);
  store<u8>(at, <u8>Device.LBA, 7);
  store<u8>(at, <u8>(u.failedSector >> 24), 8); store<u16>(at, <u16>(u.failedSector >> 32), 9);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < SECTOR_BYTES - 1; i++) sum += load<u8>(at + i);
  store<u8>(at, <u8>(0 - sum), SECTOR_BYTES - 1);
}

/** DATA SET MANAGEMENT: ranges that the host need not keep come first, then the discard (trim.ts). */
function trim(u: Unit): void {
  const blocks = countOf(u, true);
  if (!(u.feature & 1) || blocks > MOST_TRIM || u.readOnly) { abort(u); return; }
  u.data = Data.TRIM; u.bytes = blocks * SECTOR_BYTES; u.byDma = 1;
}
