// WebAssembly's encoding: the opcodes and types that lowering uses. Core Specification 2.0, chapter 5; SIMD opcodes follow the prefix fd.

export const enum T { I32 = 0x7f, I64 = 0x7e, F64 = 0x7c, V128 = 0x7b, FUNC = 0x60, EMPTY = 0x40 }

export const enum W {
  UNREACHABLE = 0x00, BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b, BR = 0x0c, BR_IF = 0x0d, BR_TABLE = 0x0e, RETURN = 0x0f, CALL = 0x10,
  DROP = 0x1a, SELECT = 0x1b, LOCAL_GET = 0x20, LOCAL_SET = 0x21, LOCAL_TEE = 0x22,
  I32_LOAD = 0x28, I64_LOAD = 0x29, I64_LOAD8_U = 0x31, I64_LOAD16_U = 0x33, I64_LOAD32_U = 0x35,
  I32_STORE = 0x36, I64_STORE = 0x37, I64_STORE8 = 0x3c, I64_STORE16 = 0x3d, I64_STORE32 = 0x3e,
  I32_CONST = 0x41, I64_CONST = 0x42,
  I32_EQZ = 0x45, I32_EQ = 0x46, I32_LT_S = 0x48, I64_EQZ = 0x50, I64_EQ = 0x51, I64_NE = 0x52, I64_LT_S = 0x53, I64_LT_U = 0x54, I64_GT_U = 0x56,
  I32_ADD = 0x6a, I32_SUB = 0x6b, I32_AND = 0x71, I32_SHL = 0x74,
  I64_CLZ = 0x79, I64_CTZ = 0x7a, I64_POPCNT = 0x7b, I64_ADD = 0x7c, I64_SUB = 0x7d, I64_MUL = 0x7e, I64_DIV_S = 0x7f, I64_DIV_U = 0x80, I64_REM_S = 0x81,
  I64_REM_U = 0x82, I64_AND = 0x83, I64_OR = 0x84, I64_XOR = 0x85, I64_SHL = 0x86, I64_SHR_S = 0x87, I64_SHR_U = 0x88, I64_ROTR = 0x8a,
  I32_WRAP_I64 = 0xa7, I64_EXTEND_I32_U = 0xad, I64_EXTEND8_S = 0xc2, I64_EXTEND16_S = 0xc3, I64_EXTEND32_S = 0xc4,
  SIMD = 0xfd,
}

export const enum X {
  LOAD = 0, STORE = 11, CONST = 12, SHUFFLE = 13, SPLAT64 = 18, EXTRACT64 = 29, REPLACE64 = 30, LOAD32_ZERO = 92, LOAD64_ZERO = 93,
  STORE32_LANE = 90, STORE64_LANE = 91,
}
