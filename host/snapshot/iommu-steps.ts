/** The remapping unit before it had scalable mode (assembly/vtd/state.ts, contexts.ts): words in between, and contexts of half the size. */

const ROOT_WAS = 56, ROOT = 64, STATE_BYTES = 32;
const UNIT_BYTES = 256, CONTEXT_WAS = 32, CONTEXT = 64;

/** Options of the card before the state, which attach makes anew, are two words more; what a look-up has found, behind it, is consumed at once. */
export function moveUnit(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(UNIT_BYTES);
  out.set(content.subarray(ROOT_WAS, ROOT_WAS + STATE_BYTES), ROOT);
  return out;
}

/** What is new of a context is behind what there was, and zero without a first stage. */
export function growContexts(content: Uint8Array): Uint8Array {
  const count = content.length / CONTEXT_WAS, out = new Uint8Array(count * CONTEXT);
  for (let i = 0; i < count; i++) out.set(content.subarray(i * CONTEXT_WAS, (i + 1) * CONTEXT_WAS), i * CONTEXT);
  return out;
}
