// What a translation that runs and the module share: the end of its budget, and the flags it leaves behind as kind and operands.

import { LIVE, MAX_PAGES_KEPT, PAGES } from "./places";

/** What a translation gives for the ticks that are left when it is left at the instruction that control.current and control.base say. */
@inline export const BY_RECORD: u32 = 0x8000_0000;

/** MXCSR asks for a rounding or an exception of its own; or only that "inexact" is still to be recorded, which the next operation that is will do. */
export const enum Rough { SPECIAL = 1, UNRECORDED = 2 }

@unmanaged export class Live {
  /** The tick at which the budget of the translation that runs ends. */
  endTick: u64;
  /**
   * Flags as they were committed last (flag-state.ts): kind | bits << 8, the kind that lies over it in the same form, operands. What a kind's result
   * follows from is not kept: see settleFlags in helpers.ts.
   */
  a: u64; b: u64; c: u64; overA: u64;
  kind: u16; over: u16;
  /** Not 0: MXCSR asks for more than the plain instructions of Wasm do (Rough). */
  rough: u32;
  /** Key of the block whose indirect jump led out of the region; 0 when something else did. */
  from: u32;
  /** Of the x87 operation in hand (x87-helpers.ts): sign and exponent of the result, what is merged into the status word. */
  exponent: u32; status: u32;
}
@inline export const live = changetype<Live>(LIVE);

/**
 * A page that a region's accesses hit last (near.ts): its linear address, and what makes linear addresses those in memory. In memory rather than in
 * locals: each slow path would give every local another value, and every access a merge of them all.
 *
 *   16 bytes:  | tag u64 | addend u32 | 0 u32 |
 */
@inline export function keptPage(n: u32): usize { return PAGES + <usize>n * 16; }
/** No access looks for it: what is compared has no bit between 4 and 11. */
@inline export const NO_PAGE: u64 = 0x800;
/** Where a TLB entry may be replaced; a region begins without any (near.ts). */
export function forgetPages(): void { for (let n: u32 = 0; n < MAX_PAGES_KEPT; n++) store<u64>(keptPage(n), NO_PAGE); }
