// What the rows of the SSE maps share: forms, and rows by prefix.

import { F } from "../float/ops";
import { H } from "./handlers";
import { Form, Map } from "./forms";
import { row } from "./rows";

/** xmm, xmm/m. */
@inline export const XMM_FORM: u32 = Form.MODRM | Form.REG_VECTOR | Form.RM_VECTOR | Form.SSE | Form.FIXED32;
/** xmm, r/m32 or r/m64; r32 or r64, xmm. */
@inline export const FROM_GPR: u32 = Form.MODRM | Form.REG_VECTOR | Form.SSE | Form.SIZE_W;
@inline export const TO_GPR: u32 = Form.MODRM | Form.RM_VECTOR | Form.SSE | Form.SIZE_W;

/** Tables follow each other in the order of the prefixes none, 66, F3, F2: so do F's forms. */
export function plain(opcode: u32, handler: u32, form: u32, kind: u32, uses: u32 = 0): void { row(Map.OF, opcode, handler, form, kind, 0, uses); }
export function with66(opcode: u32, handler: u32, form: u32, kind: u32, uses: u32 = 0): void { row(Map.OF_66, opcode, handler, form, kind, 0, uses); }
export function withF3(opcode: u32, handler: u32, form: u32, kind: u32): void { row(Map.OF_F3, opcode, handler, form, kind); }
export function withF2(opcode: u32, handler: u32, form: u32, kind: u32): void { row(Map.OF_F2, opcode, handler, form, kind); }
/** The same meaning without a prefix and with 66. */
export function packed(opcode: u32, handler: u32, form: u32, kind: u32): void {
  plain(opcode, handler, form, kind);
  with66(opcode, handler, form, kind);
}

/** PS, PD, SS, SD. */
export function fourForms(opcode: u32, kind: u32, form: u32): void {
  plain(opcode, H.SSE_OP, form, kind + F.PS);
  with66(opcode, H.SSE_OP, form, kind + F.PD);
  withF3(opcode, H.SSE_OP_4, form, kind + F.SS);
  withF2(opcode, H.SSE_OP_8, form, kind + F.SD);
}
