// What a floppy controller keeps: 0 its Bus, 80h overlay, c0h bytes of the command in hand, e0h its answer, 100h the DMA controllers.

import { nameOwned, takeCounters } from "../../base/counters";
import { cardState } from "../../device/card";
import { isThere, Unit, unitAt } from "../unit/state";

export const enum Phase { COMMAND, BUSY, RESULT }
@unmanaged export class Floppy {
  counters: u32; block: u32;
  dor: u32; tdr: u32; dsr: u32; ccr: u32;
  phase: u32;
  /** Bytes of the command that have come, and that it has; of the answer that have gone, and that it has. */
  got: u32; wants: u32; given: u32; gives: u32;
  /** The line, SENSE INTERRUPT's answers that wait after a reset, and ST0 of the last seek. */
  wanted: u32; polled: u32; seekStatus: u32;
  /** SPECIFY, CONFIGURE, LOCK and PERPENDICULAR, as DUMPREG shows them. */
  specified0: u32; specified1: u32; configured: u32; precompensation: u32; locked: u32; perpendicular: u32;
  /** Cylinder of each drive's head. */
  cylinder0: u32; cylinder1: u32;
}
/** The transfer in hand lies here while it waits for its DMA channel: RequestType plus one, bytes, sector. */
@unmanaged export class Transfer { type: u32; bytes: u32; sector: u64; moved: u32; asked: u32; fill: u32; formats: u32; }
@inline const OVERLAY: usize = 0x80;
@inline const COMMAND: usize = 0x100;
@inline const ANSWER: usize = 0x110;
@inline const TRANSFER: usize = 0x120;
@inline const DMA: usize = 0x180;
@inline export const MOST_DRIVES: u32 = 2;

export const enum Count { INTERRUPTS, COMMANDS, END }

@inline export function floppyOfBus(bus: usize): Floppy { return changetype<Floppy>(bus + OVERLAY); }
@inline export function floppyOfCard(i: u32): Floppy { return floppyOfBus(cardState(i)); }
@inline export function busAddress(f: Floppy): usize { return changetype<usize>(f) - OVERLAY; }
@inline export function commandAt(f: Floppy): usize { return busAddress(f) + COMMAND; }
@inline export function answerAt(f: Floppy): usize { return busAddress(f) + ANSWER; }
@inline export function transferOf(f: Floppy): Transfer { return changetype<Transfer>(busAddress(f) + TRANSFER); }
@inline export function dmaAt(f: Floppy): usize { return busAddress(f) + DMA; }
@inline export function driveAt(f: Floppy, n: u32): Unit { return n < MOST_DRIVES ? unitAt(busAddress(f), n) : changetype<Unit>(0); }
@inline export function isReady(u: Unit): bool { return isThere(u) && u.sectors != 0; }

export function cylinderOf(f: Floppy, n: u32): u32 { return n == 0 ? f.cylinder0 : n == 1 ? f.cylinder1 : 0; }
export function setCylinder(f: Floppy, n: u32, cylinder: u32): void {
  if (n == 0) f.cylinder0 = cylinder;
  else if (n == 1) f.cylinder1 = cylinder;
}

export function nameFloppy(f: Floppy, n: u32): void {
  const c = takeCounters(Count.END);
  f.counters = c;
  nameOwned(c + Count.INTERRUPTS, "isa-fdc", n, -1, "interrupts raised", "events");
  nameOwned(c + Count.COMMANDS, "isa-fdc", n, -1, "commands", "requests");
}
