// Packed integer arithmetic of MMX, SSE2, SSSE3, SSE4.1 and SSE4.2. Intel SDM vol. 2. Most map to one Wasm SIMD
// instruction with the same result bit for bit; the others are put together from a few.

import { V } from "./ops";

export function integerOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  switch (kind) {
    case V.AND: return v128.and(a, b);
    case V.ANDN: return v128.andnot(b, a);
    case V.OR: return v128.or(a, b);
    case V.XOR: return v128.xor(a, b);
    case V.MERGE32: return i32x4.replace_lane(a, 0, i32x4.extract_lane(b, 0));
    case V.MERGE64: return i64x2.replace_lane(a, 0, i64x2.extract_lane(b, 0));
    case V.LOW32: return i32x4.replace_lane(i64x2.splat(0), 0, i32x4.extract_lane(b, 0));
    case V.LOW64: return i64x2.replace_lane(i64x2.splat(0), 0, i64x2.extract_lane(b, 0));
    case V.COPY: return b;
    case V.PADDB: return i8x16.add(a, b);
    case V.PADDW: return i16x8.add(a, b);
    case V.PADDD: return i32x4.add(a, b);
    case V.PADDQ: return i64x2.add(a, b);
    case V.PSUBB: return i8x16.sub(a, b);
    case V.PSUBW: return i16x8.sub(a, b);
    case V.PSUBD: return i32x4.sub(a, b);
    case V.PSUBQ: return i64x2.sub(a, b);
    case V.PADDSB: return i8x16.add_sat_s(a, b);
    case V.PADDSW: return i16x8.add_sat_s(a, b);
    case V.PADDUSB: return i8x16.add_sat_u(a, b);
    case V.PADDUSW: return i16x8.add_sat_u(a, b);
    case V.PSUBSB: return i8x16.sub_sat_s(a, b);
    case V.PSUBSW: return i16x8.sub_sat_s(a, b);
    case V.PSUBUSB: return i8x16.sub_sat_u(a, b);
    case V.PSUBUSW: return i16x8.sub_sat_u(a, b);
    case V.PAVGB: return i8x16.avgr_u(a, b);
    case V.PAVGW: return i16x8.avgr_u(a, b);
    case V.PABSB: return i8x16.abs(b);
    case V.PABSW: return i16x8.abs(b);
    case V.PABSD: return i32x4.abs(b);
    case V.SIGNB: return i8x16.shr_s(b, 7);
    case V.SIGND: return i32x4.shr_s(b, 31);
    case V.SIGNQ: return i64x2.shr_s(b, 63);
    case V.PMULLW: return i16x8.mul(a, b);
    case V.PMULLD: return i32x4.mul(a, b);
    case V.PMULHW: return highHalves(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b));
    case V.PMULHUW: return highHalves(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b));
    case V.PMULHRSW: return roundedHalves(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b));
    case V.PMADDWD: return i32x4.dot_i16x8_s(a, b);
    case V.PMADDUBSW: return multiplyBytes(a, b);
    case V.PMULUDQ: return i64x2.mul(v128.and(a, i64x2.splat(0xffff_ffff)), v128.and(b, i64x2.splat(0xffff_ffff)));
    case V.PMULDQ: return i64x2.mul(signedEven(a), signedEven(b));
    case V.PSADBW: return sumDifferences(a, b);
    case V.PHMINPOSUW: return smallestWord(b);
    case V.MPSADBW: return slidingDifferences(a, b, imm);
    default: return kind >= V.PSLLW && kind <= V.PSRLDQ ? shiftOp(kind, a, b, imm)
      : kind < V.PSLLW ? compareOp(kind, a, b) : pairOp(kind, a, b);
  }
}

/** Bits 16-31 of each product. */
@inline function highHalves(low: v128, high: v128): v128 {
  return v128.shuffle<i16>(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}

/** PMULHRSW: bits 15-30 of each product, rounded. Wasm's q15 multiply saturates -1 * -1, x86 wraps. */
function roundedHalves(low: v128, high: v128): v128 {
  const half = i32x4.splat(0x4000);
  return v128.shuffle<i16>(i32x4.shr_u(i32x4.add(low, half), 15), i32x4.shr_u(i32x4.add(high, half), 15), 0, 2, 4, 6, 8, 10, 12, 14);
}

/** PMADDUBSW: a's bytes are unsigned, b's signed; neighbours are added with saturation. */
function multiplyBytes(a: v128, b: v128): v128 {
  const even = i16x8.mul(v128.and(a, i16x8.splat(0xff)), i16x8.shr_s(i16x8.shl(b, 8), 8));
  return i16x8.add_sat_s(even, i16x8.mul(i16x8.shr_u(a, 8), i16x8.shr_s(b, 8)));
}

@inline function signedEven(x: v128): v128 { return i64x2.shr_s(i64x2.shl(x, 32), 32); }

function sumDifferences(a: v128, b: v128): v128 {
  const difference = i8x16.sub(i8x16.max_u(a, b), i8x16.min_u(a, b));
  const words = i16x8.extadd_pairwise_i8x16_u(difference), pairs = i32x4.extadd_pairwise_i16x8_u(words);
  return v128.and(i64x2.add(pairs, i64x2.shr_u(pairs, 32)), i64x2.splat(0xffff_ffff));
}

function smallestWord(b: v128): v128 {
  let best: u32 = u16x8_lane(b, 0), at: u32 = 0;
  for (let i: u32 = 1; i < 8; i++) {
    const word = u16x8_lane(b, i);
    if (word < best) { best = word; at = i; }
  }
  return i64x2(<i64>(best | at << 16), 0);
}
/** A word by a lane number known only at run time. */
function u16x8_lane(x: v128, i: u32): u32 {
  const half = i & 4 ? i64x2.extract_lane(x, 1) : i64x2.extract_lane(x, 0);
  return <u32>(half >> <i64>((i & 3) << 4)) & 0xffff;
}

/** MPSADBW: four bytes of b slide over eleven of a. */
function slidingDifferences(a: v128, b: v128, imm: u32): v128 {
  const still = i32x4.splat(dword(b, imm & 3));
  const window = i8x16.add(i8x16(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6), i8x16.splat(<i8>(imm & 4)));
  const low = sumFours(i8x16.swizzle(a, window), still);
  const high = sumFours(i8x16.swizzle(a, i8x16.add(window, i8x16.splat(4))), still);
  return i16x8.narrow_i32x4_u(low, high);
}
@inline function sumFours(x: v128, y: v128): v128 {
  const difference = i8x16.sub(i8x16.max_u(x, y), i8x16.min_u(x, y));
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(difference));
}
function dword(x: v128, i: u32): i32 {
  const half = i & 2 ? i64x2.extract_lane(x, 1) : i64x2.extract_lane(x, 0);
  return <i32>(half >> <i64>((i & 1) << 5));
}

function compareOp(kind: V, a: v128, b: v128): v128 {
  switch (kind) {
    case V.PMINUB: return i8x16.min_u(a, b);
    case V.PMINUW: return i16x8.min_u(a, b);
    case V.PMINUD: return i32x4.min_u(a, b);
    case V.PMINSB: return i8x16.min_s(a, b);
    case V.PMINSW: return i16x8.min_s(a, b);
    case V.PMINSD: return i32x4.min_s(a, b);
    case V.PMAXUB: return i8x16.max_u(a, b);
    case V.PMAXUW: return i16x8.max_u(a, b);
    case V.PMAXUD: return i32x4.max_u(a, b);
    case V.PMAXSB: return i8x16.max_s(a, b);
    case V.PMAXSW: return i16x8.max_s(a, b);
    case V.PMAXSD: return i32x4.max_s(a, b);
    case V.PCMPEQB: return i8x16.eq(a, b);
    case V.PCMPEQW: return i16x8.eq(a, b);
    case V.PCMPEQD: return i32x4.eq(a, b);
    case V.PCMPEQQ: return i64x2.eq(a, b);
    case V.PCMPGTB: return i8x16.gt_s(a, b);
    case V.PCMPGTW: return i16x8.gt_s(a, b);
    case V.PCMPGTD: return i32x4.gt_s(a, b);
    default: return i64x2.gt_s(a, b);
  }
}

/** Shifts by b's low 64 bits. Wasm takes a count modulo the width; x86 shifts everything out. */
function shiftOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  const wide = <u64>i64x2.extract_lane(b, 0), n = <i32>min<u64>(wide, 64);
  switch (kind) {
    case V.PSLLW: return n < 16 ? i16x8.shl(a, n) : i64x2.splat(0);
    case V.PSLLD: return n < 32 ? i32x4.shl(a, n) : i64x2.splat(0);
    case V.PSLLQ: return n < 64 ? i64x2.shl(a, n) : i64x2.splat(0);
    case V.PSRLW: return n < 16 ? i16x8.shr_u(a, n) : i64x2.splat(0);
    case V.PSRLD: return n < 32 ? i32x4.shr_u(a, n) : i64x2.splat(0);
    case V.PSRLQ: return n < 64 ? i64x2.shr_u(a, n) : i64x2.splat(0);
    case V.PSRAW: return i16x8.shr_s(a, min(n, 15));
    case V.PSRAD: return i32x4.shr_s(a, min(n, 31));
    // swizzle answers 0 for an index of 16 and more.
    case V.PSLLDQ: return i8x16.swizzle(a, i8x16.sub(byteNumbers(), i8x16.splat(<i8>min<u32>(imm, 16))));
    default: return shiftBytesRight(a, imm);
  }
}
@inline function byteNumbers(): v128 { return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
@inline export function shiftBytesRight(a: v128, n: u32): v128 {
  return i8x16.swizzle(a, i8x16.add(byteNumbers(), i8x16.splat(<i8>min<u32>(n, 16))));
}

/** SSSE3: signs, and arithmetic on neighbours. */
function pairOp(kind: V, a: v128, b: v128): v128 {
  switch (kind) {
    case V.PSIGNB: return applySign<i8>(a, i8x16.gt_s(i64x2.splat(0), b), i8x16.eq(i64x2.splat(0), b));
    case V.PSIGNW: return applySign<i16>(a, i16x8.gt_s(i64x2.splat(0), b), i16x8.eq(i64x2.splat(0), b));
    case V.PSIGND: return applySign<i32>(a, i32x4.gt_s(i64x2.splat(0), b), i32x4.eq(i64x2.splat(0), b));
    case V.PHADDW: return i16x8.add(evenWords(a, b), oddWords(a, b));
    case V.PHADDD: return i32x4.add(evenDwords(a, b), oddDwords(a, b));
    case V.PHADDSW: return i16x8.add_sat_s(evenWords(a, b), oddWords(a, b));
    case V.PHSUBW: return i16x8.sub(evenWords(a, b), oddWords(a, b));
    case V.PHSUBD: return i32x4.sub(evenDwords(a, b), oddDwords(a, b));
    default: return i16x8.sub_sat_s(evenWords(a, b), oddWords(a, b));
  }
}

/** a, negated where `negative`, zero where `zero`. */
@inline function applySign<T>(a: v128, negative: v128, zero: v128): v128 {
  return v128.andnot(v128.sub<T>(v128.xor(a, negative), negative), zero);
}
@inline function evenWords(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14); }
@inline function oddWords(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15); }
@inline function evenDwords(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 0, 2, 4, 6); }
@inline function oddDwords(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 1, 3, 5, 7); }
