// Handler numbers: what a decoded record asks for. Each chapter has a range and its own dispatcher.
// Families by size hold four numbers: 8, 16, 32 and 64 bits.

export const enum H {
  /** Not there: raises #UD. */
  UNDEFINED = 0,
  /** Raises the vector in `kind` (#NM, #UD by CR0 and CR4, #GP for too long an instruction), code 0 where it has one. */
  RAISE = 1,
  NOP = 2,

  // ALU: 8 operations (opcode bits 5:3) x 4 sizes, by where the operands are.
  ALU_RR = 32, ALU_RM = 64, ALU_MR = 96, ALU_RI = 128, ALU_MI = 160,
  // MOV by size.
  MOV_RR = 192, MOV_RM = 196, MOV_MR = 200, MOV_RI = 204, MOV_MI = 208,
  TEST_RR = 212, TEST_MR = 216, TEST_RI = 220, TEST_MI = 224,
  INC_R = 228, DEC_R = 232,
  // MOVZX and MOVSX by destination size (16, 32, 64), source 8 or 16.
  MOVZX8_R = 236, MOVZX8_M = 240, MOVZX16_R = 244, MOVZX16_M = 248,
  MOVSX8_R = 252, MOVSX8_M = 256, MOVSX16_R = 260, MOVSX16_M = 264, MOVSXD_R = 268, MOVSXD_M = 272,
  LEA = 276,
  PUSH_R = 280, POP_R = 284, PUSH_I = 288,
  JCC = 292, // 16 conditions
  JMP = 308, CALL = 309, RET = 310, JMP_R = 311, JMP_M = 312, CALL_R = 313, CALL_M = 314, RET_I = 315,
  SHIFT_RI = 316, // by operation: 8 operations x 4 sizes
  SETCC_R = 348, CMOV_R = 349, CMOV_M = 353,
  HOT_END = 400,

  // Chapter of general instructions, less frequent: isa/general.ts.
  GENERAL = 400,
  SHIFT_RM_IMM = 401, SHIFT_RM_CL = 402, SHIFT_RM_1 = 403,
  INC_M = 404, DEC_M = 405, NOT = 406, NEG = 407, MUL = 408, IMUL1 = 409, DIV = 410, IDIV = 411, IMUL2 = 412, IMUL3 = 413,
  SETCC = 414, XCHG = 415, XCHG_ACC = 416, XADD = 417, CMPXCHG = 418, CMPXCHG8B = 419,
  PUSH_M = 420, POP_M = 421, PUSHA = 422, POPA = 423, ENTER = 424, LEAVE = 425,
  CBW = 426, CWD = 427, LAHF = 428, SAHF = 429, CLC = 430, STC = 431, CMC = 432, CLD = 433, STD = 434,
  BT_R = 435, BT_M = 436, BT_I = 437, BSF = 438, BSR = 439, POPCNT = 440, BSWAP = 441, MOVBE = 442, SHLD = 443, SHRD = 444,
  MOVS = 445, CMPS = 446, STOS = 447, LODS = 448, SCAS = 449,
  LOOP = 450, JCXZ = 451, XLAT = 452, SALC = 453, AAA = 454, AAS = 455, AAM = 456, AAD = 457, DAA = 458, DAS = 459, BOUND = 460,
  MOV_MOFFS_LOAD = 461, MOV_MOFFS_STORE = 462, PUSH_SEG = 463, SHLD_CL = 464, SHRD_CL = 465, CRC32 = 466, MOVNTI = 467,
  GENERAL_END = 512,

  SYSTEM = 1024, SYSTEM_END = 1280,
  X87 = 1280,
  X87_REGISTER = 1280, X87_MEMORY = 1281, X87_WAIT = 1282, FXSAVE = 1283, FXRSTOR = 1284, XSAVE = 1285, XRSTOR = 1286,
  X87_END = 1408,
  SSE = 1408, SSE_END = 1664,
}
