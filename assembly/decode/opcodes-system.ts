// System rows of the one-byte map and of 0F. Intel SDM vol. 2, tables and groups 5, 6, 7, 9 and 15.
// Those that jump, or change what code means, end their block.

import { H } from "./handlers";
import { S } from "./system-handlers";
import { Flow, Form, Group, Map } from "./forms";
import { member, row } from "./rows";
import { Uses } from "./uses";

@inline const M: u32 = Form.MODRM;
@inline const B: u32 = Form.BYTE;
@inline const RM: u32 = Form.RM_DST;
@inline const D64: u32 = Form.DEF64;
@inline const SEG: u32 = Form.REG_PLAIN;
@inline const F32: u32 = Form.FIXED32;
@inline const NOT64: u32 = Form.NO64;

function one(opcode: u32, handler: u32, form: u32, kind: u32 = 0, flow: u32 = 0, uses: u32 = 0): void { row(Map.ONE, opcode, handler, form, kind, flow, uses); }
function two(opcode: u32, handler: u32, form: u32, kind: u32 = 0, flow: u32 = 0, uses: u32 = 0): void { row(Map.OF, opcode, handler, form, kind, flow, uses); }

export function defineSystem(): void {
  defineSegments();
  defineFar();
  definePorts();
  defineGroup6();
  defineGroup7();
  defineControl();
}

function defineSegments(): void {
  one(0x07, S.POP_SEG, NOT64, 0, 0, Uses.POP_SEG);
  one(0x17, S.POP_SEG, NOT64, 2, Flow.LOOK, Uses.POP_SEG);
  one(0x1f, S.POP_SEG, NOT64, 3, 0, Uses.POP_SEG);
  two(0xa0, H.PUSH_SEG, D64, 4, 0, Uses.PUSH_SEG);
  two(0xa1, S.POP_SEG, D64, 4, 0, Uses.POP_SEG);
  two(0xa8, H.PUSH_SEG, D64, 5, 0, Uses.PUSH_SEG);
  two(0xa9, S.POP_SEG, D64, 5, 0, Uses.POP_SEG);
  one(0x8c, S.MOV_FROM_SEG, M | RM | SEG, 0, 0, Uses.FROM_SEG);
  one(0x8e, S.MOV_TO_SEG, M | SEG, 0, Flow.LOOK, Uses.TO_SEG);
  one(0xc4, S.LOAD_FAR, M | NOT64 | Form.MEM_ONLY, 0);
  one(0xc5, S.LOAD_FAR, M | NOT64 | Form.MEM_ONLY, 3);
  two(0xb2, S.LOAD_FAR, M | Form.MEM_ONLY, 2, Flow.LOOK);
  two(0xb4, S.LOAD_FAR, M | Form.MEM_ONLY, 4);
  two(0xb5, S.LOAD_FAR, M | Form.MEM_ONLY, 5);
  two(0x02, S.LAR, M | Form.PROTECTED);
  two(0x03, S.LSL, M | Form.PROTECTED);
  // 66 and F2 leave nothing of 0F AE: CLWB, CLFLUSHOPT, TPAUSE and UMWAIT are not there, nor PTWRITE and UMONITOR with F3.
  row(Map.OF_66, 0xae, 0, Form.GROUP, Group.G15_NONE);
  row(Map.OF_F2, 0xae, 0, Form.GROUP, Group.G15_NONE);
  // F3 0F AE, register forms: RDFSBASE RDGSBASE WRFSBASE WRGSBASE.
  row(Map.OF_F3, 0xae, 0, Form.GROUP, Group.G15_F3);
  for (let n: u32 = 0; n < 4; n++) member(Group.G15_F3, n, S.FSGSBASE, RM | Form.REG_ONLY | Form.ONLY64 | Form.SIZE_W, n, 0, Uses.FSGSBASE);
  member(Group.ARPL, 0, S.ARPL, M | RM | Form.PROTECTED | Form.RM_WORD);
}

function defineFar(): void {
  one(0x9a, S.FAR_CALL, Form.FARPTR | NOT64, 0, Flow.FAR, Uses.FAR);
  one(0xea, S.FAR_JMP, Form.FARPTR | NOT64, 0, Flow.FAR, Uses.FAR);
  member(Group.G5, 3, S.FAR_CALL_M, Form.MEM_ONLY, 0, Flow.FAR, Uses.FAR);
  member(Group.G5, 5, S.FAR_JMP_M, Form.MEM_ONLY, 0, Flow.FAR, Uses.FAR);
  one(0xca, S.FAR_RET_I, Form.IMM16, 0, Flow.FAR, Uses.FAR);
  one(0xcb, S.FAR_RET, 0, 0, Flow.FAR, Uses.FAR);
  one(0xcc, S.INT3, F32, 0, Flow.FAR, Uses.FAR);
  one(0xcd, S.INT, F32 | Form.IMM8, 0, Flow.FAR, Uses.FAR);
  one(0xce, S.INTO, F32 | NOT64, 0, Flow.FAR, Uses.FAR);
  one(0xcf, S.IRET, 0, 0, Flow.FAR, Uses.IRET);
  one(0xf1, S.INT1, F32, 0, Flow.FAR, Uses.FAR);
  two(0x05, S.SYSCALL, F32, 0, Flow.FAR, Uses.SYSCALL);
  two(0x07, S.SYSRET, 0, 0, Flow.FAR, Uses.SYSRET);
  two(0x34, S.SYSENTER, F32, 0, Flow.FAR, Uses.FAR);
  two(0x35, S.SYSEXIT, 0, 0, Flow.FAR, Uses.FAR);
  // RSM (0F AA): there is no system management mode.
}

function definePorts(): void {
  one(0x6c, S.INS, B | Form.STRING, 0, Flow.REPEAT);
  one(0x6d, S.INS, Form.STRING, 0, Flow.REPEAT);
  one(0x6e, S.OUTS, B | Form.STRING, 0, Flow.REPEAT);
  one(0x6f, S.OUTS, Form.STRING, 0, Flow.REPEAT);
  one(0xe4, S.IN, B | Form.IMM8, 0, 0, Uses.PORT);
  one(0xe5, S.IN, Form.IMM8, 0, 0, Uses.PORT);
  one(0xe6, S.OUT, B | Form.IMM8, 0, 0, Uses.PORT);
  one(0xe7, S.OUT, Form.IMM8, 0, 0, Uses.PORT);
  one(0xec, S.IN, B, 1, 0, Uses.PORT);
  one(0xed, S.IN, 0, 1, 0, Uses.PORT);
  one(0xee, S.OUT, B, 1, 0, Uses.PORT);
  one(0xef, S.OUT, 0, 1, 0, Uses.PORT);
}

/** 0F 00. */
function defineGroup6(): void {
  const form: u32 = Form.PROTECTED;
  two(0x00, 0, Form.GROUP, Group.G6);
  member(Group.G6, 0, S.SLDT, RM | form);
  member(Group.G6, 1, S.STR, RM | form);
  member(Group.G6, 2, S.LLDT, form);
  member(Group.G6, 3, S.LTR, form);
  member(Group.G6, 4, S.VERIFY, form, 0);
  member(Group.G6, 5, S.VERIFY, form, 1);
}

/**
 * 0F 01: by memory and register; the register forms of /0 to /3 and /7 are groups of their own by r/m. Those of /0 to /3 take
 * no 66, F2 or F3; the others ignore them.
 */
function defineGroup7(): void {
  two(0x01, 0, Form.GROUP | Form.GROUP_PLACE, Group.G7);
  for (let table: u32 = Map.OF_66; table <= <u32>Map.OF_F2; table++) row(table, 0x01, 0, Form.GROUP | Form.GROUP_PLACE, Group.G7_PREFIXED);
  defineAnyPrefix(Group.G7);
  defineAnyPrefix(Group.G7_PREFIXED);
  member(Group.G7, 8, 0, Form.GROUP, Group.G7_0);
  member(Group.G7, 8 + 1, 0, Form.GROUP, Group.G7_1);
  member(Group.G7, 8 + 2, 0, Form.GROUP, Group.G7_2);
  member(Group.G7, 8 + 3, 0, Form.GROUP, Group.G7_3);
  // MONITOR (C8) and MWAIT (C9) are not there, nor VMX (but VMCALL) and SVM (D8-DF, but VMMCALL), RDPKRU, WRPKRU, MONITORX.
  member(Group.G7_0, 1, S.HYPERCALL, Form.FIXED32); // VMCALL, Intel's
  member(Group.G7_3, 1, S.HYPERCALL, Form.FIXED32); // VMMCALL, AMD's
  member(Group.G7_1, 2, S.AC_FLAG, Form.FIXED32, 0, 0, Uses.SYSTEM);
  member(Group.G7_1, 3, S.AC_FLAG, Form.FIXED32, 1, 0, Uses.SYSTEM);
  member(Group.G7_2, 0, S.XCR, Form.FIXED32, 0);
  member(Group.G7_2, 1, S.XCR, Form.FIXED32, 1, Flow.LOOK);
  member(Group.G7_7, 0, S.SWAPGS, Form.FIXED32 | Form.ONLY64, 0, 0, Uses.SYSTEM);
  member(Group.G7_7, 1, S.RDTSCP, Form.FIXED32, 0, 0, Uses.RDTSCP);
}

function defineAnyPrefix(group: u32): void {
  member(group, 0, S.SGDT, RM);
  member(group, 1, S.SIDT, RM);
  member(group, 2, S.LGDT, 0);
  member(group, 3, S.LIDT, 0);
  member(group, 4, S.SMSW, RM);
  member(group, 6, S.LMSW, 0, 0, Flow.LOOK);
  member(group, 7, S.INVLPG, 0, 0, Flow.LOOK, Uses.SYSTEM);
  member(group, 8 + 4, S.SMSW, RM);
  member(group, 8 + 6, S.LMSW, 0, 0, Flow.LOOK);
  member(group, 8 + 7, 0, Form.GROUP, Group.G7_7);
}

function defineControl(): void {
  two(0x06, S.CLTS, F32, 0, Flow.LOOK, Uses.SYSTEM);
  two(0x08, S.CACHE, Form.FIXED32, 0, 0, Uses.SYSTEM);
  two(0x09, S.CACHE, Form.FIXED32, 0, 0, Uses.SYSTEM);
  two(0x20, S.MOV_FROM_CR, M | RM | SEG | Form.REG_ONLY, 0, 0, Uses.FROM_CR);
  two(0x21, S.MOV_FROM_DR, M | RM | SEG | Form.REG_ONLY);
  two(0x22, S.MOV_TO_CR, M | SEG | Form.REG_ONLY, 0, Flow.LOOK, Uses.TO_CR);
  two(0x23, S.MOV_TO_DR, M | SEG | Form.REG_ONLY, 0, Flow.LOOK);
  two(0x30, S.WRMSR, F32, 0, Flow.LOOK, Uses.WRMSR);
  two(0x31, S.RDTSC, Form.FIXED32, 0, 0, Uses.TIME);
  two(0x32, S.RDMSR, Form.FIXED32, 0, 0, Uses.RDMSR);
  two(0x33, S.RDPMC, Form.FIXED32, 0, 0, Uses.TIME);
  two(0xa2, S.CPUID, Form.FIXED32, 0, 0, Uses.CPUID);
  one(0x9c, S.PUSHF, D64, 0, 0, Uses.PUSHF);
  one(0x9d, S.POPF, D64, 0, 0, Uses.POPF);
  one(0xf4, S.HLT, F32, 0, Flow.LOOK, Uses.SYSTEM);
  one(0xfa, S.CLI, Form.FIXED32, 0, 0, Uses.SYSTEM);
  one(0xfb, S.STI, Form.FIXED32, 0, 0, Uses.SYSTEM);
  member(Group.G9, 6, S.RDRAND, RM | Form.REG_ONLY);
  member(Group.G9, 7, S.RDRAND, RM | Form.REG_ONLY); // RDSEED: the same source
  // With F2 or F3 only CMPXCHG8B is left: RDPID (F3 0F C7 /7), the user interrupts (F3 0F C7 /6) and VMX are not there.
  row(Map.OF_F2, 0xc7, 0, Form.GROUP, Group.G9_REP);
  row(Map.OF_F3, 0xc7, 0, Form.GROUP, Group.G9_REP);
  row(Map.OF38_66, 0x82, S.INVPCID, M | Form.MEM_ONLY | Form.FORCE64, 0, Flow.LOOK, Uses.INVPCID);
}
