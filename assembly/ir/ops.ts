// Every IR operation. `a`, `b`, `c` are ids of earlier values unless said otherwise; values are 64 bits (v128 for V*). What each takes,
// gives and may do stands once more, as data, in rows.ts: verify and print read it there.

export const enum Op {
  /** Starts an instruction: imm = address of its record. */
  INSN,
  CONST,       // imm
  GET_REG,     // imm = byte offset in the register file | bits << 16; zero-extended
  SET_REG,     // a, imm as GET_REG; 32 bits zero-extend, 8 and 16 merge
  GET_CC_RESULT, GET_CC_CARRY,
  SET_CC,      // a = ccResult, b = ccCarry: flags that no kind of FLAGS describes
  FLAGS,       // a, b, c and imm = kind | bits << 8 as words-flags.ts says: the six status flags of a result
  COND,        // imm = condition code 0-15, of the flags as they stand; 0 or 1
  GET_FLAG,    // imm = mask in `flags` (DF ...); 0 or 1
  SET_FLAG,    // a = 0 or 1, imm = mask
  GET_MXCSR,
  SET_MXCSR,   // a: none of its reserved bits is set
  ADD, SUB, MUL, AND, OR, XOR, SHL, SHR, SAR, ROTR,
  MUL_HIGH_U, MUL_HIGH_S, // high 64 bits of the product
  CLZ, CTZ, POPCNT,
  EQ, LT_U, LT_S,         // 0 or 1
  SELECT,      // a ? b : c
  EXTEND8, EXTEND16, EXTEND32, // sign-extend
  DIV_U, REM_U, DIV_S, REM_S, // a by b; what Wasm would trap on was raised before
  DIV_WIDE,    // c:a (c high) by b; imm = WIDE_* bits; the caller has raised what does not fit
  WIDE_FITS,   // 1 when DIV_WIDE of the same operands has a quotient of 64 bits; b is not 0
  LOAD,        // a = linear address, imm = bytes; may fault
  STORE,       // a = linear address, b = value, imm = bytes | STACK; may fault
  LOAD_RMW,    // a = linear address, imm = bytes | LOCKED: faults as a store would; the one look-up of a read-modify-write
  STORE_RMW,   // a = its address, b = value, c = the LOAD_RMW, imm = bytes: cannot fault
  PROBE,       // a = linear address, imm = bytes: faults as a store would
  SEGMENT_BASE,// imm = segment
  CHECK_SEGMENT, // a = offset, imm = segment | bytes << 8 | write << 16: the linear address; may fault
  CHECK_TARGET,// a = branch target: #GP when it is outside the code segment or not canonical
  RAISE_IF,    // a = condition, imm = vector: faults, with code 0 where the vector has one
  // Control: the last operation of a block. A block without one falls through.
  BRANCH,      // a = condition, b = target, c = the other way
  JUMP,        // a = target, known from the instruction
  CALL,        // a = target, known from the instruction, b = return address (already pushed)
  JUMP_IND,    // a = target
  CALL_IND,    // a = target, b = return address (already pushed)
  RET,         // a = target
  RUN,         // the whole instruction, by its Run function; may fault. imm = Effect bits read | written << 32
  // Parts of an x87 instruction (isa/x87-parts.ts): imm = its form (isa/x87-form.ts).
  X87_READY,   // what is not plain leaves in front of the instruction, or runs it as a whole
  X87_DO,      // a = the memory operand, else 0: its meaning; the flags of FCOMI, the word of FNSTSW, or 0
  X87_OUT,     // what a store of ST(0) stores
  X87_END,     // a = the X87_OUT: it has been stored
  // Vectors: imm = register, or lane operation (float/ops.ts) | immediate << 16.
  VGET, VSET,  // a, imm = XMM number
  VLOAD, VSTORE, // a = linear address (b = value), imm = bytes 4, 8, 16; may fault
  VOP,         // a, b, imm = kind | immediate << 16; floating point may report (#XM)
  VCONST_LOW,  // a = 64-bit value: in the low lane, zero above
  VLOW,        // a: its low 64 bits
  COUNT,
}

/** Bits of DIV_WIDE's and WIDE_FITS's imm: signed; the remainder instead of the quotient. */
export const enum Wide { SIGNED = 1, REMAINDER = 2 }

/** What RUN may read and write: bits 0 to 15 are the general registers. */
export const enum Effect {
  GPR = 0xffff,
  XMM = 0x1_0000,
  /** The six status flags. */
  FLAGS = 0x2_0000,
  /** x87 and MMX. */
  X87 = 0x4_0000,
  /** Mode, control and segment registers, TLB, IF: whatever follows must be looked at anew. */
  SYSTEM = 0x8_0000,
  /** It ends its block and says itself where execution goes on. */
  RIP = 0x10_0000,
}
