// The screen's fuzz for longer: two million steps, by seeds that the names show.
import { expect, it } from "vitest";
import { fuzzScreen } from "../unit/display/fuzz.js";

const STEPS = 250_000;

it.each([101, 102, 103, 104, 105, 106, 107, 108])(`the screen survives ${STEPS} steps from seed %i`, async (seed) => {
  expect(await fuzzScreen(STEPS, seed)).toBe(STEPS / 2000);
}, 600_000);
