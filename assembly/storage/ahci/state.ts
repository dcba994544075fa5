// What an AHCI controller keeps: 0 its Bus, 80h overlay, c0h what is kept of each port beside its registers, 400h registers by their offsets.

import { nameOwned, takeCounters } from "../../base/counters";
import { cardState } from "../../device/card";
import { Unit, unitAt } from "../unit/state";
import { Hba, Px } from "./spec";

@unmanaged export class Ahci {
  pci: u32; block: u32; counters: u32;
  /** Offset that BAR 4's data register shows. */
  index: u32;
}
/** A port: the command in hand, and how it stands. */
@unmanaged export class Port {
  /** Slot of the command in hand plus one, 0 for none. */
  slot: u32;
  /** It is a queued one, with this tag. */
  queued: u32; tag: u32;
  /** Its header and its table in the guest's memory. */
  header: u64; table: u64;
  /** The first FIS of the device has been sent; a software reset is under way; commands wait until the guest has cleared an error. */
  told: u32; resetting: u32; stopped: u32;
  /** Bytes that the command in hand has moved. */
  moved: u32;
}
@inline const OVERLAY: usize = 0x80;
@inline const FIRST_PORT: usize = 0xc0;
@inline const PORT_BYTES: usize = 64;
@inline const VALUES: usize = 0x400;

export const enum Count { INTERRUPTS, ERRORS, END }

@inline export function ahciOfBus(bus: usize): Ahci { return changetype<Ahci>(bus + OVERLAY); }
@inline export function ahciOfCard(i: u32): Ahci { return ahciOfBus(cardState(i)); }
@inline export function busAddress(a: Ahci): usize { return changetype<usize>(a) - OVERLAY; }
@inline export function portAt(a: Ahci, p: u32): Port { return changetype<Port>(busAddress(a) + FIRST_PORT + <usize>p * PORT_BYTES); }
@inline export function driveAt(a: Ahci, p: u32): Unit { return unitAt(busAddress(a), p); }
@inline export function valuesOf(a: Ahci): usize { return busAddress(a) + VALUES; }
@inline export function getReg(a: Ahci, at: u32): u32 { return load<u32>(valuesOf(a) + at); }
@inline export function setReg(a: Ahci, at: u32, value: u32): void { store<u32>(valuesOf(a) + at, value); }
@inline export function placeOf(p: u32, at: u32): u32 { return Hba.FIRST_PORT + p * Hba.PORT_BYTES + at; }
@inline export function getPx(a: Ahci, p: u32, at: u32): u32 { return getReg(a, placeOf(p, at)); }
@inline export function setPx(a: Ahci, p: u32, at: u32, value: u32): void { setReg(a, placeOf(p, at), value); }
/** A base address in two registers, aligned. */
@inline export function getBase(a: Ahci, p: u32, at: u32, align: u32): u64 { return (<u64>getPx(a, p, at + 4) << 32 | getPx(a, p, at)) & ~<u64>(align - 1); }
/** PxCMD bits. */
@inline export function isOn(a: Ahci, p: u32, bits: u32): bool { return (getPx(a, p, Px.CMD) & bits) != 0; }

export function nameAhci(a: Ahci, n: u32): void {
  const c = takeCounters(Count.END);
  a.counters = c;
  nameOwned(c + Count.INTERRUPTS, "ahci", n, -1, "interrupts raised", "events");
  nameOwned(c + Count.ERRORS, "ahci", n, -1, "commands that failed", "requests");
}
