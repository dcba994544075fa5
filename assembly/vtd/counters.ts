// What the remapping unit counts: look-ups, hits and misses, reads of a walk, invalidations by what they name, faults by reason, messages. docs/counters.md.

import { addCount, nameOwned, takeCounters } from "../base/counters";
import { Reason } from "./spec";
import { unit } from "./state";

@inline export const CARD: string = "iommu";

export const enum Count {
  LOOKUPS, HITS, HITS_LARGE, MISSES, WALK_READS, TABLE_HITS, CONTEXT_HITS, CONTEXT_MISSES, PASSED, PROTECTED,
  CONTEXT_GLOBAL, CONTEXT_DOMAIN, CONTEXT_DEVICE, IOTLB_GLOBAL, IOTLB_DOMAIN, IOTLB_PAGE, IRTE_GLOBAL, IRTE_INDEX,
  DESCRIPTORS, WAITS, QUEUE_ERRORS, REMAPPED, COMPATIBLE, IRTE_HITS, IRTE_MISSES,
  FAULTS_LOST, FAULTS_HIDDEN, EVENTS,
  /** Faults by reason: those of DMA, then those of interrupts. */
  FAULTS,
  INTERRUPT_FAULTS = FAULTS + Reason.LAST_DMA,
  END = INTERRUPT_FAULTS + Reason.LAST_INTERRUPT - Reason.MESSAGE_RESERVED + 1,
}

@inline export function tally(what: u32): void { addCount(unit.counters + what, 1); }
@inline export function tallyMany(what: u32, n: u32): void { addCount(unit.counters + what, n); }

export function tallyFault(reason: u32): void {
  tally(reason >= <u32>Reason.MESSAGE_RESERVED ? Count.INTERRUPT_FAULTS + reason - Reason.MESSAGE_RESERVED : Count.FAULTS + reason - 1);
}

/** Takes and names them; at attach. */
export function nameCounters(): void {
  const c = takeCounters(Count.END);
  unit.counters = c;
  nameTranslation(c);
  nameInvalidation(c);
  nameMessages(c);
  nameFaults(c + Count.FAULTS);
  nameInterruptFaults(c + Count.INTERRUPT_FAULTS);
}

function nameTranslation(c: u32): void {
  nameOwned(c + Count.LOOKUPS, CARD, 0, -1, "look-ups", "events");
  nameOwned(c + Count.HITS, CARD, 0, -1, "IOTLB hits", "events");
  nameOwned(c + Count.HITS_LARGE, CARD, 0, -1, "IOTLB hits in large pages", "events");
  nameOwned(c + Count.MISSES, CARD, 0, -1, "IOTLB misses", "events");
  nameOwned(c + Count.WALK_READS, CARD, 0, -1, "walk reads", "entries");
  nameOwned(c + Count.TABLE_HITS, CARD, 0, -1, "walks begun at a kept table", "events");
  nameOwned(c + Count.CONTEXT_HITS, CARD, 0, -1, "context cache hits", "events");
  nameOwned(c + Count.CONTEXT_MISSES, CARD, 0, -1, "context cache misses", "events");
  nameOwned(c + Count.PASSED, CARD, 0, -1, "requests passed through", "events");
  nameOwned(c + Count.PROTECTED, CARD, 0, -1, "requests to protected memory", "events");
}

function nameInvalidation(c: u32): void {
  nameOwned(c + Count.CONTEXT_GLOBAL, CARD, 0, -1, "context invalidations of all", "events");
  nameOwned(c + Count.CONTEXT_DOMAIN, CARD, 0, -1, "context invalidations of a domain", "events");
  nameOwned(c + Count.CONTEXT_DEVICE, CARD, 0, -1, "context invalidations of a device", "events");
  nameOwned(c + Count.IOTLB_GLOBAL, CARD, 0, -1, "IOTLB invalidations of all", "events");
  nameOwned(c + Count.IOTLB_DOMAIN, CARD, 0, -1, "IOTLB invalidations of a domain", "events");
  nameOwned(c + Count.IOTLB_PAGE, CARD, 0, -1, "IOTLB invalidations of pages", "events");
  nameOwned(c + Count.IRTE_GLOBAL, CARD, 0, -1, "interrupt entry invalidations of all", "events");
  nameOwned(c + Count.IRTE_INDEX, CARD, 0, -1, "interrupt entry invalidations by index", "events");
  nameOwned(c + Count.DESCRIPTORS, CARD, 0, -1, "queue descriptors", "descriptors");
  nameOwned(c + Count.WAITS, CARD, 0, -1, "queue waits", "descriptors");
  nameOwned(c + Count.QUEUE_ERRORS, CARD, 0, -1, "queue errors", "events");
}

function nameMessages(c: u32): void {
  nameOwned(c + Count.REMAPPED, CARD, 0, -1, "interrupts remapped", "events");
  nameOwned(c + Count.COMPATIBLE, CARD, 0, -1, "interrupts in the compatibility format", "events");
  nameOwned(c + Count.IRTE_HITS, CARD, 0, -1, "interrupt entry hits", "events");
  nameOwned(c + Count.IRTE_MISSES, CARD, 0, -1, "interrupt entry misses", "events");
  nameOwned(c + Count.EVENTS, CARD, 0, -1, "event messages", "events");
  nameOwned(c + Count.FAULTS_LOST, CARD, 0, -1, "faults without a free record", "events");
  nameOwned(c + Count.FAULTS_HIDDEN, CARD, 0, -1, "faults not to be recorded", "events");
}

/** In the order of Reason, from 1. */
function nameFaults(c: u32): void {
  nameOwned(c, CARD, 0, -1, "faults 1, root entry not present", "events");
  nameOwned(c + 1, CARD, 0, -1, "faults 2, context entry not present", "events");
  nameOwned(c + 2, CARD, 0, -1, "faults 3, context entry invalid", "events");
  nameOwned(c + 3, CARD, 0, -1, "faults 4, address too high", "events");
  nameOwned(c + 4, CARD, 0, -1, "faults 5, no write", "events");
  nameOwned(c + 5, CARD, 0, -1, "faults 6, no read", "events");
  nameOwned(c + 6, CARD, 0, -1, "faults 7, paging entry out of reach", "events");
  nameOwned(c + 7, CARD, 0, -1, "faults 8, root table out of reach", "events");
  nameOwned(c + 8, CARD, 0, -1, "faults 9, context table out of reach", "events");
  nameOwned(c + 9, CARD, 0, -1, "faults a, reserved bits in a root entry", "events");
  nameOwned(c + 10, CARD, 0, -1, "faults b, reserved bits in a context entry", "events");
  nameOwned(c + 11, CARD, 0, -1, "faults c, reserved bits in a paging entry", "events");
}

/** From Reason.MESSAGE_RESERVED. */
function nameInterruptFaults(c: u32): void {
  nameOwned(c, CARD, 0, -1, "faults 20, reserved bits in a message", "events");
  nameOwned(c + 1, CARD, 0, -1, "faults 21, index beyond the table", "events");
  nameOwned(c + 2, CARD, 0, -1, "faults 22, interrupt entry not present", "events");
  nameOwned(c + 3, CARD, 0, -1, "faults 23, interrupt table out of reach", "events");
  nameOwned(c + 4, CARD, 0, -1, "faults 24, reserved bits in an interrupt entry", "events");
  nameOwned(c + 5, CARD, 0, -1, "faults 25, compatibility format blocked", "events");
  nameOwned(c + 6, CARD, 0, -1, "faults 26, source not verified", "events");
}
