// The maps 0F38 and 0F3A: SSSE3, SSE4.1, SSE4.2. Intel SDM vol. 2, tables. MOVBE and CRC32 are in opcodes-two.ts.

import { V } from "../float/ops";
import { H } from "./handlers";
import { FROM_GPR, XMM_FORM } from "./sse-forms";
import { Form, Map } from "./forms";
import { row } from "./rows";
import { Uses } from "./uses";

@inline const MM: u32 = Form.MODRM | Form.REG_VECTOR | Form.RM_VECTOR | Form.MMX | Form.FIXED32;
@inline const I: u32 = Form.IMM8;

export function defineSse4(): void {
  define38();
  defineExtensions();
  define3a();
}

function both(opcode: u32, kind: u32): void {
  row(Map.OF38, opcode, H.MMX_OP, MM, kind + V.MMX, 0, Uses.MMX);
  row(Map.OF38_66, opcode, H.SSE_OP, XMM_FORM, kind);
}
function op38(opcode: u32, kind: u32, handler: u32): void { row(Map.OF38_66, opcode, handler, XMM_FORM, kind); }
function op3a(opcode: u32, kind: u32, handler: u32, form: u32, uses: u32 = 0): void { row(Map.OF3A_66, opcode, handler, form | I, kind, 0, uses); }

function define38(): void {
  both(0x00, V.PSHUFB);
  both(0x01, V.PHADDW);
  both(0x02, V.PHADDD);
  both(0x03, V.PHADDSW);
  both(0x04, V.PMADDUBSW);
  both(0x05, V.PHSUBW);
  both(0x06, V.PHSUBD);
  both(0x07, V.PHSUBSW);
  both(0x08, V.PSIGNB);
  both(0x09, V.PSIGNW);
  both(0x0a, V.PSIGND);
  both(0x0b, V.PMULHRSW);
  both(0x1c, V.PABSB);
  both(0x1d, V.PABSW);
  both(0x1e, V.PABSD);
  op38(0x10, V.SIGNB, H.SSE_BLENDV);
  op38(0x14, V.SIGND, H.SSE_BLENDV);
  op38(0x15, V.SIGNQ, H.SSE_BLENDV);
  op38(0x17, V.PTEST, H.SSE_FLAGS);
  op38(0x28, V.PMULDQ, H.SSE_OP);
  op38(0x29, V.PCMPEQQ, H.SSE_OP);
  row(Map.OF38_66, 0x2a, H.SSE_LOAD_A, XMM_FORM | Form.MEM_ONLY);
  op38(0x2b, V.PACKUSDW, H.SSE_OP);
  op38(0x37, V.PCMPGTQ, H.SSE_OP);
  op38(0x38, V.PMINSB, H.SSE_OP);
  op38(0x39, V.PMINSD, H.SSE_OP);
  op38(0x3a, V.PMINUW, H.SSE_OP);
  op38(0x3b, V.PMINUD, H.SSE_OP);
  op38(0x3c, V.PMAXSB, H.SSE_OP);
  op38(0x3d, V.PMAXSD, H.SSE_OP);
  op38(0x3e, V.PMAXUW, H.SSE_OP);
  op38(0x3f, V.PMAXUD, H.SSE_OP);
  op38(0x40, V.PMULLD, H.SSE_OP);
  op38(0x41, V.PHMINPOSUW, H.SSE_OP);
}

/** PMOVSX 20-25 and PMOVZX 30-35: BW BD BQ WD WQ DQ read 8, 4, 2, 8, 4 and 8 bytes. */
function defineExtensions(): void {
  for (let k: u32 = 0; k < 6; k++) {
    const handler: u32 = k == 2 ? H.SSE_OP_2 : k == 1 || k == 4 ? H.SSE_OP_4 : H.SSE_OP_8;
    op38(0x20 + k, V.PMOVSXBW + k, handler);
    op38(0x30 + k, V.PMOVZXBW + k, handler);
  }
}

function define3a(): void {
  op3a(0x08, V.ROUND, H.SSE_OP, XMM_FORM);
  op3a(0x09, V.ROUND + 1, H.SSE_OP, XMM_FORM);
  op3a(0x0a, V.ROUND + 2, H.SSE_OP_4, XMM_FORM);
  op3a(0x0b, V.ROUND + 3, H.SSE_OP_8, XMM_FORM);
  op3a(0x0c, V.BLENDPS, H.SSE_OP, XMM_FORM);
  op3a(0x0d, V.BLENDPD, H.SSE_OP, XMM_FORM);
  op3a(0x0e, V.PBLENDW, H.SSE_OP, XMM_FORM);
  row(Map.OF3A, 0x0f, H.MMX_OP, MM | I, V.PALIGNR + V.MMX, 0, Uses.MMX);
  op3a(0x0f, V.PALIGNR, H.SSE_OP, XMM_FORM);
  // EXTRACTPS is PEXTRD without its 64-bit form.
  const fixed: u32 = Form.MODRM | Form.REG_VECTOR | Form.SSE | Form.FIXED32;
  op3a(0x14, V.PEXTRB, H.SSE_EXTRACT, fixed | Form.RM_DST);
  op3a(0x15, V.PEXTRW, H.SSE_EXTRACT, fixed | Form.RM_DST);
  op3a(0x16, V.PEXTRD, H.SSE_EXTRACT, FROM_GPR | Form.RM_DST);
  op3a(0x17, V.PEXTRD, H.SSE_EXTRACT, fixed | Form.RM_DST);
  op3a(0x20, V.PINSRB, H.SSE_INSERT, fixed);
  op3a(0x21, V.INSERTPS, H.SSE_OP_4, XMM_FORM);
  op3a(0x22, V.PINSRD, H.SSE_INSERT, FROM_GPR);
  op3a(0x40, V.DP, H.SSE_OP, XMM_FORM);
  op3a(0x41, V.DP + 1, H.SSE_OP, XMM_FORM);
  op3a(0x42, V.MPSADBW, H.SSE_OP, XMM_FORM);
  const string: u32 = Form.MODRM | Form.REG_VECTOR | Form.RM_VECTOR | Form.SSE | Form.SIZE_W;
  op3a(0x60, 0, H.SSE_STRING_EXPLICIT, string, Uses.SSE_STRING);
  op3a(0x61, 1, H.SSE_STRING_EXPLICIT, string, Uses.SSE_STRING);
  op3a(0x62, 0, H.SSE_STRING_MASK, XMM_FORM);
  op3a(0x63, 0, H.SSE_STRING_INDEX, XMM_FORM);
}
