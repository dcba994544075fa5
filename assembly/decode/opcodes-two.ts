// The 0F map's general instructions, and what 0F38 and 0F3A have of them. Intel SDM vol. 2, tables.
// System rows are in opcodes-system.ts, MMX and SSE in opcodes-sse*.ts.

import { does, Trait } from "../base/vendor";
import { Extra } from "../surface/clock";
import { H } from "./handlers";
import { Flow, Form, Group, Map } from "./forms";
import { member, row } from "./rows";
import { Uses } from "./uses";

@inline const M: u32 = Form.MODRM;
@inline const B: u32 = Form.BYTE;
@inline const RM: u32 = Form.RM_DST;
@inline const SIZE: u32 = Form.BY_SIZE;
@inline const PLACE: u32 = Form.BY_PLACE;
@inline const LOCK: u32 = Form.LOCKABLE;
@inline const NEAR: u32 = Form.FORCE64;

function two(opcode: u32, handler: u32, form: u32, kind: u32 = 0, flow: u32 = 0): void { row(Map.OF, opcode, handler, form, kind, flow); }

export function defineTwo(): void {
  for (let c: u32 = 0; c < 16; c++) {
    two(0x40 + c, H.CMOV_R, M | PLACE, c);
    two(0x80 + c, H.JCC + c, NEAR | Form.IMMZ | Form.BRANCH, 0, Flow.BRANCH);
    two(0x90 + c, H.SETCC_R, M | B | RM | PLACE, c);
  }
  for (let r: u32 = 0; r < 8; r++) two(0xc8 + r, H.BSWAP, Form.OPREG);
  defineBits();
  two(0xaf, H.IMUL2, M);
  two(0xb0, H.CMPXCHG, M | B | RM | LOCK);
  two(0xb1, H.CMPXCHG, M | RM | LOCK);
  two(0xb6, H.MOVZX8_R, M | PLACE | Form.RM_BYTE);
  two(0xb7, H.MOVZX16_R, M | PLACE | Form.RM_WORD);
  two(0xbe, H.MOVSX8_R, M | PLACE | Form.RM_BYTE);
  two(0xbf, H.MOVSX16_R, M | PLACE | Form.RM_WORD);
  two(0xc0, H.XADD, M | B | RM | LOCK);
  two(0xc1, H.XADD, M | RM | LOCK);
  two(0xc3, H.MOVNTI, M | RM | Form.MEM_ONLY | Form.SIZE_W);
  two(0xc7, 0, Form.GROUP, Group.G9);
  member(Group.G9, 1, H.CMPXCHG8B, Form.MEM_ONLY | LOCK | Form.SIZE_W, 0, 0, Uses.PAIR);
  member(Group.G9_REP, 1, H.CMPXCHG8B, Form.MEM_ONLY | LOCK | Form.SIZE_W, 0, 0, Uses.PAIR);
  two(0x0d, H.NOP, does(Trait.PREFETCH_MEMORY_ONLY) ? M | Form.MEM_ONLY : M); // PREFETCHW and its neighbours: hints
  for (let op: u32 = 0x18; op < 0x20; op++) two(op, H.NOP, M); // hints, ENDBR, multi-byte NOP
  two(0xff, H.UNDEFINED, M);      // UD0
  two(0xb9, H.UNDEFINED, M);      // UD1
  two(0x0b, H.UNDEFINED, 0);      // UD2
  member(Group.G15, 7, H.CLFLUSH, Form.MEM_ONLY);
  for (let n: u32 = 13; n < 16; n++) member(Group.G15, n, H.NOP, Form.REG_ONLY); // LFENCE, MFENCE, SFENCE: one processor, in order
  row(Map.OF_F3, 0xb8, H.POPCNT, M);
  row(Map.OF38, 0xf0, H.MOVBE, M | Form.MEM_ONLY);
  row(Map.OF38, 0xf1, H.MOVBE, M | RM | Form.MEM_ONLY, 1);
  for (let op: u32 = 0xf0; op < 0xf2; op++) row(Map.OF38_F3, op, H.UNDEFINED, Form.FIXED32); // MOVBE takes no F3, and F2 makes it CRC32
  row(Map.OF38_66, 0xf6, H.ADCX, M | Form.SIZE_W).feature = <u8>Extra.ADX;
  row(Map.OF38_F3, 0xf6, H.ADOX, M | Form.SIZE_W).feature = <u8>Extra.ADX;
  row(Map.OF38_F2, 0xf6, H.UNDEFINED, Form.FIXED32); // F2 wins over 66, and leaves nothing of it
  row(Map.OF38_F2, 0xf0, H.CRC32, M | Form.RM_BYTE, 8, 0, Uses.CRC32);
  row(Map.OF38_F2, 0xf1, H.CRC32, M, 0, 0, Uses.CRC32);
  // LZCNT (F3 0F BD), TZCNT (F3 0F BC), ADX, BMI: not announced; F3 before BSF and BSR is ignored, as it was before them.
}

function defineBits(): void {
  two(0xa3, H.BT_R, M | RM, 0);
  two(0xab, H.BT_R, M | RM | LOCK, 1);
  two(0xb3, H.BT_R, M | RM | LOCK, 2);
  two(0xbb, H.BT_R, M | RM | LOCK, 3);
  two(0xba, 0, Form.GROUP, Group.G8);
  for (let op: u32 = 0; op < 4; op++) member(Group.G8, 4 + op, H.BT_I, RM | Form.IMM8 | (op ? LOCK : 0), op);
  two(0xa4, H.SHLD, M | RM | Form.IMM8);
  two(0xa5, H.SHLD_CL, M | RM);
  two(0xac, H.SHRD, M | RM | Form.IMM8);
  two(0xad, H.SHRD_CL, M | RM);
  two(0xbc, H.BSF, M);
  two(0xbd, H.BSR, M);
}
