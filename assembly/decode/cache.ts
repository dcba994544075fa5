// The decode cache. A block is a run of decoded records, from an entry point to the first record that ends a block, the end
// of its page, or BLOCK_RECORDS. Blocks are found by the linear-memory address of their first byte and their mode, through
// a hash; those of one page are also chained, so that a store to the page drops exactly the blocks it overlaps.
//
//   header, 48 bytes:  | host | mode | count, flow | bytes | nextInPage | nextInHash | end | after | region | heat | behind | elsewhere |  then `count` records
//
// Space is handed out in order; when it is full everything is dropped and it starts over (what runs is decoded again in
// microseconds). An instruction that crosses its page is a block of its own, decoded from a joined copy and remembered apart (crossing.ts).

import { BLOCKS, BLOCKS_SIZE, BLOCK_HASH, BLOCK_HASH_SIZE, PAGE_BLOCKS, PAGE_BLOCKS_SIZE } from "../base/layout";
import { Counter, count } from "../base/counters";
import { control, leaveBlock, spend, Work, RECORD } from "../base/control";
import { noteAllChanged, noteChange } from "../base/changes";
import { links } from "../base/machine";
import { Attr, attrOf, clearAttr, pageCount, pageOf, setAttr } from "../memory/ram";
import { markWriters } from "../cpu/tlb";
import { raise } from "../cpu/exceptions";
import { fetchAt } from "../cpu/memory";
import { isEndless } from "../cpu/segments";
import { cpu, segment, Mode, Seg, Vector } from "../cpu/state";
import { Insn } from "./record";
import { decode } from "./decode";
import { d } from "./decoder";
import { JOINED } from "./scratch";
import { blockOf, CROSSINGS_SIZE, crossingOf, forgetCrossings, isSame, remember } from "./crossing";

@unmanaged export class Block {
  /** Linear-memory address of its first byte; 0 when dropped. */
  host: u32;
  mode: u32;
  /** Its records, and where control goes behind the last one (Flow). */
  count: u16;
  flow: u16;
  /** Bytes of code it covers. */
  bytes: u32;
  nextInPage: u32;
  nextInHash: u32;
  /** Linear-memory address past its last record. */
  end: u32;
  /** rip's low part after its last record: offset in the page, may be 4096 or a little more. */
  after: u32;
  /** Its translation (run/translations.ts), 0 for none, and the ticks it has run towards one. */
  region: u32;
  heat: u32;
  /** Blocks that have run behind it: where it falls through, and elsewhere. A guess, held against `host` and `mode`. */
  behind: u32;
  elsewhere: u32;
}
@inline const HEADER: u32 = 48;
@inline const BLOCK_RECORDS: u32 = 64;
/** Bytes of the longest instruction. */
@inline const LONGEST: u32 = 15;
/** Bytes of blocks that are dropped one by one. */
@inline const FEW_BYTES: u32 = 16 * 1024;
@inline const HASH_MASK: u32 = <u32>(BLOCK_HASH_SIZE / 4) - 1;
/** No block, as one that ran last. */
@inline const NONE: u32 = <u32>BLOCKS;
@inline const FIRST: u32 = <u32>BLOCKS + CROSSINGS_SIZE;
@inline const LIMIT: u32 = <u32>(BLOCKS + BLOCKS_SIZE) - HEADER - BLOCK_RECORDS * RECORD;

@inline function hashOf(host: u32, mode: u32): usize { return BLOCK_HASH + <usize>((host ^ mode * 0x9e5) & HASH_MASK) * 4; }
@inline function pageHead(page: u32): usize { return PAGE_BLOCKS + <usize>page * 4; }

/** Everything is dropped, at the cost of what is there. */
export function dropAllBlocks(): void {
  const few = links.blockSpace != 0 && links.blockSpace - FIRST < FEW_BYTES;
  if (few) dropEach(); else dropMaps();
  // What stood in `last`, and what blocks remember, is no block any more.
  forgetCrossings();
  control.last = NONE;
  leaveBlock();
  links.blockSpace = FIRST;
  links.translations = 0;
  spend(few ? Work.DECODE : (<u32>(BLOCK_HASH_SIZE / 1024) + pageCount()) / 64);
}

/** Block by block, as they lie. */
function dropEach(): void {
  for (let at = FIRST; at < links.blockSpace;) {
    const b = changetype<Block>(<usize>at);
    at += HEADER + b.count * RECORD;
    if (!b.host) continue;
    const page = pageOf(b.host);
    store<u32>(hashOf(b.host, b.mode), 0);
    store<u32>(pageHead(page), 0);
    clearAttr(page, Attr.CODE);
    noteChange(page);
  }
}

/** By emptying the maps that lead to them. */
function dropMaps(): void {
  memory.fill(BLOCK_HASH, 0, BLOCK_HASH_SIZE);
  const pages = pageCount();
  for (let page: u32 = 0; page < pages; page++) if (attrOf(page) & Attr.CODE) clearAttr(page, Attr.CODE);
  memory.fill(PAGE_BLOCKS, 0, min<usize>(<usize>pages * 4, PAGE_BLOCKS_SIZE));
  noteAllChanged();
}

/** The block at `host` in the current mode, or 0. */
@inline export function lookUp(host: u32, mode: u32): Block {
  const b = changetype<Block>(<usize>load<u32>(hashOf(host, mode)));
  return !changetype<usize>(b) || b.host == host && b.mode == mode ? b : lookFurther(b, host, mode);
}

/**
 * The same behind the block that ran last, which remembers where it led: its header is at hand, the hash is not. A block that has been dropped
 * has no address, and headers stay headers until everything is dropped, `last` with it.
 */
@inline export function lookBehind(host: u32, mode: u32): Block {
  const at = placeBehind(changetype<Block>(<usize>control.last), host), guess = changetype<Block>(<usize>load<u32>(at));
  if (guess.host == host && guess.mode == mode) return guess;
  const found = lookUp(host, mode);
  if (changetype<usize>(found)) store<u32>(at, <u32>changetype<usize>(found));
  return found;
}

/** The same behind `last`, where a guess or the hash's first has it; 0 if neither does. */
@inline export function guessBehind(last: Block, host: u32, mode: u32): Block {
  const at = placeBehind(last, host), guess = changetype<Block>(<usize>load<u32>(at));
  if (guess.host == host && guess.mode == mode) return guess;
  const first = changetype<Block>(<usize>load<u32>(hashOf(host, mode)));
  if (first.host != host || first.mode != mode) return changetype<Block>(0);
  store<u32>(at, <u32>changetype<usize>(first));
  return first;
}

/** Where a block remembers what ran behind it at `host`. */
@inline function placeBehind(b: Block, host: u32): u32 {
  return <u32>changetype<usize>(b) + (host == b.host + b.bytes ? <u32>offsetof<Block>("behind") : <u32>offsetof<Block>("elsewhere"));
}

/** Along the chain of a hash, which a guest can make as long as it has pages. */
function lookFurther(first: Block, host: u32, mode: u32): Block {
  let b = first, links: u32 = 0;
  while (changetype<usize>(b) && (b.host != host || b.mode != mode)) { b = changetype<Block>(<usize>b.nextInHash); links++; }
  spend(links / Work.LINKS_A_UNIT);
  return b;
}

/** Decodes a block at `host`, whose linear address is `linear`. Null after raising a fault (the next page's fetch). */
export function decodeBlock(host: u32, linear: u64, mode: u32): Block {
  if (links.blockSpace == 0 || links.blockSpace > LIMIT) dropAllBlocks();
  const b = changetype<Block>(<usize>links.blockSpace);
  const offset = <u32>linear & 0xfff, pageEnd = host - offset + 4096;
  if (pageEnd - host < LONGEST && crosses(host, mode, pageEnd - host)) return decodeLone(host, linear, mode, pageEnd - host);
  let at = host, n: u32 = 0, record = links.blockSpace + HEADER;
  while (n < BLOCK_RECORDS && at < pageEnd) {
    if (!decode(changetype<Insn>(<usize>record), at, pageEnd, at - (pageEnd - 4096), mode)) break;
    at += changetype<Insn>(<usize>record).length;
    record += RECORD; n++;
    if (d.flow) break;
  }
  spend((n + 1) * Work.DECODE);
  if (n == 0) return decodeLone(host, linear, mode, pageEnd - at);
  seal(b, host, mode, n, at - host, offset + at - host);
  links.blockSpace = record;
  publish(b);
  count(Counter.BLOCKS_DECODED);
  return b;
}

function seal(b: Block, host: u32, mode: u32, n: u32, bytes: u32, after: u32): void {
  b.host = host; b.mode = mode; b.count = <u16>n; b.flow = <u16>d.flow; b.bytes = bytes;
  b.end = <u32>changetype<usize>(b) + HEADER + n * RECORD;
  b.after = after;
  b.region = 0; b.heat = 0; b.behind = 0; b.elsewhere = 0;
}

/** Puts a block in the hash and its page's chain; the page's writers now take the slow path. */
function publish(b: Block): void {
  const slot = hashOf(b.host, b.mode), page = pageOf(b.host), address = <u32>changetype<usize>(b);
  b.nextInHash = load<u32>(slot);
  store<u32>(slot, address);
  b.nextInPage = load<u32>(pageHead(page));
  store<u32>(pageHead(page), address);
  if (attrOf(page) & Attr.CODE) return;
  setAttr(page, Attr.CODE);
  markWriters(b.host & ~0xfff);
}

/** The `left` bytes in this page are the beginning of an instruction that was found to cross it. */
function crosses(host: u32, mode: u32, left: u32): bool {
  memory.copy(JOINED, host, left);
  return isSame(crossingOf(host, mode), host, mode, left);
}

/** An instruction that runs into the next page: `left` bytes of it are in this one. */
function decodeLone(host: u32, linear: u64, mode: u32, left: u32): Block {
  const none = changetype<Block>(0);
  // What lies beyond the segment's limit is not fetched.
  const cs = segment(Seg.CS);
  if (!(mode & Mode.LONG) && cpu.rip + left - 1 >= <u64>cs.limit && !isEndless(cs.base, cs.limit, cs.attr)) { raise(Vector.GP, 0); return none; }
  memory.copy(JOINED, host, left);
  const next = fetchAt(linear + left);
  if (!next) return none;
  memory.copy(JOINED + left, next, 16);
  const known = crossingOf(host, mode), b = changetype<Block>(blockOf(known)), record = changetype<Insn>(<usize>firstRecord(b));
  if (isSame(known, host, mode, known.bytes)) return b;
  spend(Work.DECODE);
  decode(record, JOINED, JOINED + left + 16, <u32>linear & 0xfff, mode);
  seal(b, 0, mode, 1, record.length, (<u32>linear & 0xfff) + record.length);
  remember(known, host, mode, record.length);
  return b;
}

/** Drops the blocks that overlap `bytes` at `host`; called for every store to a page with code (links.codeSlot). */
export function codeWritten(host: usize, bytes: u32): void {
  const from = <u32>host, to = from + bytes;
  for (let page = pageOf(host); page <= pageOf(host + bytes - 1); page++) dropOverlaps(page, from, to);
}

function dropOverlaps(page: u32, from: u32, to: u32): void {
  let link = pageHead(page), links: u32 = 0;
  for (;; links++) {
    const b = changetype<Block>(<usize>load<u32>(link));
    if (!changetype<usize>(b)) break;
    if (b.host < to && from < b.host + b.bytes) {
      store<u32>(link, b.nextInPage);
      drop(b);
    } else link = changetype<usize>(b) + offsetof<Block>("nextInPage");
  }
  spend(links / Work.LINKS_A_UNIT);
  if (load<u32>(pageHead(page)) == 0) clearAttr(page, Attr.CODE);
}

/** Takes a block out of the hash; if it is the one that runs, the loop leaves after this instruction. */
function drop(b: Block): void {
  count(Counter.CODE_DROPPED);
  let link = hashOf(b.host, b.mode), passed: u32 = 0;
  while (load<u32>(link) != <u32>changetype<usize>(b)) { link = <usize>load<u32>(link) + offsetof<Block>("nextInHash"); passed++; }
  spend(passed / Work.LINKS_A_UNIT + Work.DECODE);
  store<u32>(link, b.nextInHash);
  // What runs may be a translation of it: that looks at control.end after every store that can come here.
  if (control.first == <u32>changetype<usize>(b) + HEADER || links.translating) control.end = 0;
  noteChange(pageOf(b.host));
  b.host = 0;
}
@inline export function firstRecord(b: Block): u32 { return <u32>changetype<usize>(b) + HEADER; }
