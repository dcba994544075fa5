// Forming a region: from a block that is hot, along every known way to blocks that have run, up to a size. Only what the decode cache holds is
// taken, so that whatever drops a block makes the region stale (base/changes.ts), and only pages that the exec table of the moment holds:
// forming fills no TLB entry.

import { RECORD } from "../base/control";
import { codeChanges } from "../base/changes";
import { links } from "../base/machine";
import { cpu, segment, Mode, Seg } from "../cpu/state";
import { entryAt } from "../cpu/tlb";
import { Block, firstRecord, lookUp } from "../decode/cache";
import { cutTo } from "../ir/block";
import { Effect, Op } from "../ir/ops";
import { buildBlock } from "../isa/execute";
import { pageOf } from "../memory/ram";
import { analyse, blockOf, ROOT, Shape, TBlock } from "./blocks";
import { immOf, isConst, N, Node, node } from "./dag";
import { countEntered, writeMiss } from "./dispatch";
import { loadTables, ripAfter } from "./exits";
import { insn, forwardBlock, startBlock } from "./forward";
import { learnedCount, learnedRip, MAX_LEARNED } from "./learned";
import { fixed, startLocals } from "./locals";
import { chooseLoops } from "./loops";
import { forgetFunctions, keepFunction, writeModule } from "./module";
import { chooseNears } from "./near";
import { CODE, RECORDS_END, st } from "./places";
import { linearPage, MAX_PAGES, MEMBER, notePage, Region } from "./regions";
import { isDispatching, writeRegion } from "./structure";
import { countUses, isQuiet } from "./uses";
import { byte, close, open } from "./writer";
import { W } from "./wasm";

/** Blocks of a region at most. */
@inline const BLOCKS: u32 = 192;
/**
 * Instructions of a region at most, and of a loop that keeps registers in locals (loops.ts). An engine's time for an instruction grows with the size
 * of its function: so a region is small until it is left very often, and then large.
 */
@inline const INSNS: u32 = 100;
@inline const LOOP: u32 = 40;
@inline const LARGE_INSNS: u32 = 500;
@inline const LARGE_LOOP: u32 = 300;
/** Targets of an indirect jump that are compared where it stands. */
@inline const NARROW: u32 = 2;

/**
 * Keeps the function of the region at rip for the module in hand; its bytes, 0 when it is refused. `r` is told what the region stands on. Blocks that have run for
 * less than `warm` ticks stay outside.
 */
export function translate(r: Region, warm: u32): u32 {
  start(r);
  st.warm = warm;
  if (r.large) { st.mostInsns = LARGE_INSNS; st.largestLoop = LARGE_LOOP; }
  if (!add(cpu.rip, r)) return 0;
  for (let n: u32 = 1; n < st.blocks && !st.full; n++) if (!take(n, r)) return 0;
  return finish(r);
}

/** A module of the first `most` instructions of the block at rip by themselves, for tests and dumps. */
export function translateFirst(r: Region, most: u32): u32 {
  forgetFunctions();
  start(r);
  if (!add(cpu.rip, r)) return 0;
  st.most = most;
  if (!take(1, r)) return 0;
  st.blocks = 2;
  blockOf(1).taken = 0; blockOf(1).next = 0;
  return finish(r) ? writeModule() : 0;
}

function finish(r: Region): u32 {
  if (st.full) return 0;
  connectJumps();
  blockOf(1).is |= Shape.ENTERED;
  analyse();
  r.entries = countEntered();
  write();
  r.insns = st.insns;
  return st.full ? 0 : keepFunction();
}
/** The region that was just translated is what runs at the blocks that it may be entered at: they hold its tag; its other blocks are its members. */
export function claimBlocks(tag: u32): void {
  for (let k: u32 = 1; k < st.blocks; k++) {
    const b = blockOf(k), source = found(b.rip);
    if (!changetype<usize>(source)) continue;
    if (b.is & Shape.ENTERED) source.region = tag;
    else if (!source.region || source.region & MEMBER) source.region = tag | MEMBER;
  }
}

/** No part of the block lies beyond the code segment's limit: what cuts blocks there is the interpreter's. */
function isWithin(rip: u64, b: Block): bool {
  if (cpu.mode & Mode.LONG) return true;
  return (rip - (linearOf(rip) & 0xfff) + b.after - 1 & 0xffff_ffff) <= <u64>segment(Seg.CS).limit;
}

function start(r: Region): void {
  st.nodes = 1; st.insns = 0; st.states = 1; st.blocks = 1;
  st.used = 0; st.modified = 0; st.vectorsUsed = 0; st.vectorsModified = 0;
  st.version = 0; st.depth = 0; st.leaving = 0; st.full = 0; st.hints = 0; st.x87 = 0; st.most = ~0; st.warm = 0;
  st.mode = cpu.mode;
  st.mostInsns = INSNS; st.largestLoop = LOOP;
  st.region = <u32>changetype<usize>(r);
  const root = blockOf(ROOT);
  root.rip = 0; root.count = 0; root.taken = 0; root.next = 0; root.term = 0; root.is = 0;
  r.misses = 0; r.grown = 0; r.spent = 0; r.seen = links.changes;
  r.rip = cpu.rip; r.mode = cpu.mode; r.csBase = segment(Seg.CS).base; r.csLimit = segment(Seg.CS).limit; r.pages = 0;
}

/** The number of the block at `rip` in the region, or 0. */
function known(rip: u64): u32 {
  for (let n: u32 = 1; n < st.blocks; n++) if (blockOf(n).rip == rip) return n;
  return 0;
}
/** The number of the block at `rip`: known, new, or 0 when it stays outside. */
function add(rip: u64, r: Region): u32 {
  const old = known(rip);
  if (old) return old;
  if (st.blocks >= BLOCKS || st.insns >= st.mostInsns) return 0;
  const source = found(rip);
  if (!changetype<usize>(source) || !isWithin(rip, source) || !isWarm(source)) return 0;
  // Where a region is left, only the low half of rip is known to be another.
  if (rip >> 32 != r.rip >> 32) return 0;
  const page = pageIn(r, rip);
  if (page == ~0) return 0;
  const b = blockOf(st.blocks);
  b.page = page;
  st.blocks++;
  b.rip = rip; b.taken = 0; b.next = 0; b.term = 0; b.count = 0; b.is = 0; b.key = source.host;
  return st.blocks - 1;
}

@inline function linearOf(rip: u64): u64 { return cpu.mode & Mode.LONG ? rip : (rip + segment(Seg.CS).base) & 0xffff_ffff; }
function hostOf(rip: u64): u32 {
  const linear = linearOf(rip), e = entryAt(cpu.tlbExec, linear);
  return load<u64>(e) == (linear & ~0xfff) ? <u32>linear + load<u32>(e, 8) : 0;
}
function found(rip: u64): Block {
  const host = hostOf(rip);
  return host ? lookUp(host, cpu.mode) : changetype<Block>(0);
}

/** What has hardly run stays outside: the way there leaves the region. */
function isWarm(b: Block): bool { return b.region != 0 || b.heat >= st.warm; }

/** The page's number, noted if need be; ~0 when there are too many, or two that one TLB entry cannot hold at a time. */
function pageIn(r: Region, rip: u64): u32 {
  const page = linearOf(rip) & ~0xfff;
  for (let k: u32 = 0; k < r.pages; k++) {
    if (linearPage(r, k) == page) return k;
    if (entryAt(0, linearPage(r, k)) == entryAt(0, page)) return ~0;
  }
  if (r.pages >= MAX_PAGES) return ~0;
  const host = hostOf(rip) & ~0xfff;
  notePage(r, page, host, codeChanges(pageOf(host)));
  return r.pages - 1;
}

/** Builds block `n` and adds where it goes; false when it cannot be taken. */
function take(n: u32, r: Region): bool {
  const b = blockOf(n), source = found(b.rip);
  if (!changetype<usize>(source)) return false;
  const insns = min(<u32>source.count, st.most), bytes = insns * RECORD, records = st.recordSpace;
  if (records + bytes > <u32>RECORDS_END) { st.full = 1; return false; }
  memory.copy(<usize>records, <usize>firstRecord(source), bytes);
  st.recordSpace += bytes;
  if (buildBlock(records, records + bytes) != records + bytes) { st.full = 1; return false; }
  st.page = b.rip - (linearOf(b.rip) & 0xfff);
  const version = st.version;
  startBlock();
  b.firstNode = st.nodes; b.count = insns;
  forwardBlock(records);
  cutTo(0);
  b.endNode = st.nodes; b.state = st.flags;
  b.after = ripAfter(insn(st.insn));
  b.modified = st.blockModified; b.vectors = st.blockVectors; b.version = version;
  countUses(b.firstNode, b.endNode, b.state);
  noteRegisters(b, version);
  if (isQuiet(b.firstNode, b.endNode, b.state)) b.is |= Shape.QUIET;
  follow(b, r);
  return true;
}

/** What it reads of what it finds, and, where a RUN has been (version counts up), of what that left; what it sets. */
function noteRegisters(b: TBlock, version: u32): void {
  b.reads = 0; b.readsLater = 0; b.sets = 0;
  for (let id = b.firstNode; id < b.endNode; id++) {
    const n = node(id), vector = n.op == <u16>N.VREG || n.op == <u16>N.VSET, bit: u32 = 1 << (<u32>n.imm & 15 | (vector ? 16 : 0));
    if (n.op == <u16>N.SET || n.op == <u16>N.VSET) b.sets |= bit;
    else if ((n.op == <u16>N.REG || n.op == <u16>N.VREG) && n.uses) { if (<u32>n.imm >> 8 == version) b.reads |= bit; else b.readsLater |= bit; }
  }
}

function follow(b: TBlock, r: Region): void {
  b.term = terminator(b);
  if (!b.term) { b.next = add(b.after, r); return; }
  const t = node(b.term);
  if (t.op == <u16>Op.BRANCH) {
    b.taken = isConst(t.b) ? add(immOf(t.b), r) : 0;
    b.next = isConst(t.c) ? add(immOf(t.c), r) : 0;
  } else if ((t.op == <u16>Op.JUMP || t.op == <u16>Op.CALL) && isConst(t.a)) b.taken = add(immOf(t.a), r);
  else if (t.op == <u16>Op.JUMP_IND || t.op == <u16>Op.CALL_IND || isNarrow(b, t)) addLearned(b, r);
  // What is called comes back.
  if ((t.op == <u16>Op.CALL && b.taken || t.op == <u16>Op.CALL_IND && learnedCount(b.key)) && isConst(t.b)) blockOf(add(immOf(t.b), r)).is |= Shape.BEHIND;
}
/** A return that has led to one or two places: its callers belong to what is hot. What everybody calls stays without its callers. */
function isNarrow(b: TBlock, t: Node): bool { return t.op == <u16>Op.RET && learnedCount(b.key) <= NARROW; }
function addLearned(b: TBlock, r: Region): void {
  const n = learnedCount(b.key);
  for (let k: u32 = 0; k < n; k++) add(learnedRip(b.key, k), r);
}

/** When all blocks are known: up to two targets of an indirect jump are edges of their own; more are the dispatcher's. */
function connectJumps(): void {
  for (let n: u32 = 1; n < st.blocks; n++) {
    const b = blockOf(n), op = b.term ? <u32>node(b.term).op : 0;
    if (op == Op.JUMP_IND || op == Op.CALL_IND || op == Op.RET) connect(b);
  }
}
function connect(b: TBlock): void {
  let inside: u32 = 0;
  const n = learnedCount(b.key);
  // A return that everybody shares (a thunk) has led to more places than are remembered.
  if (n == MAX_LEARNED && node(b.term).op == <u16>Op.RET) enterBehindCalls();
  for (let k: u32 = 0; k < n; k++) if (known(learnedRip(b.key, k))) inside++;
  for (let k: u32 = 0; k < n; k++) {
    const to = known(learnedRip(b.key, k));
    if (!to) continue;
    if (inside > NARROW) blockOf(to).is |= Shape.ENTERED;
    else if (b.taken) b.next = to;
    else b.taken = to;
  }
}
function enterBehindCalls(): void {
  for (let n: u32 = 1; n < st.blocks; n++) if (blockOf(n).is & Shape.BEHIND) blockOf(n).is |= Shape.ENTERED;
}
/** The block's last node that moves control, or a RUN that leaves; 0. */
function terminator(b: TBlock): u32 {
  for (let id = b.endNode - 1; id >= b.firstNode && node(id).insn == st.insn; id--) {
    const op = node(id).op;
    if (op >= <u16>Op.BRANCH && op <= <u16>Op.RET) return id;
    if (op == <u16>Op.RUN && <u32>(node(id).imm >> 32) & Effect.RIP) return id;
  }
  return 0;
}

function write(): void {
  st.code = <u32>CODE;
  startLocals();
  chooseLoops(st.largestLoop, isDispatching());
  chooseNears();
  fixed.first = st.locals;
  loadTables();
  open(W.BLOCK);
  writeRegion();
  close();
  writeMiss();
  byte(W.END);
}
