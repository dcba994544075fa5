// What an edu card keeps: 0 overlay, 100h registers by their offsets, 1000h the buffer.

import { nameOwned, takeCounters } from "../../base/counters";
import { Crossing } from "../../surface/counters";
import { cardState } from "../../device/card";

@unmanaged export class Edu {
  // Written at attach.
  pci: u32;
  block: u32;
  counters: u32;
  /** Timers: a factorial is computed, a transfer done. */
  factorialTimer: u32;
  transferTimer: u32;
  pad0: u32;
  dmaMask: u64;
}
@inline const VALUES: usize = 0x100;
@inline const BUFFER: usize = 0x1000;

export const enum Count { FACTORIALS, TRANSFERS, BYTES, REFUSED, RAISED, END }

@inline export function eduAt(i: u32): Edu { return changetype<Edu>(cardState(i)); }
@inline export function addressOf(d: Edu): usize { return changetype<usize>(d); }
@inline export function valuesOf(d: Edu): usize { return changetype<usize>(d) + VALUES; }
@inline export function bufferOf(d: Edu): usize { return changetype<usize>(d) + BUFFER; }
@inline export function getReg(d: Edu, at: u32): u32 { return load<u32>(valuesOf(d) + at); }
@inline export function setReg(d: Edu, at: u32, value: u32): void { store<u32>(valuesOf(d) + at, value); }
@inline export function getWide(d: Edu, at: u32): u64 { return load<u64>(valuesOf(d) + at); }
@inline export function setWide(d: Edu, at: u32, value: u64): void { store<u64>(valuesOf(d) + at, value); }

export function nameCounters(d: Edu, card: string, n: u32): void {
  const c = takeCounters(Count.END);
  d.counters = c;
  nameOwned(c + Count.FACTORIALS, card, n, -1, "factorials", "requests");
  nameOwned(c + Count.TRANSFERS, card, n, -1, "transfers", "transfers");
  nameOwned(c + Count.BYTES, card, n, -1, "bytes transferred", "bytes");
  nameOwned(c + Count.REFUSED, card, n, -1, "transfers refused", "transfers");
  nameOwned(c + Count.RAISED, card, n, -1, "interrupts raised", "events", Crossing.B1);
}
