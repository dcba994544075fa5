/** A small seeded generator (xorshift32), for wrappers and tests whose runs must repeat. */

/** Returns a function giving numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  // Zero is xorshift's only fixed point.
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}
