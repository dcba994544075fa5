// RFLAGS: every combination of the six status flags can be set and read back.
import { beforeAll, describe, expect, it } from "vitest";
import { makeProcessor, type Processor } from "./processor.js";

const STATUS = 0x8d5;
let p: Processor;
beforeAll(async () => { p = await makeProcessor(); });

describe("RFLAGS", () => {
  it("holds all 64 combinations of the status flags", () => {
    for (let n = 0; n < 64; n++) {
      const v = [0, 2, 4, 6, 7, 11].reduce((sum, bit, k) => sum | ((n >> k & 1) << bit), 0);
      p.call("setStatusFlags", BigInt(v));
      expect(p.call("statusFlags")).toBe(v);
    }
  });
  it("changes only what the mask allows, and bit 1 is always set", () => {
    p.call("reset", 1 << 20);
    p.call("writeFlags", ~0n & 0x3fffffn, 0x201n);
    expect(p.call("readFlags")).toBe(0x203);
    p.call("writeFlags", 0n, BigInt(STATUS));
    expect(p.call("readFlags")).toBe(0x202);
  });
});
