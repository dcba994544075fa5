// The Wasm locals of a region's function: a fixed few, one for each guest register that it uses, and temporaries that blocks use in turn.

import { LOCALS, LOCAL_TYPES, st } from "./places";
import { newLocal } from "./writer";
import { T } from "./wasm";

@unmanaged export class Fixed {
  /** Ticks that are left; the parameter. */
  budget: u32;
  /** Where an indirect jump goes. */
  rip: u32;
  /** Operands of the flags that a block finds, where they are not in memory (exits.ts). */
  a: u32; b: u32;
  tlbRead: u32; tlbWrite: u32; entry: u32;
  /** Ticks left as RUN says it. */
  left: u32;
  /** Key of the block whose indirect jump is under way (learned.ts). */
  from: u32;
  /** First temporary, and how far each type has been handed out. */
  first: u32; next64: u32; next32: u32; next128: u32; nextF64: u32; nextF32: u32;
  /** In the block in hand: 1 when floating point must go the exact way (lower-real.ts); 0 while the block has none. */
  rough: u32;
  /** x87 in the block in hand (lower-x87.ts). */
  x87Top: u32; x87Tags: u32; x87Status: u32;
}
@inline export const fixed = changetype<Fixed>(LOCALS);
@inline const REGISTERS: usize = LOCALS + 128;

/** Local of general register `r`, of XMM `r`. */
@inline export function gprLocal(r: u32): u32 { return load<u32>(REGISTERS + <usize>r * 4); }
@inline export function xmmLocal(r: u32): u32 { return load<u32>(REGISTERS + 64 + <usize>r * 4); }

export function startLocals(): void {
  st.locals = 0;
  fixed.budget = newLocal(T.I32);
  fixed.rip = newLocal(T.I64);
  fixed.a = newLocal(T.I64); fixed.b = newLocal(T.I64);
  fixed.tlbRead = newLocal(T.I32); fixed.tlbWrite = newLocal(T.I32); fixed.entry = newLocal(T.I32); fixed.left = newLocal(T.I32); fixed.from = newLocal(T.I32);
  if (st.x87) { fixed.x87Top = newLocal(T.I32); fixed.x87Tags = newLocal(T.I32); fixed.x87Status = newLocal(T.I32); }
  for (let r: u32 = 0; r < 16; r++) {
    if (st.used >> r & 1) store<u32>(REGISTERS + <usize>r * 4, newLocal(T.I64));
    if (st.vectorsUsed >> r & 1) store<u32>(REGISTERS + 64 + <usize>r * 4, newLocal(T.V128));
  }
  fixed.first = st.locals;
}

/** A new block: temporaries of the ones before are free. */
export function startTemporaries(): void {
  fixed.next64 = fixed.first; fixed.next32 = fixed.first; fixed.next128 = fixed.first; fixed.nextF64 = fixed.first; fixed.nextF32 = fixed.first;
  fixed.rough = 0;
}

/** Where the search for the next local of a type goes on. */
function nextOf(type: u32): usize {
  const base = changetype<usize>(fixed) + offsetof<Fixed>("next64");
  return base + (type == T.I64 ? 0 : type == T.I32 ? 4 : type == T.V128 ? 8 : type == T.F64 ? 12 : 16);
}
export function temporary(type: u32): u32 {
  let n = load<u32>(nextOf(type));
  while (n < st.locals && typeOf(n) != type) n++;
  if (n == st.locals) newLocal(type);
  store<u32>(nextOf(type), n + 1);
  return n;
}
@inline export function typeOf(local: u32): u32 { return load<u8>(LOCAL_TYPES + <usize>local); }
