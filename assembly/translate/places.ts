// Where the translator keeps what it works on, in its region of linear memory: all of it a cache.
//
//   | State | instructions | flag states | blocks | their order | edges | nodes | hash | local types | hints | code | module |
//   | functions kept | regions | learned jumps | desk | batches | records of live translations |

import { TRANSLATION, TRANSLATION_SIZE } from "../base/layout";

@unmanaged export class State {
  /** Nodes, instructions, flag states, blocks in use. */
  nodes: u32; insns: u32; states: u32; blocks: u32;
  /** Next byte of the code and of the module. */
  code: u32; out: u32;
  /** Locals and branch hints in use. */
  locals: u32; hints: u32;
  /** While a block is built: rip of its page, its instruction in hand. */
  page: u64;
  insn: u32;
  /** Flag state in hand. */
  flags: u32;
  /** General registers and XMM that the region reads or writes, and writes. */
  used: u32; modified: u32; vectorsUsed: u32; vectorsModified: u32;
  /** Instructions of the block in hand. */
  blockInsns: u32;
  /** Registers that the block in hand writes. */
  blockModified: u32; blockVectors: u32;
  /** Counts up where registers stop being what they were (RUN). */
  version: u32;
  /** Wasm labels around the code in hand. */
  depth: u32;
  /** 1: the code in hand is on its way out: after this instruction the region is left. */
  leaving: u32;
  /** Nothing more fits: the translation is refused. */
  full: u32;
  /** Next byte of the records that live translations hold. */
  recordSpace: u32;
  /** Mode word the region is for. */
  mode: u32;
  /** Instructions of a block that are taken. */
  most: u32;
  /** Label of the dispatcher; 0: the region has none. */
  dispatchAt: u32;
  /** Address of the Region, and the longest way from the start of the block in hand to the next check of the budget. */
  region: u32; reach: u32;
  /** Ticks that a block must have run to be taken in. */
  warm: u32;
  /** Depth of the label behind the access in hand (statements.ts). */
  accessAt: u32;
  /** 1: the region has x87 instructions inline. */
  x87: u32;
  /** Functions kept for the module in hand, and the byte past the last. */
  functions: u32; kept: u32;
  /** Registers that their locals hold, and whose locals are newer than memory: general ones, and XMM from bit 16 on. */
  valid: u32; dirty: u32;
  /** Ticks of blocks before that have not been taken off the budget. */
  owed: u32;
  /** How the flags that the block in hand found are held: IN_MEMORY, or kind | bits << 8 of operands in locals (exits.ts). */
  found: u32;
  /** Blocks that can be reached, and the root. */
  reached: u32;
  /** Of the block in hand: registers read as a RUN leaves them; the loop that keeps registers (loops.ts). */
  readsLater: u32; loop: u32;
  /** Instructions of the largest loop that keeps registers in locals. */
  largestLoop: u32;
  /** Instructions of the region at most. */
  mostInsns: u32;
  /** Of the block in hand: past its last node; the version of registers that it finds. */
  blockEnd: u32; blockVersion: u32;
}
@inline export const st = changetype<State>(TRANSLATION);

@inline export const MAX_INSNS: u32 = 2048;
@inline export const MAX_STATES: u32 = 4096;
@inline export const MAX_BLOCKS: u32 = 512;
@inline export const MAX_NODES: u32 = 32768;
@inline export const HASH_SLOTS: u32 = 2048;
@inline export const MAX_LOCALS: u32 = 4096;
@inline export const MAX_HINTS: u32 = 8192;
@inline export const MAX_RECORDS: u32 = 2048;
@inline export const CODE_SIZE: u32 = 512 * 1024;

@inline export const REGISTERS_NOW: usize = TRANSLATION + 256;          // node of each general register, then XMM: u32
@inline export const LIVE: usize = TRANSLATION + 768;
@inline export const LOCALS: usize = TRANSLATION + 1024;
@inline export const STEPS: usize = TRANSLATION + 2048;
@inline export const NEAR: usize = TRANSLATION + 2304;
/** Pages that accesses have just hit (live.ts). */
@inline export const PAGES: usize = TRANSLATION + 3072;
@inline export const MAX_PAGES_KEPT: u32 = 8;
/** Accesses of a block by one base (groups.ts). */
@inline export const GROUPS: usize = TRANSLATION + 3200;
@inline export const X87_NOW: usize = TRANSLATION + 3584;
@inline export const INSNS: usize = TRANSLATION + 4096;
@inline export const STATES: usize = INSNS + <usize>MAX_INSNS * 40;
@inline export const BLOCKS_AT: usize = STATES + <usize>MAX_STATES * 32;
@inline export const ORDER: usize = BLOCKS_AT + <usize>MAX_BLOCKS * 144;
/** Predecessors: two ways out of each block, and the dispatcher's. */
@inline export const EDGES: usize = ORDER + <usize>MAX_BLOCKS * 4;
@inline export const NODES: usize = EDGES + <usize>MAX_BLOCKS * 12;
@inline export const HASH: usize = NODES + <usize>MAX_NODES * 40;
@inline export const LOCAL_TYPES: usize = HASH + <usize>HASH_SLOTS * 4;
@inline export const HINTS: usize = LOCAL_TYPES + <usize>MAX_LOCALS * 2;
@inline export const CODE: usize = HINTS + <usize>MAX_HINTS * 4;
@inline export const OUT: usize = CODE + <usize>CODE_SIZE;
@inline export const KEPT: usize = OUT + 800 * 1024;
@inline export const REGIONS: usize = KEPT + 700 * 1024;
@inline export const MAX_REGIONS: u32 = 4096;
@inline export const REGION_BYTES: usize = 328;
@inline export const LEARNED_SETS: u32 = 512;
@inline export const LEARNED: usize = REGIONS + <usize>MAX_REGIONS * REGION_BYTES;
@inline export const DESK: usize = LEARNED + <usize>LEARNED_SETS * 256;
@inline export const BATCHES: usize = DESK + 256;
@inline export const MAX_BATCHES: u32 = 2048;
@inline export const RECORDS: usize = BATCHES + <usize>MAX_BATCHES * 16;
@inline export const RECORDS_END: usize = RECORDS + (TRANSLATION + TRANSLATION_SIZE - RECORDS) / 36 * 32;
/** Where each of those records lies in the guest: the low half of rip. */
@inline const RIPS: usize = RECORDS_END;
export function noteRip(record: u32, rip: u32): void { store<u32>(RIPS + ((<usize>record - RECORDS) >> 3), rip); }
export function ripOf(record: u32): u32 { return load<u32>(RIPS + ((<usize>record - RECORDS) >> 3)); }
