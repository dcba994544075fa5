// Seeded fuzz of the virtio cards: no trap, no hang, nothing outside guest RAM; and the noise did reach the rings.
// FUZZ_SEED and FUZZ_STEPS run another, or a longer one.
import { describe, expect, it } from "vitest";
import { fuzz } from "./fuzz.js";

const SEED = Number(process.env.FUZZ_SEED ?? 1);
const STEPS = Number(process.env.FUZZ_STEPS ?? 20_000);

const KINDS = [["virtio-net", 1], ["virtio-rng", 2], ["virtio-blk", 3], ["virtio-console", 4]] as const;

describe.each(KINDS.flatMap(([name, kind]) => [false, true].map((packed) => [name, packed ? "packed" : "split", kind, packed] as const)))("%s, %s rings", (_, __, kind, packed) => {
  it(`survives ${STEPS} steps from seed ${SEED}`, async () => {
    const { failures, moved } = await fuzz(kind, SEED, STEPS, packed);
    expect(failures).toBeGreaterThan(20);
    expect(moved).toBeGreaterThan(20);
  }, 600_000);
});
