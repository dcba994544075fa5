// One block by itself, translated and run at once: for the tests' third execution and for dumps.

import { control, Event } from "../base/control";
import { cpu } from "../cpu/state";
import { RECORDS, st } from "../translate/places";
import { translateFirst } from "../translate/region";
import { regionOf } from "../translate/regions";
import { beginRegions, endRegions, enter, Exit } from "./entering";
import { blockHere } from "./step";

/** Translates the first `most` instructions of the block at rip; the module's bytes at waitingModuleAt(), 0 when it is refused or raised something. */
export function translateHere(most: u32): u32 {
  control.events &= ~(<u32>Event.EXCEPTION);
  cpu.raised = 0;
  control.limit = control.base + most;
  const b = blockHere();
  if (!changetype<usize>(b) || b.host == 0) return 0;
  st.recordSpace = <u32>RECORDS;
  return translateFirst(regionOf(0), most);
}
/** Runs what translateHere gave, linked at `slot`; what it raises stays raised. 0: it has left in front of the instruction, for the interpreter. */
export function runHere(slot: u32): u32 {
  regionOf(0).slot = slot;
  beginRegions();
  const why = enter(regionOf(0));
  endRegions();
  return u32(why != Exit.NOT);
}
