/** The remapping unit under two million steps of noise, and against the model of the specification by many more random tables. */
import { expect, it } from "vitest";
import { runBoardNoise } from "../unit/vtd/board-noise.js";
import { makeNoise } from "../unit/vtd/noise.js";
import { REASONS, runProperty } from "../unit/vtd/property.js";
import { runScalableProperty, SCALABLE_REASONS } from "../unit/vtd/scalable-property.js";

it("two million steps of noise", async () => {
  for (let seed = 100; seed < 200; seed++) await makeNoise(seed, 20_000);
}, 1_200_000);

it("random tables against the model", async () => {
  const seen = new Set<number>();
  for (let seed = 1000; seed < 1040; seed++) {
    for (const bits of [39, 48, 57]) {
      for (const reason of (await runProperty(seed, 100, 200, { bits, snoop: (seed & 1) === 1, caching: (seed & 2) === 2 })).keys()) seen.add(reason);
    }
  }
  expect(seen.size).toBe(REASONS.length + 1);
}, 1_200_000);

it("random tables of scalable mode against the model", async () => {
  const seen = new Set<number>();
  for (let seed = 2000; seed < 2040; seed++) {
    for (const bits of [39, 48, 57]) for (const reason of (await runScalableProperty(seed, 100, 200, { bits, firsts: bits > 39 })).keys()) seen.add(reason);
  }
  expect(seen.size).toBe(SCALABLE_REASONS.length + 1);
}, 1_200_000);

it("two million steps of noise with every card behind the unit", async () => {
  for (let seed = 300; seed < 340; seed++) expect([seed, (await runBoardNoise(seed * 0x9e3779b9 >>> 0, 50_000)).broken]).toEqual([seed, []]);
}, 1_200_000);
