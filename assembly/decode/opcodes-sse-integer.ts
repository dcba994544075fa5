// Integer rows of the 0F map: MMX without a prefix, the same on XMM with 66. Intel SDM vol. 2, tables.

import { V } from "../float/ops";
import { H } from "./handlers";
import { FROM_GPR, XMM_FORM } from "./sse-forms";
import { Form, Group, Map } from "./forms";
import { member, row } from "./rows";
import { Uses } from "./uses";

/** mm, mm/m64. */
@inline const MM: u32 = Form.MODRM | Form.REG_VECTOR | Form.RM_VECTOR | Form.MMX | Form.FIXED32;
@inline const I: u32 = Form.IMM8;
/** r32 from a vector register. */
@inline const MASK: u32 = Form.MODRM | Form.RM_VECTOR | Form.FIXED32 | Form.REG_ONLY;

export function defineSseIntegers(): void {
  defineLow();
  defineMoves();
  defineShiftGroups();
  defineHigh();
}

function both(opcode: u32, kind: u32): void {
  row(Map.OF, opcode, H.MMX_OP, MM, kind + V.MMX, 0, Uses.MMX);
  row(Map.OF_66, opcode, H.SSE_OP, XMM_FORM, kind);
}
function xmmOnly(opcode: u32, kind: u32): void { row(Map.OF_66, opcode, H.SSE_OP, XMM_FORM, kind); }

/** Rows of `count` opcodes whose kinds follow each other as the opcodes do. */
function run(opcode: u32, kind: u32, count: u32): void { for (let k: u32 = 0; k < count; k++) both(opcode + k, kind + k); }

/** 60-76. */
function defineLow(): void {
  run(0x60, V.PUNPCKLBW, 3);
  // From memory, MMX takes only the half that it uses.
  for (let k: u32 = 0; k < 3; k++) row(Map.OF, 0x60 + k, H.MMX_OP_4, MM, V.PUNPCKLBW + V.MMX + k, 0, Uses.MMX);
  both(0x63, V.PACKSSWB);
  run(0x64, V.PCMPGTB, 3);
  both(0x67, V.PACKUSWB);
  run(0x68, V.PUNPCKHBW, 3);
  both(0x6b, V.PACKSSDW);
  xmmOnly(0x6c, V.PUNPCKLQDQ);
  xmmOnly(0x6d, V.PUNPCKHQDQ);
  row(Map.OF, 0x70, H.MMX_OP, MM | I, V.PSHUFW + V.MMX, 0, Uses.MMX);
  row(Map.OF_66, 0x70, H.SSE_OP, XMM_FORM | I, V.PSHUFD);
  row(Map.OF_F3, 0x70, H.SSE_OP, XMM_FORM | I, V.PSHUFHW);
  row(Map.OF_F2, 0x70, H.SSE_OP, XMM_FORM | I, V.PSHUFLW);
  run(0x74, V.PCMPEQB, 3);
  row(Map.OF, 0x77, H.EMMS, Form.MMX, 0, 0, Uses.MMX);
}

function defineMoves(): void {
  row(Map.OF, 0x6e, H.MMX_FROM_GPR, Form.MODRM | Form.REG_VECTOR | Form.MMX | Form.SIZE_W, 0, 0, Uses.MMX_FROM_GPR);
  row(Map.OF_66, 0x6e, H.SSE_FROM_GPR, FROM_GPR);
  row(Map.OF, 0x7e, H.MMX_TO_GPR, Form.MODRM | Form.REG_VECTOR | Form.MMX | Form.SIZE_W | Form.RM_DST, 0, 0, Uses.MMX_TO_GPR);
  row(Map.OF_66, 0x7e, H.SSE_TO_GPR, FROM_GPR | Form.RM_DST);
  row(Map.OF_F3, 0x7e, H.SSE_LOAD_8, XMM_FORM, V.LOW64);
  row(Map.OF, 0x6f, H.MMX_MOVE, MM, 0, 0, Uses.MMX);
  row(Map.OF_66, 0x6f, H.SSE_LOAD_A, XMM_FORM);
  row(Map.OF_F3, 0x6f, H.SSE_LOAD_U, XMM_FORM);
  row(Map.OF, 0x7f, H.MMX_STORE, MM | Form.RM_DST, 0, 0, Uses.MMX);
  row(Map.OF_66, 0x7f, H.SSE_STORE_A, XMM_FORM | Form.RM_DST);
  row(Map.OF_F3, 0x7f, H.SSE_STORE_U, XMM_FORM | Form.RM_DST);
  row(Map.OF_66, 0xd6, H.SSE_STORE_8, XMM_FORM | Form.RM_DST, V.LOW64);
  row(Map.OF_F3, 0xd6, H.MMX_TO_XMM, XMM_FORM | Form.REG_ONLY, 0, 0, Uses.MMX);
  row(Map.OF_F2, 0xd6, H.XMM_TO_MMX, XMM_FORM | Form.REG_ONLY, 0, 0, Uses.MMX);
  row(Map.OF, 0xe7, H.MMX_STORE, MM | Form.RM_DST | Form.MEM_ONLY, 0, 0, Uses.MMX);
  row(Map.OF_66, 0xe7, H.SSE_STORE_A, XMM_FORM | Form.RM_DST | Form.MEM_ONLY);
  row(Map.OF_F2, 0xf0, H.SSE_LOAD_U, XMM_FORM | Form.MEM_ONLY);
  row(Map.OF, 0xf7, H.MMX_MASKMOV, MM | Form.REG_ONLY | Form.STRING, 0, 0, Uses.MMX_MASKMOV);
  row(Map.OF_66, 0xf7, H.SSE_MASKMOV, XMM_FORM | Form.REG_ONLY | Form.STRING, 0, 0, Uses.SSE_MASKMOV);
  row(Map.OF, 0xd7, H.MMX_MASK, MASK | Form.MMX, V.PMOVMSKB + V.MMX, 0, Uses.MMX_TO_GPR);
  row(Map.OF_66, 0xd7, H.SSE_MASK, MASK | Form.SSE, V.PMOVMSKB);
  row(Map.OF, 0xc4, H.MMX_INSERT, Form.MODRM | Form.REG_VECTOR | Form.MMX | Form.FIXED32 | I, 0, 0, Uses.MMX_FROM_GPR);
  row(Map.OF_66, 0xc4, H.SSE_INSERT, Form.MODRM | Form.REG_VECTOR | Form.SSE | Form.FIXED32 | I, V.PINSRW);
  row(Map.OF, 0xc5, H.MMX_MASK, MASK | Form.MMX | I, V.PEXTRW + V.MMX, 0, Uses.MMX_TO_GPR);
  row(Map.OF_66, 0xc5, H.SSE_MASK, MASK | Form.SSE | I, V.PEXTRW);
}

/** Groups 12 to 14: shifts by an immediate. */
function defineShiftGroups(): void {
  shiftGroup(0x71, Group.G12, Group.G12_66, V.PSRLW, V.PSRAW, V.PSLLW);
  shiftGroup(0x72, Group.G13, Group.G13_66, V.PSRLD, V.PSRAD, V.PSLLD);
  shiftGroup(0x73, Group.G14, Group.G14_66, V.PSRLQ, 0, V.PSLLQ);
  const form: u32 = XMM_FORM | Form.RM_DST | Form.REG_ONLY | I;
  member(Group.G14_66, 3, H.SSE_SHIFT_I, form, V.PSRLDQ);
  member(Group.G14_66, 7, H.SSE_SHIFT_I, form, V.PSLLDQ);
}
function shiftGroup(opcode: u32, mmx: u32, xmm: u32, right: u32, arithmetic: u32, left: u32): void {
  row(Map.OF, opcode, 0, Form.GROUP, mmx);
  row(Map.OF_66, opcode, 0, Form.GROUP, xmm);
  shiftMembers(mmx, H.MMX_SHIFT_I, MM, V.MMX, right, arithmetic, left, Uses.MMX);
  shiftMembers(xmm, H.SSE_SHIFT_I, XMM_FORM, 0, right, arithmetic, left, Uses.ALL);
}
function shiftMembers(group: u32, handler: u32, form: u32, add: u32, right: u32, arithmetic: u32, left: u32, uses: u32): void {
  const all = form | Form.RM_DST | Form.REG_ONLY | I;
  member(group, 2, handler, all, right + add, 0, uses);
  if (arithmetic) member(group, 4, handler, all, arithmetic + add, 0, uses);
  member(group, 6, handler, all, left + add, 0, uses);
}

/** D1-FE. */
function defineHigh(): void {
  run(0xd1, V.PSRLW, 3);
  both(0xd4, V.PADDQ);
  both(0xd5, V.PMULLW);
  run(0xd8, V.PSUBUSB, 2);
  both(0xda, V.PMINUB);
  both(0xdb, V.AND);
  run(0xdc, V.PADDUSB, 2);
  both(0xde, V.PMAXUB);
  both(0xdf, V.ANDN);
  both(0xe0, V.PAVGB);
  run(0xe1, V.PSRAW, 2);
  both(0xe3, V.PAVGW);
  both(0xe4, V.PMULHUW);
  both(0xe5, V.PMULHW);
  run(0xe8, V.PSUBSB, 2);
  both(0xea, V.PMINSW);
  both(0xeb, V.OR);
  run(0xec, V.PADDSB, 2);
  both(0xee, V.PMAXSW);
  both(0xef, V.XOR);
  run(0xf1, V.PSLLW, 3);
  both(0xf4, V.PMULUDQ);
  both(0xf5, V.PMADDWD);
  both(0xf6, V.PSADBW);
  run(0xf8, V.PSUBB, 4);
  run(0xfc, V.PADDB, 3);
}
