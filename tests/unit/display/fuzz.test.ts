// A hostile driver of the screen, for a second; tests/long/screen-fuzz.test.ts does two million steps.
import { expect, it } from "vitest";
import { fuzzScreen } from "./fuzz.js";

it.each([1, 2])("the screen survives 20,000 steps from seed %i, and so does who draws it", async (seed) => {
  expect(await fuzzScreen(20_000, seed)).toBe(10);
});
