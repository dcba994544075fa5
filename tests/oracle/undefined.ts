/**
 * What the manuals leave undefined, and what differs between processors that follow them. One rule a row, each with its reason; the
 * comparer ignores what an applying rule names. References are to the Intel SDM volume 2 and the AMD APM volumes 3 and 5.
 */
import { regField, rmField, type Shape } from './shape.js';
import type { Vector } from './vectors.js';

const CF = 0x001;
const PF = 0x004;
const AF = 0x010;
const ZF = 0x040;
const SF = 0x080;
const OF = 0x800;

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface UndefinedRule {
  /** Catalogue keys it is about. */
  readonly keys: RegExp;
  readonly reason: string;
  readonly when?: (vector: Vector, shape: Shape) => boolean;
  /** Bits of rflags. */
  readonly flags?: number;
  /** Bits of the x87 status word. */
  readonly status?: number;
  /** State fields (by id) whose content is undefined. */
  readonly fields?: (vector: Vector, shape: Shape) => readonly number[];
  /** Memory whose content is undefined. */
  readonly memory?: (vector: Vector, shape: Shape) => readonly Range[];
}

const EVERYWHERE: Range = { start: 0, end: 0x1_0000_0000 };

/** The count of a shift or rotate, masked as the processor does, and the operand's size in bits. */
function shiftOf(vector: Vector, shape: Shape): { count: number; bits: number } {
  const byteSized = /^1\.(c0|d0|d2)/.test(vector.key);
  const bits = byteSized ? 8 : 8 * shape.operandBytes;
  const raw = /^1\.d[01]/.test(vector.key) ? 1 : /^1\.d[23]|^0f\.a[5d]/.test(vector.key) ? Number(vector.initial.gpr[1]! & 0xffn) : shape.last;
  return { count: raw & (bits === 64 ? 63 : 31), bits };
}

function shifted(vector: Vector, shape: Shape): boolean {
  return shiftOf(vector, shape).count !== 0;
}

function shiftedFurther(vector: Vector, shape: Shape): boolean {
  return shiftOf(vector, shape).count > 1;
}

function shiftedOut(vector: Vector, shape: Shape): boolean {
  const { count, bits } = shiftOf(vector, shape);
  return count >= bits;
}

function shiftedBeyond(vector: Vector, shape: Shape): boolean {
  const { count, bits } = shiftOf(vector, shape);
  return count > bits;
}

/** ZF is defined after a bit scan and tells whether the source was zero. */
function scannedNothing(vector: Vector): boolean {
  return !vector.fault && (vector.final.rflags & ZF) !== 0;
}

/** The destination of SHLD and SHRD. */
function doubleShiftRegister(_: Vector, shape: Shape): readonly number[] {
  const register = rmField(shape);
  return register === null ? [] : [register];
}

/** The upper bytes of the stack slot a selector was pushed into. */
function selectorSlot(vector: Vector, shape: Shape): readonly Range[] {
  const bytes = shape.opsize && !(shape.rex & 8) ? 2 : vector.mode === 64 ? 8 : 4;
  const start = Number(vector.final.gpr[4]!);
  return [{ start: start + 2, end: start + bytes }];
}

const SHIFTS = /^1\.(c0|c1|d0|d1|d2|d3)\/[4-7]$/;
const ROTATES = /^1\.(c0|c1|d0|d1|d2|d3)\/[0-3]$/;
const DOUBLE_SHIFTS = /^0f\.(a4|a5|ac|ad)$/;

export const UNDEFINED: readonly UndefinedRule[] = [
  { keys: /^1\.(0[89a-d]|2[0-5]|3[0-5]|8[45]|a[89]|8[0-3]\/[146]|f[67]\/[01])$/, flags: AF, reason: 'AND, OR, XOR, TEST: AF is undefined' },
  { keys: SHIFTS, when: shifted, flags: AF, reason: 'SHL, SHR, SAR: AF is undefined unless the count is 0' },
  { keys: SHIFTS, when: shiftedFurther, flags: OF, reason: 'SHL, SHR, SAR: OF is defined only for 1-bit shifts' },
  { keys: /^1\.(c0|c1|d0|d1|d2|d3)\/[456]$/, when: shiftedOut, flags: CF, reason: 'SHL, SHR: CF is undefined when the count is at least the operand size' },
  { keys: ROTATES, when: shiftedFurther, flags: OF, reason: 'ROL, ROR, RCL, RCR: OF is defined only for 1-bit rotates' },
  { keys: DOUBLE_SHIFTS, when: shifted, flags: AF, reason: 'SHLD, SHRD: AF is undefined unless the count is 0' },
  { keys: DOUBLE_SHIFTS, when: shiftedFurther, flags: OF, reason: 'SHLD, SHRD: OF is defined only for 1-bit shifts' },
  {
    keys: DOUBLE_SHIFTS, when: shiftedBeyond, flags: CF | OF | SF | ZF | AF | PF, fields: doubleShiftRegister, memory: () => [EVERYWHERE],
    reason: 'SHLD, SHRD: a count greater than the operand size leaves destination and flags undefined',
  },
  { keys: /^1\.(f[67]\/[45]|69|6b)$|^0f\.af$/, flags: SF | ZF | AF | PF, reason: 'MUL, IMUL: SF, ZF, AF, PF are undefined' },
  { keys: /^1\.f[67]\/[67]$/, flags: CF | OF | SF | ZF | AF | PF, reason: 'DIV, IDIV: all six flags are undefined' },
  { keys: /^0f\.(a3|ab|b3|bb|ba\/[4-7])$/, flags: OF | SF | AF | PF, reason: 'BT, BTS, BTR, BTC: OF, SF, AF, PF are undefined' },
  { keys: /^0f\.b[cd]$/, flags: CF | OF | SF | AF | PF, reason: 'BSF, BSR: all flags but ZF are undefined' },
  { keys: /^0f\.b[cd]$/, when: scannedNothing, fields: (_, shape) => [regField(shape)], reason: 'BSF, BSR: the destination is undefined when the source is 0 (AMD: unchanged)' },
  { keys: /^1\.(27|2f)$/, flags: OF, reason: 'DAA, DAS: OF is undefined' },
  { keys: /^1\.(37|3f)$/, flags: OF | SF | ZF | PF, reason: 'AAA, AAS: OF, SF, ZF, PF are undefined' },
  { keys: /^1\.(d4|d5)$/, flags: OF | AF | CF, reason: 'AAM, AAD: OF, AF, CF are undefined' },
  {
    keys: /^1\.(06|0e|16|1e)$|^0f\.(a0|a8)$/, when: ({ fault }) => !fault, memory: selectorSlot,
    reason: 'PUSH of a segment register: the upper bytes of the slot are either zero or not written, by processor (SDM PUSH, Operation)',
  },
  {
    keys: /^1\.(60|c8)$/, when: ({ fault }) => fault !== null, memory: () => [EVERYWHERE],
    reason: 'PUSHA, ENTER: which of the stores before the faulting one are visible is not defined',
  },
];
