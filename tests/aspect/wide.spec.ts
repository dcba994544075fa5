// 128-bit arithmetic on pairs of words (assembly/base/wide.ts), by identities that hold for every value.

import { divWide, mulHigh, mulHighSigned, remWide } from "../../assembly/base/wide";

const VALUES: u64[] = [0, 1, 2, 0x7fff_ffff, 0xffff_ffff, 0x1_0000_0001, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, u64.MAX_VALUE];

describe("mulHigh", () => {
  test("is symmetric, and 0 or one less for the ends", () => {
    for (let i = 0; i < VALUES.length; i++) {
      for (let k = 0; k < VALUES.length; k++) expect(mulHigh(VALUES[i], VALUES[k])).toBe(mulHigh(VALUES[k], VALUES[i]));
      expect(mulHigh(VALUES[i], 1)).toBe(0);
      expect(mulHigh(VALUES[i], u64.MAX_VALUE)).toBe(VALUES[i] ? VALUES[i] - 1 : 0);
    }
  });
  test("signed differs from unsigned by the operands whose partner is negative", () => {
    for (let i = 0; i < VALUES.length; i++) {
      for (let k = 0; k < VALUES.length; k++) {
        const a = VALUES[i], b = VALUES[k];
        const less: u64 = (<i64>a < 0 ? b : 0) + (<i64>b < 0 ? a : 0);
        expect(mulHighSigned(a, b)).toBe(mulHigh(a, b) - less);
      }
    }
  });
});

describe("divWide and remWide", () => {
  test("quotient times divisor plus remainder is the dividend", () => {
    for (let i = 0; i < VALUES.length; i++) {
      for (let k = 1; k < VALUES.length; k++) {
        const d = VALUES[k], low = VALUES[i], high = low % d;
        const q = divWide(high, low, d), r = remWide(high, low, d);
        expect(r < d).toBe(true);
        expect(q * d + r).toBe(low);
        expect(mulHigh(q, d) + (q * d + r < r ? 1 : 0)).toBe(high);
      }
    }
  });
});
