// Seeded fuzz of the 82540EM: no trap, no hang, nothing outside guest RAM; and the noise did reach the rings.
// FUZZ_SEED and FUZZ_STEPS run another, or a longer one; npm run test:long has two million steps.
import { expect, it } from "vitest";
import { fuzzE1000 } from "./fuzz.js";

const SEED = Number(process.env.FUZZ_SEED ?? 1);
const STEPS = Number(process.env.FUZZ_STEPS ?? 20_000);

it(`survives ${STEPS} steps from seed ${SEED}`, async () => {
  for (const [name, n] of Object.entries(await fuzzE1000(SEED, STEPS))) expect([name, n]).toEqual([name, expect.toSatisfy((count: number) => count > 20)]);
}, 600_000);
