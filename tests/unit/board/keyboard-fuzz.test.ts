// Noise at the keyboard controller, for a moment; tests/long/drive-fuzz.test.ts does two million steps.
import { expect, it } from "vitest";
import { fuzzKeyboard } from "./keyboard-fuzz.js";

it.each([1, 2])("the keyboard's controller survives 20,000 steps from seed %i, and a driver can begin after each 500", async (seed) => {
  expect(await fuzzKeyboard(20_000, seed)).toEqual({ wrong: [], starts: 40 });
});
