// What an instruction that is one operation (RUN) reads and writes: the registers that translated code must have in memory before it, and
// take from memory again after it. The opcode row names the set (decode/uses.ts), the record carries it, and here stands what is in it; operands
// follow from the record. What is written only sometimes is read as well: its old value must be there. tests/isa holds the table: the IR's
// interpreter hides what RUN says it does not read.

import { Insn, Is, USES_SET } from "../decode/record";
import { cpu, Mode } from "../cpu/state";
import { Uses } from "../decode/uses";
import { Effect, Op } from "../ir/ops";
import { record } from "../ir/block";

@inline const AX: u32 = 1;
@inline const CX: u32 = 2;
@inline const DX: u32 = 4;
@inline const BX: u32 = 8;
@inline const SP: u32 = 16;
@inline const BP: u32 = 32;
@inline const SI: u32 = 64;
@inline const DI: u32 = 128;
@inline const R11: u32 = 2048;
/** What far transfers, and what switches tasks, may do. */
@inline const FAR: u32 = Effect.GPR | Effect.FLAGS | Effect.SYSTEM | Effect.RIP;
@inline const ALL: u32 = Effect.GPR | Effect.XMM | Effect.FLAGS | Effect.X87 | Effect.SYSTEM | Effect.RIP;

/** | read | written << 32 | */
@inline function both(read: u32, written: u32): u64 { return <u64>(read | written) | <u64>written << 32; }

/** In Build: the whole instruction is one operation that calls its Run function. */
export function recordRun(i: Insn): void { record(Op.RUN, 0, 0, 0, effectsOf(i)); }

export function effectsOf(i: Insn): u64 { return setOf(i) | addressEffects(i); }

/** Registers of the memory operand. */
function addressEffects(i: Insn): u64 {
  if (!(i.flags & Is.MEMORY)) return 0;
  let read: u32 = 0;
  if (i.base < 16) read |= 1 << i.base;
  if (i.index < 16) read |= 1 << i.index;
  return read;
}
/** A general register by its byte offset in the register file. */
@inline function gprOf(place: u32): u32 { return 1 << (place >> 3 & 15); }

/** The register that an operand is, 0 where it is memory instead. */
@inline function dstRegister(i: Insn): u32 { return i.flags & Is.MEMORY ? 0 : gprOf(i.dst); }
@inline function srcRegister(i: Insn): u32 { return i.flags & Is.MEMORY ? 0 : gprOf(i.src); }

function setOf(i: Insn): u64 {
  const uses = <u32>i.uses & USES_SET;
  if (uses >= <u32>Uses.SYSTEM) return systemSet(i, uses);
  if (uses >= <u32>Uses.SSE_STRING) return vectorSet(i, uses);
  switch (uses) {
    case Uses.NOTHING: return 0;
    case Uses.ACC_FLAGS: return both(0, AX | Effect.FLAGS);
    case Uses.CRC32: return both(srcRegister(i), gprOf(i.dst));
    case Uses.PAIR: return both(BX | CX, AX | DX | Effect.FLAGS);
    case Uses.POP_M: return both(0, SP | dstRegister(i));
    case Uses.PUSHA: return both(0xff, SP);
    case Uses.POPA: return both(0, 0xff);
    case Uses.PUSH_SEG: return both(0, SP);
    case Uses.ENTER: return both(0, SP | BP);
    // A repetition that is not finished makes the loop look.
    case Uses.STRING: return both(0, AX | CX | SI | DI);
    case Uses.STRING_FLAGS: return both(0, AX | CX | SI | DI | Effect.FLAGS);
    case Uses.BOUND: return both(gprOf(i.dst), 0);
    case Uses.LAHF: return both(Effect.FLAGS, AX);
    case Uses.SAHF: return both(AX, Effect.FLAGS);
  }
  return both(0, ALL);
}

/** Where FERR# is asserted instead of a fault the loop is made to look, and rip is the instruction's own: no need to end the block. */
function vectorSet(i: Insn, uses: u32): u64 {
  switch (uses) {
    case Uses.SSE_STRING: return both(AX | DX, CX | Effect.XMM | Effect.FLAGS);
    case Uses.SSE_MASKMOV: return both(DI | Effect.XMM, 0);
    case Uses.MMX: return both(0, Effect.X87 | Effect.XMM);
    case Uses.MMX_FROM_GPR: return both(srcRegister(i), Effect.X87);
    case Uses.MMX_TO_GPR: return both(0, dstRegister(i) | Effect.X87);
    case Uses.MMX_MASKMOV: return both(DI, Effect.X87);
    case Uses.X87: return both(0, Effect.X87);
    case Uses.X87_READS_FLAGS: return both(Effect.FLAGS, Effect.X87);
    case Uses.X87_FLAGS: return both(0, Effect.X87 | Effect.FLAGS);
    case Uses.X87_AX: return both(0, Effect.X87 | AX);
    case Uses.IMAGE: return both(AX | DX, Effect.XMM | Effect.X87);
  }
  return both(0, ALL);
}

function systemSet(i: Insn, uses: u32): u64 {
  switch (uses) {
    case Uses.SYSTEM: return both(0, Effect.SYSTEM);
    case Uses.TIME: return both(CX, AX | DX);
    case Uses.RDTSCP: return both(0, AX | CX | DX);
    case Uses.CPUID: return both(0, AX | BX | CX | DX);
    case Uses.PUSHF: return both(Effect.FLAGS, SP);
    case Uses.POPF: return both(0, SP | Effect.FLAGS | Effect.SYSTEM);
    case Uses.FSGSBASE: return both(0, gprOf(i.dst) | Effect.SYSTEM);
    case Uses.FROM_CR: return both(0, gprOf(i.dst));
    case Uses.TO_CR: return both(gprOf(i.src), Effect.SYSTEM);
    case Uses.INVPCID: return both(gprOf(i.dst), Effect.SYSTEM);
    case Uses.RDMSR: return both(CX, AX | DX | Effect.SYSTEM);
    case Uses.WRMSR: return both(AX | CX | DX, Effect.SYSTEM);
    case Uses.PORT: return both(DX, AX | Effect.SYSTEM);
    case Uses.FROM_SEG: return both(0, dstRegister(i));
    case Uses.TO_SEG: return both(srcRegister(i), Effect.SYSTEM);
    case Uses.POP_SEG: return both(0, SP | Effect.SYSTEM);
  }
  return cpu.mode & Mode.LONG ? farSet(uses) : both(0, FAR);
}
/** In 64-bit code, where nothing switches tasks. */
function farSet(uses: u32): u64 {
  const far = Effect.FLAGS | Effect.SYSTEM | Effect.RIP;
  switch (uses) {
    case Uses.SYSCALL: return both(0, CX | R11 | far);
    case Uses.SYSRET: return both(CX | R11, far);
    case Uses.IRET: return both(0, SP | far);
  }
  return both(0, FAR);
}
