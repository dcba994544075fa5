// Register tables for tests: their rows, and a scratch copy of any block's values to try them on.
import { blockAt, guestRead, guestWrite, resetBlock } from "../../../assembly/device/registers";
import { IR } from "../../../assembly/base/layout";
export { blockCount } from "../../../assembly/device/registers";
/** No processor runs in these tests. */
@inline const SCRATCH: usize = IR;
export function rowsOf(i: u32): u32 { return blockAt(i).rows; }
export function rowCountOf(i: u32): u32 { return blockAt(i).count; }
export function bytesOf(i: u32): u32 { return blockAt(i).bytes; }
export function resetScratch(i: u32): void { resetBlock(blockAt(i), SCRATCH); }
export function readScratch(i: u32, offset: u32, bytes: u32): u64 { return guestRead(blockAt(i), SCRATCH, 0, offset, bytes); }
export function writeScratch(i: u32, offset: u32, bytes: u32, value: u64): void { guestWrite(blockAt(i), SCRATCH, 0, offset, bytes, value); }
