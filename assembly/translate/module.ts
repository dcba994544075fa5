// The Wasm module around the functions of regions. Core Specification 2.0, 5.5; branch hints: the tool conventions' custom section
// metadata.code.branch_hint, which engines that do not know it skip. Functions are kept until the module is written:
//
//   a function:  | bytes u32 | hints u32 | offset of each hint u32 | locals and code |

import { Import, writeImport, writeType } from "./imports";
import { CODE, HINTS, KEPT, LOCAL_TYPES, OUT, REGIONS, st } from "./places";
import { byte, unsigned } from "./writer";
import { T } from "./wasm";

@inline function bytesOf(f: u32): u32 { return load<u32>(<usize>f); }
@inline function hintsOf(f: u32): u32 { return load<u32>(<usize>f, 4); }
@inline function bodyOf(f: u32): u32 { return f + 8 + hintsOf(f) * 4; }
@inline function after(f: u32): u32 { return bodyOf(f) + bytesOf(f); }

export function forgetFunctions(): void { st.functions = 0; st.kept = <u32>KEPT; }

/** Keeps the function whose code is at CODE; its bytes, 0 when there is no room. */
export function keepFunction(): u32 {
  const length = st.code - <u32>CODE, f = st.kept;
  st.code = <u32>OUT;
  writeLocals();
  const locals = st.code - <u32>OUT, body = f + 8 + st.hints * 4;
  if (st.full || body + locals + length > <u32>REGIONS) { st.full = 1; return 0; }
  store<u32>(<usize>f, locals + length);
  store<u32>(<usize>f, st.hints, 4);
  for (let k: u32 = 0; k < st.hints; k++) store<u32>(<usize>f + 8 + <usize>k * 4, load<u32>(HINTS + <usize>k * 4) + locals);
  memory.copy(<usize>body, OUT, locals);
  memory.copy(<usize>(body + locals), CODE, length);
  st.kept = body + locals + length;
  st.functions++;
  return locals + length;
}

/** Writes the module of all functions that are kept, exported as f0 to f99 at most; its length, 0 when it is too long. */
export function writeModule(): u32 {
  st.code = <u32>OUT;
  st.full = 0;
  word(0x6d73_6100); word(1);
  writeTypes();
  writeImports();
  let at = openSection(3);
  unsigned(st.functions);
  for (let k: u32 = 0; k < st.functions; k++) unsigned(Import.COUNT);
  closeSection(at);
  writeExports();
  writeHints();
  writeBodies();
  return st.full ? 0 : st.code - <u32>OUT;
}

function writeTypes(): void {
  const at = openSection(1);
  unsigned(Import.COUNT + 1);
  for (let f: u32 = 0; f < <u32>Import.COUNT; f++) writeType(f);
  byte(T.FUNC); byte(1); byte(T.I32); byte(1); byte(T.I32);
  closeSection(at);
}
function writeImports(): void {
  const at = openSection(2);
  unsigned(Import.COUNT + 1);
  for (let f: u32 = 0; f < <u32>Import.COUNT; f++) writeImport(f);
  text("m"); text("memory"); byte(2); byte(0); byte(1);
  closeSection(at);
}
function writeExports(): void {
  const at = openSection(7);
  unsigned(st.functions);
  for (let k: u32 = 0; k < st.functions; k++) {
    byte(k > 9 ? 3 : 2); byte(0x66);
    if (k > 9) byte(0x30 + k / 10);
    byte(0x30 + k % 10);
    byte(0); unsigned(Import.COUNT + k);
  }
  closeSection(at);
}
function writeBodies(): void {
  const at = openSection(10);
  unsigned(st.functions);
  for (let f = <u32>KEPT; f < st.kept; f = after(f)) {
    unsigned(bytesOf(f));
    if (st.code + bytesOf(f) + 16 > <u32>KEPT) { st.full = 1; return; }
    memory.copy(<usize>st.code, <usize>bodyOf(f), bytesOf(f));
    st.code += bytesOf(f);
  }
  closeSection(at);
}

function word(v: u32): void { for (let k: u32 = 0; k < 4; k++) byte(v >> (k << 3) & 0xff); }
function text(s: string): void {
  unsigned(s.length);
  for (let k = 0; k < s.length; k++) byte(s.charCodeAt(k));
}

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

function writeHints(): void {
  let hinted: u32 = 0;
  for (let f = <u32>KEPT; f < st.kept; f = after(f)) if (hintsOf(f)) hinted++;
  if (!hinted) return;
  const at = openSection(0);
  text("metadata.code.branch_hint");
  unsigned(hinted);
  let index: u32 = Import.COUNT;
  for (let f = <u32>KEPT; f < st.kept; f = after(f), index++) if (hintsOf(f)) writeHintsOf(f, index);
  closeSection(at);
}
function writeHintsOf(f: u32, index: u32): void {
  unsigned(index); unsigned(hintsOf(f));
  for (let k: u32 = 0; k < hintsOf(f); k++) { unsigned(load<u32>(<usize>f + 8 + <usize>k * 4)); byte(1); byte(0); }
}
