// Status flags from results, in the two words of cpu/flags.ts: ccResult (sign-extended) gives ZF SF PF;
// ccCarry holds CF in bit 63, CF xor OF (the carry into the sign) in bit 62, AF in bit 3.

import { Val, lit, and, or, xor, shl, shr, signExtend, setCc, getCcCarry, choose, getCcResult, eq } from "../ir/words";

@inline export function not<M>(a: Val): Val { return xor<M>(a, lit<M>(~0)); }

/** Carry out of each bit of a + b (+ carry in) = r. */
@inline export function carryOut<M>(a: Val, b: Val, r: Val): Val { return or<M>(and<M>(a, b), and<M>(or<M>(a, b), not<M>(r))); }
/** Borrow out of each bit of a - b (- borrow in) = r. */
@inline export function borrowOut<M>(a: Val, b: Val, r: Val): Val { return or<M>(and<M>(not<M>(a), b), and<M>(or<M>(not<M>(a), b), r)); }

/** All six flags from a result and its carries out of every bit. */
@inline export function setFlags<M>(result: Val, carry: Val, bits: u32): void {
  setCc<M>(signExtend<M>(result, bits), packCarry<M>(carry, bits));
}
@inline export function packCarry<M>(carry: Val, bits: u32): Val {
  const top = and<M>(bits == 64 ? carry : shl<M>(carry, lit<M>(64 - bits)), lit<M>(<u64>3 << 62));
  return or<M>(top, and<M>(carry, lit<M>(8)));
}
/** INC and DEC: all but CF, which stays. */
@inline export function setFlagsKeepCf<M>(result: Val, carry: Val, bits: u32): void {
  const fresh = packCarry<M>(carry, bits);
  // Bit 62 is CF xor OF: where the new CF differs from the kept one, it turns too.
  const flip = and<M>(xor<M>(fresh, getCcCarry<M>()), lit<M>(<u64>1 << 63));
  setCc<M>(signExtend<M>(result, bits), xor<M>(fresh, or<M>(flip, shr<M>(flip, lit<M>(1)))));
}
/** AND, OR, XOR, TEST: CF and OF clear; AF is undefined and reads as 0. */
@inline export function setLogic<M>(result: Val, bits: u32): void { setCc<M>(signExtend<M>(result, bits), lit<M>(0)); }

/** The carry word for CF and OF given as 0 or 1; AF 0. */
export function carryWord<M>(cf: Val, ov: Val): Val {
  return or<M>(shl<M>(cf, lit<M>(63)), shl<M>(xor<M>(cf, ov), lit<M>(62)));
}
/** ZF SF PF from the result, CF and OF as given (0 or 1), AF 0. */
export function setResult<M>(result: Val, bits: u32, cf: Val, ov: Val): void { setCc<M>(signExtend<M>(result, bits), carryWord<M>(cf, ov)); }

/** Only CF and OF change: rotates. */
export function setCfOf<M>(cf: Val, ov: Val): void {
  const rest = and<M>(getCcCarry<M>(), lit<M>(~(<u64>3 << 62)));
  setCc<M>(getCcResult<M>(), or<M>(rest, carryWord<M>(cf, ov)));
}
/** Only CF changes: BT, CLC, STC, CMC. */
export function setCf<M>(cf: Val): void {
  const c = getCcCarry<M>();
  const flip = xor<M>(shl<M>(cf, lit<M>(63)), and<M>(c, lit<M>(<u64>1 << 63)));
  setCc<M>(getCcResult<M>(), xor<M>(c, or<M>(flip, shr<M>(flip, lit<M>(1)))));
}
/** ZF alone (BSF, CMPXCHG8B...) with SF, PF, CF, OF, AF kept is not expressible by ccResult alone: see setZf. */
export function setZf<M>(zf: Val): void {
  // ZF is "ccResult is 0". Where it must change, rebuild a result with the same SF and PF through the inverting bits.
  const r = getCcResult<M>(), c = getCcCarry<M>();
  const sf = xor<M>(shr<M>(r, lit<M>(63)), and<M>(shr<M>(c, lit<M>(1)), lit<M>(1)));
  const odd = xor<M>(parity<M>(r), and<M>(c, lit<M>(1)));
  const rest = and<M>(c, lit<M>(~3));
  // With result 0, SF reads as bit 1 and the parity is even; with result 3, SF is bit 1 and the parity is even too.
  setCc<M>(choose<M>(zf, lit<M>(0), lit<M>(3)), or<M>(rest, or<M>(shl<M>(sf, lit<M>(1)), odd)));
}
/** 1 when the low byte has an odd number of ones. */
function parity<M>(r: Val): Val {
  let p = xor<M>(r, shr<M>(r, lit<M>(4)));
  p = xor<M>(p, shr<M>(p, lit<M>(2)));
  return and<M>(xor<M>(p, shr<M>(p, lit<M>(1))), lit<M>(1));
}
@inline export function isZero<M>(a: Val): Val { return eq<M>(a, lit<M>(0)); }
