// A channel's ports: the task file of the selected drive (writes go to both), its data port, and device control (ATA/ATAPI-7, 5 and 9.2).

import { count } from "../../base/counters";
import { spend } from "../../device/allowance";
import { putSignature, resetTask } from "../ata/reset";
import { Command, Control, Device, Error, Status } from "../ata/spec";
import { forgetJob } from "../unit/job";
import { bufferOf, isCd, isThere, Unit } from "../unit/state";
import { drained, filled, takeCommand } from "./flow";
import { lower, raise, refreshLine } from "./line";
import { Reg } from "./spec";
import { Channel, Count, driveOf, hasDrives, ideOf, Phase } from "./state";

@inline function selectedOf(c: Channel): Unit { return driveOf(c, c.selected); }

// --- Reads ---

export function readTask(dev: usize, offset: u32, bytes: u32): u64 {
  const c = changetype<Channel>(dev);
  if (offset == Reg.DATA) return readData(c, bytes);
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytes; i++) value |= <u64>readRegister(c, (offset + i) & 7) << (<u64>i << 3);
  return value;
}

/** A drive that is not there reads as zeros where the other answers for it, as ones where nobody pulls the bus. */
function readRegister(c: Channel, register: u32): u32 {
  const u = selectedOf(c), hob = (c.control & Control.HOB) != 0;
  if (!isThere(u)) return hasDrives(c) ? 0 : register == Reg.STATUS ? 0x7f : 0xff;
  switch (register) {
    case Reg.ERROR: return hob ? u.featureWas : u.error;
    case Reg.COUNT: return hob ? u.countWas : u.count;
    case Reg.LOW: return hob ? u.lowWas : u.low;
    case Reg.MID: return hob ? u.midWas : u.mid;
    case Reg.HIGH: return hob ? u.highWas : u.high;
    case Reg.DEVICE: return u.device | Device.ALWAYS;
    case Reg.STATUS: lower(c); return u.status;
    default: return 0;
  }
}

/** The alternate status, which leaves the interrupt alone. */
export function readControl(dev: usize, offset: u32, bytes: u32): u64 {
  const c = changetype<Channel>(dev), u = selectedOf(c);
  return isThere(u) ? u.status : hasDrives(c) ? 0 : 0x7f;
}

function readData(c: Channel, bytes: u32): u64 {
  const u = driveOf(c, c.busy);
  count(ideOf(c).counters + Count.WORDS);
  if (c.phase != Phase.INWARD || c.selected != c.busy || !isThere(u)) return 0;
  const n = min(bytes, c.end - c.at);
  let value: u64 = 0;
  for (let i: u32 = 0; i < n; i++) value |= <u64>load<u8>(bufferOf(u) + c.at + i) << (<u64>i << 3);
  c.at += n;
  if (c.at >= c.end) { spend(16); drained(c, u); }
  return value;
}

// --- Writes ---

export function writeTask(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const c = changetype<Channel>(dev);
  if (offset == Reg.DATA) { writeData(c, bytes, value); return; }
  for (let i: u32 = 0; i < bytes; i++) writeRegister(c, (offset + i) & 7, <u32>(value >> (<u64>i << 3)) & 0xff);
}

function writeRegister(c: Channel, register: u32, value: u32): void {
  if (register == Reg.STATUS) { writeCommand(c, value); return; }
  c.control &= ~(<u32>Control.HOB);
  if (register == Reg.DEVICE) c.selected = value & Device.SECOND ? 1 : 0;
  if (register == Reg.DEVICE) refreshLine(c);
  for (let n: u32 = 0; n < 2; n++) if (isThere(driveOf(c, n))) put(driveOf(c, n), register, value);
}

/** A register keeps what was written before. */
function put(u: Unit, register: u32, value: u32): void {
  switch (register) {
    case Reg.ERROR: u.featureWas = u.feature; u.feature = <u8>value; break;
    case Reg.COUNT: u.countWas = u.count; u.count = <u8>value; break;
    case Reg.LOW: u.lowWas = u.low; u.low = <u8>value; break;
    case Reg.MID: u.midWas = u.mid; u.mid = <u8>value; break;
    case Reg.HIGH: u.highWas = u.high; u.high = <u8>value; break;
    case Reg.DEVICE: u.device = <u8>(value | Device.ALWAYS); break;
  }
}

/** While a drive is busy or has data, nothing but DEVICE RESET reaches it; a diagnosis is for both. */
function writeCommand(c: Channel, value: u32): void {
  const u = selectedOf(c);
  if (!isThere(u)) return;
  if (c.phase != Phase.NONE) {
    if (value != Command.DEVICE_RESET || !isCd(u) || c.busy != c.selected) return;
    forgetJob(u);
    c.phase = Phase.NONE;
  }
  u.command = <u8>value;
  if (value == Command.DEVICE_RESET && isCd(u)) { resetTask(u); lower(c); return; }
  if (value == Command.DIAGNOSTIC) { diagnose(c); return; }
  takeCommand(c, u, c.selected);
}

function diagnose(c: Channel): void {
  for (let n: u32 = 0; n < 2; n++) {
    const u = driveOf(c, n);
    if (!isThere(u)) continue;
    putSignature(u);
    u.error = <u8>Error.PASSED;
    u.status = isCd(u) ? 0 : <u8>(Status.DRDY | Status.DSC);
  }
  c.selected = 0;
  raise(c);
}

/** SRST resets both drives: they are busy while it is up. */
export function writeControl(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const c = changetype<Channel>(dev), was = c.control;
  c.control = <u32>value;
  if (c.control & Control.SRST && !(was & Control.SRST)) beginReset(c);
  if (was & Control.SRST && !(c.control & Control.SRST)) resetDrives(c);
  refreshLine(c);
}

function beginReset(c: Channel): void {
  resetDrives(c);
  for (let n: u32 = 0; n < 2; n++) if (isThere(driveOf(c, n))) driveOf(c, n).status = <u8>Status.BSY;
}

/** Both drives as after power-up. */
export function resetDrives(c: Channel): void {
  c.selected = 0; c.busy = 0; c.phase = Phase.NONE; c.left = 0; c.at = 0; c.end = 0; c.filled = 0; c.wanted = 0;
  for (let n: u32 = 0; n < 2; n++) {
    const u = driveOf(c, n);
    if (!isThere(u)) continue;
    forgetJob(u);
    resetTask(u);
  }
}

function writeData(c: Channel, bytes: u32, value: u64): void {
  const u = driveOf(c, c.busy);
  count(ideOf(c).counters + Count.WORDS);
  if ((c.phase != Phase.OUTWARD && c.phase != Phase.PACKET) || c.selected != c.busy || !isThere(u)) return;
  const n = min(bytes, c.end - c.at);
  for (let i: u32 = 0; i < n; i++) store<u8>(bufferOf(u) + c.at + i, <u8>(value >> (<u64>i << 3)));
  c.at += n;
  if (c.at >= c.end) { spend(16); filled(c, u); }
}
