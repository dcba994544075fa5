// From the IR of a block to nodes: registers and flags are forwarded from where they were last set, so that only what a block finds and what
// it leaves behind is read and written. Every access, check and RUN keeps its place in order.

import { Op, Effect } from "../ir/ops";
import { at, count, Inst, VALUES } from "../ir/block";
import { Mode, RIP_REGISTER } from "../cpu/state";
import { mayRaise } from "../float/vector";
import { append, forget, immOf, isConst, konst, lanes, leaf, make, make3, N, node } from "./dag";
import { narrowWide, remainder } from "./division";
import { makeLanes } from "./lanes";
import { isReal, lowOf, makeReal } from "./real";
import { forwardX87, startX87 } from "./x87";
import { carryWordNow, condition, isAsFound, resultWord, setKind, setWords, startFlags } from "./flag-state";
import { INSNS, MAX_INSNS, noteRip, REGISTERS_NOW, st } from "./places";

/** An instruction of the region: what leaves in front of it or behind it needs. */
@unmanaged export class TInsn {
  /** Its record, owned by the translation. */
  record: u32;
  /** Flag states before and after it. */
  before: u32; after: u32;
  /** Nodes of it: from `first` on, up to `end`. */
  first: u32; end: u32;
  /** Its number in its block. */
  place: u32;
  /** rip of the instruction, and of its page (RIP_REGISTER). */
  rip: u64; page: u64;
}
@inline export function insn(n: u32): TInsn { return changetype<TInsn>(INSNS + <usize>n * 40); }

@inline const IDS: usize = VALUES;
/** The node of an IR value: kept where the IR's interpreter keeps its values. */
@inline function known(id: u32): u32 { return load<u32>(IDS + (<usize>id << 4)); }
@inline function learn(id: u32, n: u32): void { store<u32>(IDS + (<usize>id << 4), n); }

@inline function nowAt(r: u32): usize { return REGISTERS_NOW + <usize>r * 4; }

export function startBlock(): void {
  forget();
  memory.fill(REGISTERS_NOW, 0, 32 * 4);
  startFlags();
  startX87();
  st.blockModified = 0; st.blockVectors = 0;
}

/** The whole register as it stands. */
export function register(r: u32): u32 {
  if (r == RIP_REGISTER) return konst(st.page);
  let n = load<u32>(nowAt(r));
  if (!n) { n = leaf(N.REG, r | st.version << 8); store<u32>(nowAt(r), n); st.used |= 1 << r; }
  return n;
}
function vectorRegister(r: u32): u32 {
  let n = load<u32>(nowAt(16 + r));
  if (!n) { n = leaf(N.VREG, r | st.version << 8); store<u32>(nowAt(16 + r), n); st.vectorsUsed |= 1 << r; }
  return n;
}

function readRegister(place: u32, bits: u32): u32 {
  if (place >= 128) return place >> 3 == RIP_REGISTER ? konst(st.page) : konst(0);
  const whole = register(place >> 3);
  if (bits == 64) return whole;
  return make(Op.AND, place & 7 ? make(Op.SHR, whole, konst(8)) : whole, konst((<u64>1 << bits) - 1));
}

function writeRegister(place: u32, bits: u32, v: u32): void {
  const r = place >> 3, mask = bits == 64 ? ~0 : (<u64>1 << bits) - 1;
  if (bits == 32) v = make(Op.AND, v, konst(mask));
  else if (bits != 64) {
    const shift: u32 = place & 7 ? 8 : 0;
    const part = make(Op.SHL, make(Op.AND, v, konst(mask)), konst(shift));
    v = make(Op.OR, make(Op.AND, register(r), konst(~(mask << shift))), part);
  }
  store<u32>(nowAt(r), v);
  append(N.SET, v, 0, 0, r);
  st.used |= 1 << r; st.modified |= 1 << r; st.blockModified |= 1 << r;
}
function writeVector(r: u32, v: u32): void {
  store<u32>(nowAt(16 + r), v);
  append(N.VSET, v, 0, 0, r);
  st.vectorsUsed |= 1 << r; st.vectorsModified |= 1 << r; st.blockVectors |= 1 << r;
}

/** Adds the operations of the IR in hand, whose `n`th instruction has the owned record `records + 32 n`. `page` is rip of the page's start. */
export function forwardBlock(records: u32): void {
  const n = count();
  let place: u32 = 0;
  for (let id: u32 = 0; id < n && !st.full; id++) {
    const i = at(id);
    if (i.op == <u16>Op.INSN) { openInsn(records + 32 * place, place); place++; continue; }
    learn(id, forwardOne(i));
  }
  closeInsn();
}

/** Outside 64-bit code addresses are 32 bits wide. */
@inline export function wrapRip(rip: u64): u64 { return st.mode & Mode.LONG ? rip : rip & 0xffff_ffff; }

function openInsn(record: u32, place: u32): void {
  if (place) closeInsn();
  if (st.insns >= MAX_INSNS) { st.full = 1; return; }
  st.insn = st.insns++;
  const k = insn(st.insn);
  k.record = record; k.before = st.flags; k.first = st.nodes; k.place = place;
  k.page = st.page;
  k.rip = wrapRip(st.page + <u64>load<u16>(<usize>record, 4));
  noteRip(record, <u32>k.rip);
}
function closeInsn(): void {
  const k = insn(st.insn);
  k.after = st.flags; k.end = st.nodes;
}

function forwardOne(i: Inst): u32 {
  const imm = i.imm;
  switch (<i32>i.op) {
    case Op.CONST: return konst(imm);
    case Op.GET_REG: return readRegister(<u32>imm & 0xffff, <u32>(imm >> 16));
    case Op.SET_REG: writeRegister(<u32>imm & 0xffff, <u32>(imm >> 16), known(i.a)); return 0;
    case Op.GET_CC_RESULT: return resultWord();
    case Op.GET_CC_CARRY: return carryWordNow();
    case Op.SET_CC: setWords(known(i.a), known(i.b)); return 0;
    case Op.FLAGS: setKind(<u32>imm & 0xff, <u32>(imm >> 8), known(i.a), known(i.b), known(i.c)); return 0;
    case Op.COND: return condition(<u32>imm);
    case Op.VGET: return vectorRegister(<u32>imm);
    case Op.VSET: writeVector(<u32>imm, known(i.a)); return 0;
    case Op.VCONST_LOW: return lanes(Op.VCONST_LOW, known(i.a), 0, 0);
    case Op.VLOW: return lowOf(known(i.a));
    case Op.SET_FLAG: return append(Op.SET_FLAG, known(i.a), 0, 0, imm);
    case Op.SET_MXCSR: return append(Op.SET_MXCSR, known(i.a), 0, 0, 0);
    case Op.VOP: return forwardLanes(known(i.a), known(i.b), imm);
    case Op.RUN: return forwardRun(imm);
    case Op.X87_READY: case Op.X87_DO: case Op.X87_OUT: case Op.X87_END: return forwardX87(i.op, <u32>imm, known(i.a));
    case Op.SELECT: return make3(Op.SELECT, known(i.a), known(i.b), known(i.c), 0);
    case Op.CHECK_TARGET: return st.mode & Mode.LONG && isKnownGood(known(i.a)) ? 0 : ordered(i);
    default: return i.op >= <u16>Op.DIV_U ? ordered(i) : i.op >= <u16>Op.ADD ? plain(i) : append(i.op, 0, 0, 0, imm);
  }
}
/** What only moves bits is a value like any other; what may report has its place. */
function forwardLanes(a: u32, b: u32, imm: u64): u32 {
  const kind = <u32>imm & 0xffff;
  if (isReal(kind)) return makeReal(kind, a, b, imm);
  return mayRaise(kind) ? append(Op.VOP, a, b, 0, imm) : makeLanes(kind, a, b, imm);
}
function plain(i: Inst): u32 {
  const one = i.op == <u16>Op.CLZ || i.op == <u16>Op.CTZ || i.op == <u16>Op.POPCNT || i.op >= <u16>Op.EXTEND8;
  return make(i.op, known(i.a), one ? 0 : known(i.b));
}
/** Of 64-bit code a target that is canonical, or the one or the other as a condition says: a conditional branch checks its target or 0. */
function isKnownGood(id: u32): bool {
  const n = node(id);
  return n.op == <u16>Op.SELECT ? isCanonical(n.b) && isCanonical(n.c) : isCanonical(id);
}
function isCanonical(id: u32): bool { return isConst(id) && <u64>((<i64>immOf(id) << 16) >> 16) == immOf(id); }

/** Accesses, checks, control, and divisions, which must stay behind the check that lets them be reached. */
function ordered(i: Inst): u32 {
  const op = i.op;
  const a = op == <u16>Op.SEGMENT_BASE ? 0 : known(i.a);
  const two = op <= <u16>Op.WIDE_FITS || op == <u16>Op.STORE || op == <u16>Op.STORE_RMW || op == <u16>Op.BRANCH || op == <u16>Op.CALL || op == <u16>Op.CALL_IND || op == <u16>Op.VSTORE;
  if (op == <u16>Op.REM_U || op == <u16>Op.REM_S) return remainder(op == <u16>Op.REM_S, a, known(i.b), insn(st.insn).first);
  if (op == <u16>Op.DIV_WIDE || op == <u16>Op.WIDE_FITS) {
    const narrow = narrowWide(op, a, known(i.b), known(i.c), <u32>i.imm, insn(st.insn).first);
    if (narrow) return narrow;
  }
  const three = op == <u16>Op.DIV_WIDE || op == <u16>Op.WIDE_FITS || op == <u16>Op.STORE_RMW || op == <u16>Op.BRANCH;
  return append(op, a, two ? known(i.b) : 0, three ? known(i.c) : 0, i.imm);
}

/** What RUN writes is not known after it. */
function forwardRun(imm: u64): u32 {
  const written = <u32>(imm >> 32), touched = <u32>imm & Effect.GPR | written & Effect.GPR;
  // Those that the block found need not be taken apart: settling them puts them where it reads them (statements.ts).
  const flags = (<u32>imm & Effect.FLAGS) != 0 && !isAsFound(st.flags), result = flags ? resultWord() : 0, carry = flags ? carryWordNow() : 0;
  const id = append(Op.RUN, result, carry, 0, imm);
  st.version++;
  if (written & Effect.X87) startX87();
  st.used |= touched;
  for (let r: u32 = 0; r < 16; r++) if (written >> r & 1) store<u32>(nowAt(r), 0);
  st.modified |= written & 0xffff; st.blockModified |= written & 0xffff;
  if (written & Effect.XMM) {
    memory.fill(nowAt(16), 0, 16 * 4);
    st.vectorsUsed = 0xffff; st.vectorsModified = 0xffff; st.blockVectors = 0xffff;
  } else if (<u32>imm & Effect.XMM) st.vectorsUsed = 0xffff;
  if (written & Effect.FLAGS) setWords(append(Op.GET_CC_RESULT, 0, 0, 0, 0), append(Op.GET_CC_CARRY, 0, 0, 0, 0));
  return id;
}
