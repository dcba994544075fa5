// The IR in hand as text, one operation a line: `%7 = add %3 %5`, `store %7 %4 #8`. For goldens and --dump-ir.

import { at, count, Inst, TEXT, TEXT_SIZE } from "./block";
import { Op } from "./ops";
import { Type, givenBy, nameOf, rowOf, takenBy } from "./rows";

@unmanaged class Pen { at: usize; }
@inline const pen = changetype<Pen>(TEXT + TEXT_SIZE);

/** Writes the text (ASCII) to TEXT; its length in bytes. What does not fit is left out. */
export function print(): u32 {
  pen.at = TEXT;
  const n = count();
  for (let id: u32 = 0; id < n && pen.at < TEXT + TEXT_SIZE - 256; id++) printLine(at(id), id);
  return <u32>(pen.at - TEXT);
}

function printLine(i: Inst, id: u32): void {
  const r = rowOf(i.op);
  if (givenBy(r) != Type.NONE) { char(0x25); decimal(id); char(0x20); char(0x3d); char(0x20); }
  word(nameOf(i.op));
  for (let n: u32 = 0; n < 3; n++) {
    if (takenBy(r, n) == Type.NONE) continue;
    char(0x20); char(0x25); decimal(n == 0 ? i.a : n == 1 ? i.b : i.c);
  }
  // A record's address is no part of what the instruction means.
  if (i.op != <u16>Op.INSN && (i.imm || i.op == <u16>Op.CONST || givenBy(r) != Type.NONE && takenBy(r, 0) == Type.NONE)) {
    char(0x20); char(0x23); hexadecimal(i.imm);
  }
  char(0x0a);
}

function char(c: u32): void { store<u8>(pen.at++, <u8>c); }
function word(s: string): void { for (let k = 0; k < s.length; k++) char(s.charCodeAt(k)); }
function decimal(v: u32): void {
  if (v >= 10) decimal(v / 10);
  char(0x30 + v % 10);
}
function hexadecimal(v: u64): void {
  if (v >= 16) hexadecimal(v >> 4);
  const d = <u32>v & 15;
  char(d < 10 ? 0x30 + d : 0x57 + d);
}
