// CPUID and the MSRs say the same, and what a kernel insists on is there.
import { beforeEach, describe, expect, it } from "vitest";
import { makeProcessor, type Processor } from "./processor.js";

let p: Processor;
beforeEach(async () => { p = await makeProcessor(); });

function cpuid(leaf: number, sub = 0): [number, number, number, number] {
  p.call("setReg", 0, BigInt(leaf)); p.call("setReg", 1, BigInt(sub));
  p.call("cpuid");
  return [p.call("reg", 0), p.call("reg", 3), p.call("reg", 1), p.call("reg", 2)];
}
const ascii = (...words: number[]): string => new TextDecoder().decode(new Uint8Array(Uint32Array.from(words).buffer)).replace(/\0/g, "");

describe("CPUID", () => {
  it("names its vendor in both ranges", () => {
    for (const leaf of [0, 0x8000_0000]) {
      const [, b, c, d] = cpuid(leaf);
      expect(ascii(b, d, c)).toBe("AuthenticAMD");
    }
    expect(ascii(...cpuid(0x8000_0002), ...cpuid(0x8000_0003), ...cpuid(0x8000_0004))).toBe("Pintail virtual processor");
  });
  it("announces what x86-64-v2 needs, long mode, and nothing of AVX", () => {
    const [, , c, d] = cpuid(1), [, , c2, d2] = cpuid(0x8000_0001);
    const v2 = [0, 9, 13, 19, 20, 23].reduce((m, b) => m | 1 << b, 0);
    expect(c & v2).toBe(v2);
    expect([c >> 28 & 1, c >> 25 & 1, c >> 1 & 1]).toEqual([0, 0, 0]);
    expect(d >>> 25 & 3).toBe(3);
    expect([c2 & 1, d2 >>> 29 & 1, d2 >>> 11 & 1, d2 >>> 20 & 1]).toEqual([1, 1, 1, 1]);
  });
  it("mirrors CR4.OSXSAVE", () => {
    expect(cpuid(1)[2] >>> 27 & 1).toBe(0);
    expect(p.call("writeCr4", 1n << 18n)).toBe(1);
    expect(cpuid(1)[2] >>> 27 & 1).toBe(1);
  });
  it("gives zeros past the last leaf and clears the upper halves", () => {
    expect(cpuid(0x17)).toEqual([0, 0, 0, 0]);
    p.call("setReg", 3, ~0n & 0xffff_ffff_ffff_ffffn);
    cpuid(1);
    expect(p.wide("reg", 3) >> 32n).toBe(0n);
  });
  it("has every CR4 bit it announces, and refuses the others", () => {
    for (const bit of [0, 2, 3, 4, 5, 6, 7, 9, 10, 11, 16, 18, 20, 21]) expect(p.call("writeCr4", 1n << BigInt(bit))).toBe(1);
    for (const bit of [12, 13, 14, 22, 23, 24, 25, 40]) {
      expect(p.call("writeCr4", 1n << BigInt(bit))).toBe(0);
      expect(p.fault()).toBe("GP(0)");
    }
  });
});

describe("PAE paging", () => {
  const [TABLES, DIRECTORY, PAE, PG_PE] = [0x4000, 0x5000, 1n << 5n, 0x8000_0001n];
  beforeEach(() => {
    p.call("protectedMode", 0n);
    p.write(TABLES, 8, DIRECTORY | 1);
    p.write(DIRECTORY, 8, 0x83); // the first 2 MiB onto themselves
    p.write(DIRECTORY + 8, 8, 0x83); // and the next 2 MiB onto them as well
    p.write(0x8000, 4, 0x1234_5678);
    expect(p.call("writeCr4", PAE)).toBe(1);
  });
  it("reads the four pointers when CR3 is written or paging is turned on", () => {
    expect(p.call("writeCr3", BigInt(TABLES))).toBe(1);
    expect(p.call("writeCr0", PG_PE)).toBe(1);
    expect(p.call("loadLinear", 0x20_8000n, 4)).toBe(0x1234_5678);
    p.write(TABLES, 8, 0); // kept in the processor until the next write
    expect(p.call("loadLinear", 0x20_8000n, 4)).toBe(0x1234_5678);
    p.call("writeCr3", BigInt(TABLES));
    p.call("loadLinear", 0x20_8000n, 4);
    expect(p.fault()).toBe("PF(0)");
  });
  it("refuses reserved bits in a pointer that is present", () => {
    p.write(TABLES + 16, 8, 2); // not present: not looked at
    p.call("writeCr3", BigInt(TABLES));
    expect(p.call("writeCr0", PG_PE)).toBe(1);
    p.write(TABLES + 16, 8, 3);
    expect(p.call("writeCr3", BigInt(TABLES))).toBe(0);
    expect(p.fault()).toBe("GP(0)");
  });
});

describe("CR0", () => {
  it.each([[0x8000_0000n, "PG without PE"], [0x2000_0011n, "NW without CD"], [1n << 32n, "bit 32"]])("refuses %s (%s)", (value) => {
    expect(p.call("writeCr0", value)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
  });
  it("keeps ET set and ignores bits that are reserved below 32", () => {
    expect(p.call("writeCr0", 0x1fc0n)).toBe(1);
    expect(p.call("cr0")).toBe(0x10);
  });
});

describe("MSRs", () => {
  it("keeps the eight MTRR pairs that MTRRCAP counts", () => {
    expect(p.wide("readMsr", 0xfe) & 0xffn).toBe(8n);
    expect(p.call("writeMsr", 0x20e, 6n)).toBe(1);
    expect(p.wide("readMsr", 0x20e)).toBe(6n);
    p.wide("readMsr", 0x210);
    expect(p.fault()).toBe("GP(0)");
  });
  it.each([[0x277, 2n], [0x277, 8n], [0x2ff, 2n], [0x250, 0x0606_0606_0606_0602n], [0x200, 1n << 40n], [0xc000_0080, 1n << 12n], [0xc000_0082, 1n << 47n], [0xc000_0100, 1n << 63n]])(
    "refuses %i = %i", (index, value) => {
      expect(p.call("writeMsr", index, value)).toBe(0);
      expect(p.fault()).toBe("GP(0)");
    });
  it("raises #GP for what it does not have", () => {
    for (const index of [0, 0x48, 0x49, 0x10a, 0x1b0, 0xc001_0008, 0xc001_0111]) {
      p.wide("readMsr", index);
      expect(p.fault()).toBe("GP(0)");
    }
  });
});
