// The fuzz of drives and of the keyboard's controller for longer: two million steps each, by seeds that the names show.
import { describe, expect, it } from "vitest";
import { fuzzKeyboard } from "../unit/board/keyboard-fuzz.js";
import { A_RESET, fuzzAhci, fuzzFloppy, fuzzIde } from "../unit/storage/fuzz.js";
import { fuzzNvme } from "../unit/storage/nvme-fuzz.js";

const STEPS = 250_000;

describe.each([["AHCI", fuzzAhci], ["IDE", fuzzIde], ["a floppy controller", fuzzFloppy], ["NVMe", fuzzNvme]] as const)("%s, for long", (_, fuzz) => {
  it.each([101, 102, 103, 104, 105, 106, 107, 108])(`survives ${STEPS} steps from seed %i`, async (seed) => {
    expect((await fuzz(STEPS, seed)).resets).toBe(STEPS / A_RESET);
  }, 600_000);
});

it.each([101, 102, 103, 104, 105, 106, 107, 108])(`the keyboard's controller survives ${STEPS} steps from seed %i`, async (seed) => {
  expect((await fuzzKeyboard(STEPS, seed)).wrong).toEqual([]);
}, 600_000);
