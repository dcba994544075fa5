// What the remapping unit keeps beside its registers, and how its parts reach both. There is one unit in a machine.

import { ramAt } from "../memory/ram";
import { UNIT_VALUES, UNIT_WORDS } from "./layout";
import { Command, Reg } from "./spec";
import { Ttm } from "./scalable-spec";

@unmanaged export class Unit {
  // Written at attach, from the card's options.
  block: u32;
  counters: u32;
  /** Timer that goes on with the queue when there is allowance again. */
  turn: u32;
  /** Bits of an address that devices may use; of one in memory. */
  addressBits: u32;
  memoryBits: u32;
  /** SAGAW of CAP, a bit each width. */
  widths: u32;
  caching: u32;
  snoop: u32;
  remaps: u32;
  wideIds: u32;
  /** IOTLB: sets and ways; entries that keep tables. */
  sets: u32;
  ways: u32;
  tables: u32;
  /** Scalable mode there is: its second stage; first stage and nesting as well. */
  scalable: u32;
  firsts: u32;
  passes: u32;
  // State from here on; a reset clears it. The offset is STATE_FROM.
  /** What SRTP and SIRTP have taken over. */
  root: u64;
  interrupts: u64;
  /** The record that the next fault goes to. */
  nextRecord: u32;
  /** Uses of the IOTLB, which say what was used last; the entry of the table cache that gives way next. */
  clock: u32;
  nextTable: u32;
  /** Sizes of pages that the IOTLB may hold besides 4 KiB: bit 1 2 MiB, bit 2 1 GiB. */
  large: u32;
  /** The IOTLB may hold pages of a first stage. */
  staged: u32;
  pad0: u32;
  // What a look-up has found, for who asked: it is consumed at once.
  word: u64;
  word2: u64;
  base: u64;
  rights: u32;
  /** Of the page: 0 4 KiB, 1 2 MiB, 2 1 GiB. */
  size: u32;
  /** Entries that the walk has read. */
  reads: u32;
  /** A second stage's first table was out of reach, not one below it. */
  atRoot: u32;
}
@inline export const unit = changetype<Unit>(UNIT_WORDS);
@inline export const STATE_FROM: usize = offsetof<Unit>("root");

@inline export function get32(at: u32): u32 { return load<u32>(UNIT_VALUES + at); }
@inline export function put32(at: u32, value: u32): void { store<u32>(UNIT_VALUES + at, value); }
@inline export function get64(at: u32): u64 { return load<u64>(UNIT_VALUES + at); }
@inline export function put64(at: u32, value: u64): void { store<u64>(UNIT_VALUES + at, value); }
/** A bit of GSTS. */
@inline export function isOn(command: u32): bool { return (get32(Reg.GSTS) & command) != 0; }
@inline export function translates(): bool { return isOn(Command.TE); }
/** The table mode that SRTP has taken over (Ttm). */
@inline export function tableMode(): u32 { return <u32>(unit.root >> Ttm.SHIFT) & Ttm.MASK; }

/** Bits of an address beyond memory's, which entries must not have. */
@inline export function beyondMemory(): u64 { return ~<u64>0 << unit.memoryBits; }

/** The unit's own reads go by physical address and to RAM alone: 8 bytes into unit.word. False where there is none. */
export function fetch(gpa: u64): bool {
  const host = ramAt(gpa, 8);
  if (!host) return false;
  unit.word = load<u64>(host);
  return true;
}
/** The same of 16 bytes, into word and word2. */
export function fetchPair(gpa: u64): bool {
  const host = ramAt(gpa, 16);
  if (!host) return false;
  unit.word = load<u64>(host);
  unit.word2 = load<u64>(host, 8);
  return true;
}
