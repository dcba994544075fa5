// The one-byte map. Intel SDM vol. 2, table A-2. Escapes and prefixes (0F, 26 2E 36 3E 64-67 F0 F2 F3, D8-DF) have no row.

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
@inline const D64: u32 = Form.DEF64;
@inline const NEAR: u32 = Form.FORCE64;

function one(opcode: u32, handler: u32, form: u32, kind: u32 = 0, flow: u32 = 0, uses: u32 = 0): void { row(Map.ONE, opcode, handler, form, kind, flow, uses); }

export function defineOne(): void {
  defineAlu();
  defineMoves();
  defineStack();
  defineBranches();
  defineStrings();
  defineShifts();
  defineRest();
}

/** 00-3F in eights: Eb,Gb Ev,Gv Gb,Eb Gv,Ev AL,Ib rAX,Iz. CMP writes nothing and takes no LOCK. */
function defineAlu(): void {
  for (let op: u32 = 0; op < 8; op++) {
    const lock = op == 7 ? 0 : LOCK, base = op << 3;
    one(base, H.ALU_RR, M | B | RM | PLACE | lock, op);
    one(base + 1, H.ALU_RR, M | RM | PLACE | lock, op);
    one(base + 2, H.ALU_RR, M | B | PLACE, op);
    one(base + 3, H.ALU_RR, M | PLACE, op);
    one(base + 4, H.ALU_RI, B | Form.IMM8S | PLACE, op);
    one(base + 5, H.ALU_RI, Form.IMMZ | PLACE, op);
    member(Group.G1_EB, op, H.ALU_RI, B | RM | Form.IMM8S | PLACE | lock, op);
    member(Group.G1_EV, op, H.ALU_RI, RM | Form.IMMZ | PLACE | lock, op);
    member(Group.G1_EV_IB, op, H.ALU_RI, RM | Form.IMM8S | PLACE | lock, op);
  }
  one(0x80, 0, Form.GROUP, Group.G1_EB);
  one(0x81, 0, Form.GROUP, Group.G1_EV);
  one(0x82, 0, Form.GROUP, Group.G1_82); // alias of 80, invalid in 64-bit mode
  one(0x83, 0, Form.GROUP, Group.G1_EV_IB);
  for (let op: u32 = 0; op < 8; op++) member(Group.G1_82, op, H.ALU_RI, B | RM | Form.IMM8S | PLACE | Form.NO64 | (op == 7 ? 0 : LOCK), op);
  one(0x27, H.DAA, Form.NO64, 0, 0, Uses.ACC_FLAGS);
  one(0x2f, H.DAS, Form.NO64, 0, 0, Uses.ACC_FLAGS);
  one(0x37, H.AAA, Form.NO64, 0, 0, Uses.ACC_FLAGS);
  one(0x3f, H.AAS, Form.NO64, 0, 0, Uses.ACC_FLAGS);
  // 40-4F: INC and DEC; REX prefixes in 64-bit mode, where the decoder never gets here.
  for (let r: u32 = 0; r < 8; r++) {
    one(0x40 + r, H.INC_R, Form.OPREG | SIZE | Form.NO64);
    one(0x48 + r, H.DEC_R, Form.OPREG | SIZE | Form.NO64);
  }
  one(0x84, H.TEST_RR, M | B | RM | PLACE);
  one(0x85, H.TEST_RR, M | RM | PLACE);
  one(0xa8, H.TEST_RI, B | Form.IMM8S | PLACE);
  one(0xa9, H.TEST_RI, Form.IMMZ | PLACE);
  one(0x69, H.IMUL3, M | Form.IMMZ);
  one(0x6b, H.IMUL3, M | Form.IMM8S);
  one(0xf6, 0, Form.GROUP, Group.G3_B);
  one(0xf7, 0, Form.GROUP, Group.G3_V);
  defineGroup3(Group.G3_B, B, Form.IMM8S);
  defineGroup3(Group.G3_V, 0, Form.IMMZ);
  one(0xfe, 0, Form.GROUP, Group.G4);
  member(Group.G4, 0, H.INC_R, B | RM | PLACE | LOCK);
  member(Group.G4, 1, H.DEC_R, B | RM | PLACE | LOCK);
}

function defineGroup3(g: u32, size: u32, immediate: u32): void {
  member(g, 0, H.TEST_RI, size | RM | immediate | PLACE);
  member(g, 1, H.TEST_RI, size | RM | immediate | PLACE); // an alias that the processors have and the manual leaves out
  member(g, 2, H.NOT, size | RM | LOCK);
  member(g, 3, H.NEG, size | RM | LOCK);
  member(g, 4, H.MUL, size);
  member(g, 5, H.IMUL1, size);
  member(g, 6, H.DIV, size);
  member(g, 7, H.IDIV, size);
}

function defineMoves(): void {
  one(0x88, H.MOV_RR, M | B | RM | PLACE);
  one(0x89, H.MOV_RR, M | RM | PLACE);
  one(0x8a, H.MOV_RR, M | B | PLACE);
  one(0x8b, H.MOV_RR, M | PLACE);
  one(0x8d, H.LEA, M | SIZE | Form.MEM_ONLY);
  one(0x86, H.XCHG, M | B | RM | LOCK);
  one(0x87, H.XCHG, M | RM | LOCK);
  one(0x63, H.MOVSXD_R, M | PLACE); // 64-bit code only; elsewhere ARPL: opcodes-system.ts
  one(0xa0, H.MOV_MOFFS_LOAD, B | Form.MOFFS);
  one(0xa1, H.MOV_MOFFS_LOAD, Form.MOFFS);
  one(0xa2, H.MOV_MOFFS_STORE, B | Form.MOFFS);
  one(0xa3, H.MOV_MOFFS_STORE, Form.MOFFS);
  for (let r: u32 = 0; r < 8; r++) {
    one(0xb0 + r, H.MOV_RI, Form.OPREG | B | Form.IMM8 | SIZE);
    one(0xb8 + r, H.MOV_RI, Form.OPREG | Form.IMMV | SIZE);
    one(0x90 + r, H.XCHG_ACC, Form.OPREG);
  }
  one(0xc6, 0, Form.GROUP, Group.G11_B);
  one(0xc7, 0, Form.GROUP, Group.G11_V);
  member(Group.G11_B, 0, H.MOV_RI, B | RM | Form.IMM8S | PLACE);
  member(Group.G11_V, 0, H.MOV_RI, RM | Form.IMMZ | PLACE);
  one(0x98, H.CBW, 0);
  one(0x99, H.CWD, 0);
  one(0xd7, H.XLAT, Form.STRING);
}

function defineStack(): void {
  for (let r: u32 = 0; r < 8; r++) {
    one(0x50 + r, H.PUSH_R, Form.OPREG | D64 | SIZE);
    one(0x58 + r, H.POP_R, Form.OPREG | D64 | SIZE);
  }
  one(0x60, H.PUSHA, Form.NO64, 0, 0, Uses.PUSHA);
  one(0x61, H.POPA, Form.NO64, 0, 0, Uses.POPA);
  one(0x68, H.PUSH_I, D64 | Form.IMMZ | SIZE);
  one(0x6a, H.PUSH_I, D64 | Form.IMM8S | SIZE);
  one(0x8f, 0, Form.GROUP, Group.G1A);
  member(Group.G1A, 0, H.POP_R, D64 | RM | PLACE, 0, 0, Uses.POP_M);
  one(0xc8, H.ENTER, D64 | Form.ENTER, 0, 0, Uses.ENTER);
  one(0xc9, H.LEAVE, D64);
  one(0x06, H.PUSH_SEG, D64 | Form.NO64, 0, 0, Uses.PUSH_SEG);
  one(0x0e, H.PUSH_SEG, D64 | Form.NO64, 1, 0, Uses.PUSH_SEG);
  one(0x16, H.PUSH_SEG, D64 | Form.NO64, 2, 0, Uses.PUSH_SEG);
  one(0x1e, H.PUSH_SEG, D64 | Form.NO64, 3, 0, Uses.PUSH_SEG);
  // POP seg, PUSHF, POPF, far transfers: opcodes-system.ts
}

function defineBranches(): void {
  for (let c: u32 = 0; c < 16; c++) one(0x70 + c, H.JCC + c, NEAR | Form.IMM8S | Form.BRANCH, 0, Flow.BRANCH);
  one(0xe8, H.CALL, NEAR | Form.IMMZ | Form.BRANCH, 0, Flow.CALL);
  one(0xe9, H.JMP, NEAR | Form.IMMZ | Form.BRANCH, 0, Flow.JUMP);
  one(0xeb, H.JMP, NEAR | Form.IMM8S | Form.BRANCH, 0, Flow.JUMP);
  one(0xc2, H.RET_I, NEAR | Form.IMM16, 0, Flow.RETURN);
  one(0xc3, H.RET, NEAR, 0, Flow.RETURN);
  one(0xe0, H.LOOP, NEAR | Form.IMM8S | Form.BRANCH, 0, Flow.BRANCH);
  one(0xe1, H.LOOP, NEAR | Form.IMM8S | Form.BRANCH, 1, Flow.BRANCH);
  one(0xe2, H.LOOP, NEAR | Form.IMM8S | Form.BRANCH, 2, Flow.BRANCH);
  one(0xe3, H.JCXZ, NEAR | Form.IMM8S | Form.BRANCH, 0, Flow.BRANCH);
  one(0xff, 0, Form.GROUP, Group.G5);
  member(Group.G5, 0, H.INC_R, RM | PLACE | LOCK);
  member(Group.G5, 1, H.DEC_R, RM | PLACE | LOCK);
  member(Group.G5, 2, H.CALL_R, NEAR | PLACE, 0, Flow.CALL_INDIRECT);
  member(Group.G5, 4, H.JMP_R, NEAR | PLACE, 0, Flow.JUMP_INDIRECT);
  member(Group.G5, 6, H.PUSH_R, D64 | RM | PLACE);
  // G5 /3 and /5, far: opcodes-system.ts
}

function defineStrings(): void {
  one(0xa4, H.MOVS, B | Form.STRING, 0, Flow.REPEAT, Uses.STRING);
  one(0xa5, H.MOVS, Form.STRING, 0, Flow.REPEAT, Uses.STRING);
  one(0xa6, H.CMPS, B | Form.STRING, 0, Flow.REPEAT, Uses.STRING_FLAGS);
  one(0xa7, H.CMPS, Form.STRING, 0, Flow.REPEAT, Uses.STRING_FLAGS);
  one(0xaa, H.STOS, B | Form.STRING, 0, Flow.REPEAT, Uses.STRING);
  one(0xab, H.STOS, Form.STRING, 0, Flow.REPEAT, Uses.STRING);
  one(0xac, H.LODS, B | Form.STRING, 0, Flow.REPEAT, Uses.STRING);
  one(0xad, H.LODS, Form.STRING, 0, Flow.REPEAT, Uses.STRING);
  one(0xae, H.SCAS, B | Form.STRING, 0, Flow.REPEAT, Uses.STRING_FLAGS);
  one(0xaf, H.SCAS, Form.STRING, 0, Flow.REPEAT, Uses.STRING_FLAGS);
}

function defineShifts(): void {
  one(0xc0, 0, Form.GROUP, Group.G2_EB_IB);
  one(0xc1, 0, Form.GROUP, Group.G2_EV_IB);
  one(0xd0, 0, Form.GROUP, Group.G2_EB_1);
  one(0xd1, 0, Form.GROUP, Group.G2_EV_1);
  one(0xd2, 0, Form.GROUP, Group.G2_EB_CL);
  one(0xd3, 0, Form.GROUP, Group.G2_EV_CL);
  for (let op: u32 = 0; op < 8; op++) {
    member(Group.G2_EB_IB, op, H.SHIFT_RI, B | RM | Form.IMM8 | PLACE, op);
    member(Group.G2_EV_IB, op, H.SHIFT_RI, RM | Form.IMM8 | PLACE, op);
    member(Group.G2_EB_1, op, H.SHIFT_RM_1, B | RM, op);
    member(Group.G2_EV_1, op, H.SHIFT_RM_1, RM, op);
    member(Group.G2_EB_CL, op, H.SHIFT_RM_CL, B | RM, op);
    member(Group.G2_EV_CL, op, H.SHIFT_RM_CL, RM, op);
  }
}

function defineRest(): void {
  one(0x62, H.BOUND, M | Form.NO64 | Form.MEM_ONLY, 0, 0, Uses.BOUND);
  one(0x9e, H.SAHF, 0, 0, 0, Uses.SAHF);
  one(0x9f, H.LAHF, 0, 0, 0, Uses.LAHF);
  one(0xd4, H.AAM, Form.NO64 | Form.IMM8, 0, 0, Uses.ACC_FLAGS);
  one(0xd5, H.AAD, Form.NO64 | Form.IMM8, 0, 0, Uses.ACC_FLAGS);
  one(0xd6, H.SALC, Form.NO64, 0, 0, Uses.ACC_FLAGS);
  one(0xf5, H.CMC, 0);
  one(0xf8, H.CLC, 0);
  one(0xf9, H.STC, 0);
  one(0xfc, H.CLD, 0);
  one(0xfd, H.STD, 0);
}
