// IN, OUT, INS, OUTS. Intel SDM vol. 1 chapter 19. Permission first, then memory, then the port: a device is only
// touched by an access that succeeds. One iteration of REP is one tick; the instruction runs again until RCX is 0.

import { countUnretired } from "../base/counters";
import { portRead, portWrite } from "../memory/bus";
import { Insn, Is } from "../decode/record";
import { Run, getReg, jump, setReg } from "../ir/words";
import { linearIn } from "../ir/words-memory";
import { cpu, gpr, segment, Flag, Mode, Seg } from "../cpu/state";
import { checkPorts } from "../cpu/tss";
import { does, Trait } from "../base/vendor";
import { watchPort } from "../cpu/debug-registers";
import { loadLinear, probeLinear, storeLinear } from "../cpu/memory";
import { nextRip, pageRip, R } from "./operands";
import { S } from "../decode/system-handlers";

/** Port operands are at most 32 bits. */
@inline function bitsOf(i: Insn): u32 { return min<u32>(i.bits, 32); }
/** `kind` 1: the port is in DX, else in the immediate. */
@inline function portOf(i: Insn): u32 { return i.kind ? load<u16>(gpr(2)) : <u32>i.imm & 0xff; }

function input(i: Insn): void {
  const bits = bitsOf(i), port = portOf(i);
  if (!checkPorts(port, bits >> 3)) return;
  setReg<Run>(R.AX, portRead(port, bits >> 3), bits);
  watchPort(port, bits >> 3);
}

function output(i: Insn): void {
  const bits = bitsOf(i), port = portOf(i);
  if (!checkPorts(port, bits >> 3)) return;
  portWrite(port, bits >> 3, <u32>getReg<Run>(R.AX, bits));
  watchPort(port, bits >> 3);
}

// --- strings ---

@inline function addressBits(i: Insn): u32 { return i.flags & Is.ADDR16 ? 16 : i.flags & Is.ADDR32 ? 32 : 64; }

function stringAddress(s: u32, offset: u64, bytes: u32, write: bool): u64 {
  if (cpu.mode & Mode.LONG) return s == Seg.FS || s == Seg.GS ? segment(s).base + offset : offset;
  return s == Seg.NONE ? offset : linearIn(s, offset, bytes, write);
}

/** Moves the index register; for REP counts down and, unless that was the last, runs the instruction again. */
function advance(i: Insn, index: u32, bytes: u32): void {
  const bits = addressBits(i);
  const step: u64 = cpu.flags & Flag.DF ? -(<u64>bytes) : bytes;
  setReg<Run>(index, getReg<Run>(index, bits) + step, bits);
  if (i.flags & (Is.REP | Is.REPNE)) {
    const left = getReg<Run>(R.CX, bits) - 1;
    setReg<Run>(R.CX, left, bits);
    if (getReg<Run>(R.CX, bits)) { countUnretired(1); return jump<Run>(thisRip(i)); }
  }
  jump<Run>(nextRip<Run>(i));
}
function thisRip(i: Insn): u64 {
  const v = pageRip<Run>() + i.offset;
  return cpu.mode & Mode.LONG ? v : v & 0xffff_ffff;
}

function isDone(i: Insn): bool {
  if (!(i.flags & (Is.REP | Is.REPNE)) || getReg<Run>(R.CX, addressBits(i))) return false;
  jump<Run>(nextRip<Run>(i));
  return true;
}

/** A count of 0 looks at no port, but on one vendor's processors it must be allowed all the same. */
function isDoneOrRefused(i: Insn, port: u32, bytes: u32): bool {
  if (does(Trait.PORTS_CHECKED_FIRST)) return !checkPorts(port, bytes) || isDone(i);
  return isDone(i) || !checkPorts(port, bytes);
}

function inputString(i: Insn): void {
  const bytes = bitsOf(i) >> 3, port = <u32>load<u16>(gpr(2));
  if (isDoneOrRefused(i, port, bytes)) return;
  const a = stringAddress(Seg.ES, getReg<Run>(R.DI, addressBits(i)), bytes, true);
  if (cpu.raised || !probeLinear(a, bytes)) return;
  storeLinear(a, bytes, portRead(port, bytes));
  watchPort(port, bytes);
  advance(i, R.DI, bytes);
}

function outputString(i: Insn): void {
  const bytes = bitsOf(i) >> 3, port = <u32>load<u16>(gpr(2));
  if (isDoneOrRefused(i, port, bytes)) return;
  const a = stringAddress(i.seg, getReg<Run>(R.SI, addressBits(i)), bytes, false);
  if (cpu.raised) return;
  const v = <u32>loadLinear(a, bytes);
  if (cpu.raised) return;
  portWrite(port, bytes, v);
  watchPort(port, bytes);
  advance(i, R.SI, bytes);
}

export function executePorts(i: Insn): void {
  switch (<i32>i.handler) {
    case S.IN: input(i); break;
    case S.OUT: output(i); break;
    case S.INS: inputString(i); break;
    case S.OUTS: outputString(i); break;
  }
}
