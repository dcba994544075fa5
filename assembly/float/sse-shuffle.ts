// Moving lanes about: packs, unpacks, shuffles, blends, inserts, extracts, masks. Intel SDM vol. 2.

import { V } from "./ops";
import { shiftBytesRight } from "./sse-integer";

export function shuffleOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  switch (kind) {
    case V.PACKSSWB: return i8x16.narrow_i16x8_s(a, b);
    case V.PACKUSWB: return i8x16.narrow_i16x8_u(a, b);
    case V.PACKSSDW: return i16x8.narrow_i32x4_s(a, b);
    case V.PACKUSDW: return i16x8.narrow_i32x4_u(a, b);
    case V.PUNPCKLBW: return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    case V.PUNPCKHBW: return v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    case V.PUNPCKLWD: return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    case V.PUNPCKHWD: return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    case V.PUNPCKLDQ: return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    case V.PUNPCKHDQ: return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    case V.PUNPCKLQDQ:
    case V.MOVLHPS: return v128.shuffle<i64>(a, b, 0, 2);
    case V.PUNPCKHQDQ: return v128.shuffle<i64>(a, b, 1, 3);
    case V.MOVHLPS: return v128.shuffle<i64>(a, b, 3, 1);
    // swizzle answers 0 for any index of 16 and more; PSHUFB looks at bits 0-3 and 7.
    case V.PSHUFB: return i8x16.swizzle(a, v128.and(b, i8x16.splat(<i8>0x8f)));
    case V.PALIGNR: return alignRight(a, b, imm);
    case V.BLENDPS: return v128.bitselect(b, a, laneMask<u32>(imm));
    case V.BLENDPD: return v128.bitselect(b, a, laneMask<u64>(imm));
    case V.PBLENDW: return v128.bitselect(b, a, laneMask<u16>(imm));
    case V.MOVDDUP: return v128.shuffle<i64>(b, b, 0, 0);
    case V.MOVSLDUP: return v128.shuffle<i32>(b, b, 0, 0, 2, 2);
    case V.MOVSHDUP: return v128.shuffle<i32>(b, b, 1, 1, 3, 3);
    case V.PMOVMSKB: return i64x2(<i64>i8x16.bitmask(b), 0);
    case V.MOVMSKPS: return i64x2(<i64>i32x4.bitmask(b), 0);
    case V.MOVMSKPD: return i64x2(<i64>i64x2.bitmask(b), 0);
    case V.PTEST: return i64x2(<i64>(v128.any_true(v128.and(a, b)) ? 0 : 0x40) | <i64>(v128.any_true(v128.andnot(b, a)) ? 0 : 1), 0);
    default: return kind >= V.PMOVSXBW && kind <= V.PMOVZXDQ ? extendOp(kind, b) : selectOp(kind, a, b, imm);
  }
}

/** Sign and zero extension of the low lanes of b. */
function extendOp(kind: V, b: v128): v128 {
  switch (kind) {
    case V.PMOVSXBW: return i16x8.extend_low_i8x16_s(b);
    case V.PMOVSXBD: return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(b));
    case V.PMOVSXBQ: return i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(b)));
    case V.PMOVSXWD: return i32x4.extend_low_i16x8_s(b);
    case V.PMOVSXWQ: return i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(b));
    case V.PMOVSXDQ: return i64x2.extend_low_i32x4_s(b);
    case V.PMOVZXBW: return i16x8.extend_low_i8x16_u(b);
    case V.PMOVZXBD: return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(b));
    case V.PMOVZXBQ: return i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(b)));
    case V.PMOVZXWD: return i32x4.extend_low_i16x8_u(b);
    case V.PMOVZXWQ: return i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(b));
    default: return i64x2.extend_low_i32x4_u(b);
  }
}

/** The numbers of the bytes: what a swizzle that changes nothing asks for. */
@inline function iota(): v128 { return i64x2(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908); }

/** Bytes imm to imm + 15 of the 32 made of b (low) and a (high), zeroes beyond: a swizzle answers 0 for what its operand does not have. */
function alignRight(a: v128, b: v128, imm: u32): v128 {
  if (imm >= 16) return shiftBytesRight(a, imm - 16);
  const low = i8x16.add(iota(), i8x16.splat(<i8>imm));
  return v128.or(i8x16.swizzle(b, low), i8x16.swizzle(a, i8x16.sub(low, i8x16.splat(16))));
}

/** All ones in each lane whose bit of imm is set. */
@inline function laneMask<T>(imm: u32): v128 {
  if (sizeof<T>() == 8) { const bits = i64x2(1, 2); return i64x2.eq(v128.and(i64x2.splat(imm), bits), bits); }
  if (sizeof<T>() == 4) { const bits = i32x4(1, 2, 4, 8); return i32x4.eq(v128.and(i32x4.splat(imm), bits), bits); }
  const bits = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
  return i16x8.eq(v128.and(i16x8.splat(<i16>imm), bits), bits);
}

/** Byte numbers of the 32-bit lane that the low two bits of imm name; of the four words that its four pairs name. */
@inline function laneBytes(imm: u32): i32 { return 0x0302_0100 + (imm & 3) * 0x0404_0404; }
@inline function wordBytes(imm: u32): i64 {
  const words = <u64>(imm & 3) | <u64>(imm >> 2 & 3) << 16 | <u64>(imm >> 4 & 3) << 32 | <u64>(imm >> 6 & 3) << 48;
  return <i64>(0x0100_0100_0100_0100 + words * 0x0202);
}

/** Operations whose lane numbers come from the immediate. */
function selectOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  switch (kind) {
    case V.PSHUFD: return i8x16.swizzle(b, i32x4(laneBytes(imm), laneBytes(imm >> 2), laneBytes(imm >> 4), laneBytes(imm >> 6)));
    case V.PSHUFW: return i8x16.swizzle(b, i64x2(wordBytes(imm), -1));
    case V.PSHUFLW: return i8x16.swizzle(b, i64x2(wordBytes(imm), 0x0f0e_0d0c_0b0a_0908));
    case V.PSHUFHW: return i8x16.swizzle(b, i64x2(0x0706_0504_0302_0100, wordBytes(imm) + 0x0808_0808_0808_0808));
    case V.SHUFPS: {
      const low = i8x16.swizzle(a, i32x4(laneBytes(imm), laneBytes(imm >> 2), 0, 0));
      const high = i8x16.swizzle(b, i32x4(laneBytes(imm >> 4), laneBytes(imm >> 6), 0, 0));
      return v128.shuffle<i64>(low, high, 0, 2);
    }
    case V.SHUFPD: return i64x2(imm & 1 ? i64x2.extract_lane(a, 1) : i64x2.extract_lane(a, 0), imm & 2 ? i64x2.extract_lane(b, 1) : i64x2.extract_lane(b, 0));
    case V.INSERTPS: return insertSingle(a, b, imm);
    case V.PINSRB: return v128.bitselect(i8x16.splat(<i8>low64(b)), a, i8x16.eq(iota(), i8x16.splat(<i8>(imm & 15))));
    case V.PINSRW: return v128.bitselect(i16x8.splat(<i16>low64(b)), a, i16x8.eq(i16x8(0, 1, 2, 3, 4, 5, 6, 7), i16x8.splat(<i16>(imm & 7))));
    case V.PINSRD: return v128.bitselect(i32x4.splat(<i32>low64(b)), a, i32x4.eq(i32x4(0, 1, 2, 3), i32x4.splat(imm & 3)));
    case V.PINSRQ: return imm & 1 ? i64x2.replace_lane(a, 1, low64(b)) : i64x2.replace_lane(a, 0, low64(b));
    case V.PEXTRB: return i64x2(low64(i8x16.swizzle(b, i8x16.splat(<i8>(imm & 15)))) & 0xff, 0);
    case V.PEXTRW: return i64x2(low64(i8x16.swizzle(b, i16x8.splat(<i16>(0x0100 + (imm & 7) * 0x0202)))) & 0xffff, 0);
    case V.PEXTRD: return i64x2(low64(i8x16.swizzle(b, i32x4.splat(laneBytes(imm)))) & 0xffff_ffff, 0);
    default: return i64x2(imm & 1 ? i64x2.extract_lane(b, 1) : low64(b), 0);
  }
}
@inline function low64(v: v128): i64 { return i64x2.extract_lane(v, 0); }

/** INSERTPS: b's lane imm[7:6] to lane imm[5:4], then zeroes by imm[3:0]. A memory source is its one lane: see isa. */
function insertSingle(a: v128, b: v128, imm: u32): v128 {
  const lane = i8x16.swizzle(b, i32x4.splat(laneBytes(imm >> 6)));
  const placed = v128.bitselect(lane, a, i32x4.eq(i32x4(0, 1, 2, 3), i32x4.splat(imm >> 4 & 3)));
  return v128.andnot(placed, laneMask<u32>(imm & 15));
}
