// SSE4.2: string comparison and CRC32. Intel SDM vol. 2, 4.1 "Imm8 control byte operation for PCMPESTRI / ...".

import { FLOAT_SCRATCH } from "./env";
import { V } from "./ops";

@inline const A: usize = FLOAT_SCRATCH;
@inline const B: usize = FLOAT_SCRATCH + 16;

export function stringOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  if (kind == V.CRC32) return i64x2(<i64>crc32(<u32>i64x2.extract_lane(a, 0), <u64>i64x2.extract_lane(b, 0), imm), 0);
  const la = textLength(a, imm), lb = textLength(b, imm), found = compareText(a, b, la, lb, imm);
  if (kind == V.PCMPISTR_FLAGS) return i64x2(<i64>textFlags(found, la, lb, imm), 0);
  return kind == V.PCMPISTRI ? i64x2(<i64>indexOf(found, imm), 0) : maskOf(found, imm);
}

@inline function elements(imm: u32): u32 { return imm & 1 ? 8 : 16; }
/** An element, zero-extended or sign-extended as imm[1] says. */
@inline function element(base: usize, i: u32, imm: u32): i32 {
  switch (imm & 3) {
    case 0: return load<u8>(base + i);
    case 1: return load<u16>(base + (i << 1));
    case 2: return load<i8>(base + i);
    default: return load<i16>(base + (i << 1));
  }
}

/** Elements before the first zero: the length of PCMPISTRx. */
export function textLength(v: v128, imm: u32): u32 {
  v128.store(A, v);
  const n = elements(imm);
  for (let i: u32 = 0; i < n; i++) if (!element(A, i, imm)) return i;
  return n;
}

/** The length that PCMPESTRx takes from a register: its magnitude, no more than the vector has. */
export function clipLength(length: i64, imm: u32): u32 {
  const size = <u64>(length < 0 ? -length : length);
  return <u32>min<u64>(size, elements(imm));
}

/** IntRes2: one bit an element of b. */
export function compareText(a: v128, b: v128, la: u32, lb: u32, imm: u32): u32 {
  v128.store(A, a);
  v128.store(B, b);
  const n = elements(imm), all = (1 << n) - 1;
  let result: u32 = 0;
  switch (imm >> 2 & 3) {
    case 0: for (let j: u32 = 0; j < lb; j++) result |= u32(equalsAny(la, j, imm)) << j; break;
    case 1: for (let j: u32 = 0; j < lb; j++) result |= u32(inRanges(la, j, imm)) << j; break;
    case 2: for (let j: u32 = 0; j < n; j++) result |= u32(equalsEach(j, la, lb, imm)) << j; break;
    default: for (let j: u32 = 0; j < n; j++) result |= u32(equalsOrdered(j, la, lb, imm)) << j; break;
  }
  if ((imm & 0x30) == 0x10) return ~result & all;
  return (imm & 0x30) == 0x30 ? result ^ ((1 << lb) - 1) : result;
}

function equalsAny(la: u32, j: u32, imm: u32): bool {
  const x = element(B, j, imm);
  for (let i: u32 = 0; i < la; i++) if (element(A, i, imm) == x) return true;
  return false;
}

/** a holds pairs: lower bound, upper bound. A pair that is not whole never matches. */
function inRanges(la: u32, j: u32, imm: u32): bool {
  const x = element(B, j, imm);
  for (let i: u32 = 0; i + 1 < la; i += 2) if (element(A, i, imm) <= x && x <= element(A, i + 1, imm)) return true;
  return false;
}

/** Beyond both ends counts as equal, beyond one as different. */
function equalsEach(j: u32, la: u32, lb: u32, imm: u32): bool {
  if (j >= la || j >= lb) return j >= la && j >= lb;
  return element(A, j, imm) == element(B, j, imm);
}

/** Whether a starts at element j of b, as far as b's register goes. */
function equalsOrdered(j: u32, la: u32, lb: u32, imm: u32): bool {
  const n = elements(imm);
  for (let i: u32 = 0; i < la && i + j < n; i++) {
    if (i + j >= lb || element(A, i, imm) != element(B, i + j, imm)) return false;
  }
  return true;
}

/** ECX of PCMPxSTRI. */
export function indexOf(found: u32, imm: u32): u32 {
  if (!found) return elements(imm);
  return imm & 0x40 ? 31 - clz(found) : ctz(found);
}

/** XMM0 of PCMPxSTRM. */
export function maskOf(found: u32, imm: u32): v128 {
  if (!(imm & 0x40)) return i64x2(<i64>found, 0);
  for (let i: u32 = 0; i < elements(imm); i++) {
    const ones: u32 = 0 - (found >> i & 1);
    if (imm & 1) store<u16>(A + (i << 1), ones); else store<u8>(A + i, ones);
  }
  return v128.load(A);
}

/** CF ZF SF OF; AF and PF are cleared. */
export function textFlags(found: u32, la: u32, lb: u32, imm: u32): u32 {
  const n = elements(imm);
  return u32(found != 0) | u32(lb < n) << 6 | u32(la < n) << 7 | (found & 1) << 11;
}

/** CRC-32C (polynomial 11EDC6F41), bits reflected, of `bytes` bytes of data. */
function crc32(crc: u32, data: u64, bytes: u32): u32 {
  let rest = <u64>crc ^ data;
  if (bytes < 8) rest &= (<u64>1 << (bytes << 3)) - 1;
  const above: u32 = bytes < 4 ? crc >> (bytes << 3) : 0;
  for (let i: u32 = 0; i < bytes << 3; i++) rest = rest >> 1 ^ (rest & 1 ? 0x82f6_3b78 : 0);
  return <u32>rest ^ above;
}
