// The virtio cards' fuzz for longer: two million steps on each with either ring format, by seeds that the names show.
import { describe, expect, it } from "vitest";
import { fuzz } from "../unit/virtio/fuzz.js";

const STEPS = 250_000;
const KINDS = [["virtio-net", 1], ["virtio-rng", 2], ["virtio-blk", 3], ["virtio-console", 4]] as const;

describe.each(KINDS.flatMap(([name, kind]) => [false, true].map((packed) => [name, packed ? "packed" : "split", kind, packed] as const)))("%s with %s rings, for long", (_, __, kind, packed) => {
  it.each([101, 102, 103, 104, 105, 106, 107, 108])(`survives ${STEPS} steps from seed %i`, async (seed) => {
    const { failures, moved, resets } = await fuzz(kind, seed, STEPS, packed);
    for (const [name, n] of Object.entries({ failures, moved, resets })) expect([name, n]).toEqual([name, expect.toSatisfy((count: number) => count > 200)]);
  }, 600_000);
});
