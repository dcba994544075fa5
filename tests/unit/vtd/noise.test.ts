// A hostile driver of the unit: short here, two million steps in tests/long.
import { it } from "vitest";
import { makeNoise } from "./noise.js";

it.each([1, 2, 3, 4])("noise of seed %i traps nothing, and leaves a unit that works", async (seed) => {
  await makeNoise(seed, 8_000);
});
