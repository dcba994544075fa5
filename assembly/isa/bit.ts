// BT BTS BTR BTC, BSF, BSR, POPCNT, CRC32. SDM vol. 2.

import { Insn, Is } from "../decode/record";
import { Val, Run, lit, add, sub, and, or, xor, shl, shr, sar, getReg, setReg, faulted, signExtend, zeroExtend, choose, eq, ctz64, clz64, popcnt64, setCc, running } from "../ir/words";
import { isZero, not, setCf, setZf } from "../ir/words-flags";
import { aim, loadAimed, loadMem, storeAimed } from "../ir/words-memory";
import { recordRun } from "./effects";
import { aimTarget, effective, inSegment, readRm, readTarget, targetOf, writeTarget } from "./operands";

/** BT, BTS, BTR, BTC as `kind` 0 to 3. */
function changed<M>(kind: u32, a: Val, mask: Val): Val {
  if (kind == 1) return or<M>(a, mask);
  if (kind == 2) return and<M>(a, not<M>(mask));
  return xor<M>(a, mask);
}
function testBit<M>(a: Val, n: Val): Val { return and<M>(shr<M>(a, n), lit<M>(1)); }

/** By an immediate: the bit lies in the operand itself. */
export function bitImmediate<M>(i: Insn): void {
  const bits = <u32>i.bits, n = lit<M>(<u64>i.imm & (bits - 1));
  if (i.kind == 0) {
    const where = readRmAsTarget<M>(i, bits);
    if (faulted<M>()) return;
    return setCf<M>(testBit<M>(where, n));
  }
  const where = targetOf<M>(i, bits), aimed = aimTarget<M>(i, where, bits), a = readTarget<M>(i, aimed, where, bits);
  if (faulted<M>()) return;
  writeTarget<M>(i, aimed, where, bits, changed<M>(i.kind, a, shl<M>(lit<M>(1), n)));
  setCf<M>(testBit<M>(a, n));
}
/** Reads r/m where it is the row's destination. */
function readRmAsTarget<M>(i: Insn, bits: u32): Val {
  return i.flags & Is.MEMORY ? readRm<M>(i, bits) : getReg<M>(i.dst, bits);
}

/** By a register: in memory the bit string reaches as far as the signed register says. */
export function bitRegister<M>(i: Insn): void {
  const bits = <u32>i.bits, index = getReg<M>(i.src, bits), n = and<M>(index, lit<M>(bits - 1));
  if (!(i.flags & Is.MEMORY)) {
    const a = getReg<M>(i.dst, bits);
    if (i.kind) setReg<M>(i.dst, changed<M>(i.kind, a, shl<M>(lit<M>(1), n)), bits);
    return setCf<M>(testBit<M>(a, n));
  }
  const bytes = bits >> 3, log = bits == 64 ? 6 : bits == 32 ? 5 : 4;
  const step = shl<M>(sar<M>(signExtend<M>(index, bits), lit<M>(log)), lit<M>(log - 3));
  let offset = add<M>(effective<M>(i), step);
  if (i.flags & (Is.ADDR32 | Is.ADDR16)) offset = zeroExtend<M>(offset, i.flags & Is.ADDR16 ? 16 : 32);
  const where = inSegment<M>(i, offset, bytes, i.kind != 0);
  const aimed = i.kind ? aim<M>(where, bytes, (i.flags & Is.LOCK) != 0) : 0;
  const a = i.kind ? loadAimed<M>(aimed, where, bytes) : loadMem<M>(where, bytes);
  if (faulted<M>()) return;
  if (i.kind) storeAimed<M>(aimed, where, bytes, changed<M>(i.kind, a, shl<M>(lit<M>(1), n)));
  setCf<M>(testBit<M>(a, n));
}

/** With a source of 0, ZF is set and the destination keeps its value (all processors; the manual says undefined). */
export function bitScan<M>(i: Insn, reverse: bool): void {
  const bits = <u32>i.bits, v = readRm<M>(i, bits);
  if (faulted<M>()) return;
  const none = isZero<M>(v), n = reverse ? sub<M>(lit<M>(63), clz64<M>(v)) : ctz64<M>(v);
  // A 32-bit destination keeps its upper half too when there is no bit.
  const whole = bits == 32 ? 64 : bits;
  setReg<M>(i.dst, choose<M>(none, getReg<M>(i.dst, whole), n), whole);
  setZf<M>(none);
}
/** ZF by the source; the other flags clear. */
export function countBits<M>(i: Insn): void {
  const v = readRm<M>(i, i.bits);
  if (faulted<M>()) return;
  setReg<M>(i.dst, popcnt64<M>(v), i.bits);
  // A result of 1 would make PF 0 as it must be; one of 0 has PF 1: invert it.
  setCc<M>(choose<M>(eq<M>(v, lit<M>(0)), lit<M>(0), lit<M>(1)), choose<M>(eq<M>(v, lit<M>(0)), lit<M>(1), lit<M>(0)));
}
/** CRC-32C of the bytes of r/m, reflected polynomial 0x82f63b78. */
export function crc32<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  const bits: u32 = i.kind ? 8 : i.bits, v = readRm<Run>(i, bits);
  if (faulted<Run>()) return;
  let crc = <u32>getReg<Run>(i.dst, 32);
  for (let k: u32 = 0; k < bits; k += 8) {
    crc ^= <u32>(v >> <u64>k) & 0xff;
    for (let b = 0; b < 8; b++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  setReg<Run>(i.dst, crc, 64);
}
