// Bytes of Wasm, appended to the code in hand.

import { CODE, HINTS, LOCAL_TYPES, MAX_HINTS, MAX_LOCALS, KEPT, OUT, st } from "./places";
import { T, W, X } from "./wasm";

export function byte(b: u32): void {
  if (st.code >= (st.code < <u32>OUT ? <u32>OUT : <u32>KEPT) - 16) { st.full = 1; return; }
  store<u8>(<usize>st.code, <u8>b);
  st.code++;
}
export function unsigned(v: u32): void {
  while (v >= 0x80) { byte(v & 0x7f | 0x80); v >>= 7; }
  byte(v);
}
export function signed(v: i64): void {
  for (;;) {
    const b = <u32>(v & 0x7f);
    v >>= 7;
    if (v == 0 && !(b & 0x40) || v == -1 && (b & 0x40) != 0) { byte(b); return; }
    byte(b | 0x80);
  }
}

export function constant32(v: u32): void { byte(W.I32_CONST); signed(<i32>v); }
export function constant64(v: u64): void { byte(W.I64_CONST); signed(<i64>v); }
export function get(local: u32): void { byte(W.LOCAL_GET); unsigned(local); }
export function set(local: u32): void { byte(W.LOCAL_SET); unsigned(local); }
export function tee(local: u32): void { byte(W.LOCAL_TEE); unsigned(local); }
export function call(f: u32): void { byte(W.CALL); unsigned(f); }
/** A load or store: opcode, no alignment promised, offset. */
export function access(op: u32, offset: u32): void { byte(op); byte(0); unsigned(offset); }
export function simd(op: u32): void { byte(W.SIMD); unsigned(op); }
export function simdAccess(op: u32, offset: u32): void { simd(op); byte(0); unsigned(offset); }

/** Opens a block, loop or if without results. */
export function open(op: u32): void { byte(op); byte(T.EMPTY); st.depth++; }
export function otherwise(): void { byte(W.ELSE); }
export function close(): void { byte(W.END); st.depth--; }
/** An `if` that is hardly ever taken: hinted, so that it stays out of the register allocator's way. */
export function openCold(): void {
  if (st.hints < MAX_HINTS) {
    store<u32>(HINTS + <usize>st.hints * 4, st.code - <u32>CODE);
    st.hints++;
  }
  open(W.IF);
}
/** Branches to the label that was opened when the depth was `at`. */
export function branchTo(at: u32): void { byte(W.BR); unsigned(st.depth - at - 1); }

export function branchIf(at: u32): void { byte(W.BR_IF); unsigned(st.depth - at - 1); }

export function zeroVector(): void { constantV(0, 0); }

export function constantF64(v: f64): void { byte(W.F64_CONST); little(reinterpret<u64>(v), 8); }
export function constantF32(v: f32): void { byte(W.F32_CONST); little(reinterpret<u32>(v), 4); }
function little(v: u64, bytes: u32): void { for (; bytes; bytes--) { byte(<u32>v & 0xff); v >>= 8; } }
export function constantV(low: u64, high: u64): void { simd(X.CONST); little(low, 8); little(high, 8); }

/** A new local; locals given back at a block's end are used again (locals.ts). */
export function newLocal(type: u32): u32 {
  if (st.locals >= MAX_LOCALS) { st.full = 1; return 0; }
  store<u8>(LOCAL_TYPES + <usize>st.locals, <u8>type);
  return st.locals++;
}
