// The nodes of a region's blocks: values with their operands, each at most once in a block; constants folded, identities taken away.
// A node's id is its place, so operands come before their users. Node 0 is none.
//
//   40 bytes:  | op u16 | uses u16 | a u32 | b u32 | c u32 | imm u64 | local u32 | insn u32 | next u32 | local2 u32 |

import { Op } from "../ir/ops";
import { HASH, HASH_SLOTS, MAX_NODES, NODES, st } from "./places";

@unmanaged export class Node {
  /** An Op, or an N below. */
  op: u16;
  /** Users in the path that is hot; see uses.ts. */
  uses: u16;
  a: u32; b: u32; c: u32;
  imm: u64;
  /** Its Wasm local + 1; local2: of a LOAD_RMW that of where it lies, of a floating-point value its range (ranges.ts). */
  local: u32; insn: u32;
  /** Next in its hash slot. */
  next: u32; local2: u32;
}

/** Nodes that are no IR operation. */
export const enum N {
  /** Register `imm & 31` as the block finds it, or as RUN leaves it (imm >> 8 tells those apart). */
  REG = 128, VREG,
  /** The register takes value a. */
  SET, VSET,
  /** The two words of the flags as the block finds them. */
  IN_RESULT, IN_CARRY,
  /** A vector of zeroes. */
  ZERO,
  /** The low lane of vector a as a double, as a single; vector a with scalar b as its low lane. */
  LOW64, LOW32, WITH64, WITH32,
  /** A floating-point operation (real.ts) of a and b; imm = kind | immediate << 16 as VOP's. May report. */
  REAL,
  /** The signed low 32 bits of a as a double. */
  FROM_I32,
  /** The signs of vector a's lanes, as many as the SIMD instruction `imm` gathers. */
  SIGNS,
  /** Vector a with integer b as a lane; a lane of vector a as an integer; the flags of PTEST. imm = kind | lane << 16. */
  INSERT, EXTRACT, TEST,
  /** The low 32 bits of a, rotated left by imm. */
  ROTL32,
  /** x87 (x87.ts). Looks whether the unit is as the instruction wants it; may leave. */
  XREADY,
  /** Pairs: register imm as the block finds it; a widened from memory; of an operation of a and b; ST(0) with another sign; 0 or 1. */
  XSLOT, XWIDE, XMATH, XSIGN, XCONST,
  /** Register imm becomes pair a. */
  XSET,
  /** Pairs a and b compared; pair a as a store has it, and once stored, what that reported; the status word. */
  XCMP, XOUT, XMERGE, XSTATUS,
  /** The instruction's tags, status and address. */
  XEND,
}

@inline export function node(id: u32): Node { return changetype<Node>(NODES + <usize>id * 40); }
@inline export function idOf(n: Node): u32 { return <u32>((changetype<usize>(n) - NODES) / 40); }
@inline export function isConst(id: u32): bool { return node(id).op == <u16>Op.CONST; }
@inline export function immOf(id: u32): u64 { return node(id).imm; }

/** Between blocks nothing is shared. */
export function forget(): void { memory.fill(HASH, 0, <usize>HASH_SLOTS * 4); }

/** Appends a node that stands for itself alone. */
export function append(op: u32, a: u32, b: u32, c: u32, imm: u64): u32 {
  if (st.nodes >= MAX_NODES) { st.full = 1; return 1; }
  const id = st.nodes++, n = node(id);
  n.op = <u16>op; n.uses = 0; n.a = a; n.b = b; n.c = c; n.imm = imm; n.local = 0; n.local2 = 0; n.insn = st.insn; n.next = 0;
  return id;
}

/** The node for an operation that depends on its operands alone. */
function unique(op: u32, a: u32, b: u32, c: u32, imm: u64): u32 {
  const h = (op * 0x9e3779b1 ^ a * 0x85ebca6b ^ b * 0xc2b2ae35 ^ c * 0x27d4eb2f ^ <u32>imm * 0x165667b1 ^ <u32>(imm >> 32)) >> 7;
  const slot = HASH + <usize>(h & (HASH_SLOTS - 1)) * 4;
  for (let id = load<u32>(slot); id; id = node(id).next) {
    const n = node(id);
    if (n.op == <u16>op && n.a == a && n.b == b && n.c == c && n.imm == imm) return id;
  }
  const id = append(op, a, b, c, imm);
  node(id).next = load<u32>(slot);
  store<u32>(slot, id);
  return id;
}

export function konst(v: u64): u32 { return unique(Op.CONST, 0, 0, 0, v); }
export function leaf(op: u32, imm: u64): u32 { return unique(op, 0, 0, 0, imm); }
export function lanes(op: u32, a: u32, b: u32, imm: u64): u32 { return unique(op, a, b, 0, imm); }

export function make3(op: u32, a: u32, b: u32, c: u32, imm: u64): u32 {
  if (op == Op.SELECT) {
    if (isConst(a)) return immOf(a) ? b : c;
    if (b == c) return b;
  }
  return unique(op, a, b, c, imm);
}

/** A pure operation of one or two operands. */
export function make(op: u32, a: u32, b: u32 = 0): u32 {
  if (isConst(a) && (!b || isConst(b)) && isFolded(op)) return konst(fold(op, immOf(a), b ? immOf(b) : 0));
  if (b && isConst(a) && isCommutative(op)) { const t = a; a = b; b = t; }
  if (b && isConst(b)) { const same = withConstant(op, a, immOf(b)); if (same) return same; }
  if (op == Op.OR) { const whole = extension(node(a), b); if (whole) return whole; }
  if (b && a == b) {
    if (op == Op.XOR || op == Op.SUB) return konst(0);
    if (op == Op.AND || op == Op.OR) return a;
    if (op == Op.EQ) return konst(1);
    if (op == Op.LT_U || op == Op.LT_S) return konst(0);
  }
  if (!b) { const same = ofOne(op, a); if (same) return same; }
  return unique(op, a, b, 0, 0);
}

@inline function isCommutative(op: u32): bool { return op == Op.ADD || op == Op.MUL || op == Op.AND || op == Op.OR || op == Op.XOR || op == Op.EQ; }
/** What fold knows; a division stays, for it may not be reached. */
function isFolded(op: i32): bool { return op >= Op.ADD && op <= Op.LT_S && op != Op.MUL_HIGH_U && op != Op.MUL_HIGH_S || op >= Op.EXTEND8 && op <= Op.EXTEND32; }

function fold(op: u32, a: u64, b: u64): u64 {
  switch (<i32>op) {
    case Op.ADD: return a + b;
    case Op.SUB: return a - b;
    case Op.MUL: return a * b;
    case Op.AND: return a & b;
    case Op.OR: return a | b;
    case Op.XOR: return a ^ b;
    case Op.SHL: return a << b;
    case Op.SHR: return a >> b;
    case Op.SAR: return <u64>(<i64>a >> <i64>b);
    case Op.ROTR: return rotr<u64>(a, b);
    case Op.CLZ: return clz<u64>(a);
    case Op.CTZ: return ctz<u64>(a);
    case Op.POPCNT: return popcnt<u64>(a);
    case Op.EQ: return <u64>(a == b);
    case Op.LT_U: return <u64>(a < b);
    case Op.LT_S: return <u64>(<i64>a < <i64>b);
    case Op.EXTEND8: return <u64><i64><i8>a;
    case Op.EXTEND16: return <u64><i64><i16>a;
    default: return <u64><i64><i32>a;
  }
}

/** a op v, where that is a simpler node; 0 where it is not. */
function withConstant(op: u32, a: u32, v: u64): u32 {
  const n = node(a);
  switch (<i32>op) {
    case Op.ADD:
      if (v == 0) return a;
      return n.op == <u16>Op.ADD && isConst(n.b) ? make(Op.ADD, n.a, konst(immOf(n.b) + v)) : 0;
    case Op.SUB: return make(Op.ADD, a, konst(0 - v));
    case Op.OR: case Op.XOR: return v == 0 ? a : 0;
    case Op.SHL: case Op.SAR: case Op.ROTR: return (v & 63) == 0 ? a : 0;
    case Op.SHR:
      if ((v & 63) == 0) return a;
      return upperBits(a) <= (v & 63) ? konst(0) : 0;
    case Op.MUL: return v == 1 ? a : v == 0 ? konst(0) : 0;
    case Op.AND: return masked(a, v);
    case Op.EQ: return v == 0 && n.op == <u16>Op.EQ && isConst(n.b) && immOf(n.b) == 0 && upperBits(n.a) <= 1 ? n.a : 0;
    default: return 0;
  }
}
function masked(a: u32, v: u64): u32 {
  const n = node(a);
  if (v == 0) return konst(0);
  if (v == ~0) return a;
  // A mask of low bits changes nothing when the bits above are 0 anyway.
  if ((v & (v + 1)) == 0 && upperBits(a) <= 64 - clz<u64>(v)) return a;
  if (n.op == <u16>Op.AND && isConst(n.b)) return make(Op.AND, n.a, konst(immOf(n.b) & v));
  const bare = (v & (v + 1)) == 0 ? unmasked(n, v) : 0;
  if (bare) return make(Op.AND, bare, konst(v));
  // What was merged in above the mask does not matter, nor does what was there before.
  if (n.op == <u16>Op.OR) {
    const l = node(n.a), r = node(n.b);
    const turned = v == 0xffff_ffff ? rotation(l, r) : 0;
    if (turned) return turned;
    if (l.op == <u16>Op.AND && isConst(l.b) && (immOf(l.b) & v) == 0) return make(Op.AND, n.b, konst(v));
    if (r.op == <u16>Op.AND && isConst(r.b) && (immOf(r.b) & v) == 0) return make(Op.AND, n.a, konst(v));
  }
  return 0;
}
/** The operation on operands as they were before they were masked, where low bits follow from low bits and all of those are kept; 0 when none was. */
function unmasked(n: Node, v: u64): u32 {
  if (n.op != <u16>Op.ADD && n.op != <u16>Op.SUB && n.op != <u16>Op.MUL) return 0;
  const a = bareOf(n.a, v), b = bareOf(n.b, v);
  return a == n.a && b == n.b ? 0 : make(n.op, a, b);
}
function bareOf(id: u32, v: u64): u32 {
  const n = node(id);
  return n.op == <u16>Op.AND && isConst(n.b) && (immOf(n.b) & v) == v ? n.a : id;
}
/** (0 - (low >> 31)) << 32 | low, which is what CDQ and a division make of EAX: low, extended with its sign. */
function extension(high: Node, low: u32): u32 {
  if (high.op != <u16>Op.SHL || !isConst(high.b) || immOf(high.b) != 32) return 0;
  const cut = node(high.a), sign = node(cut.a);
  if (cut.op != <u16>Op.AND || !isConst(cut.b) || immOf(cut.b) != 0xffff_ffff || sign.op != <u16>Op.SUB || !isConst(sign.a) || immOf(sign.a) != 0) return 0;
  const s = node(sign.b);
  return s.op == <u16>Op.SHR && s.a == low && isConst(s.b) && immOf(s.b) == 31 && upperBits(low) <= 32 ? make(Op.EXTEND32, low) : 0;
}
/** x << k | x >> (32 - k) of a value of 32 bits. */
function rotation(l: Node, r: Node): u32 {
  if (l.op == <u16>Op.SHR) { const t = l; l = r; r = t; }
  if (l.op != <u16>Op.SHL || r.op != <u16>Op.SHR || l.a != r.a || !isConst(l.b) || !isConst(r.b)) return 0;
  if (immOf(l.b) + immOf(r.b) != 32 || upperBits(l.a) > 32) return 0;
  return lanes(N.ROTL32, l.a, 0, immOf(l.b));
}
function ofOne(op: u32, a: u32): u32 {
  if (op == Op.EXTEND32 && upperBits(a) < 32 || op == Op.EXTEND16 && upperBits(a) < 16 || op == Op.EXTEND8 && upperBits(a) < 8) return a;
  return 0;
}

/** Bits at most that the value can need. */
export function upperBits(id: u32): u64 {
  const n = node(id);
  switch (<i32>n.op) {
    case Op.CONST: return 64 - clz<u64>(n.imm);
    case Op.AND: return isConst(n.b) ? min(64 - clz<u64>(immOf(n.b)), depthLimited(n.a)) : min(depthLimited(n.a), depthLimited(n.b));
    case Op.EQ: case Op.LT_U: case Op.LT_S: case Op.WIDE_FITS: case Op.GET_FLAG: return 1;
    case Op.LOAD: case Op.LOAD_RMW: return (n.imm & 0xff) << 3;
    case Op.CLZ: case Op.CTZ: case Op.POPCNT: return 7;
    case N.ROTL32: return 32;
    case Op.DIV_U: return depthLimited(n.a);
    case Op.SHR: { if (!isConst(n.b)) return depthLimited(n.a); const w = depthLimited(n.a), s = immOf(n.b) & 63; return w > s ? w - s : 0; }
    case Op.OR: case Op.XOR: return max(depthLimited(n.a), depthLimited(n.b));
    case Op.SELECT: return max(depthLimited(n.b), depthLimited(n.c));
    default: return 64;
  }
}
/** Without recursion through the whole graph: one step further down is enough. */
function depthLimited(id: u32): u64 {
  const n = node(id);
  switch (<i32>n.op) {
    case Op.CONST: return 64 - clz<u64>(n.imm);
    case Op.AND: return isConst(n.b) ? 64 - clz<u64>(immOf(n.b)) : 64;
    case Op.EQ: case Op.LT_U: case Op.LT_S: case Op.WIDE_FITS: case Op.GET_FLAG: return 1;
    case Op.LOAD: case Op.LOAD_RMW: return (n.imm & 0xff) << 3;
    case Op.CLZ: case Op.CTZ: case Op.POPCNT: return 7;
    case N.ROTL32: return 32;
    default: return 64;
  }
}
