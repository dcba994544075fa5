// AAA AAS AAM AAD DAA DAS SALC, BOUND: 32-bit code only. SDM vol. 2. Each is one operation that calls Run.

import { Insn } from "../decode/record";
import { Run, getReg, setReg, faulted, running } from "../ir/words";
import { setLogic } from "../ir/words-flags";
import { loadMem } from "../ir/words-memory";
import { readFlags, setStatusFlags } from "../cpu/flags";
import { raiseNoCode } from "../cpu/exceptions";
import { Flag, Vector } from "../cpu/state";
import { H } from "../decode/handlers";
import { recordRun } from "./effects";
import { partAddress, R } from "./operands";

export function decimal<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  switch (<i32>i.handler) {
    case H.AAA: return adjustAscii(1);
    case H.AAS: return adjustAscii(-1);
    case H.AAM: return adjustMultiply(<u32>i.imm);
    case H.AAD: return adjustDivide(<u32>i.imm);
    case H.DAA: return adjustDecimal(1);
    case H.DAS: return adjustDecimal(-1);
    case H.SALC: return setReg<Run>(R.AX, readFlags() & Flag.CF ? 0xff : 0, 8);
    default: return bound(i);
  }
}
function adjustAscii(way: i32): void {
  const flags = readFlags(), ax = <u32>getReg<Run>(R.AX, 16);
  const carry = (ax & 15) > 9 || (flags & Flag.AF) != 0;
  // The processors add to AX as a whole: a carry out of AL reaches AH.
  const next = carry ? ax + way * 0x106 : ax;
  setReg<Run>(R.AX, next & 0xff0f, 16);
  setLogic<Run>(next & 0x0f, 8);
  setStatusFlags((readFlags() & ~(<u64>Flag.CF | Flag.AF)) | (carry ? Flag.CF | Flag.AF : 0));
}
function adjustMultiply(base: u32): void {
  if (base == 0) return raiseNoCode(Vector.DE);
  const al = <u32>getReg<Run>(R.AX, 8);
  setReg<Run>(R.AX, (al / base) << 8 | al % base, 16);
  setLogic<Run>(al % base, 8);
}
function adjustDivide(base: u32): void {
  const al = <u32>getReg<Run>(R.AX, 8), ah = <u32>getReg<Run>(R.AH, 8), r = (al + ah * base) & 0xff;
  setReg<Run>(R.AX, r, 16);
  setLogic<Run>(r, 8);
}
function adjustDecimal(way: i32): void {
  const flags = readFlags(), al = <u32>getReg<Run>(R.AX, 8);
  const low = (al & 15) > 9 || (flags & Flag.AF) != 0, high = al > 0x99 || (flags & Flag.CF) != 0;
  let next = al;
  if (low) next += way * 6;
  // DAS: a borrow from the low digit sets CF too.
  const borrow = way < 0 && low && (al < 6 || (flags & Flag.CF) != 0);
  if (high) next += way * 0x60;
  setReg<Run>(R.AX, next & 0xff, 8);
  setLogic<Run>(next & 0xff, 8);
  setStatusFlags((readFlags() & ~(<u64>Flag.CF | Flag.AF)) | (high || borrow ? Flag.CF : 0) | (low ? Flag.AF : 0));
}
function bound(i: Insn): void {
  const bits = <u32>i.bits, bytes = bits >> 3;
  const low = loadMem<Run>(partAddress(i, 0, bytes, false), bytes);
  if (faulted<Run>()) return;
  const high = loadMem<Run>(partAddress(i, bytes, bytes, false), bytes);
  if (faulted<Run>()) return;
  const spare: i64 = 64 - bits;
  const v = <i64>getReg<Run>(i.dst, bits) << spare;
  if (v < <i64>low << spare || v > <i64>high << spare) raiseNoCode(Vector.BR);
}
