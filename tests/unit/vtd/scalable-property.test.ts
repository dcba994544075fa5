// Scalable mode against the model of the specification; longer in tests/long.
import { expect, it } from "vitest";
import { runScalableProperty, SCALABLE_REASONS } from "./scalable-property.js";

it("random tables of scalable mode give what the model says: with first stages and nesting, and without", async () => {
  const seen = new Set<number>();
  for (const [seed, bits, firsts] of [[1, 48, true], [2, 48, true], [3, 57, true], [4, 48, false], [5, 39, false]] as const) {
    for (const reason of (await runScalableProperty(seed * 0x9e3779b9 >>> 0, 150, 100, { bits, firsts })).keys()) seen.add(reason);
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([0, ...SCALABLE_REASONS]);
});
