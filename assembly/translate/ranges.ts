// How large and how fine a floating-point value can be, so that nothing but "inexact" can happen to what is made of it. Two exponents a value:
// |v| < 2^high, and v is a multiple of 2^quantum. So a difference that is not 0 cannot fall below the quantum, and a product that underflows
// would have to be finer than the format allows. What enters a block is tested once, against a window (lower-real.ts); what is made inside
// carries its range here. Kept in a node's local2, 0 while nothing is known.

import { Mxcsr, Raised } from "../float/env";
import { Node } from "./dag";

@inline const BIAS: i32 = 8192;
@inline export function rangeOf(high: i32, quantum: i32): u32 { return <u32>(high + BIAS) << 16 | <u32>(quantum + BIAS); }
@inline export function highOf(n: Node): i32 { return <i32>(n.local2 >> 16) - BIAS; }
@inline export function quantumOf(n: Node): i32 { return <i32>(n.local2 & 0xffff) - BIAS; }

/** What MXCSR says of rounding and "inexact", and the two states of that in which the plain instruction gives the exact result. */
@inline export const ASKING: u32 = Mxcsr.RC | Mxcsr.FZ | Mxcsr.DAZ | Raised.PE | Raised.PE << Mxcsr.MASK_SHIFT;
@inline export const UNSETTLED: u32 = Raised.PE << Mxcsr.MASK_SHIFT;
@inline export const SETTLED: u32 = Raised.PE | Raised.PE << Mxcsr.MASK_SHIFT;

/** Values whose test passed lie in [2^-span, 2^span) or are 0: a power of two, so that some bits of the exponent say it. */
@inline export function spanOf(double: bool): i32 { return double ? 128 : 32; }
@inline function fraction(double: bool): i32 { return double ? 52 : 23; }
/** Beyond these something else than "inexact" could happen. */
@inline function most(double: bool): i32 { return double ? 1000 : 120; }

export function tested(n: Node, double: bool): void { n.local2 = rangeOf(spanOf(double), -spanOf(double) - fraction(double)); }
/** The value is a double that was held against the window of singles. */
export function testedNarrow(n: Node): void { n.local2 = rangeOf(spanOf(false), -spanOf(false) - fraction(true)); }

function within(high: i32, quantum: i32, double: bool): u32 {
  return high > most(double) || quantum < -most(double) ? 0 : rangeOf(high, quantum);
}
/** The range of a op b; 0 when it says too little. */
export function sumOf(a: Node, b: Node, double: bool): u32 { return within(max(highOf(a), highOf(b)) + 1, min(quantumOf(a), quantumOf(b)), double); }
export function productOf(a: Node, b: Node, double: bool): u32 { return within(highOf(a) + highOf(b), quantumOf(a) + quantumOf(b), double); }
/** The divisor is not 0: it is at least its quantum. */
export function quotientOf(a: Node, b: Node, double: bool): u32 {
  return within(highOf(a) - quantumOf(b), quantumOf(a) - highOf(b) - fraction(double) - 1, double);
}
export function rootOf(a: Node, double: bool): u32 { return within((highOf(a) >> 1) + 1, (quantumOf(a) >> 1) - fraction(double) - 1, double); }
export function eitherOf(a: Node, b: Node): u32 { return rangeOf(max(highOf(a), highOf(b)), min(quantumOf(a), quantumOf(b))); }
