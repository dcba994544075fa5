// How commands end, and what they leave to their controller: the two words that ATA's and ATAPI's commands share.

import { countUnit, Unit, UnitCount } from "../unit/state";
import { Error, Status } from "./spec";

/** What a command wants of its controller. NONE: it is done, with status and error in the task file. INWARD: what is in the buffer; then jobs. */
export const enum Data { NONE, INWARD, READ, WRITE, FLUSH, TRIM, PACKET }

export function succeed(u: Unit): void {
  u.status = <u8>(Status.DRDY | Status.DSC); u.error = 0;
  u.data = Data.NONE;
}
export function fail(u: Unit, error: u32): void {
  u.status = <u8>(Status.DRDY | Status.ERR); u.error = <u8>error;
  u.data = Data.NONE;
  countUnit(u, UnitCount.REFUSED);
}
export function abort(u: Unit): void { fail(u, Error.ABRT); }

/** The drive has `bytes` in its buffer for the host. */
export function give(u: Unit, bytes: u32): void {
  u.status = <u8>(Status.DRDY | Status.DSC); u.error = 0;
  u.data = Data.INWARD; u.dataBytes = bytes; u.block = 1;
}
