// The Wasm module around a region's function. Core Specification 2.0, 5.5; branch hints: the tool conventions' custom section
// metadata.code.branch_hint, which engines that do not know it skip.

import { Import, writeImport, writeType } from "./imports";
import { CODE, HINTS, LOCAL_TYPES, OUT, REGIONS, st } from "./places";
import { byte, unsigned } from "./writer";
import { T } from "./wasm";

/** Writes the module; its length. The function's code, without locals, is at CODE. */
export function writeModule(): u32 {
  const end = st.code;
  st.code = <u32>OUT;
  word(0x6d73_6100); word(1);
  let at = openSection(1);
  unsigned(Import.COUNT + 1);
  for (let f: u32 = 0; f < <u32>Import.COUNT; f++) writeType(f);
  byte(T.FUNC); byte(1); byte(T.I32); byte(1); byte(T.I32);
  closeSection(at);
  at = openSection(2);
  unsigned(Import.COUNT + 1);
  for (let f: u32 = 0; f < <u32>Import.COUNT; f++) writeImport(f);
  name("m", "memory"); byte(2); byte(0); byte(1);
  closeSection(at);
  at = openSection(3); byte(1); unsigned(Import.COUNT); closeSection(at);
  at = openSection(7); byte(1); text("f"); byte(0); unsigned(Import.COUNT); closeSection(at);
  const declared = sizeOfLocals();
  writeHints(declared);
  at = openSection(10);
  byte(1);
  const body = openSize();
  writeLocals();
  const length = end - <u32>CODE;
  if (st.code + length + 16 > <u32>REGIONS) { st.full = 1; return 0; }
  memory.copy(<usize>st.code, CODE, length);
  st.code += length;
  closeSection(body);
  closeSection(at);
  return st.code - <u32>OUT;
}

function word(v: u32): void { for (let k: u32 = 0; k < 4; k++) byte(v >> (k << 3) & 0xff); }
function text(s: string): void {
  unsigned(s.length);
  for (let k = 0; k < s.length; k++) byte(s.charCodeAt(k));
}
function name(from: string, what: string): void { text(from); text(what); }

/** A length that is known at the end takes five bytes. */
function openSize(): u32 { const at = st.code; st.code += 5; return at; }
function openSection(id: u32): u32 { byte(id); return openSize(); }
function closeSection(at: u32): void {
  let size = st.code - at - 5;
  for (let k: u32 = 0; k < 5; k++) { store<u8>(<usize>(at + k), <u8>(size & 0x7f | (k < 4 ? 0x80 : 0))); size >>= 7; }
}

@inline function typeAt(n: u32): u32 { return load<u8>(LOCAL_TYPES + <usize>n); }
/** Locals behind the parameter, in runs of one type. */
function runs(): u32 {
  let n: u32 = 0;
  for (let k: u32 = 1; k < st.locals; k++) if (k == 1 || typeAt(k) != typeAt(k - 1)) n++;
  return n;
}
function writeLocals(): void {
  unsigned(runs());
  for (let k: u32 = 1; k < st.locals;) {
    let n: u32 = 1;
    while (k + n < st.locals && typeAt(k + n) == typeAt(k)) n++;
    unsigned(n); byte(typeAt(k));
    k += n;
  }
}
function sizeOfLocals(): u32 {
  const before = st.code;
  writeLocals();
  const size = st.code - before;
  st.code = before;
  return size;
}

function writeHints(declared: u32): void {
  if (!st.hints) return;
  const at = openSection(0);
  text("metadata.code.branch_hint");
  byte(1); unsigned(Import.COUNT); unsigned(st.hints);
  for (let k: u32 = 0; k < st.hints; k++) { unsigned(load<u32>(HINTS + <usize>k * 4) + declared); byte(1); byte(0); }
  closeSection(at);
}
