// Noise with every card behind the unit: nothing traps, and no card reaches what the tables never allowed. Two million steps in tests/long.
import { expect, it } from "vitest";
import { ASKING, runBoardNoise } from "./board-noise.js";

it.each([1, 2, 3])("a misprogrammed unit lets no card reach what its tables do not (seed %i)", async (seed) => {
  const { broken, asked, faults } = await runBoardNoise(seed * 0x9e3779b9 >>> 0, 20_000);
  expect(broken).toEqual([]);
  expect(faults).toBeGreaterThan(100);
  // Every card has been at it.
  for (const model of ASKING) expect([model, asked[model] ?? 0]).toEqual([model, expect.toSatisfy((n: number) => n > 20)]);
});
