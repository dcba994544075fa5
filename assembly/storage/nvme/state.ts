// What an NVMe controller keeps: 0 overlay, 100h registers by their offsets, 200h submission queues, 480h completion queues, 700h its serial number, 800h completions that
// wait for their time or for room. Queue 0 is the admin queue.

import { count, nameOwned, takeCounters } from "../../base/counters";
import { cardState } from "../../device/card";
import { Cc, Csts, Reg } from "./spec";

@unmanaged export class Nvme {
  // Written at attach.
  pci: u32; block: u32; counters: u32; vectors: u32;
  /** Its table of requests to the host; timers of completions and of its turn. */
  table: u32; timer: u32; turn: u32;
  /** A logical block, as a power of two; it cannot be written. */
  blockShift: u32; readOnly: u32;
  /** Queue that is looked at first when there is room again. */
  next: u32;
  /** 512-byte sectors. */
  sectors: u64;
  // From here on cleared by a reset of the controller.
  /** Queues that have something to tell by INTx, a bit a vector; those that are masked. */
  pending: u32; masked: u32;
  /** Entries of the list of completions. */
  completions: u32;
  /** Requests for events that wait, up to four, and their identifiers; events that wait for one, and that wait for their log to be read. */
  eventRequests: u32;
  eventIds: u64;
  events: u32; eventsMasked: u32;
  // Features that can be changed (5.21.1).
  temperatureOver: u32; temperatureUnder: u32; errorRecovery: u32; cached: u32; eventsWanted: u32;
  pad0: u32;
  // Since power-up (5.14.1.2).
  reads: u64; writes: u64; sectorsRead: u64; sectorsWritten: u64;
}
@inline const VALUES: usize = 0x100;
@inline const FIRST_SQ: usize = 0x200;
@inline const FIRST_CQ: usize = 0x480;
@inline const QUEUE_BYTES: usize = 64;
@inline const SERIAL: usize = 0x700;
@inline const FIRST_DONE: usize = 0x800;
@inline const DONE_BYTES: usize = 32;

/** The admin queue and as many pairs for I/O. */
@inline export const IO_QUEUES: u32 = 8;
@inline export const QUEUES: u32 = IO_QUEUES + 1;
@inline export const MOST_DONE: u32 = 128;
/** Commands in hand: beside them there is room for what events tell. */
@inline export const MOST_IN_HAND: u32 = MOST_DONE - 8;
@inline export const MOST_EVENT_REQUESTS: u32 = 4;
@inline export const MAX_SERIAL: u32 = 20;

/** Entries; 0: there is none. The guest's place in it is the tail of a submission queue and the head of a completion queue. */
@unmanaged export class Queue {
  base: u64;
  entries: u32; head: u32; tail: u32;
  /** Of a submission queue: the completion queue it goes to. */
  partner: u32;
  /** Of a completion queue: phase of the next entry, whether it interrupts, and by which vector. */
  phase: u32; interrupts: u32; vector: u32;
}
/** A command that is done, but not told yet. */
@unmanaged export class Done { due: u64; result: u32; queue: u32; id: u32; status: u32; }

@inline export function nvmeOfCard(i: u32): Nvme { return changetype<Nvme>(cardState(i)); }
@inline export function addressOf(n: Nvme): usize { return changetype<usize>(n); }
@inline export function valuesOf(n: Nvme): usize { return addressOf(n) + VALUES; }
@inline export function getReg(n: Nvme, at: u32): u32 { return load<u32>(valuesOf(n) + at); }
@inline export function setReg(n: Nvme, at: u32, value: u32): void { store<u32>(valuesOf(n) + at, value); }
@inline export function getWide(n: Nvme, at: u32): u64 { return load<u64>(valuesOf(n) + at); }
@inline export function submissionAt(n: Nvme, i: u32): Queue { return changetype<Queue>(addressOf(n) + FIRST_SQ + <usize>min(i, IO_QUEUES) * QUEUE_BYTES); }
@inline export function completionAt(n: Nvme, i: u32): Queue { return changetype<Queue>(addressOf(n) + FIRST_CQ + <usize>min(i, IO_QUEUES) * QUEUE_BYTES); }
@inline export function serialOf(n: Nvme): usize { return addressOf(n) + SERIAL; }
@inline export function doneAt(n: Nvme, i: u32): Done { return changetype<Done>(addressOf(n) + FIRST_DONE + <usize>i * DONE_BYTES); }
@inline export function hasSubmission(n: Nvme, i: u32): bool { return i < QUEUES && submissionAt(n, i).entries != 0; }
@inline export function hasCompletion(n: Nvme, i: u32): bool { return i < QUEUES && completionAt(n, i).entries != 0; }
/** It takes commands. */
@inline export function isReady(n: Nvme): bool { return (getReg(n, Reg.CSTS) & (Csts.RDY | Csts.CFS)) == Csts.RDY; }
/** A page of the host, as a power of two. */
@inline export function pageShift(n: Nvme): u32 { return 12 + (getReg(n, Reg.CC) >> Cc.MPS_SHIFT & Cc.MPS_MASK); }
/** What nothing but a reset mends (CSTS.CFS): it could not reach a queue. */
export function failController(n: Nvme): void { setReg(n, Reg.CSTS, getReg(n, Reg.CSTS) | Csts.CFS); countNvme(n, Count.FATAL); }

/** Forgets queues, completions, events and features. */
export function clearController(n: Nvme): void {
  memory.fill(addressOf(n) + offsetof<Nvme>("pending"), 0, offsetof<Nvme>("reads") - offsetof<Nvme>("pending"));
  memory.fill(addressOf(n) + FIRST_SQ, 0, SERIAL - FIRST_SQ);
}

export const enum Count { ADMIN, READS, WRITES, FLUSHES, DISCARDS, BYTES_READ, BYTES_WRITTEN, REFUSED, WAITS, INTERRUPTS, FATAL, END }
@inline export function countNvme(n: Nvme, what: u32): void { count(n.counters + what); }

export function nameNvme(n: Nvme, number: u32): void {
  const c = takeCounters(Count.END);
  n.counters = c;
  nameOwned(c + Count.ADMIN, "nvme", number, -1, "admin commands", "requests");
  nameOwned(c + Count.READS, "nvme", number, -1, "reads", "requests");
  nameOwned(c + Count.WRITES, "nvme", number, -1, "writes", "requests");
  nameOwned(c + Count.FLUSHES, "nvme", number, -1, "flushes", "requests");
  nameOwned(c + Count.DISCARDS, "nvme", number, -1, "discards and zeroings", "requests");
  nameOwned(c + Count.BYTES_READ, "nvme", number, -1, "bytes read", "bytes");
  nameOwned(c + Count.BYTES_WRITTEN, "nvme", number, -1, "bytes written", "bytes");
  nameOwned(c + Count.REFUSED, "nvme", number, -1, "commands refused", "requests");
  nameOwned(c + Count.WAITS, "nvme", number, -1, "waits for the host", "events");
  nameOwned(c + Count.INTERRUPTS, "nvme", number, -1, "interrupts raised", "events");
  nameOwned(c + Count.FATAL, "nvme", number, -1, "fatal errors", "events");
}
