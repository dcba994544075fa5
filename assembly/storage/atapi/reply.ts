// How a packet command ends: with bytes in the drive's buffer, or with sense data (SPC-3, 4.5) and an error in the task file.

import { bufferOf, countUnit, Unit, UnitCount } from "../unit/state";
import { Data } from "../ata/outcome";
import { Error, Reason, Status } from "../ata/spec";
import { SenseCode, SenseKey } from "./spec";

@inline export function put8(at: usize, value: u32): void { store<u8>(at, <u8>value); }
@inline export function put16(at: usize, value: u32): void { store<u16>(at, bswap<u16>(<u16>value)); }
@inline export function put32(at: usize, value: u32): void { store<u32>(at, bswap<u32>(value)); }
@inline export function get16(at: usize): u32 { return <u32>bswap<u16>(load<u16>(at)); }
@inline export function get32(at: usize): u32 { return bswap<u32>(load<u32>(at)); }

/** A clean area of the buffer for an answer. */
export function blank(u: Unit, bytes: u32): usize { memory.fill(bufferOf(u), 0, bytes); return bufferOf(u); }

export function pass(u: Unit): void {
  u.status = <u8>(Status.DRDY | Status.DSC); u.error = 0;
  u.count = u.count & 0xf8 | <u8>Reason.DONE;
  u.senseKey = SenseKey.NONE; u.senseCode = SenseCode.NONE;
  u.data = Data.NONE;
}

export function refuse(u: Unit, key: u32, code: u32): void {
  u.senseKey = key; u.senseCode = code;
  u.status = <u8>(Status.DRDY | Status.ERR); u.error = <u8>(key << 4 | (code == SenseCode.INVALID_OPCODE ? Error.ABRT : 0));
  u.count = u.count & 0xf8 | <u8>Reason.DONE;
  u.data = Data.NONE;
  countUnit(u, UnitCount.REFUSED);
}
@inline export function refuseField(u: Unit): void { refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.INVALID_FIELD); }

/** Answers with what is in the buffer, as much of it as the host has room for. */
export function reply(u: Unit, bytes: u32, room: u32): void {
  pass(u);
  const n = min(bytes, room);
  if (!n) return;
  u.data = Data.INWARD; u.dataBytes = n;
}
