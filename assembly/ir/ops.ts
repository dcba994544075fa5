// Every IR operation. `a`, `b`, `c` are ids of earlier values unless said otherwise; values are 64 bits (v128 for V*).

export const enum Op {
  /** Starts an instruction: imm = address of its record. */
  INSN,
  CONST,       // imm
  GET_REG,     // imm = byte offset in the register file | bits << 16; zero-extended
  SET_REG,     // a, imm as GET_REG; 32 bits zero-extend, 8 and 16 merge
  GET_CC_RESULT, GET_CC_CARRY,
  SET_CC,      // a = ccResult, b = ccCarry
  COND,        // imm = condition code 0-15; 0 or 1
  GET_FLAG,    // imm = mask in `flags` (DF ...); 0 or 1
  SET_FLAG,    // a = 0 or 1, imm = mask
  ADD, SUB, MUL, AND, OR, XOR, SHL, SHR, SAR, ROTR,
  MUL_HIGH_U, MUL_HIGH_S, // high 64 bits of the product
  CLZ, CTZ, POPCNT,
  EQ, LT_U, LT_S,         // 0 or 1
  SELECT,      // a ? b : c
  EXTEND8, EXTEND16, EXTEND32, // sign-extend
  LOAD,        // a = linear address, imm = bytes; may fault
  STORE,       // a = linear address, b = value, imm = bytes | 256 for the stack; may fault
  PROBE,       // a = linear address, imm = bytes: faults as a store would
  SEGMENT_BASE,// imm = segment
  CHECK_SEGMENT, // a = offset, imm = segment | bytes << 8 | write << 16: the linear address; may fault
  CHECK_TARGET,// a = branch target: #GP when it is outside the code segment or not canonical
  RAISE_IF,    // a = condition, imm = vector: faults with code 0
  JUMP,        // a = new rip
  JUMP_IF,     // a = condition, b = new rip
  RUN,         // the whole instruction, by its Run function; may fault
  // Vectors: imm = register, or lane operation (float/ops.ts) | immediate << 16.
  VGET, VSET,  // a, imm = XMM number
  VLOAD, VSTORE, // a = linear address (b = value), imm = bytes 4, 8, 16; may fault
  VOP,         // a, b, imm = kind | immediate << 16; may fault (#XM)
  VCONST_LOW,  // a = 64-bit value: in the low lane, zero above
  VLOW,        // a: its low 64 bits
  COUNT,
}
