// The flags that a block finds: committed in memory (live.ts), or, where one way only leads to it, as kind and operands in two locals.

import { Flags } from "../ir/words-flags";
import { K } from "./flag-state";
import { fixed } from "./locals";
import { Live } from "./live";
import { LIVE, st } from "./places";
import { access, constant32, get } from "./writer";
import { W } from "./wasm";

/** They are where they were committed; otherwise st.found is kind | bits << 8. */
@inline export const IN_MEMORY: u32 = 0xffff;

@inline export function liveAt(offset: usize): u32 { return <u32>LIVE + <u32>offset; }

/** Commits those that the block in hand found. */
export function commitFound(): void {
  if (st.found == IN_MEMORY) return;
  commitKind(st.found | K.NONE << 16);
  constant32(0); get(fixed.a); access(W.I64_STORE, liveAt(offsetof<Live>("a")));
  if ((st.found & 0xff) != Flags.LOGIC) { constant32(0); get(fixed.b); access(W.I64_STORE, liveAt(offsetof<Live>("b"))); }
}
/** The kind, and above it the kind that lies over it. */
export function commitKind(word: u32): void { constant32(0); constant32(word); access(W.I32_STORE, liveAt(offsetof<Live>("kind"))); }
