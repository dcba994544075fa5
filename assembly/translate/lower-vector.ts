// Lane operations that are one or two Wasm SIMD instructions, bit for bit; the others call the module's own (float/vector.ts).

import { V } from "../float/ops";
import { Import } from "./imports";
import { byte, call, constant32, simd } from "./writer";
import { X } from "./wasm";

/** The SIMD instruction of a b that does it, or 0. */
function simple(kind: u32): u32 {
  switch (<i32>kind) {
    case V.AND: return 78;
    case V.ANDN: return 79;
    case V.OR: return 80;
    case V.XOR: return 81;
    case V.PADDB: return 110;
    case V.PADDSB: return 111;
    case V.PADDUSB: return 112;
    case V.PSUBB: return 113;
    case V.PSUBSB: return 114;
    case V.PSUBUSB: return 115;
    case V.PADDW: return 142;
    case V.PADDSW: return 143;
    case V.PADDUSW: return 144;
    case V.PSUBW: return 145;
    case V.PSUBSW: return 146;
    case V.PSUBUSW: return 147;
    case V.PADDD: return 174;
    case V.PSUBD: return 177;
    case V.PADDQ: return 206;
    case V.PSUBQ: return 209;
    case V.PMULLW: return 149;
    case V.PMULLD: return 181;
    case V.PMADDWD: return 186;
    case V.PAVGB: return 123;
    case V.PAVGW: return 155;
    case V.PMINSB: return 118;
    case V.PMINUB: return 119;
    case V.PMAXSB: return 120;
    case V.PMAXUB: return 121;
    case V.PMINSW: return 150;
    case V.PMINUW: return 151;
    case V.PMAXSW: return 152;
    case V.PMAXUW: return 153;
    case V.PMINSD: return 182;
    case V.PMINUD: return 183;
    case V.PMAXSD: return 184;
    case V.PMAXUD: return 185;
    case V.PCMPEQB: return 35;
    case V.PCMPEQW: return 45;
    case V.PCMPEQD: return 55;
    case V.PCMPEQQ: return 214;
    case V.PCMPGTB: return 39;
    case V.PCMPGTW: return 49;
    case V.PCMPGTD: return 59;
    case V.PCMPGTQ: return 217;
    case V.PACKSSWB: return 101;
    case V.PACKUSWB: return 102;
    case V.PACKSSDW: return 133;
    case V.PACKUSDW: return 134;
    default: return 0;
  }
}

/** Bytes of a (0-15) and b (16-31) that a shuffle takes, four to a word; false when the kind is none. */
function shuffled(kind: u32, imm: u32): bool {
  switch (<i32>kind) {
    case V.PUNPCKLBW: return shuffle(0x1101_1000, 0x1303_1202, 0x1505_1404, 0x1707_1606);
    case V.PUNPCKHBW: return shuffle(0x1909_1808, 0x1b0b_1a0a, 0x1d0d_1c0c, 0x1f0f_1e0e);
    case V.PUNPCKLWD: return shuffle(0x1110_0100, 0x1312_0302, 0x1514_0504, 0x1716_0706);
    case V.PUNPCKHWD: return shuffle(0x1918_0908, 0x1b1a_0b0a, 0x1d1c_0d0c, 0x1f1e_0f0e);
    case V.PUNPCKLDQ: return shuffle(0x0302_0100, 0x1312_1110, 0x0706_0504, 0x1716_1514);
    case V.PUNPCKHDQ: return shuffle(0x0b0a_0908, 0x1b1a_1918, 0x0f0e_0d0c, 0x1f1e_1d1c);
    case V.PUNPCKLQDQ: case V.MOVLHPS: return shuffle(0x0302_0100, 0x0706_0504, 0x1312_1110, 0x1716_1514);
    case V.PUNPCKHQDQ: return shuffle(0x0b0a_0908, 0x0f0e_0d0c, 0x1b1a_1918, 0x1f1e_1d1c);
    case V.MOVHLPS: return shuffle(0x1b1a_1918, 0x1f1e_1d1c, 0x0b0a_0908, 0x0f0e_0d0c);
    case V.MERGE32: return shuffle(0x1312_1110, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c);
    case V.MERGE64: return shuffle(0x1312_1110, 0x1716_1514, 0x0b0a_0908, 0x0f0e_0d0c);
    case V.PSHUFD: return shuffle(lane(16, imm), lane(16, imm >> 2), lane(16, imm >> 4), lane(16, imm >> 6));
    case V.SHUFPS: return shuffle(lane(0, imm), lane(0, imm >> 2), lane(16, imm >> 4), lane(16, imm >> 6));
    case V.SHUFPD: return shuffle(lane(0, (imm & 1) << 1), lane(0, (imm & 1) << 1 | 1), lane(16, imm & 2), lane(16, imm & 2 | 1));
    default: return false;
  }
}
function lane(from: u32, n: u32): u32 { return 0x0302_0100 + (from + ((n & 3) << 2)) * 0x0101_0101; }
function shuffle(w0: u32, w1: u32, w2: u32, w3: u32): bool {
  simd(X.SHUFFLE);
  four(w0); four(w1); four(w2); four(w3);
  return true;
}
function four(w: u32): void { byte(w & 0xff); byte(w >> 8 & 0xff); byte(w >> 16 & 0xff); byte(w >> 24); }

/** A lane operation that cannot report, on the two operands that are on the stack: a, then b; PANDN's are the other way round. */
export function writeLanes(operation: u32): void {
  const kind = operation & 0xffff, op = simple(kind);
  if (op) { simd(op); return; }
  if (shuffled(kind, operation >> 16)) return;
  constant32(operation);
  call(Import.LANES);
}
