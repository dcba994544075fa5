// Asynchronous events (5.2): the guest leaves requests with the controller, and an event answers one. An event that was told is masked until the guest has read its log.
// What there is to tell: doorbells that are none, and values that a doorbell cannot have.

import { Event, Log, Status } from "./spec";
import { MOST_EVENT_REQUESTS, Nvme } from "./state";
import { refuse, tell } from "./done";

/** A request for an event is kept. */
export function requestEvent(n: Nvme, id: u32): void {
  if (n.eventRequests >= MOST_EVENT_REQUESTS) { refuse(n, 0, id, Status.EVENT_LIMIT); return; }
  n.eventIds = n.eventIds << 16 | id;
  n.eventRequests++;
  tellEvents(n);
}

/** An error event: its log page is the first. */
export function noteEvent(n: Nvme, info: u32): void {
  n.events |= 1 << info;
  tellEvents(n);
}

/** The log of errors was read. */
export function unmaskEvents(n: Nvme): void {
  n.eventsMasked = 0;
  tellEvents(n);
}

function tellEvents(n: Nvme): void {
  if (n.eventsMasked || !n.events || !n.eventRequests) return;
  const info = <u32>ctz(n.events), id = <u32>(n.eventIds >> (<u64>--n.eventRequests << 4)) & 0xffff;
  n.events &= ~(1 << info);
  n.eventsMasked = 1;
  tell(n, 0, id, Status.OK, info << Event.INFO_SHIFT | Log.ERRORS << Event.PAGE_SHIFT);
}
