// What a source gives, and when (lab.ts).

import { count } from "../base/counters";
import { scaleDown } from "../base/scale";
import { NEVER } from "../device/clock";
import { Frame, frameData, receiveRing, reserveEntry } from "../device/frames";
import { LabStart } from "../surface/lab";
import { fillFrame } from "./packets";
import { Count, handOver, Lab, LINE_BYTES, lineTime, listens, MAX_TURN } from "./state";
import { exponentialNs, isReplay, isReplayed, replayBytes, replayData, replayNs, replayOn, Traffic, traffic } from "./traffic";

/** A source that nobody listens to looks again so much later. */
@inline export const LOOK_NS: u64 = 1_000_000;

/** When the next frame is to be given: bursts keep to the rate, a replay to its times, and the line to its speed. */
function giveNs(l: Lab, t: Traffic): u64 {
  if (isReplay(t)) return max(l.startNs + replayNs(t), l.outFreeNs);
  if (t.isPoisson()) return max(t.arrivalNs, l.outFreeNs);
  const first = l.due - l.due % l.burst;
  return max(l.startNs + scaleDown(first, 1_000_000_000, l.rate), l.outFreeNs);
}

/** Mean ns from one burst to the next. */
function meanNs(l: Lab): f64 { return 1_000_000_000.0 * <f64>l.burst / <f64>l.rate; }

function isOver(l: Lab, t: Traffic): bool { return l.limit && l.sent - t.before >= l.limit || isReplay(t) && isReplayed(t); }

function beginSource(l: Lab, t: Traffic, now: u64): void {
  l.startNs = now; l.due = 0;
  if (isReplay(t) && !isReplayed(t)) l.startNs -= replayNs(t);
  if (t.isPoisson()) t.arrivalNs = now + exponentialNs(t, meanNs(l));
}

/** Gives what is due by now. */
export function give(n: u32, l: Lab, now: u64): void {
  const t = traffic(n);
  if (!listens(n) && l.start != <u32>LabStart.NOW) { l.startNs = NEVER; l.nextNs = now + LOOK_NS; return; }
  if (l.startNs == NEVER) beginSource(l, t, now);
  for (let turn: u32 = 0; turn < MAX_TURN; turn++) {
    l.nextNs = isOver(l, t) ? NEVER : giveNs(l, t);
    if (l.nextNs > now) return;
    l.outFreeNs = l.nextNs + lineTime(l, <u64>(isReplay(t) ? replayBytes(t) : l.size) + LINE_BYTES);
    giveOne(n, l, t, now);
    l.due++; l.sent++;
    if (t.isPoisson() && l.due % l.burst == 0) t.arrivalNs += exponentialNs(t, meanNs(l));
  }
}

/** A frame to the card. */
function giveOne(n: u32, l: Lab, t: Traffic, now: u64): void {
  const replay = isReplay(t), bytes = replay ? replayBytes(t) : l.size, f = listens(n) ? reserveEntry(receiveRing(n), bytes) : changetype<Frame>(0);
  if (changetype<usize>(f)) {
    if (replay) memory.copy(frameData(f), replayData(t), bytes);
    else {
      memory.fill(frameData(f), 0, bytes);
      fillFrame(frameData(f), bytes, n, l.mac, t, l.sent, now);
    }
    handOver(n, l, f);
  } else count(l.counters + Count.MISSED);
  if (replay) replayOn(t);
}
