// How soon blocks are translated. The threshold that was asked for suits a guest that boots: much code becomes warm, little of it stays so, and an engine takes
// about as long over an instruction as the interpreter over 7,000. A guest at steady work translates little; there a block may have run for less. So
// the threshold falls by half after each stretch of time in which little was translated, and rises again as soon as much is. Ticks alone decide.

import { control } from "../base/control";
import { links } from "../base/machine";
import { desk } from "./batches";

/** A stretch, in ticks; instructions translated in one that are little, and that are much. */
@inline const STRETCH: u64 = 50_000_000;
@inline const LITTLE: u32 = 100;
@inline const MUCH: u32 = 400;
/** The threshold falls no lower; what is asked for below stays. */
@inline const LOWEST: u32 = 62_500;
/** What has run for less than such a part of the threshold is only counted. */
@inline const COOL: u32 = 4;

function setThreshold(ticks: u32): void {
  desk.threshold = ticks;
  links.translating = ticks ? ticks / COOL + 1 : 0;
}
function startStretch(): void { desk.recent = 0; desk.since = control.base; }

export function startPace(): void { setThreshold(desk.asked); startStretch(); }

/** At each turn of the host. */
export function keepPace(): void {
  if (control.base - desk.since < STRETCH) return;
  if (desk.recent <= LITTLE && desk.threshold / 2 >= LOWEST) setThreshold(desk.threshold / 2);
  startStretch();
}
/** So many instructions have been translated. */
export function noteTranslated(insns: u32): void {
  desk.recent += insns;
  if (desk.recent < MUCH) return;
  setThreshold(min(desk.threshold * 2, desk.asked));
  startStretch();
}
