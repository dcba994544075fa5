// The cards' fuzz for longer: two million steps each, by seeds that the names show.
import { describe, expect, it } from "vitest";
import { fuzzE1000 } from "../unit/e1000/fuzz.js";
import { fuzzPcnet } from "../unit/pcnet/fuzz.js";

const STEPS = 250_000;

describe.each([["e1000", fuzzE1000], ["pcnet", fuzzPcnet]] as const)("%s, for long", (_, fuzz) => {
  it.each([101, 102, 103, 104, 105, 106, 107, 108])(`survives ${STEPS} steps from seed %i`, async (seed) => {
    for (const [name, n] of Object.entries(await fuzz(seed, STEPS))) expect([name, n]).toEqual([name, expect.toSatisfy((count: number) => count > 20)]);
  }, 600_000);
});
