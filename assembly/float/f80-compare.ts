// Comparison and classification of double-extended numbers. Intel SDM vol. 2 under FCOM, FUCOM, FTST, FXAM.

import { Raised } from "./env";
import {
  Condition, EXPONENT_MAX, SIGN, isDenormal, isNan, isSignaling, isUnsupported, magnitude, noteDenormal, raise,
} from "./f80";

@inline const UNORDERED: u32 = Condition.C3 | Condition.C2 | Condition.C0;

/** Condition bits of a compared with b; a quiet NaN is invalid unless `quiet`. */
export function compareF80(ae: u32, am: u64, be: u32, bm: u64, quiet: bool): u32 {
  if (isUnsupported(ae, am) || isUnsupported(be, bm)) { raise(Raised.IE); return UNORDERED; }
  if (isNan(ae, am) || isNan(be, bm)) {
    if (!quiet || isSignaling(ae, am) || isSignaling(be, bm)) raise(Raised.IE);
    return UNORDERED;
  }
  noteDenormal(ae, am);
  noteDenormal(be, bm);
  if (am == 0 && bm == 0) return Condition.C3;
  const order = orderOf(ae, am, be, bm);
  return order == 0 ? Condition.C3 : order < 0 ? Condition.C0 : 0;
}

/** Negative, zero, positive as a is below, equal to, above b. A pseudo-denormal has the exponent of the smallest normal. */
function orderOf(ae: u32, am: u64, be: u32, bm: u64): i32 {
  if (am == 0) return (be & SIGN) != 0 ? 1 : -1;
  if (bm == 0) return (ae & SIGN) != 0 ? -1 : 1;
  if (((ae ^ be) & SIGN) != 0) return (ae & SIGN) != 0 ? -1 : 1;
  const ax = max<u32>(magnitude(ae), 1), bx = max<u32>(magnitude(be), 1);
  if (ax == bx && am == bm) return 0;
  const larger = ax > bx || (ax == bx && am > bm);
  return larger == ((ae & SIGN) == 0) ? 1 : -1;
}

/** FXAM's class of a register that is not empty, without the sign. */
export function classify(e: u32, m: u64): u32 {
  if (isUnsupported(e, m)) return 0;
  if (magnitude(e) == EXPONENT_MAX) return isNan(e, m) ? Condition.C0 : Condition.C2 | Condition.C0;
  if (isDenormal(e, m)) return Condition.C3 | Condition.C2;
  return m == 0 ? Condition.C3 : Condition.C2;
}
