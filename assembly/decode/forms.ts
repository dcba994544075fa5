// What opcode rows are made of: maps, forms, groups. Valid in both languages: tests read the rows, too.

/** Tables of 256 rows. The maps 0F, 0F38 and 0F3A have one a mandatory prefix. */
export const enum Map { ONE, OF, OF_66, OF_F3, OF_F2, OF38, OF38_66, OF38_F3, OF38_F2, OF3A, OF3A_66, OF3A_F3, OF3A_F2, GROUPS, X87 = 20, COUNT = 32 }

/** What follows the opcode and how the operands lie. */
export const enum Form {
  NONE = 0,
  /** A ModRM byte follows. */
  MODRM = 1,
  // Immediate: at most one of these, plus IMM8_SECOND for ENTER.
  IMM8 = 1 << 1, IMM8S = 2 << 1, IMM16 = 3 << 1, IMMZ = 4 << 1, IMMV = 5 << 1, MOFFS = 6 << 1, FARPTR = 7 << 1, ENTER = 8 << 1,
  /** No immediate: a string instruction, whose source segment may be overridden. */
  STRING = 9 << 1,
  IMM_MASK = 15 << 1,
  /** Operand size is 8 bits; else 16/32/64 by prefixes. */
  BYTE = 1 << 5,
  /** Operand size is 64 bits in 64-bit mode unless 66 (PUSH, POP, ...). */
  DEF64 = 1 << 6,
  /** Operand size is 64 bits in 64-bit mode whatever the prefixes (near branches). */
  FORCE64 = 1 << 7,
  /** The destination is r/m and the source reg; otherwise the destination is reg and the source r/m. */
  RM_DST = 1 << 8,
  /** The register is in the opcode's low three bits: it is the destination. */
  OPREG = 1 << 9,
  /** The handler number is a base: + 4 x (operands) + log2(bits / 8). See select() in decode.ts. */
  BY_SIZE = 1 << 10,
  /** Of handler families with register and memory kinds: see select(). */
  BY_PLACE = 1 << 11,
  /** A group: `kind` is the group's table; the row is found by ModRM.reg. */
  GROUP = 1 << 12,
  /** Group tables of 16: the second eight rows are for a register r/m. A row of a group may be a group again, by ModRM.rm. */
  GROUP_PLACE = 1 << 13,
  /** LOCK is allowed when the destination is memory. */
  LOCKABLE = 1 << 14,
  /** Invalid in 64-bit code. */
  NO64 = 1 << 16,
  /** Invalid outside 64-bit code. */
  ONLY64 = 1 << 17,
  /** r/m must be memory, or must be a register; REG_ONLY with REG_PLAIN takes it for a register whatever mod says (MOV CRn, DRn). */
  MEM_ONLY = 1 << 18,
  REG_ONLY = 1 << 19,
  /** #NM when CR0.EM or TS is set (x87). */
  FPU = 1 << 20,
  /** #UD or #NM as CR4.OSFXSR, CR0.EM and CR0.TS say (SSE). */
  SSE = 1 << 21,
  /** reg, or r/m as a register, is an XMM or MMX number, not a general register. */
  REG_VECTOR = 1 << 22,
  RM_VECTOR = 1 << 23,
  /** Only in protected mode (not real, not virtual-8086): otherwise #UD. */
  PROTECTED = 1 << 24,
  /** `dst` is ModRM.reg as a plain number (segment, control, debug register). */
  REG_PLAIN = 1 << 25,
  /** The REX.W or operand size does not matter: bits is 32. */
  FIXED32 = 1 << 26,
  /** MMX: #NM on TS, #UD on EM, pending x87 exceptions are checked. */
  MMX = 1 << 27,
  /** An r/m byte register is addressed whatever `bits` says (MOVZX Gv,Eb). */
  RM_BYTE = 1 << 28,
  RM_WORD = 1 << 29,
  /** Operand size 64 with REX.W, else 32: 66 is a mandatory prefix (MOVD, PINSRD, CVTSI2SD). */
  SIZE_W = 1 << 30,
  /** The immediate is a branch displacement: the record holds offset + length + displacement. */
  BRANCH = 1 << 31,
}

/** Where control goes behind an instruction. Everything but NEXT ends its block. */
export const enum Flow {
  NEXT,
  /** To the next instruction, but what is decoded or due may have changed. */
  LOOK,
  /** To itself until it is done. */
  REPEAT,
  // Near: one of two ways; a known target, without and with a return address; a computed one.
  BRANCH, JUMP, CALL, JUMP_INDIRECT, CALL_INDIRECT, RETURN,
  /** Through a descriptor, a gate or an entry of the system, and back. */
  FAR,
}

/** Groups of the manual (table A-6), then ours. Tables 13 to 19 hold them: 112 groups at most. */
export const enum Group { G1_EB, G1_EV, G1_EV_IB, G1_82, G1A, G2_EB_IB, G2_EV_IB, G2_EB_1, G2_EV_1, G2_EB_CL, G2_EV_CL, G3_B, G3_V, G4, G5, G6, G7, G8, G9, G10, G11_B, G11_V, G12, G12_66, G13, G13_66, G14, G14_66, G15, G16, G17, GP, G9_66, G7_0, G7_1, G7_2, G7_3, G7_7, G15_F3, G15_NONE, G9_REP, G7_PREFIXED, ARPL, COUNT }
