// The unit against the model of the specification, by random tables and random changes of them (property.ts says how).
import { expect, it } from "vitest";
import { REASONS, runProperty } from "./property.js";

it.each([[39, false, false], [48, true, false], [57, false, true]] as const)("with %i bits, snoop control %s, caching mode %s, every answer is the model's", async (bits, snoop, caching) => {
  const seen = await runProperty(bits, 400, 60, { bits, snoop, caching });
  expect([...seen.keys()].sort((a, b) => a - b)).toEqual([0, ...REASONS]);
  expect(seen.get(0)).toBeGreaterThan(1000);
});
