// Hostile drivers of drives, for a second or two; tests/long/drive-fuzz.test.ts does two million steps each.
import { describe, expect, it } from "vitest";
import { fuzzNvme } from "./nvme-fuzz.js";
import { A_RESET, fuzzAhci, fuzzFloppy, fuzzIde } from "./fuzz.js";

const STEPS = 10_000;

describe.each([["AHCI", fuzzAhci], ["IDE", fuzzIde], ["a floppy controller", fuzzFloppy]] as const)("%s", (_, fuzz) => {
  it.each([1, 2])(`survives ${STEPS} steps from seed %i, and reads after each reset`, async (seed) => {
    const { asked, failed, changed, resets } = await fuzz(STEPS, seed);
    expect(resets).toBe(STEPS / A_RESET);
    expect([asked > 100, failed > 3, changed > 50, { asked, failed, changed }]).toEqual([true, true, true, expect.anything()]);
  });
});

describe("NVMe", () => {
  it.each([1, 2])(`survives ${STEPS} steps from seed %i, and reads after each reset`, async (seed) => {
    const { asked, failed, resets } = await fuzzNvme(STEPS, seed);
    expect(resets).toBe(STEPS / A_RESET);
    expect([asked > 100, failed > 3, { asked, failed }]).toEqual([true, true, expect.anything()]);
  });
});
