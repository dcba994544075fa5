// What of the state attach writes anew: addresses in linear memory, function-table indices, numbers that are handed out in the order of attaching. They are
// the module's own and mean nothing to another build, so snapshot and hash have zeros in their place (run/sections.ts).

import { ANEW, ANEW_SIZE } from "./layout";

@unmanaged class Spans { count: u32; }
@unmanaged class Span { at: u32; bytes: u32; }
@inline const spans = changetype<Spans>(ANEW);
@inline const MOST: u32 = <u32>(ANEW_SIZE >> 3) - 1;
@inline function spanAt(i: u32): Span { return changetype<Span>(ANEW + (<usize>(i + 1) << 3)); }

/** Nothing is; before attach. */
export function clearAnew(): void { spans.count = 0; }

/** At attach, by who writes there: `bytes` of the state from address `at` are made at every attach, and are no state. */
export function anew(at: usize, bytes: usize): void {
  assert(spans.count < MOST);
  const i = min(spans.count, MOST - 1);
  spanAt(i).at = <u32>at; spanAt(i).bytes = <u32>bytes;
  spans.count = i + 1;
}

/** Such parts of the state, after attach. */
export function anewCount(): u32 { return spans.count; }
/** Address of part `i`, and its bytes. */
export function anewAt(i: u32): u32 { return i < spans.count ? spanAt(i).at : 0; }
export function anewBytes(i: u32): u32 { return i < spans.count ? spanAt(i).bytes : 0; }
