// Frames: a stack of them for each stack of the guest, as links. They are taken from one pool; when it is empty the stacks that are suspended
// give theirs back, and at last the one in hand does.

import { BOTTOM, Frame, frameAt, MARK_END, MAX_FRAMES, profile } from "./state";

/** A new frame over `below`; 0: there is no room. */
export function takeFrame(node: u32, slot: u64, below: u32): u32 {
  const p = profile();
  let n = p.freeFrames;
  if (n) p.freeFrames = frameAt(n).below;
  else if (p.frames + 1 < MAX_FRAMES) n = ++p.frames;
  else return 0;
  const f = frameAt(n);
  f.node = node; f.slot = slot; f.below = below;
  return n;
}

/** Gives a frame back; the one below it. The mark that it ends is left. */
export function giveFrame(n: u32): u32 {
  const p = profile(), f = frameAt(n), below = f.below;
  if (n == p.openFrame) { p.openFrame = 0; p.asked = p.openMark | MARK_END; p.openMark = 0; }
  f.below = p.freeFrames;
  p.freeFrames = n;
  return below;
}

export function giveAll(top: u32): void { for (let n = top; n; n = giveFrame(n)) {} }

/** Gives back what lies below `rsp`: calls that have returned, however. */
export function unwind(rsp: u64): void {
  const p = profile();
  while (frameAt(p.top).slot < rsp && frameAt(p.top).slot != BOTTOM) p.top = giveFrame(p.top);
}
