// The x87 instructions that have parts in the IR, as one number each: what most programs use of the unit. All others, and all where an exception
// may be unmasked, are one RUN. Intel SDM vol. 2, tables.
//
//   | kind 0-3 | pops 4-5 | quiet 6 | truncates 7 | operation 8-10 | to 12-14 | from 16-18 | format 20-22 |

import { Insn } from "../decode/record";
import { H } from "../decode/handlers";
import { Fop } from "./x87-arithmetic";
import { Stored } from "./x87-move";

export const enum FormKind {
  NONE,
  /** Memory, of a format: pushes; ST(0) op= it, or compares with it; ST(0) is stored there. */
  LOAD, WITH_MEMORY, STORE,
  /** ST(to) op= ST(from); compares ST(0) with ST(from), for the status word or for RFLAGS. */
  ARITHMETIC, COMPARE, COMPARE_FLAGS,
  /** Pushes ST(from); ST(to) = ST(0); exchanges ST(0) and ST(from). */
  PUSH, COPY, EXCHANGE,
  /** ST(0): its sign changed, or cleared (operation 1); its root. Pushes 0, or 1 (operation 1). */
  SIGN, ROOT, CONSTANT,
  /** FNSTSW AX. */
  STATUS,
}
@inline export function kindIn(f: u32): u32 { return f & 15; }
@inline export function popsIn(f: u32): u32 { return f >> 4 & 3; }
@inline export function isQuiet(f: u32): bool { return (f >> 6 & 1) != 0; }
@inline export function truncates(f: u32): bool { return (f >> 7 & 1) != 0; }
@inline export function operationIn(f: u32): u32 { return f >> 8 & 7; }
@inline export function toIn(f: u32): u32 { return f >> 12 & 7; }
@inline export function fromIn(f: u32): u32 { return f >> 16 & 7; }
@inline export function formatIn(f: u32): u32 { return f >> 20 & 7; }
@inline export function bytesIn(f: u32): u32 {
  const format = formatIn(f);
  return format == Stored.I16 ? 2 : format == Stored.F64 || format == Stored.I64 ? 8 : 4;
}

export function formOf(i: Insn): u32 {
  const op = <u32>i.kind >> 8, low = <u32>i.kind & 0xff;
  if (i.handler == <u16>H.X87_MEMORY) return op & 1 ? moves(op, low) : arithmetic(op, low);
  return i.handler == <u16>H.X87_REGISTER ? ofRegisters(op, low) : 0;
}

@inline function memory(kind: FormKind, format: u32, pops: u32, rest: u32): u32 { return kind | pops << 4 | rest | format << 20; }
/** D8: single, DA: 32-bit integer, DC: double, DE: 16-bit integer. */
function arithmetic(op: u32, reg: u32): u32 {
  const format: u32 = op == 0 ? Stored.F32 : op == 2 ? Stored.I32 : op == 4 ? Stored.F64 : Stored.I16;
  return memory(FormKind.WITH_MEMORY, format, u32(reg == Fop.COMP), reg << 8);
}
function moves(op: u32, reg: u32): u32 {
  const format: u32 = op == 1 ? Stored.F32 : op == 3 ? Stored.I32 : op == 5 ? Stored.F64 : Stored.I16;
  if (reg == 0) return memory(FormKind.LOAD, format, 0, 0);
  if (reg == 2 || reg == 3) return memory(FormKind.STORE, format, reg - 2, 0);
  if (op == 1) return 0;
  if (reg == 1) return memory(FormKind.STORE, op == 5 ? Stored.I64 : format, 1, 1 << 7);
  if (op != 7) return 0;
  return reg == 5 ? memory(FormKind.LOAD, Stored.I64, 0, 0) : reg == 7 ? memory(FormKind.STORE, Stored.I64, 1, 0) : 0;
}

@inline function registers(kind: FormKind, pops: u32, rest: u32, to: u32, from: u32): u32 { return kind | pops << 4 | rest | to << 12 | from << 16; }
@inline function compares(from: u32, quiet: u32, pops: u32): u32 { return registers(FormKind.COMPARE, pops, quiet << 6, 0, from); }
function ofRegisters(op: u32, modrm: u32): u32 {
  const reg = modrm >> 3 & 7, i = modrm & 7;
  switch (op) {
    case 0: return reg == Fop.COM || reg == Fop.COMP ? compares(i, 0, reg - Fop.COM) : registers(FormKind.ARITHMETIC, 0, reg << 8, 0, i);
    case 1: return ofOne(reg, i);
    case 2: return modrm == 0xe9 ? compares(1, 1, 2) : 0;
    case 3: return reg == 5 || reg == 6 ? registers(FormKind.COMPARE_FLAGS, 0, u32(reg == 5) << 6, 0, i) : 0;
    case 4: return reg == Fop.COM || reg == Fop.COMP ? compares(i, 0, reg - Fop.COM) : into(i, reg, 0);
    case 5: return reg == 1 ? registers(FormKind.EXCHANGE, 0, 0, 0, i) : reg == 2 || reg == 3 ? registers(FormKind.COPY, reg - 2, 0, i, 0)
      : reg == 4 || reg == 5 ? compares(i, 1, reg - 4) : 0;
    case 6: return reg == Fop.COM ? compares(i, 0, 1) : reg != Fop.COMP ? into(i, reg, 1) : modrm == 0xd9 ? compares(1, 0, 2) : 0;
    default: return modrm == 0xe0 ? FormKind.STATUS : reg == 5 || reg == 6 ? registers(FormKind.COMPARE_FLAGS, 1, u32(reg == 5) << 6, 0, i) : 0;
  }
}
/** In DC and DE the encodings of FSUB and FSUBR, FDIV and FDIVR are swapped with respect to the destination. */
function into(to: u32, reg: u32, pops: u32): u32 { return registers(FormKind.ARITHMETIC, pops, (reg >= <u32>Fop.SUB ? reg ^ 1 : reg) << 8, to, 0); }
/** D9. */
function ofOne(reg: u32, i: u32): u32 {
  // FLD ST(7) faults whatever the tags are.
  if (reg == 0) return i == 7 ? 0 : registers(FormKind.PUSH, 0, 0, 0, i);
  if (reg == 1) return registers(FormKind.EXCHANGE, 0, 0, 0, i);
  if (reg == 4 && i < 2) return registers(FormKind.SIGN, 0, i << 8, 0, 0);
  if (reg == 5 && (i == 0 || i == 6)) return registers(FormKind.CONSTANT, 0, u32(i == 0) << 8, 0, 0);
  return reg == 7 && i == 2 ? registers(FormKind.ROOT, 0, 0, 0, 0) : 0;
}
