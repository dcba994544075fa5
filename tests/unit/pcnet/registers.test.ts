// Every CSR and BCR of the Am79C970A by the data sheet's tables: value after H_RESET, bits that can be written while stopped, what
// S_RESET (a read of the reset register) puts back, and what STOP closes.
import { describe, expect, it } from "vitest";
import { makeDriver, MAC } from "./driver.js";

/** Number: after H_RESET, writable bits; "R" where S_RESET puts the value back, else it stays. What is not named reads 0. */
const CSR: Record<number, [number, number, string?]> = {
  1: [0, 0xffff], 2: [0, 0xffff], 3: [0, 0x5f7c, "R"], 4: [0x0115, 0xfd15, "R"], 5: [0, 0xc56e, "R"], 6: [0, 0],
  8: [0, 0xffff], 9: [0, 0xffff], 10: [0, 0xffff], 11: [0, 0xffff],
  12: [MAC[0]! | MAC[1]! << 8, 0xffff], 13: [MAC[2]! | MAC[3]! << 8, 0xffff], 14: [MAC[4]! | MAC[5]! << 8, 0xffff], 15: [0, 0xffff, "R"],
  16: [0, 0xffff], 17: [0, 0xffff], 18: [0, 0xffff], 19: [0, 0xffff], 20: [0, 0xffff], 21: [0, 0xffff], 22: [0, 0xffff], 23: [0, 0xffff],
  24: [0, 0xffff], 25: [0, 0xffff], 26: [0, 0xffff], 27: [0, 0xffff], 28: [0, 0xffff], 29: [0, 0xffff], 30: [0, 0xffff], 31: [0, 0xffff],
  32: [0, 0xffff], 33: [0, 0xffff], 34: [0, 0xffff], 35: [0, 0xffff], 36: [0, 0xffff], 37: [0, 0xffff], 38: [0, 0xffff], 39: [0, 0xffff],
  40: [0, 0xffff], 41: [0, 0xffff], 42: [0, 0xffff], 43: [0, 0xffff], 44: [0, 0xffff], 45: [0, 0xffff], 46: [0, 0xffff], 47: [0, 0xffff, "R"],
  60: [0, 0xffff], 61: [0, 0xffff], 62: [0, 0xffff], 63: [0, 0xffff], 64: [0, 0xffff], 65: [0, 0xffff], 66: [0, 0xffff], 67: [0, 0xffff],
  72: [0, 0xffff], 74: [0, 0xffff], 76: [0, 0xffff], 78: [0, 0xffff],
  80: [0xd410, 0x3fff, "R"], 82: [0, 0xffff], 84: [0, 0xffff], 85: [0, 0xffff], 86: [0, 0xffff], 88: [0x1003, 0], 89: [0x0262, 0],
  92: [0, 0xffff], 94: [0, 0xffff], 100: [0x0200, 0xffff, "R"], 112: [0, 0], 114: [0, 0], 122: [0, 1, "R"], 124: [0, 0],
};
const BCR: Record<number, [number, number]> = {
  0: [5, 0], 1: [5, 0], 2: [2, 0xffff], 4: [0x80c0, 0x7fff], 5: [0x84, 0xffff], 6: [0x88, 0xffff], 7: [0x90, 0xffff], 9: [0, 0xffff],
  16: [0, 0], 17: [0, 0], 18: [0x9001, 0xff7f], 19: [0xa000, 0], 21: [0, 0xffff], 22: [0xff06, 0xffff],
};
/** CSR0 and 58 act when they are written; they have tests of their own. */
const csrs = Array.from({ length: 128 }, (_, n) => n).filter((n) => n !== 0 && n !== 58);

describe("the data sheet's tables", () => {
  it("H_RESET: every CSR and BCR", async () => {
    const d = await makeDriver();
    expect(csrs.map((n) => [n, d.csr(n)])).toEqual(csrs.map((n) => [n, CSR[n]?.[0] ?? 0]));
    const bcrs = Array.from({ length: 32 }, (_, n) => n).filter((n) => n !== 20);
    expect(bcrs.map((n) => [n, d.bcr(n)])).toEqual(bcrs.map((n) => [n, BCR[n]?.[0] ?? 0]));
    expect([d.csr(0), d.csr(58), d.bcr(20), d.bcr(32), d.bcr(255), d.csr(200)]).toEqual([4, 0x200, 0x200, 0, 0, 0]);
  });
  it("the bits that can be written while stopped, and no others", async () => {
    const d = await makeDriver();
    for (const n of csrs) {
      const [reset, mask] = CSR[n] ?? [0, 0];
      d.setCsr(n, 0xffff);
      // CSR4 and 5 have bits that writing ones clears, and UINT, which UINTCMD sets.
      const kept = n === 4 ? 0x0040 : reset & ~mask;
      expect([n, d.csr(n)]).toEqual([n, mask | kept]);
      d.setCsr(n, 0);
      expect([n, d.csr(n)]).toEqual([n, kept]);
      if (n === 4) d.setCsr(4, 0x0040);
    }
    for (const [name, [reset, mask]] of Object.entries(BCR)) {
      const n = Number(name);
      d.setBcr(n, 0xffff);
      expect([n, d.bcr(n)]).toEqual([n, mask | reset & ~mask]);
      d.setBcr(n, 0);
      expect([n, d.bcr(n)]).toEqual([n, reset & ~mask]);
    }
  });
  it("S_RESET puts back what it should and leaves the rest", async () => {
    const d = await makeDriver();
    for (const n of csrs) if (n !== 124) d.setCsr(n, 0x5a5a & (CSR[n]?.[1] ?? 0));
    const before = csrs.map((n) => d.csr(n));
    d.reset();
    // 1 and 2 are also 16 and 17.
    expect(csrs.map((n) => [n, d.csr(n)])).toEqual(csrs.map((n, i) => [n, CSR[n]?.[2] === "R" ? CSR[n]![0] : before[i]]));
  });
  it("a running card keeps all but CSR0 and 3 to 5; EN124 opens CSR124 to a stopped one", async () => {
    const d = await makeDriver();
    d.start();
    const closed = csrs.filter((n) => CSR[n] && ![3, 4, 5].includes(n));
    const before = closed.map((n) => d.csr(n));
    for (const n of closed) d.setCsr(n, ~d.csr(n) & 0xffff);
    expect(closed.map((n) => [n, d.csr(n)])).toEqual(closed.map((n, i) => [n, before[i]]));
    d.setCsr(0, 4);
    d.setCsr(124, 8);
    expect(d.csr(124)).toBe(0);
    d.setCsr(4, 0x8115); d.setCsr(124, 0xffff);
    expect(d.csr(124)).toBe(8);
  });
});
