// Lane operations that only move bytes: one Wasm shuffle each. Its first operand has bytes 0 to 15, its second 16 to 31; what has one operand is given
// zeroes as the second, which an engine sees through.

import { V } from "../float/ops";
import { temporary } from "./locals";
import { byte, constantV, get, set, simd, zeroVector } from "./writer";
import { T, X } from "./wasm";

export function isShuffle(kind: u32): bool {
  if (kind >= <u32>V.PUNPCKLBW && kind <= <u32>V.PUNPCKHQDQ || kind >= <u32>V.PSHUFW && kind <= <u32>V.MOVSHDUP) return true;
  return kind == <u32>V.PSLLDQ || kind == <u32>V.PSRLDQ || kind == <u32>V.INSERTPS;
}

/** On its operands on the stack; `two`: there are two. */
export function writeShuffle(kind: u32, imm: u32, two: bool): void {
  if (kind == <u32>V.PSLLDQ) { shiftLeft(min<u32>(imm, 16)); return; }
  if (!two) zeroVector();
  switch (<i32>kind) {
    case V.PUNPCKLBW: bytes(0x1101_1000, 0x1303_1202, 0x1505_1404, 0x1707_1606); break;
    case V.PUNPCKHBW: bytes(0x1909_1808, 0x1b0b_1a0a, 0x1d0d_1c0c, 0x1f0f_1e0e); break;
    case V.PUNPCKLWD: bytes(0x1110_0100, 0x1312_0302, 0x1514_0504, 0x1716_0706); break;
    case V.PUNPCKHWD: bytes(0x1918_0908, 0x1b1a_0b0a, 0x1d1c_0d0c, 0x1f1e_0f0e); break;
    case V.PUNPCKLDQ: fourLanes(0, 4, 1, 5); break;
    case V.PUNPCKHDQ: fourLanes(2, 6, 3, 7); break;
    case V.PUNPCKLQDQ: case V.MOVLHPS: fourLanes(0, 1, 4, 5); break;
    case V.PUNPCKHQDQ: fourLanes(2, 3, 6, 7); break;
    case V.MOVHLPS: fourLanes(6, 7, 2, 3); break;
    case V.MOVDDUP: fourLanes(0, 1, 0, 1); break;
    case V.MOVSLDUP: fourLanes(0, 0, 2, 2); break;
    case V.MOVSHDUP: fourLanes(1, 1, 3, 3); break;
    case V.PSHUFD: fourLanes(imm & 3, imm >> 2 & 3, imm >> 4 & 3, imm >> 6 & 3); break;
    case V.SHUFPS: fourLanes(imm & 3, imm >> 2 & 3, 4 + (imm >> 4 & 3), 4 + (imm >> 6 & 3)); break;
    case V.SHUFPD: { const x = (imm & 1) << 1, y = 4 + (imm & 2); fourLanes(x, x + 1, y, y + 1); break; }
    case V.PSHUFW: simd(X.SHUFFLE); fourWords(imm, 0); four(0x1010_1010); four(0x1010_1010); break;
    case V.PSHUFLW: simd(X.SHUFFLE); fourWords(imm, 0); four(0x0b0a_0908); four(0x0f0e_0d0c); break;
    case V.PSHUFHW: simd(X.SHUFFLE); four(0x0302_0100); four(0x0706_0504); fourWords(imm, 8); break;
    case V.PALIGNR: case V.PSRLDQ: from(min<u32>(imm, 16)); break;
    case V.BLENDPS: blend(imm, 4); break;
    case V.BLENDPD: blend(imm, 8); break;
    case V.PBLENDW: blend(imm, 2); break;
    default: insertSingle(imm);
  }
}

/** The bytes that a shuffle takes, four to a word. */
export function bytes(w0: u32, w1: u32, w2: u32, w3: u32): void { simd(X.SHUFFLE); four(w0); four(w1); four(w2); four(w3); }
function four(w: u32): void { byte(w & 0xff); byte(w >> 8 & 0xff); byte(w >> 16 & 0xff); byte(w >> 24); }
/** The lanes of 32 bits that it takes, by number. */
export function fourLanes(a: u32, b: u32, c: u32, d: u32): void { bytes(laneBytes(a), laneBytes(b), laneBytes(c), laneBytes(d)); }
@inline function laneBytes(n: u32): u32 { return 0x0302_0100 + n * 0x0404_0404; }

/** Four words of 16 bits, numbered by pairs of bits, from byte `base` on. */
function fourWords(imm: u32, base: u32): void {
  for (let k: u32 = 0; k < 8; k += 2) { const at = base + ((imm >> k & 3) << 1); byte(at); byte(at + 1); }
}

/** Sixteen bytes from byte `n` on. */
function from(n: u32): void {
  simd(X.SHUFFLE);
  for (let k: u32 = 0; k < 16; k++) byte(n + k);
}
function shiftLeft(n: u32): void {
  const x = temporary(T.V128);
  set(x);
  zeroVector(); get(x);
  from(16 - n);
}
/** Lanes of `size` bytes: b's where the immediate has a bit. */
function blend(imm: u32, size: u32): void {
  simd(X.SHUFFLE);
  for (let k: u32 = 0; k < 16; k++) byte(imm >> k / size & 1 ? 16 + k : k);
}

/** INSERTPS: b's lane imm[7:6] to lane imm[5:4], then zeroes by imm[3:0]. */
function insertSingle(imm: u32): void {
  const to = imm >> 4 & 3, lane = 4 + (imm >> 6 & 3);
  fourLanes(to == 0 ? lane : 0, to == 1 ? lane : 1, to == 2 ? lane : 2, to == 3 ? lane : 3);
  if ((imm & 15) == 0) return;
  constantV(keptLanes(imm), keptLanes(imm >> 2)); simd(X.AND);
}
function keptLanes(imm: u32): u64 { return (imm & 1 ? 0 : 0xffff_ffff) | (imm & 2 ? 0 : <u64>0xffff_ffff << 32); }
