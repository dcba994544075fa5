// What an instruction that is one operation (RUN) reads and writes: the registers that translated code must have in memory before it, and
// take from memory again after it. By handler, in one table; explicit operands follow from the record. What is written only sometimes is
// read as well: its old value must be there. tests/isa holds the table: the IR's interpreter hides what RUN says it does not read.

import { Insn, Is } from "../decode/record";
import { cpu, Mode } from "../cpu/state";
import { H } from "../decode/handlers";
import { S } from "../decode/system-handlers";
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
@inline const ALL: u32 = Effect.GPR | Effect.XMM | Effect.FLAGS | Effect.X87 | Effect.SYSTEM | Effect.RIP;

/** | read | written << 32 | */
@inline function both(read: u32, written: u32): u64 { return <u64>(read | written) | <u64>written << 32; }

/** In Build: the whole instruction is one operation that calls its Run function. */
export function recordRun(i: Insn): void { record(Op.RUN, 0, 0, 0, effectsOf(i)); }

export function effectsOf(i: Insn): u64 { return implicitEffects(i) | addressEffects(i); }

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

function implicitEffects(i: Insn): u64 {
  const h = <i32>i.handler;
  if (h >= H.MMX && h < H.SSE_END) return mmxEffects(i);
  if (h >= H.SSE) return sseEffects(i);
  if (h >= H.X87) return x87Effects(i);
  if (h >= H.SYSTEM) return systemEffects(i);
  switch (h) {
    case H.CRC32: return both(i.flags & Is.MEMORY ? 0 : gprOf(i.src), gprOf(i.dst));
    case H.CMPXCHG8B: return both(BX | CX, AX | DX | Effect.FLAGS);
    case H.POP_M: return both(0, SP | (i.flags & Is.MEMORY ? 0 : gprOf(i.dst)));
    case H.PUSHA: return both(0xff, SP);
    case H.POPA: return both(0, 0xff);
    case H.PUSH_SEG: return both(0, SP);
    case H.ENTER: return both(0, SP | BP);
    // A repetition that is not finished makes the loop look.
    case H.MOVS: case H.STOS: case H.LODS: return both(0, AX | CX | SI | DI);
    case H.CMPS: case H.SCAS: return both(0, AX | CX | SI | DI | Effect.FLAGS);
    case H.BOUND: return both(gprOf(i.dst), 0);
    case H.LAHF: return both(Effect.FLAGS, AX);
    case H.SAHF: return both(AX, Effect.FLAGS);
    default: return both(0, AX | Effect.FLAGS); // AAA to SALC
  }
}

function sseEffects(i: Insn): u64 {
  switch (<i32>i.handler) {
    case H.SSE_STRING_EXPLICIT: return both(AX | DX, CX | Effect.XMM | Effect.FLAGS);
    case H.SSE_MASKMOV: return both(DI | Effect.XMM, 0);
    default: return 0; // LDMXCSR, STMXCSR
  }
}

function mmxEffects(i: Insn): u64 {
  switch (<i32>i.handler) {
    case H.MMX_FROM_GPR: case H.MMX_INSERT: return both(i.flags & Is.MEMORY ? 0 : gprOf(i.src), Effect.X87);
    case H.MMX_TO_GPR: case H.MMX_MASK: return both(0, (i.flags & Is.MEMORY ? 0 : gprOf(i.dst)) | Effect.X87);
    case H.MMX_MASKMOV: return both(DI, Effect.X87);
    default: return both(0, Effect.X87 | Effect.XMM);
  }
}

/** Where FERR# is asserted instead of a fault the loop is made to look, and rip is the instruction's own: no need to end the block. */
function x87Effects(i: Insn): u64 {
  const op = <u32>i.kind >> 8, modrm = <u32>i.kind & 0xff;
  switch (<i32>i.handler) {
    case H.X87_WAIT: case H.X87_MEMORY: return both(0, Effect.X87);
    case H.X87_REGISTER: break;
    default: return both(AX | DX, Effect.XMM | Effect.X87);
  }
  // FCMOVcc reads flags, FCOMI and its kin write them, FNSTSW AX writes AX.
  const read: u32 = (op == 2 || op == 3) && modrm < 0xe0 ? Effect.FLAGS : 0;
  const compares = (op == 3 || op == 7) && modrm >= 0xe8 && modrm < 0xf8, status = op == 7 && modrm == 0xe0;
  return both(read, Effect.X87 | (compares ? <u32>Effect.FLAGS : 0) | (status ? AX : 0));
}

function systemEffects(i: Insn): u64 {
  switch (<i32>i.handler) {
    case S.CLI: case S.STI: case S.AC_FLAG: case S.SWAPGS: case S.INVLPG: case S.CLTS: case S.CACHE: case S.HLT: return both(0, Effect.SYSTEM);
    case S.RDTSC: case S.RDPMC: return both(CX, AX | DX);
    case S.RDTSCP: return both(0, AX | CX | DX);
    case S.CPUID: return both(0, AX | BX | CX | DX);
    case S.PUSHF: return both(Effect.FLAGS, SP);
    case S.POPF: return both(0, SP | Effect.FLAGS | Effect.SYSTEM);
    case S.FSGSBASE: return both(0, gprOf(i.dst) | Effect.SYSTEM);
    case S.MOV_FROM_CR: return both(0, gprOf(i.dst));
    case S.MOV_TO_CR: return both(gprOf(i.src), Effect.SYSTEM);
    case S.INVPCID: return both(gprOf(i.dst), Effect.SYSTEM);
    case S.RDMSR: return both(CX, AX | DX | Effect.SYSTEM);
    case S.WRMSR: return both(AX | CX | DX, Effect.SYSTEM);
    case S.IN: case S.OUT: return both(DX, AX | Effect.SYSTEM);
    default: return cpu.mode & Mode.LONG ? farEffects(<i32>i.handler) : both(0, ALL);
  }
}
/** In 64-bit code, where nothing switches tasks. */
function farEffects(h: i32): u64 {
  const far = Effect.FLAGS | Effect.SYSTEM | Effect.RIP;
  switch (h) {
    case S.SYSCALL: return both(0, CX | R11 | far);
    case S.SYSRET: return both(CX | R11, far);
    case S.IRET: return both(0, SP | far);
    default: return both(0, ALL);
  }
}
