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

/** Of the one unit, which has no queues that are told apart. */
function row(id: u32, name: string): void { rowIn(id, name, "events"); }
function rowIn(id: u32, name: string, what: string): void { nameOwned(id, CARD, 0, -1, name, what); }

function nameTranslation(c: u32): void {
  row(c + Count.LOOKUPS, "look-ups");
  row(c + Count.HITS, "IOTLB hits");
  row(c + Count.HITS_LARGE, "IOTLB hits in large pages");
  row(c + Count.MISSES, "IOTLB misses");
  rowIn(c + Count.WALK_READS, "walk reads", "entries");
  row(c + Count.TABLE_HITS, "walks begun at a kept table");
  row(c + Count.CONTEXT_HITS, "context cache hits");
  row(c + Count.CONTEXT_MISSES, "context cache misses");
  row(c + Count.PASSED, "requests passed through");
  row(c + Count.PROTECTED, "requests to protected memory");
}

function nameInvalidation(c: u32): void {
  row(c + Count.CONTEXT_GLOBAL, "context invalidations of all");
  row(c + Count.CONTEXT_DOMAIN, "context invalidations of a domain");
  row(c + Count.CONTEXT_DEVICE, "context invalidations of a device");
  row(c + Count.IOTLB_GLOBAL, "IOTLB invalidations of all");
  row(c + Count.IOTLB_DOMAIN, "IOTLB invalidations of a domain");
  row(c + Count.IOTLB_PAGE, "IOTLB invalidations of pages");
  row(c + Count.IRTE_GLOBAL, "interrupt entry invalidations of all");
  row(c + Count.IRTE_INDEX, "interrupt entry invalidations by index");
  rowIn(c + Count.DESCRIPTORS, "queue descriptors", "descriptors");
  rowIn(c + Count.WAITS, "queue waits", "descriptors");
  row(c + Count.QUEUE_ERRORS, "queue errors");
}

function nameMessages(c: u32): void {
  row(c + Count.REMAPPED, "interrupts remapped");
  row(c + Count.COMPATIBLE, "interrupts in the compatibility format");
  row(c + Count.IRTE_HITS, "interrupt entry hits");
  row(c + Count.IRTE_MISSES, "interrupt entry misses");
  row(c + Count.EVENTS, "event messages");
  row(c + Count.FAULTS_LOST, "faults without a free record");
  row(c + Count.FAULTS_HIDDEN, "faults not to be recorded");
}

/** In the order of Reason, from 1. */
function nameFaults(c: u32): void {
  row(c, "faults 1, root entry not present");
  row(c + 1, "faults 2, context entry not present");
  row(c + 2, "faults 3, context entry invalid");
  row(c + 3, "faults 4, address too high");
  row(c + 4, "faults 5, no write");
  row(c + 5, "faults 6, no read");
  row(c + 6, "faults 7, paging entry out of reach");
  row(c + 7, "faults 8, root table out of reach");
  row(c + 8, "faults 9, context table out of reach");
  row(c + 9, "faults a, reserved bits in a root entry");
  row(c + 10, "faults b, reserved bits in a context entry");
  row(c + 11, "faults c, reserved bits in a paging entry");
}

/** From Reason.MESSAGE_RESERVED. */
function nameInterruptFaults(c: u32): void {
  row(c, "faults 20, reserved bits in a message");
  row(c + 1, "faults 21, index beyond the table");
  row(c + 2, "faults 22, interrupt entry not present");
  row(c + 3, "faults 23, interrupt table out of reach");
  row(c + 4, "faults 24, reserved bits in an interrupt entry");
  row(c + 5, "faults 25, compatibility format blocked");
  row(c + 6, "faults 26, source not verified");
}
