// a * num / den without overflow of the product, for clocks: rates are below 2^32, so dividing first is exact.
// Results past 2^64 saturate.

/** floor(a * num / den); num and den below 2^32, den not 0. */
export function scaleDown(a: u64, num: u64, den: u64): u64 {
  if (num == den) return a;
  const whole = a / den;
  if (num != 0 && whole > u64.MAX_VALUE / num) return u64.MAX_VALUE;
  return addSaturating(whole * num, (a % den) * num / den);
}

/** ceil(a * num / den). */
export function scaleUp(a: u64, num: u64, den: u64): u64 {
  if (num == den) return a;
  const whole = a / den;
  if (num != 0 && whole > u64.MAX_VALUE / num) return u64.MAX_VALUE;
  return addSaturating(whole * num, ((a % den) * num + den - 1) / den);
}

@inline export function addSaturating(a: u64, b: u64): u64 {
  const sum = a + b;
  return sum < a ? u64.MAX_VALUE : sum;
}
