// The virtio cards' fuzz for longer: two million steps on the network card with either ring format, by seeds that the names show.
import { describe, expect, it } from "vitest";
import { fuzz } from "../unit/virtio/fuzz.js";

const STEPS = 250_000;

describe.each([["split", false], ["packed", true]] as const)("virtio-net with %s rings, for long", (_, packed) => {
  it.each([101, 102, 103, 104, 105, 106, 107, 108])(`survives ${STEPS} steps from seed %i`, async (seed) => {
    const { failures, moved, resets } = await fuzz(1, seed, STEPS, packed);
    for (const [name, n] of Object.entries({ failures, moved, resets })) expect([name, n]).toEqual([name, expect.toSatisfy((count: number) => count > 200)]);
  }, 600_000);
});
