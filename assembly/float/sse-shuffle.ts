// Moving lanes about: packs, unpacks, shuffles, blends, inserts, extracts, masks. Intel SDM vol. 2.

import { FLOAT_SCRATCH } from "./env";
import { V } from "./ops";
import { shiftBytesRight } from "./sse-integer";

@inline const A: usize = FLOAT_SCRATCH;
@inline const B: usize = FLOAT_SCRATCH + 16;
@inline const R: usize = FLOAT_SCRATCH + 32;

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

/** Bytes imm to imm + 15 of the 32 made of b (low) and a (high), zeroes beyond. */
function alignRight(a: v128, b: v128, imm: u32): v128 {
  if (imm >= 16) return shiftBytesRight(a, imm - 16);
  v128.store(A, b);
  v128.store(A + 16, a);
  return v128.load(A + imm);
}

/** All ones in each lane whose bit of imm is set. */
function laneMask<T>(imm: u32): v128 {
  for (let i: usize = 0; i < 16 / sizeof<T>(); i++) store<T>(R + i * sizeof<T>(), <T>(0 - <u64>(imm >> <u32>i & 1)));
  return v128.load(R);
}

/** Operations whose lane numbers come from the immediate: through memory. */
function selectOp(kind: V, a: v128, b: v128, imm: u32): v128 {
  v128.store(A, a);
  v128.store(B, b);
  switch (kind) {
    case V.PSHUFD: pick<u32>(B, B, imm); break;
    case V.PSHUFW: pickWords(0, imm); return i64x2.replace_lane(v128.load(R), 1, 0);
    case V.PSHUFLW: pickWords(0, imm); store<u64>(R + 8, load<u64>(B + 8)); break;
    case V.PSHUFHW: pickWords(8, imm); store<u64>(R, load<u64>(B)); break;
    case V.SHUFPS: pick<u32>(A, B, imm); break;
    case V.SHUFPD: store<u64>(R, load<u64>(A + ((imm & 1) << 3))); store<u64>(R + 8, load<u64>(B + ((imm & 2) << 2))); break;
    case V.INSERTPS: insertSingle(imm); break;
    case V.PINSRB: store<u8>(A + (imm & 15), load<u8>(B)); return v128.load(A);
    case V.PINSRW: store<u16>(A + ((imm & 7) << 1), load<u16>(B)); return v128.load(A);
    case V.PINSRD: store<u32>(A + ((imm & 3) << 2), load<u32>(B)); return v128.load(A);
    case V.PINSRQ: store<u64>(A + ((imm & 1) << 3), load<u64>(B)); return v128.load(A);
    case V.PEXTRB: return i64x2(<i64>load<u8>(B + (imm & 15)), 0);
    case V.PEXTRW: return i64x2(<i64>load<u16>(B + ((imm & 7) << 1)), 0);
    case V.PEXTRD: return i64x2(<i64>load<u32>(B + ((imm & 3) << 2)), 0);
    default: return i64x2(<i64>load<u64>(B + ((imm & 1) << 3)), 0);
  }
  return v128.load(R);
}

/** Two lanes from `low`, two from `high`, two bits of imm each. */
function pick<T>(low: usize, high: usize, imm: u32): void {
  store<T>(R, load<T>(low + (imm & 3) * sizeof<T>()));
  store<T>(R + sizeof<T>(), load<T>(low + (imm >> 2 & 3) * sizeof<T>()));
  store<T>(R + 2 * sizeof<T>(), load<T>(high + (imm >> 4 & 3) * sizeof<T>()));
  store<T>(R + 3 * sizeof<T>(), load<T>(high + (imm >> 6 & 3) * sizeof<T>()));
}
function pickWords(at: usize, imm: u32): void {
  for (let i: usize = 0; i < 4; i++) store<u16>(R + at + 2 * i, load<u16>(B + at + (<usize>imm >> (2 * i) & 3) * 2));
}

/** INSERTPS: b's lane imm[7:6] to lane imm[5:4], then zeroes by imm[3:0]. A memory source is its one lane: see isa. */
function insertSingle(imm: u32): void {
  store<u32>(A + (imm >> 4 & 3) * 4, load<u32>(B + (imm >> 6) * 4));
  for (let i: usize = 0; i < 4; i++) store<u32>(R + i * 4, imm >> <u32>i & 1 ? 0 : load<u32>(A + i * 4));
}
