// Packed decimal: eighteen digits, two a byte, then a byte whose top bit is the sign. Intel SDM vol. 1, 4.7 and vol. 2 under
// FBLD and FBSTP. An operand is its low eight bytes and its high two.

import { env, Raised } from "./env";
import { BIAS, Condition, EXPONENT_MAX, SIGN, isUnsupported, magnitude, raise, roundingMode, setZero } from "./f80";
import { fromI64, roundAway } from "./f80-convert";

@inline const LARGEST: u64 = 999_999_999_999_999_999;

/** Digits above nine are worth what they say, as in the processors this was compared with. */
export function fromDecimal(low: u64, high: u32): void {
  let value: u64 = 0;
  value = <u64>((high >> 4) & 15) * 10 + <u64>(high & 15);
  for (let i = 0; i < 16; i++) {
    value = value * 10 + (low >> 60);
    low <<= 4;
  }
  const sign = high & SIGN;
  if (value == 0) { setZero(sign); return; }
  fromI64(<i64>value);
  env.exponent |= sign;
}

/** Leaves the low eight bytes in env.wide0 and the high two in env.wide1. */
export function toDecimal(e: u32, m: u64): void {
  const distance = BIAS + 63 - <i32>magnitude(e);
  let value = LARGEST + 1;
  if (!isUnsupported(e, m) && magnitude(e) != EXPONENT_MAX && distance >= 0) {
    value = roundAway(e & SIGN, m, <u64>distance, roundingMode());
  }
  if (value > LARGEST) {
    env.condition &= ~Condition.C1;
    env.flags &= ~Raised.PE;
    raise(Raised.IE);
    env.wide0 = 0xc000_0000_0000_0000;
    env.wide1 = 0xffff;
    return;
  }
  let low: u64 = 0;
  for (let i: u64 = 0; i < 64; i += 4) {
    low |= (value % 10) << i;
    value /= 10;
  }
  env.wide0 = low;
  env.wide1 = (value % 10) | (value / 10 << 4) | <u64>(e & SIGN);
}
