// Bytes to a record. Intel SDM vol. 2 chapter 2 and appendix A. No meaning here: prefixes, the row, ModRM, SIB,
// displacement, immediate, operand size, and which handler of a family the operands ask for.
//
// The bytes are read from a window of at least 15 bytes that the cache prepares (cache.ts); a result of 0 means that the
// instruction runs past the window's end (it crosses the page), which the caller then decodes from a joined copy.

import { cpu, Mode, Seg, Vector, NO_REGISTER, RIP_REGISTER, Cr0 } from "../cpu/state";
import { H } from "./handlers";
import { Insn, Is, mark } from "./record";
import { Flow, Form, Group, Map } from "./forms";
import { Row, rowAt, groupRow } from "./rows";
import { Decoder, d, nextByte } from "./decoder";
import { DECODE } from "./scratch";
import { select } from "./select";
import { readModRm } from "./modrm";
import { hasFeature } from "../cpu/features";

/** Decodes one instruction at `from` into `i`; false if it needs bytes at or past `end`. `offset` is its place in its page. */
export function decode(i: Insn, from: usize, end: usize, offset: u32, mode: u32): bool {
  memory.fill(DECODE, 0, offsetof<Decoder>());
  memory.fill(changetype<usize>(i), 0, 32);
  d.at = <u32>from; d.end = <u32>min(end, from + 15); d.mode = mode; d.seg = Seg.NONE;
  i.offset = <u16>offset; i.seg = <u8>Seg.NONE; i.base = <u8>NO_REGISTER; i.index = <u8>NO_REGISTER;
  readPrefixes();
  setSizes();
  const r = findRow();
  if (!d.short) fill(i, r);
  if (d.short) {
    d.flow = Flow.NEXT;
    if (end < from + 15) return false;
    // Longer than 15 bytes: #GP(0). SDM vol. 3, 6.15.
    refuse(i, Vector.GP);
    i.length = 15;
    return true;
  }
  i.length = <u8>(d.at - <u32>from);
  if (r.form & Form.BRANCH) i.imm += <i64>offset + i.length;
  if (i.base == RIP_REGISTER) i.disp += <i64>offset + i.length;
  return true;
}

/** Makes the record raise `vector` (with code 0 where it has one). */
export function refuse(i: Insn, vector: u32): void {
  i.handler = <u16>H.RAISE; i.kind = <u16>vector;
  d.flow = Flow.LOOK;
}

function readPrefixes(): void {
  for (;;) {
    const b = nextByte();
    if (d.short) return;
    switch (b) {
      case 0x26: d.seg = Seg.ES; break;
      case 0x2e: d.seg = Seg.CS; break;
      case 0x36: d.seg = Seg.SS; break;
      case 0x3e: d.seg = Seg.DS; break;
      case 0x64: d.seg = Seg.FS; break;
      case 0x65: d.seg = Seg.GS; break;
      case 0x66: d.opsize = 1; break;
      case 0x67: d.addressBits = 1; break;
      case 0xf0: d.lock = 1; break;
      case 0xf2: case 0xf3: d.repeat = b; break;
      default:
        if (d.mode & Mode.LONG && (b & 0xf0) == 0x40) {
          // A REX counts only directly before the opcode; a prefix after it voids it.
          d.rex = b; d.rexSeen = 1;
          continue;
        }
        d.opcode = b;
        return;
    }
    d.rex = 0; d.rexSeen = 0;
  }
}

function setSizes(): void {
  const changed = d.addressBits;
  if (d.mode & Mode.LONG) {
    d.addressBits = changed ? 32 : 64;
    d.bits = d.rex & 8 ? 64 : d.opsize ? 16 : 32;
    // ES, CS, SS, DS overrides are ignored in 64-bit mode.
    if (d.seg < <u32>Seg.FS) d.seg = Seg.NONE;
    return;
  }
  const wide = (d.mode & Mode.CODE32) != 0;
  d.addressBits = wide != (changed != 0) ? 32 : 16;
  d.bits = wide != (d.opsize != 0) ? 32 : 16;
}

/** Follows escapes, mandatory prefixes and groups to the row. */
function findRow(): Row {
  d.map = Map.ONE;
  if (d.opcode == 0x0f) {
    d.opcode = nextByte();
    if (d.opcode == 0x38) { d.map = Map.OF38; d.opcode = nextByte(); }
    else if (d.opcode == 0x3a) { d.map = Map.OF3A; d.opcode = nextByte(); }
    else d.map = Map.OF;
  }
  let r = d.map == Map.ONE ? plainRow() : prefixedRow();
  if (d.map == Map.ONE && (d.opcode & 0xf8) == 0xd8) r = x87Row();
  else if (r.form & Form.GROUP) {
    readModRm();
    let n = d.reg;
    if (r.form & Form.GROUP_PLACE && d.mod == 3) n += 8;
    r = groupRow(r.kind, n);
    if (r.form & Form.GROUP) r = groupRow(r.kind, d.rm);
  } else if (r.form & Form.MODRM) {
    readModRm();
    const ignoresMod: u32 = Form.REG_PLAIN | Form.REG_ONLY;
    if ((r.form & ignoresMod) == ignoresMod) d.mod = 3;
  }
  return r;
}

/** 63 is MOVSXD in 64-bit code and ARPL elsewhere: the one opcode with two rows. */
function plainRow(): Row {
  return d.opcode == 0x63 && !(d.mode & Mode.LONG) ? groupRow(Group.ARPL, 0) : rowAt(Map.ONE, d.opcode);
}

/**
 * 66, F2 and F3 choose a table where that has a row; F2 and F3 win over 66. Where it has none the prefix is an ordinary one.
 */
function prefixedRow(): Row {
  if (d.repeat) {
    const r = rowAt(d.map + (d.repeat == 0xf3 ? 2 : 3), d.opcode);
    if (r.handler || r.form) return r;
  }
  if (d.opsize) {
    const r = rowAt(d.map + 1, d.opcode);
    if (r.handler || r.form) return r;
  }
  return rowAt(d.map, d.opcode);
}

/** x87: table Map.X87 + (opcode & 7), rows 0-7 by ModRM.reg for memory, rows 192-255 by the whole byte for registers. */
function x87Row(): Row {
  readModRm();
  const table = Map.X87 + (d.opcode & 7);
  return rowAt(table, d.mod == 3 ? 0xc0 | (d.reg & 7) << 3 | d.rm & 7 : d.reg & 7);
}

/** Checks the row against mode and prefixes, then reads operands and picks the handler. */
function fill(i: Insn, r: Row): void {
  const form = r.form;
  d.flow = r.flow;
  const vector = refusal(r);
  select(i, r);
  if (form & Form.FPU && d.map == Map.ONE) i.imm = d.mod << 6 | d.reg << 3 | d.rm; // x87: FOP wants the whole byte
  if (d.repeat == 0xf3) mark(i, Is.REP);
  if (d.repeat == 0xf2) mark(i, Is.REPNE);
  if (d.lock || r.handler == <u16>H.XCHG) mark(i, Is.LOCK);
  if (vector) refuse(i, vector - 1);
  else if (d.lock && (!(form & Form.LOCKABLE) || !(i.flags & Is.MEMORY))) refuse(i, Vector.UD);
}

/** The exception + 1 that the row raises here before anything else, or 0. */
function refusal(r: Row): u32 {
  const form = r.form;
  if (!r.handler || r.feature && !hasFeature(r.feature)) return Vector.UD + 1;
  if (form & Form.NO64 && d.mode & Mode.LONG) return Vector.UD + 1;
  if (form & Form.ONLY64 && !(d.mode & Mode.LONG)) return Vector.UD + 1;
  if (form & Form.PROTECTED && (!(d.mode & Mode.PROTECTED) || d.mode & Mode.V86)) return Vector.UD + 1;
  if (form & Form.MEM_ONLY && d.mod == 3) return Vector.UD + 1;
  if (form & Form.REG_ONLY && d.mod != 3) return Vector.UD + 1;
  if (form & Form.SSE && d.mode & Mode.SSE_OFF) return Vector.UD + 1;
  if (form & Form.MMX && cpu.cr0 & Cr0.EM) return Vector.UD + 1;
  if (form & (Form.FPU | Form.SSE | Form.MMX) && d.mode & Mode.FPU_OFF) return Vector.NM + 1;
  return 0;
}
