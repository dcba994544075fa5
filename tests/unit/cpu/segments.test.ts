// Segment loads: the checks of the MOV page and their error codes. Intel SDM vol. 2, MOV; vol. 3, 5.5 and 5.6.
import { beforeEach, describe, expect, it } from "vitest";
import { descriptor, makeProcessor, Seg, type Processor } from "./processor.js";

const GDT = 0x1000;
const [NULL, DATA3, CODE, READ_ONLY, ABSENT, EXECUTE_ONLY, DATA0, DOWN, SYSTEM, CONFORMING] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 72];
const FLAT_MODE = 128;
let p: Processor;

beforeEach(async () => {
  p = await makeProcessor();
  p.call("protectedMode", 0n);
  p.call("setTables", BigInt(GDT), 9 * 8 + 7, 0n, 0);
  const rows = [0n, descriptor({ type: 2, dpl: 3 }), descriptor({ type: 10 }), descriptor({ type: 0, dpl: 3 }), descriptor({ type: 2, present: 0 }),
    descriptor({ type: 8 }), descriptor({ type: 2 }), descriptor({ type: 6, limit: 0x0fff, flags: 4, base: 0x1_0000 }),
    descriptor({ type: 9, s: 0, limit: 0x67 }), descriptor({ type: 14 })];
  rows.forEach((d, n) => p.write(GDT + 8 * n, 8, d));
});

describe("data segments", () => {
  it("loads base, limit and rights, and sets the accessed bit", () => {
    expect(p.call("loadSegment", Seg.DS, DATA3 | 3)).toBe(1);
    expect([p.call("selector", Seg.DS), p.call("limit", Seg.DS)]).toEqual([DATA3 | 3, 0xffff_ffff]);
    expect(p.read(GDT + DATA3 + 4, 4) >> 8 & 0xff).toBe(0xf3);
  });
  it.each([
    [EXECUTE_ONLY, "GP(40)"], [SYSTEM, "GP(64)"], [ABSENT, "NP(32)"], [80, "GP(80)"], [DATA0 | 3, "GP(48)"], [4, "GP(4)"],
  ])("refuses %i with %s", (selector, fault) => {
    p.call("loadSegment", Seg.ES, DATA3);
    expect(p.call("loadSegment", Seg.ES, selector)).toBe(0);
    expect(p.fault()).toBe(fault);
    expect(p.call("selector", Seg.ES)).toBe(DATA3);
  });
  it("lets any privilege load conforming code", () => {
    p.call("setPrivilege", 3);
    expect(p.call("loadSegment", Seg.FS, CONFORMING | 3)).toBe(1);
  });
  it("takes a null selector, which then cannot be used", () => {
    expect(p.call("loadSegment", Seg.DS, 3)).toBe(1);
    expect(p.call("mode") & FLAT_MODE).toBe(0);
    expect(p.call("checkSegment", Seg.DS, 0n, 1, 0)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
  });
});

describe("the stack segment", () => {
  it.each([[NULL, "GP(0)"], [DATA3, "GP(8)"], [DATA0 | 3, "GP(48)"], [READ_ONLY, "GP(24)"], [CODE, "GP(16)"], [ABSENT, "SS(32)"]])("refuses %i with %s", (selector, fault) => {
    expect(p.call("loadSegment", Seg.SS, selector)).toBe(0);
    expect(p.fault()).toBe(fault);
  });
  it("wants writable data of the current privilege", () => {
    expect(p.call("loadSegment", Seg.SS, DATA0)).toBe(1);
    p.call("setPrivilege", 3);
    expect(p.call("loadSegment", Seg.SS, DATA3 | 3)).toBe(1);
  });
});

describe("accesses", () => {
  it("keeps to the limit of an expand-down segment", () => {
    p.call("loadSegment", Seg.SS, DOWN);
    expect(p.call("checkSegment", Seg.SS, 0x1000n, 4, 1)).toBe(1);
    expect(p.call("checkSegment", Seg.SS, 0xfffn, 4, 1)).toBe(0);
    expect(p.fault()).toBe("SS(0)");
    expect(p.call("checkSegment", Seg.SS, 0xffff_fffcn, 4, 1)).toBe(1);
    expect(p.call("checkSegment", Seg.SS, 0xffff_fffdn, 4, 1)).toBe(0);
    expect(p.fault()).toBe("SS(0)");
  });
  it("does not write read-only data", () => {
    p.call("loadSegment", Seg.DS, READ_ONLY);
    expect(p.call("checkSegment", Seg.DS, 0n, 1, 0)).toBe(1);
    expect(p.call("checkSegment", Seg.DS, 0n, 1, 1)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
  });
  it("answers VERR, VERW, LAR and LSL without raising", () => {
    expect([p.call("verify", READ_ONLY, 0), p.call("verify", READ_ONLY, 1), p.call("verify", 200, 0), p.call("verify", EXECUTE_ONLY, 0)]).toEqual([1, 0, 0, 0]);
    expect(p.call("accessRights", DATA3) & 0xf0ff00).toBe(0xc0f200);
    expect(p.wide("segmentLimit", DOWN)).toBe(0xfffn);
    expect(p.wide("segmentLimit", 200)).toBe(0xffff_ffff_ffff_ffffn);
    expect(p.fault()).toBe("");
  });
});
