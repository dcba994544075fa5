// A block's statements in order: what has an effect, and values that are used more than once. An access goes through the TLB as the interpreter's
// does (cpu/tlb.ts); its slow path is a call in a cold branch that comes back. When that wants the loop to look, the rest of the instruction
// is written once more, in the branch, and the region is left behind it.

import { Control, RECORD } from "../base/control";
import { CPU, VCPU } from "../base/layout";
import { CpuState, Desc, gpr, Mode, RIP_REGISTER, Seg, Segment, SEGMENTS, xmm } from "../cpu/state";
import { H } from "../decode/handlers";
import { S } from "../decode/system-handlers";
import { Effect, Op } from "../ir/ops";
import { immOf, isConst, N, Node, node } from "./dag";
import { commit, commitFlags, closeLook, isCommitted, leaveBefore, fill, leaveIfRaised, loadTables, openLook, pushLeft, putRip, RIP, ripAfter } from "./exits";
import { K } from "./flag-state";
import { insn, TInsn } from "./forward";
import { commitKind } from "./found";
import { Import } from "./imports";
import { fixed, gprLocal, temporary, xmmLocal } from "./locals";
import { CC_CARRY, CC_RESULT, FLAGS_WORD, incoming, inline, localOf, test, typeOfNode, value } from "./lower";
import { writeX87 } from "./lower-x87";
import { noteMxcsr, pushDoubt, pushOperands, pushPlain, settleDoubt, takeResult, writeMxcsr } from "./lower-real";
import { endGroups, groupOf, offsetIn, openAlone, pushPlaceIn } from "./groups";
import { keepPage, Near, nearOf, pushAddend, pushStrange } from "./near";
import { st } from "./places";
import { pushEntry } from "./tlb-entry";
import { isOrdered, isRoot } from "./uses";
import { access, branchTo, byte, call, close, constant32, constant64, get, open, openCold, otherwise, set, simdAccess, tee } from "./writer";
import { T, W, X } from "./wasm";

@inline const CS_LIMIT: u32 = <u32>SEGMENTS + 32 * Seg.CS + 8;
@inline const CONTROL_END: u32 = <u32>VCPU + <u32>offsetof<Control>("end");

/** Writes the statements from node `from` up to `end`; those that move control are written by who knows the region's shape. */
export function writeStatements(from: u32, end: u32): void {
  for (let id = from; id < end && !st.full; id++) writeStatement(id, node(id));
}

function writeStatement(id: u32, n: Node): void {
  if (n.op >= <u16>Op.BRANCH && n.op <= <u16>Op.RET) { if (st.leaving) leaveBy(n); return; }
  if (isRoot(n)) { writeRoot(id, n); return; }
  if (n.op == <u16>Op.CONST || !n.uses) return;
  if (n.uses > 1 || isOrdered(n) || isOverwritten(n)) keep(n);
}
/** A register that the block writes later must be taken while it is there. */
function isOverwritten(n: Node): bool {
  const r = <u32>n.imm & 15;
  if (n.op == <u16>N.REG) return (st.blockModified >> r & 1) != 0;
  return n.op == <u16>N.VREG && (st.blockVectors >> r & 1) != 0;
}
function keep(n: Node): void { inline(n); set(localOf(n)); }
function writeRoot(id: u32, n: Node): void {
  const k = insn(n.insn);
  switch (<i32>n.op) {
    case N.SET: case N.VSET: writeSet(n); break;
    case Op.SET_FLAG: writeFlag(n); break;
    case Op.SET_MXCSR: writeMxcsr(n.a); break;
    case Op.LOAD: writeLoad(id, n, k, <u32>n.imm, Import.LOAD, fixed.tlbRead); break;
    case Op.LOAD_RMW: writeLoad(id, n, k, <u32>n.imm & 0xff, Import.UPDATE, fixed.tlbWrite); break;
    case Op.STORE: writeStore(id, n, k); break;
    case Op.STORE_RMW: writeBack(id, n, k); break;
    case Op.VLOAD: writeVload(id, n, k); break;
    case Op.VSTORE: writeVstore(id, n, k); break;
    case Op.PROBE: value(n.a); constant32(<u32>n.imm); callSlow(Import.PROBE, k); lookBehind(id, k); break;
    case Op.CHECK_SEGMENT: writeSegment(id, n, k); break;
    case Op.CHECK_TARGET: writeTarget(n, k); break;
    case Op.RAISE_IF: writeRaise(n, k); break;
    case Op.VOP: value(n.a); value(n.b); constant32(<u32>n.imm); callSlow(Import.REPORT, k); set(localOf(n)); look(id, k); break;
    case N.REAL: writeReal(id, n, k); break;
    case Op.RUN: writeRun(id, n, k); break;
    default: writeX87(n, k);
  }
}
/** On the way out memory has the registers already. */
function writeSet(n: Node): void {
  const r = <u32>n.imm, vector = n.op == <u16>N.VSET;
  if (st.leaving) {
    constant32(0); value(n.a);
    if (vector) simdAccess(X.STORE, <u32>xmm(r)); else access(W.I64_STORE, <u32>gpr(r));
    return;
  }
  value(n.a); set(vector ? xmmLocal(r) : gprLocal(r));
  const bit: u32 = 1 << (vector ? r + 16 : r);
  st.valid |= bit; st.dirty |= bit;
}
/** On the way out only the exact way: what the tests find out holds for the code that goes on. */
function writeReal(id: u32, n: Node, k: TInsn): void {
  const to = localOf(n), fast = !st.leaving;
  if (fast) { pushDoubt(n); openCold(); }
  pushOperands(n); callSlow(Import.REPORT, k); takeResult(n); set(to);
  look(id, k);
  if (fast) { settleDoubt(n); otherwise(); pushPlain(n); set(to); close(); }
}

/** Calls a helper that wants to know the instruction; its own operands are on the stack. */
function callSlow(f: u32, k: TInsn): void { constant32(k.record); pushLeft(k.place); call(f); }

/** After a slow path: leaves if something was raised, or finishes the instruction and leaves if the loop is to look. */
function look(id: u32, k: TInsn): void {
  if (st.leaving) { leaveIfRaised(); return; }
  openLook(k);
  st.leaving = 1;
  writeStatements(id + 1, k.end);
  st.leaving = 0;
  closeLook(k);
}
/** On the way out, control goes where the instruction says. */
function leaveBy(n: Node): void {
  const k = insn(n.insn);
  constant32(0);
  if (n.op == <u16>Op.BRANCH) { value(n.b); value(n.c); test(n.a); byte(W.SELECT); } else value(n.a);
  access(W.I64_STORE, RIP);
  if (k.after != k.before) commitFlags(k.after);
  pushLeft(k.place + 1);
  byte(W.RETURN);
}

function writeFlag(n: Node): void {
  constant32(FLAGS_WORD);
  constant32(FLAGS_WORD); access(W.I64_LOAD, 0); constant64(n.imm); byte(W.I64_OR);
  constant32(FLAGS_WORD); access(W.I64_LOAD, 0); constant64(~n.imm); byte(W.I64_AND);
  test(n.a);
  byte(W.SELECT);
  access(W.I64_STORE, 0);
}

/** The address in a local. */
function addressIn(id: u32): u32 {
  const n = node(id);
  if (n.local) return n.local - 1;
  const local = temporary(T.I64);
  value(id); set(local);
  return local;
}

/** Looks `bytes` at the address in local `a` up; opens the cold branch for a miss. The entry is in fixed.entry. */
function openMiss(a: u32, bytes: u32, table: u32): void {
  pushEntry(a, table); tee(fixed.entry);
  access(W.I64_LOAD, 0);
  get(a);
  if (bytes > 1) { constant64(bytes - 1); byte(W.I64_ADD); }
  constant64(~0xfff); byte(W.I64_AND);
  byte(W.I64_NE);
  openCold();
}
function loadOf(bytes: u32): u32 { return bytes == 8 ? W.I64_LOAD : bytes == 4 ? W.I64_LOAD32_U : bytes == 2 ? W.I64_LOAD16_U : W.I64_LOAD8_U; }
function storeOf(bytes: u32): u32 { return bytes == 8 ? W.I64_STORE : bytes == 4 ? W.I64_STORE32 : bytes == 2 ? W.I64_STORE16 : W.I64_STORE8; }

// An access: openAccess, the slow way, meanwhile, the address in memory, closeAccess.

/** The near page of the access in hand (null: none), and the depth of the label behind it. */
function openAccess(address: u32, a: u32, bytes: u32, table: u32): Near {
  const near = st.leaving ? changetype<Near>(0) : nearOf(address, table == fixed.tlbWrite);
  if (changetype<usize>(near)) {
    st.accessAt = st.depth;
    open(W.BLOCK);
    pushStrange(near, a, bytes);
    openCold();
  }
  openMiss(a, bytes, table);
  return near;
}
/** The slow way is written; what follows is reached when the page is known. */
function meanwhile(near: Near, a: u32): void {
  if (!changetype<usize>(near)) { otherwise(); return; }
  branchTo(st.accessAt);
  close();
  keepPage(near, a, fixed.entry);
  close();
}
/** Pushes the address in linear memory. */
function pushPlace(near: Near, a: u32): void {
  get(a); byte(W.I32_WRAP_I64);
  if (changetype<usize>(near)) pushAddend(near); else { get(fixed.entry); access(W.I32_LOAD, 8); }
  byte(W.I32_ADD);
}

/** After the slow path of an access. */
function lookBehind(id: u32, k: TInsn): void { look(id, k); endGroups(id); }

/** LOAD, and LOAD_RMW, which keeps where it found it: 0 where the store must go the slow way too. */
function writeLoad(id: u32, n: Node, k: TInsn, bytes: u32, slow: u32, table: u32): void {
  const to = localOf(n), updates = slow == Import.UPDATE;
  if (updates && !n.local2) n.local2 = temporary(T.I32) + 1;
  const g = groupOf(id);
  if (!changetype<usize>(g)) { loadAlone(id, n, k, bytes, slow, table); return; }
  openAlone(g);
  loadAlone(id, n, k, bytes, slow, table);
  otherwise();
  if (updates) { pushPlaceIn(g); constant32(offsetIn(g, n.a)); byte(W.I32_ADD); set(n.local2 - 1); }
  pushPlaceIn(g); access(loadOf(bytes), offsetIn(g, n.a)); set(to);
  close();
}
function loadAlone(id: u32, n: Node, k: TInsn, bytes: u32, slow: u32, table: u32): void {
  const a = addressIn(n.a), to = localOf(n), updates = slow == Import.UPDATE, near = openAccess(n.a, a, bytes, table);
  get(a); constant32(<u32>n.imm); callSlow(slow, k); set(to);
  if (updates) { constant32(0); set(n.local2 - 1); }
  lookBehind(id, k);
  meanwhile(near, a);
  pushPlace(near, a);
  if (updates) tee(n.local2 - 1);
  access(loadOf(bytes), 0); set(to);
  close();
}

function writeStore(id: u32, n: Node, k: TInsn): void {
  const bytes = <u32>n.imm & 0xff, v = valueIn(n.b), g = groupOf(id);
  if (!changetype<usize>(g)) { storeAlone(id, n, k, v, bytes); return; }
  openAlone(g);
  storeAlone(id, n, k, v, bytes);
  otherwise();
  pushPlaceIn(g); push(v, n.b); access(storeOf(bytes), offsetIn(g, n.a));
  close();
}
function storeAlone(id: u32, n: Node, k: TInsn, v: u32, bytes: u32): void {
  const a = addressIn(n.a), near = openAccess(n.a, a, bytes, fixed.tlbWrite);
  get(a); push(v, n.b); constant32(<u32>n.imm); callSlow(Import.STORE, k);
  lookBehind(id, k);
  meanwhile(near, a);
  pushPlace(near, a); push(v, n.b); access(storeOf(bytes), 0);
  close();
}
/** A value that both branches want: in a local unless it is a constant. */
function valueIn(id: u32): u32 {
  const n = node(id);
  if (n.op == <u16>Op.CONST) return 0;
  if (n.local) return n.local;
  const local = temporary(typeOfNode(n));
  value(id); set(local);
  return local + 1;
}
function push(v: u32, id: u32): void { if (v) get(v - 1); else value(id); }

function writeBack(id: u32, n: Node, k: TInsn): void {
  const from = node(n.c), bytes = <u32>n.imm, a = addressIn(n.a), v = valueIn(n.b);
  get(from.local2 - 1); byte(W.I32_EQZ);
  openCold();
  get(a); push(v, n.b); constant32(bytes); callSlow(Import.STORE, k);
  lookBehind(id, k);
  otherwise();
  get(from.local2 - 1); push(v, n.b); access(storeOf(bytes), 0);
  close();
}

function writeVload(id: u32, n: Node, k: TInsn): void {
  const to = localOf(n), bytes = <u32>n.imm;
  if (bytes < 4) { value(n.a); constant32(bytes); callSlow(Import.VLOAD, k); set(to); lookBehind(id, k); return; }
  const g = groupOf(id);
  if (!changetype<usize>(g)) { vloadAlone(id, n, k, bytes); return; }
  openAlone(g);
  vloadAlone(id, n, k, bytes);
  otherwise();
  pushPlaceIn(g); simdAccess(vloadOf(bytes), offsetIn(g, n.a)); set(to);
  close();
}
function vloadOf(bytes: u32): u32 { return bytes == 16 ? X.LOAD : bytes == 8 ? X.LOAD64_ZERO : X.LOAD32_ZERO; }
function vloadAlone(id: u32, n: Node, k: TInsn, bytes: u32): void {
  const a = addressIn(n.a), to = localOf(n), near = openAccess(n.a, a, bytes, fixed.tlbRead);
  get(a); constant32(bytes); callSlow(Import.VLOAD, k); set(to);
  lookBehind(id, k);
  meanwhile(near, a);
  pushPlace(near, a); simdAccess(vloadOf(bytes), 0); set(to);
  close();
}
function writeVstore(id: u32, n: Node, k: TInsn): void {
  const bytes = <u32>n.imm, v = valueIn(n.b), g = groupOf(id);
  if (!changetype<usize>(g)) { vstoreAlone(id, n, k, v, bytes); return; }
  openAlone(g);
  vstoreAlone(id, n, k, v, bytes);
  otherwise();
  pushPlaceIn(g); push(v, n.b); vstoreTo(bytes, offsetIn(g, n.a));
  close();
}
function vstoreTo(bytes: u32, offset: u32): void {
  if (bytes == 16) simdAccess(X.STORE, offset); else { simdAccess(bytes == 8 ? X.STORE64_LANE : X.STORE32_LANE, offset); byte(0); }
}
function vstoreAlone(id: u32, n: Node, k: TInsn, v: u32, bytes: u32): void {
  const a = addressIn(n.a), near = openAccess(n.a, a, bytes, fixed.tlbWrite);
  get(a); push(v, n.b); constant32(bytes); callSlow(Import.VSTORE, k);
  lookBehind(id, k);
  meanwhile(near, a);
  pushPlace(near, a); push(v, n.b); vstoreTo(bytes, 0);
  close();
}

/** An offset within a segment of writable data that does not grow downwards; others the slow way. */
function writeSegment(id: u32, n: Node, k: TInsn): void {
  const imm = <u32>n.imm, segment = <u32>SEGMENTS + ((imm & 0xff) << 5), a = addressIn(n.a), to = localOf(n);
  if (st.mode & Mode.LONG) { get(a); constant32(imm); callSlow(Import.SEGMENT, k); set(to); look(id, k); return; }
  constant32(segment); access(W.I32_LOAD, <u32>offsetof<Segment>("attr")); constant32(Desc.S | Desc.CODE | Desc.EXPAND_DOWN | Desc.WRITABLE); byte(W.I32_AND);
  constant32(Desc.S | Desc.WRITABLE); byte(W.I32_NE);
  get(a); constant64((imm >> 8 & 0xff) - 1); byte(W.I64_ADD);
  constant32(segment); access(W.I64_LOAD32_U, <u32>offsetof<Segment>("limit")); byte(W.I64_GT_U); byte(W.I32_OR);
  openCold();
  get(a); constant32(imm); callSlow(Import.SEGMENT, k); set(to);
  look(id, k);
  otherwise();
  get(a); constant32(segment); access(W.I64_LOAD, <u32>offsetof<Segment>("base")); byte(W.I64_ADD); constant64(0xffff_ffff); byte(W.I64_AND); set(to);
  close();
}

/** The segment's limit may be another when the region runs. */
function writeTarget(n: Node, k: TInsn): void {
  const long = (st.mode & Mode.LONG) != 0;
  const t = addressIn(n.a);
  get(t);
  if (long) { constant64(16); byte(W.I64_SHL); constant64(16); byte(W.I64_SHR_S); get(t); byte(W.I64_NE); }
  else { constant32(CS_LIMIT); access(W.I64_LOAD32_U, 0); byte(W.I64_GT_U); }
  openCold();
  get(t); callSlow(Import.TARGET, k);
  leaveBefore(k);
  close();
}

function writeRaise(n: Node, k: TInsn): void {
  if (isConst(n.a) && immOf(n.a) == 0) return;
  test(n.a);
  openCold();
  constant32(<u32>n.imm); callSlow(Import.RAISE, k);
  leaveBefore(k);
  close();
}

/** What the instruction reads goes to memory, and what it writes comes from there. */
function writeRun(id: u32, n: Node, k: TInsn): void {
  const read = <u32>n.imm, written = <u32>(n.imm >> 32);
  commit(st.dirty);
  st.dirty = 0;
  if (read & Effect.FLAGS && !n.a) { incoming(Import.RESULT); byte(W.DROP); }
  else if (read & Effect.FLAGS) {
    // Both values first: settling what the block found for the one writes both words.
    constant32(CC_RESULT); value(n.a); constant32(CC_CARRY); value(n.b);
    access(W.I64_STORE, 0); access(W.I64_STORE, 0);
  }
  constant32(<u32>gpr(RIP_REGISTER)); constant64(k.page); access(W.I64_STORE, 0);
  constant32(RIP); constant64(ripAfter(k)); access(W.I64_STORE, 0);
  constant32(k.record); pushLeft(k.place); call(Import.RUN); set(fixed.left);
  constant32(<u32>CPU + <u32>offsetof<CpuState>("raised")); access(W.I32_LOAD, 0);
  open(W.IF);
  // What it has done before the fault (iterations of a repetition) stays.
  commitRun(k.before, n);
  putRip(k.rip);
  get(fixed.left);
  byte(W.RETURN);
  close();
  st.valid &= ~(written & Effect.GPR | (written & Effect.XMM ? 0xffff_0000 : 0));
  fill(st.readsLater);
  noteMxcsr();
  if (written & Effect.RIP) { leaveAfterRun(k, n); return; }
  pushLook(written, k);
  open(W.IF);
  leaveAfterRun(k, n);
  close();
  if (written & Effect.SYSTEM) loadTables();
  if (isString(k)) takeRepetition(k, n);
}
/** Whether something wants a look: an event, or what the region stands on is not what it was. */
function pushLook(written: u32, k: TInsn): void {
  if (written & Effect.SYSTEM) { constant32(st.region); call(isShadowHere(k) ? Import.SHADOWED : Import.STANDS); }
  else { constant32(CONTROL_END); access(W.I32_LOAD, 0); }
  byte(W.I32_EQZ);
}
/** STI with an instruction behind it in its block, which runs to its end or faults: those of the x87 may be left to the interpreter. */
function isShadowHere(k: TInsn): bool {
  if (load<u16>(<usize>k.record) != <u16>S.STI || k.place + 1 >= st.blockInsns) return false;
  const next = <i32>load<u16>(<usize>k.record + RECORD);
  return next < H.X87 || next >= H.X87_END;
}
function isString(k: TInsn): bool {
  const h = <i32>load<u16>(<usize>k.record);
  return h >= H.MOVS && h <= H.SCAS;
}
/** A repetition has taken its ticks itself: what is left must suffice for the rest of the way. */
function takeRepetition(k: TInsn, n: Node): void {
  get(fixed.left); constant32(k.place + st.owed); byte(W.I32_ADD); set(fixed.budget);
  get(fixed.left); constant32(st.reach - k.place); byte(W.I32_LT_S);
  openCold();
  leaveAfterRun(k, n);
  close();
}
/** Where it goes on is in memory. */
function leaveAfterRun(k: TInsn, n: Node): void {
  commitRun(k.after, n);
  get(fixed.left); constant32(1); byte(W.I32_SUB);
  byte(W.RETURN);
}
/** Flags that it wrote are in memory, as the two words; otherwise they are what they were. */
function commitRun(state: u32, n: Node): void {
  if (<u32>(n.imm >> 32) & Effect.FLAGS) commitKind(K.NONE | K.NONE << 16); else if (!isCommitted(state)) commitFlags(state);
}
