// Where the beam is: input status 1 from virtual time and the CRTC's timings, so that a program which waits for the retrace waits as long as a screen
// would make it. PS/2 Video Subsystem, "CRT Controller Registers" and "Input Status Register 1".
//
// The two clocks are 25.175 and 28.322 MHz. Numbers that give no picture (a mode being set, a VBE mode) count as those of a VGA's 640x480 at 60 Hz.

import { nowNs } from "../../device/clock";
import { ScreenAt } from "../../surface/screen";
import { Clocking, Crtc, Misc, Sequencer, Status } from "./spec";
import { crtc, get8, sequencer, vbeOn } from "./state";

/** A dot's time in ps at each clock. A frame has below 2^44 of them, and virtual time 2^64 after 213 days, where the beam jumps. */
@inline const PS_25: u64 = 39_722;
@inline const PS_28: u64 = 35_308;
@inline const CHARACTER_25: u64 = 8 * PS_25;

@inline function overflow(bit: u32, to: u32): u32 { return (crtc(Crtc.OVERFLOW) >> bit & 1) << to; }
function linesOf(low: u32, bit8: u32, bit9: u32): u32 { return crtc(low) | overflow(bit8, 8) | overflow(bit9, 9); }

/** A point of time in a frame, and what of it is shown. */
function statusAt(characterPs: u64, characters: u32, shown: u32, lines: u32, linesShown: u32, start: u32, retrace: u32): u32 {
  const linePs = characterPs * characters, now = nowNs() * 1000 % (linePs * lines);
  const line = <u32>(now / linePs), character = <u32>(now % linePs / characterPs);
  const dark = line >= linesShown || character >= shown;
  return (dark ? Status.NOT_DISPLAYING : 0) | (line - start < retrace ? Status.RETRACE : 0);
}

export function inputStatus(): u32 {
  const characters = crtc(Crtc.TOTAL) + 5, shown = crtc(Crtc.DISPLAYED) + 1, lines = linesOf(Crtc.LINES, 0, 5) + 2, linesShown = linesOf(Crtc.LINES_SHOWN, 1, 6) + 1;
  const start = linesOf(Crtc.RETRACE_START, 2, 7), retrace = max<u32>((crtc(Crtc.RETRACE_END) - start) & 15, 1);
  const good = shown < characters && linesShown < lines && start + retrace <= lines && lines >= 100;
  if (vbeOn() || !good) return statusAt(CHARACTER_25, 100, 80, 525, 480, 490, 2);
  const clocking = sequencer(Sequencer.CLOCKING), dots: u64 = clocking & Clocking.DOTS_8 ? 8 : 9;
  const dotPs = get8(ScreenAt.MISC) & Misc.CLOCK ? PS_28 : PS_25;
  return statusAt(dotPs * dots << (clocking & Clocking.HALF ? 1 : 0), characters, shown, lines, linesShown, start, retrace);
}
