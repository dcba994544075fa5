// What attribution keeps: a piece of linear memory behind RAM that the host gives to a machine made for it. All of it is a cache.
//
//   | words | symbols | marks | programs' symbols | their pages | blocks | traits | nodes | their hash | frames | suspended stacks |
//
// Symbols are the kernel's, a u64 each in order of addresses, written by the host; programs' are those of files (programs.ts). A node is a function as called from another, and holds the
// counts; a frame is a call that has not returned; a suspended stack is one that the guest has left and may come back to.

import { BLOCKS_SIZE, KIB } from "../base/layout";
import { links } from "../base/machine";
import { AttributionLimit, MarkBit } from "../surface/attribution";

@unmanaged export class Profile {
  /** Symbols and marks in use. */
  symbols: u32; marks: u32;
  /** Nodes in use: the first is the root. */
  nodes: u32;
  /** Frames in use beside those that were given back, which hang from `freeFrames`. */
  frames: u32; freeFrames: u32;
  /** Which of a set's suspended stacks goes next. */
  turn: u32;
  /** Counts up where the decode cache was emptied; its space when it was last looked at. */
  epoch: u32; blockSpace: u32;
  /** Calls, stacks and nodes for which there was no room. */
  lost: u32;
  /** For the host: the mark that was come to, as its number plus one; the same with MARK_END where it was left. */
  asked: u32;
  /** The host knows files of programs; which of a set's pages goes next. */
  programs: u32; pageTurn: u32;
  /** The mark that is open, plus one, and the frame that it ends with. */
  openMark: u32; openFrame: u32;

  // The stack in hand.
  top: u32;
  /** It has been entered by the processor itself, and the guest's own move to another is still to come. */
  fresh: u32;
  /** Highest address that it can reach, 0 where nobody knows. */
  origin: u64;
  /** The stack that it goes back to: key and privilege; 0: none. */
  fromSpace: u64; from: u64; fromCpl: u32;
  /** RSP has been loaded for another privilege, which follows. */
  leaving: u32;
  /** It has returned beyond its first frame. */
  below: u32;

  // The step in hand: what was before it.
  cpl: u32;
  space: u64;
  rip: u64; rsp: u64;
  ticks: u64; unretired: u64; accesses: u64;
  /** BOUNDARIES when it was last looked at. */
  crossings: u64;
  /** Its block's entry in the table of blocks, 0 for none; whether an event was to be looked at first. */
  block: u32;
  exception: u32;
  /** RCX, for a repetition. */
  counter: u64;
}

/** A block as it is run: up to `count` records of it, with what they access. */
@unmanaged export class Known {
  rip: u64;
  block: u32; epoch: u32;
  /** The function that it is of (programs.ts); 0 where no symbol says. */
  start: u64;
  loads: u16; stores: u16;
  count: u8;
  /** Bits of KnownIs. */
  flags: u8;
  /** Number of the mark at its first instruction, plus one. */
  mark: u16;
}
/** It repeats; which file its page is of is still to be asked. */
export const enum KnownIs { REPEATS = 1, UNPLACED = 2 }

/** surface/attribution.ts, CodeAt. */
@unmanaged export class CodePage { space: u64; page: u64; bias: u64; frame: u32; program: u32; first: u32; count: u32; }

@unmanaged export class Node {
  parent: u32;
  nextInHash: u32;
  address: u64;
  space: u64;
  cpl: u32; depth: u32;
  calls: u64; instructions: u64; loads: u64; stores: u64; accesses: u64; crossings: u64;
}

/** `slot`: where its return address lies, or the lowest of what an interrupt has pushed. */
@unmanaged export class Frame { node: u32; below: u32; slot: u64; }

@unmanaged export class Suspended {
  space: u64; rsp: u64; cpl: u32;
  top: u32;
  origin: u64; fromSpace: u64; from: u64; fromCpl: u32; fresh: u32;
}

@inline export const MAX_SYMBOLS: u32 = AttributionLimit.SYMBOLS;
@inline export const MAX_MARKS: u32 = AttributionLimit.MARKS;
@inline export const MAX_PROGRAM_SYMBOLS: u32 = AttributionLimit.PROGRAM_SYMBOLS;
/** Sets of pages of programs' code, and how many each holds. */
@inline export const PAGE_SETS: u32 = 4096;
@inline export const PAGE_WAYS: u32 = 4;
@inline export const MAX_NODES: u32 = 65536;
@inline export const MAX_FRAMES: u32 = 65536;
/** A call deeper than this is told as its caller's. */
@inline export const MAX_DEPTH: u32 = 160;
/** Slots of the table of blocks, of the hash of nodes, sets of suspended stacks and how many each holds. */
@inline export const KNOWN_SLOTS: u32 = 65536;
@inline export const HASH_SLOTS: u32 = 131072;
@inline export const SETS: u32 = 1024;
@inline export const WAYS: u32 = 4;
/** In `asked`: the mark is left; a page of code is to be told of. */
@inline export const MARK_END: u32 = MarkBit.END;
@inline export const ASKED_CODE: u32 = MarkBit.CODE;
/** The slot of a stack's first frame: nothing pops it. */
@inline export const BOTTOM: u64 = ~0;

@inline const SYMBOLS: usize = 4 * KIB;
@inline const MARKS: usize = SYMBOLS + 8 * <usize>MAX_SYMBOLS;
@inline const PROGRAM_SYMBOLS: usize = MARKS + 8 * <usize>MAX_MARKS;
/** The page that is asked for lies before those that are known. */
@inline const PAGES: usize = PROGRAM_SYMBOLS + 8 * <usize>MAX_PROGRAM_SYMBOLS;
@inline const KNOWN: usize = PAGES + offsetof<CodePage>() * <usize>(1 + PAGE_SETS * PAGE_WAYS);
@inline const TRAITS: usize = KNOWN + offsetof<Known>() * <usize>KNOWN_SLOTS;
@inline const NODES: usize = TRAITS + BLOCKS_SIZE / 16;
@inline const HASH: usize = NODES + offsetof<Node>() * <usize>MAX_NODES;
@inline const FRAMES: usize = HASH + 4 * <usize>HASH_SLOTS;
@inline const STACKS: usize = FRAMES + offsetof<Frame>() * <usize>MAX_FRAMES;
/** Bytes of all of it. */
@inline export const PROFILE_BYTES: usize = STACKS + offsetof<Suspended>() * <usize>(SETS * WAYS);

@inline export function profile(): Profile { return changetype<Profile>(<usize>links.profile); }
@inline export function symbolsAt(): usize { return <usize>links.profile + SYMBOLS; }
@inline export function marksAt(): usize { return <usize>links.profile + MARKS; }
@inline export function programSymbolsAt(): usize { return <usize>links.profile + PROGRAM_SYMBOLS; }
@inline export function askedPage(): CodePage { return changetype<CodePage>(<usize>links.profile + PAGES); }
@inline export function codePageAt(n: u32): CodePage { return changetype<CodePage>(<usize>links.profile + PAGES + offsetof<CodePage>() * <usize>(1 + n)); }
@inline export function knownAt(slot: u32): Known { return changetype<Known>(<usize>links.profile + KNOWN + <usize>slot * offsetof<Known>()); }
@inline export function traitsStart(): usize { return <usize>links.profile + TRAITS; }
@inline export function nodeAt(n: u32): Node { return changetype<Node>(<usize>links.profile + NODES + <usize>n * offsetof<Node>()); }
@inline export function nodeSlot(hash: u32): usize { return <usize>links.profile + HASH + <usize>(hash & (HASH_SLOTS - 1)) * 4; }
@inline export function frameAt(n: u32): Frame { return changetype<Frame>(<usize>links.profile + FRAMES + <usize>n * offsetof<Frame>()); }
@inline export function suspendedAt(n: u32): Suspended { return changetype<Suspended>(<usize>links.profile + STACKS + <usize>n * offsetof<Suspended>()); }
