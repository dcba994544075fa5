// Registers whose accesses leave the module (design.md, 7: B3). What a counter counts is handed to the host before anything comes of it, and the processor waits for the answer, as for the
// process that emulated a device on a hosted virtual machine; the model then acts here, so that the guest sees the same. Which counters those are is no state: it is said anew of each instance.

import { counterAbout, counterIds, setCrossing } from "./counters";
import { links } from "./machine";
import { About, Crossing } from "../surface/counters";

/** The host answers for a counter's event; it may take its time. */
// @ts-ignore: decorator
@external("env", "serve")
declare function serve(counter: u32): void;

/** After `create` or a snapshot: the events of a counter cross to the host from now on. */
export function hostCounter(id: u32): void {
  if (id >= counterIds()) return;
  setCrossing(id, Crossing.B3);
  links.hosted = 1;
}

/** Where an event of a card is counted. */
@inline export function crossHosted(counter: u32): void { if (links.hosted) cross(counter); }

function cross(counter: u32): void { if ((counterAbout(counter) & About.CROSSING) == Crossing.B3) serve(counter); }
