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

  // Chapter of general instructions, less frequent: isa/dispatch-general.ts.
  GENERAL = 400,
  SHIFT_RM_IMM = 401, SHIFT_RM_CL = 402, SHIFT_RM_1 = 403,
  INC_M = 404, DEC_M = 405, NOT = 406, NEG = 407, MUL = 408, IMUL1 = 409, DIV = 410, IDIV = 411, IMUL2 = 412, IMUL3 = 413,
  SETCC = 414, XCHG = 415, XCHG_ACC = 416, XADD = 417, CMPXCHG = 418, CMPXCHG8B = 419,
  PUSH_M = 420, POP_M = 421, PUSHA = 422, POPA = 423, ENTER = 424, LEAVE = 425,
  CBW = 426, CWD = 427, LAHF = 428, SAHF = 429, CLC = 430, STC = 431, CMC = 432, CLD = 433, STD = 434,
  BT_R = 435, BT_M = 436, BT_I = 437, BSF = 438, BSR = 439, POPCNT = 440, BSWAP = 441, MOVBE = 442, SHLD = 443, SHRD = 444,
  MOVS = 445, CMPS = 446, STOS = 447, LODS = 448, SCAS = 449,
  LOOP = 450, JCXZ = 451, XLAT = 452, SALC = 453, AAA = 454, AAS = 455, AAM = 456, AAD = 457, DAA = 458, DAS = 459, BOUND = 460,
  MOV_MOFFS_LOAD = 461, MOV_MOFFS_STORE = 462, PUSH_SEG = 463, SHLD_CL = 464, SHRD_CL = 465, CRC32 = 466, MOVNTI = 467, CLFLUSH = 468, ADCX = 469, ADOX = 470,
  GENERAL_END = 512,

  SYSTEM = 1024, SYSTEM_END = 1280,
  X87 = 1280,
  X87_REGISTER = 1280, X87_MEMORY = 1281, X87_WAIT = 1282, FXSAVE = 1283, FXRSTOR = 1284, XSAVE = 1285, XRSTOR = 1286,
  X87_END = 1408,
  SSE = 1408,
  // xmm op= xmm/m128, and with a memory operand of 2, 4, 8 bytes, or 16 that need no alignment.
  SSE_OP = 1408, SSE_OP_2 = 1409, SSE_OP_4 = 1410, SSE_OP_8 = 1411, SSE_OP_U = 1412,
  // The same for operations whose result is RFLAGS.
  SSE_FLAGS_4 = 1413, SSE_FLAGS_8 = 1414, SSE_FLAGS = 1415,
  SSE_SHIFT_I = 1416, SSE_BLENDV = 1417,
  // Moves: whole registers aligned and not, scalars of 4 and 8 bytes, halves.
  SSE_LOAD_A = 1420, SSE_LOAD_U = 1421, SSE_STORE_A = 1422, SSE_STORE_U = 1423,
  SSE_LOAD_4 = 1424, SSE_LOAD_8 = 1425, SSE_STORE_4 = 1426, SSE_STORE_8 = 1427, SSE_LOAD_LOW = 1428, SSE_STORE_HIGH = 1429,
  // To and from general registers.
  SSE_FROM_GPR = 1430, SSE_TO_GPR = 1431, SSE_MASK = 1432, SSE_EXTRACT = 1433, SSE_INSERT = 1434, SSE_FROM_INT = 1435,
  SSE_TO_INT_4 = 1436, SSE_TO_INT_8 = 1437,
  // Whole instructions: one IR operation each.
  SSE_STRING_INDEX = 1440, SSE_STRING_MASK = 1441, SSE_STRING_EXPLICIT = 1442, SSE_MASKMOV = 1443, LDMXCSR = 1444, STMXCSR = 1445,
  // MMX, and what crosses between the register files.
  MMX = 1472,
  MMX_OP = 1472, MMX_OP_4 = 1473, MMX_SHIFT_I = 1474, MMX_MOVE = 1475, MMX_STORE = 1476, MMX_FROM_GPR = 1477, MMX_TO_GPR = 1478,
  MMX_MASK = 1479, MMX_INSERT = 1480, MMX_MASKMOV = 1481, EMMS = 1482,
  MMX_TO_XMM = 1483, XMM_TO_MMX = 1484, CVT_FROM_MMX = 1485, CVT_TO_MMX_8 = 1486, CVT_TO_MMX_16 = 1487,
  SSE_END = 1664,
}
