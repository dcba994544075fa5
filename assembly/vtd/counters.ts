// What the remapping unit counts: look-ups, hits and misses, reads of a walk, invalidations by what they name, faults by reason, messages. docs/counters.md.

import { addCount, nameOwned, takeCounters } from "../base/counters";
import { ScalableReason } from "./scalable-spec";
import { Reason } from "./spec";
import { unit } from "./state";

@inline export const CARD: string = "iommu";
/** How many of ScalableReason there are. */
@inline const SCALABLE_REASONS: u32 = 31;

export const enum Count {
  LOOKUPS, HITS, HITS_LARGE, MISSES, WALK_READS, TABLE_HITS, CONTEXT_HITS, CONTEXT_MISSES, PASSED, PROTECTED,
  CONTEXT_GLOBAL, CONTEXT_DOMAIN, CONTEXT_DEVICE, IOTLB_GLOBAL, IOTLB_DOMAIN, IOTLB_PAGE, IRTE_GLOBAL, IRTE_INDEX, PASIDS, IOTLB_PASID,
  DESCRIPTORS, WAITS, QUEUE_ERRORS, REMAPPED, COMPATIBLE, IRTE_HITS, IRTE_MISSES,
  FAULTS_LOST, FAULTS_HIDDEN, EVENTS,
  /** Faults by reason: those of DMA in legacy mode, of interrupts, of scalable mode. */
  FAULTS,
  INTERRUPT_FAULTS = FAULTS + Reason.LAST_DMA,
  SCALABLE_FAULTS = INTERRUPT_FAULTS + Reason.LAST_INTERRUPT - Reason.MESSAGE_RESERVED + 1,
  END = SCALABLE_FAULTS + SCALABLE_REASONS,
}

@inline export function tally(what: u32): void { addCount(unit.counters + what, 1); }
@inline export function tallyMany(what: u32, n: u32): void { addCount(unit.counters + what, n); }

export function tallyFault(reason: u32): void { tally(countOfFault(reason)); }

function countOfFault(reason: u32): u32 {
  if (reason < <u32>Reason.MESSAGE_RESERVED) return Count.FAULTS + reason - 1;
  return reason <= <u32>Reason.LAST_INTERRUPT ? Count.INTERRUPT_FAULTS + reason - Reason.MESSAGE_RESERVED : Count.SCALABLE_FAULTS + placeOfScalable(reason);
}

/** Reasons of scalable mode lie in groups; their counters one after another. */
function placeOfScalable(reason: u32): u32 {
  switch (reason >> 3) {
    case 6: return 0;
    case 7: return reason - ScalableReason.ROOT_ACCESS + 1;
    case 8: return reason - ScalableReason.CONTEXT_ACCESS + 4;
    case 9: return 7;
    case 10: return reason - ScalableReason.DIRECTORY_ACCESS + 8;
    case 11: return reason == <u32>ScalableReason.SUPERVISOR ? 15 : reason - ScalableReason.PASID_ACCESS + 11;
    case 14: return reason - ScalableReason.FIRST_ACCESS + 16;
    case 15: return reason - ScalableReason.SECOND_ACCESS + 21;
    default: return reason < <u32>ScalableReason.ADDRESS ? reason - ScalableReason.NOT_CANONICAL + 25 : reason - ScalableReason.ADDRESS + 27;
  }
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
  nameTableFaults(c + Count.SCALABLE_FAULTS);
  namePageFaults(c + Count.SCALABLE_FAULTS + 16);
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
  row(c + Count.PASIDS, "PASID cache invalidations");
  row(c + Count.IOTLB_PASID, "IOTLB invalidations of a PASID");
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

/** Scalable mode, in the order of ScalableReason: tables from the root on. */
function nameTableFaults(c: u32): void {
  row(c, "faults 30, no such table mode");
  row(c + 1, "faults 38, root entry out of reach");
  row(c + 2, "faults 39, root entry's half not present");
  row(c + 3, "faults 3a, reserved bits in a root entry's half");
  row(c + 4, "faults 40, context entry out of reach");
  row(c + 5, "faults 41, context entry not present");
  row(c + 6, "faults 42, reserved bits in a context entry");
  row(c + 7, "faults 48, PASID of requests beyond the directory");
  row(c + 8, "faults 50, PASID directory entry out of reach");
  row(c + 9, "faults 51, PASID directory entry not present");
  row(c + 10, "faults 52, reserved bits in a PASID directory entry");
  row(c + 11, "faults 58, PASID entry out of reach");
  row(c + 12, "faults 59, PASID entry not present");
  row(c + 13, "faults 5a, reserved bits in a PASID entry");
  row(c + 14, "faults 5b, PASID entry invalid");
  row(c + 15, "faults 5d, privileged requests not let in");
}

/** And those of pages. */
function namePageFaults(c: u32): void {
  row(c, "faults 70, first-stage entry out of reach");
  row(c + 1, "faults 71, first-stage entry not present");
  row(c + 2, "faults 72, reserved bits in a first-stage entry");
  row(c + 3, "faults 73, first-stage table out of reach");
  row(c + 4, "faults 74, first-stage table beyond the second stage");
  row(c + 5, "faults 78, second-stage entry out of reach");
  row(c + 6, "faults 79, second stage gives no right to a first-stage table");
  row(c + 7, "faults 7a, reserved bits in a second-stage entry");
  row(c + 8, "faults 7b, second-stage table out of reach");
  row(c + 9, "faults 80, address not canonical");
  row(c + 10, "faults 81, not a user's page");
  row(c + 11, "faults 83, address too high");
  row(c + 12, "faults 84, page beyond the second stage");
  row(c + 13, "faults 85, no write");
  row(c + 14, "faults 86, no read");
}
