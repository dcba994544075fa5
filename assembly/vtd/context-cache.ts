// The context of a requester: kept, or read from the tables of the mode that is on.

import { Context, contextAt, placeOf } from "./contexts";
import { Count, tally } from "./counters";
import { readLegacy } from "./legacy";
import { rowOf } from "./requesters";
import { readScalable } from "./scalable";
import { ScalableReason, Ttm } from "./scalable-spec";
import { tableMode, unit } from "./state";

/** Its `reason` says whether there is one. What is not kept lies in the entry only until the next look-up. */
export function contextOf(requester: u32): Context {
  const c = contextAt(placeOf(requester));
  if (c.tag == requester + 1) { tally(Count.CONTEXT_HITS); return c; }
  tally(Count.CONTEXT_MISSES);
  memory.fill(changetype<usize>(c), 0, offsetof<Context>());
  c.reason = read(c, requester);
  c.row = <u16>rowOf(requester);
  if (!c.reason || unit.caching) c.tag = requester + 1;
  if (c.reason) c.domain = 0;
  return c;
}

function read(c: Context, requester: u32): u32 {
  switch (tableMode()) {
    case Ttm.LEGACY: return readLegacy(c, requester);
    case Ttm.SCALABLE: return readScalable(c, requester);
    default: return ScalableReason.TABLE_MODE;
  }
}
