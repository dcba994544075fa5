// What an iommu-testdev keeps: 0 overlay, 100h registers by their offsets.

import { nameOwned, takeCounters } from "../../base/counters";
import { cardState } from "../../device/card";

@unmanaged export class TestDev {
  // Written at attach.
  pci: u32;
  block: u32;
  counters: u32;
  turn: u32;
  // State.
  armed: u32;
}
@inline const VALUES: usize = 0x100;

export const enum Count { RUNS, BYTES, FAILED, END }

@inline export function testDevAt(i: u32): TestDev { return changetype<TestDev>(cardState(i)); }
@inline export function addressOf(d: TestDev): usize { return changetype<usize>(d); }
@inline export function valuesOf(d: TestDev): usize { return changetype<usize>(d) + VALUES; }
@inline export function getReg(d: TestDev, at: u32): u32 { return load<u32>(valuesOf(d) + at); }
@inline export function setReg(d: TestDev, at: u32, value: u32): void { store<u32>(valuesOf(d) + at, value); }
@inline export function getPair(d: TestDev, low: u32, high: u32): u64 { return <u64>getReg(d, high) << 32 | getReg(d, low); }

export function nameCounters(d: TestDev, card: string, n: u32): void {
  const c = takeCounters(Count.END);
  d.counters = c;
  nameOwned(c + Count.RUNS, card, n, -1, "transfers", "transfers");
  nameOwned(c + Count.BYTES, card, n, -1, "bytes written", "bytes");
  nameOwned(c + Count.FAILED, card, n, -1, "transfers failed", "transfers");
}
