// MMX and SSE to SSE4.2: the 0F map's moves and floating point. Intel SDM vol. 2, table A-3 and, for the groups, A-6.
// Integer rows are in opcodes-sse-integer.ts, 0F38 and 0F3A in opcodes-sse-4.ts. `kind` is a lane operation (float/ops.ts).
// Not announced, so without rows: 3DNow!, SSE4a, AES (0F38 DB-DF), PCLMULQDQ (0F3A 44), SHA, AVX.

import { F, V } from "../float/ops";
import { H } from "./handlers";
import { Form, Group, Map } from "./forms";
import { member, row } from "./rows";
import { Uses } from "./uses";
import { defineSse4 } from "./opcodes-sse-4";
import { defineSseIntegers } from "./opcodes-sse-integer";
import { FROM_GPR, TO_GPR, XMM_FORM, fourForms, packed, plain, with66, withF2, withF3 } from "./sse-forms";

@inline const STORE: u32 = XMM_FORM | Form.RM_DST;
@inline const MEM: u32 = Form.MEM_ONLY;
@inline const I: u32 = Form.IMM8;

export function defineSse(): void {
  reserve();
  defineMoves();
  defineArithmetic();
  defineConversions();
  defineState();
  defineSseIntegers();
  defineSse4();
}

/**
 * In these parts of the maps a prefix that selects no instruction is not ignored: the encoding is reserved and raises #UD.
 * A row with a form and no handler says so.
 */
function reserve(): void {
  reserveRange(Map.OF, 0x10, 0x17);
  reserveRange(Map.OF, 0x28, 0x2f);
  reserveRange(Map.OF, 0x50, 0x7f);
  reserveRange(Map.OF, 0xc2, 0xc3);
  reserveRange(Map.OF, 0xc4, 0xc6);
  reserveRange(Map.OF, 0xd0, 0xfe);
  reserveRange(Map.OF38, 0x00, 0x41);
  reserveRange(Map.OF3A, 0x00, 0x63);
}
function reserveRange(map: u32, first: u32, last: u32): void {
  for (let prefix: u32 = 1; prefix < 4; prefix++) {
    for (let opcode = first; opcode <= last; opcode++) row(map + prefix, opcode, H.UNDEFINED, Form.FIXED32);
  }
}

function defineMoves(): void {
  packed(0x10, H.SSE_LOAD_U, XMM_FORM, 0);
  packed(0x11, H.SSE_STORE_U, STORE, 0);
  withF3(0x10, H.SSE_LOAD_4, XMM_FORM, V.MERGE32);
  withF3(0x11, H.SSE_STORE_4, STORE, V.MERGE32);
  withF2(0x10, H.SSE_LOAD_8, XMM_FORM, V.MERGE64);
  withF2(0x11, H.SSE_STORE_8, STORE, V.MERGE64);
  plain(0x12, H.SSE_LOAD_LOW, XMM_FORM, 0);
  with66(0x12, H.SSE_LOAD_LOW, XMM_FORM | MEM, 0);
  withF3(0x12, H.SSE_OP, XMM_FORM, V.MOVSLDUP);
  withF2(0x12, H.SSE_OP_8, XMM_FORM, V.MOVDDUP);
  packed(0x13, H.SSE_STORE_8, STORE | MEM, 0);
  plain(0x16, H.SSE_OP_8, XMM_FORM, V.MOVLHPS);
  with66(0x16, H.SSE_OP_8, XMM_FORM | MEM, V.MOVLHPS);
  withF3(0x16, H.SSE_OP, XMM_FORM, V.MOVSHDUP);
  packed(0x17, H.SSE_STORE_HIGH, STORE | MEM, 0);
  packed(0x28, H.SSE_LOAD_A, XMM_FORM, 0);
  packed(0x29, H.SSE_STORE_A, STORE, 0);
  packed(0x2b, H.SSE_STORE_A, STORE | MEM, 0);
  packed(0x50, H.SSE_MASK, Form.MODRM | Form.RM_VECTOR | Form.SSE | Form.FIXED32 | Form.REG_ONLY, V.MOVMSKPS);
  with66(0x50, H.SSE_MASK, Form.MODRM | Form.RM_VECTOR | Form.SSE | Form.FIXED32 | Form.REG_ONLY, V.MOVMSKPD);
  plain(0x14, H.SSE_OP, XMM_FORM, V.PUNPCKLDQ);
  with66(0x14, H.SSE_OP, XMM_FORM, V.PUNPCKLQDQ);
  plain(0x15, H.SSE_OP, XMM_FORM, V.PUNPCKHDQ);
  with66(0x15, H.SSE_OP, XMM_FORM, V.PUNPCKHQDQ);
  plain(0xc6, H.SSE_OP, XMM_FORM | I, V.SHUFPS);
  with66(0xc6, H.SSE_OP, XMM_FORM | I, V.SHUFPD);
}

function defineArithmetic(): void {
  fourForms(0x51, V.SQRT, XMM_FORM);
  fourForms(0x58, V.ADD, XMM_FORM);
  fourForms(0x59, V.MUL, XMM_FORM);
  fourForms(0x5c, V.SUB, XMM_FORM);
  fourForms(0x5d, V.MIN, XMM_FORM);
  fourForms(0x5e, V.DIV, XMM_FORM);
  fourForms(0x5f, V.MAX, XMM_FORM);
  fourForms(0xc2, V.CMP, XMM_FORM | I);
  plain(0x52, H.SSE_OP, XMM_FORM, V.RSQRT + F.PS);
  withF3(0x52, H.SSE_OP_4, XMM_FORM, V.RSQRT + F.SS);
  plain(0x53, H.SSE_OP, XMM_FORM, V.RCP + F.PS);
  withF3(0x53, H.SSE_OP_4, XMM_FORM, V.RCP + F.SS);
  packed(0x54, H.SSE_OP, XMM_FORM, V.AND);
  packed(0x55, H.SSE_OP, XMM_FORM, V.ANDN);
  packed(0x56, H.SSE_OP, XMM_FORM, V.OR);
  packed(0x57, H.SSE_OP, XMM_FORM, V.XOR);
  plain(0x2e, H.SSE_FLAGS_4, XMM_FORM, V.UCOMI + F.SS);
  with66(0x2e, H.SSE_FLAGS_8, XMM_FORM, V.UCOMI + F.SD);
  plain(0x2f, H.SSE_FLAGS_4, XMM_FORM, V.COMI + F.SS);
  with66(0x2f, H.SSE_FLAGS_8, XMM_FORM, V.COMI + F.SD);
  with66(0x7c, H.SSE_OP, XMM_FORM, V.HADD + F.PD);
  withF2(0x7c, H.SSE_OP, XMM_FORM, V.HADD + F.PS);
  with66(0x7d, H.SSE_OP, XMM_FORM, V.HSUB + F.PD);
  withF2(0x7d, H.SSE_OP, XMM_FORM, V.HSUB + F.PS);
  with66(0xd0, H.SSE_OP, XMM_FORM, V.ADDSUB + F.PD);
  withF2(0xd0, H.SSE_OP, XMM_FORM, V.ADDSUB + F.PS);
}

function defineConversions(): void {
  plain(0x2a, H.CVT_FROM_MMX, XMM_FORM, V.CVTPI2PS, Uses.MMX);
  with66(0x2a, H.CVT_FROM_MMX, XMM_FORM, V.CVTDQ2PD, Uses.MMX);
  withF3(0x2a, H.SSE_FROM_INT, FROM_GPR, V.CVTSI2SS);
  withF2(0x2a, H.SSE_FROM_INT, FROM_GPR, V.CVTSI2SD);
  plain(0x2c, H.CVT_TO_MMX_8, XMM_FORM, V.CVTTPS2PI, Uses.MMX);
  with66(0x2c, H.CVT_TO_MMX_16, XMM_FORM, V.CVTTPD2DQ, Uses.MMX);
  withF3(0x2c, H.SSE_TO_INT_4, TO_GPR, V.CVTTSS2SI);
  withF2(0x2c, H.SSE_TO_INT_8, TO_GPR, V.CVTTSD2SI);
  plain(0x2d, H.CVT_TO_MMX_8, XMM_FORM, V.CVTPS2PI, Uses.MMX);
  with66(0x2d, H.CVT_TO_MMX_16, XMM_FORM, V.CVTPD2DQ, Uses.MMX);
  withF3(0x2d, H.SSE_TO_INT_4, TO_GPR, V.CVTSS2SI);
  withF2(0x2d, H.SSE_TO_INT_8, TO_GPR, V.CVTSD2SI);
  plain(0x5a, H.SSE_OP_8, XMM_FORM, V.CVTPS2PD);
  with66(0x5a, H.SSE_OP, XMM_FORM, V.CVTPD2PS);
  withF3(0x5a, H.SSE_OP_4, XMM_FORM, V.CVTSS2SD);
  withF2(0x5a, H.SSE_OP_8, XMM_FORM, V.CVTSD2SS);
  plain(0x5b, H.SSE_OP, XMM_FORM, V.CVTDQ2PS);
  with66(0x5b, H.SSE_OP, XMM_FORM, V.CVTPS2DQ);
  withF3(0x5b, H.SSE_OP, XMM_FORM, V.CVTTPS2DQ);
  with66(0xe6, H.SSE_OP, XMM_FORM, V.CVTTPD2DQ);
  withF3(0xe6, H.SSE_OP_8, XMM_FORM, V.CVTDQ2PD);
  withF2(0xe6, H.SSE_OP, XMM_FORM, V.CVTPD2DQ);
}

/** 0F AE: MXCSR. FXSAVE and XSAVE are in opcodes-x87.ts, which made the group; fences in opcodes-two.ts. */
function defineState(): void {
  member(Group.G15, 2, H.LDMXCSR, Form.SSE | Form.FIXED32, 0, 0, Uses.NOTHING);
  member(Group.G15, 3, H.STMXCSR, Form.SSE | Form.FIXED32, 0, 0, Uses.NOTHING);
}
