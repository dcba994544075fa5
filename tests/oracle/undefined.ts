/**
 * What the manuals leave undefined, and what differs between processors that follow them. One rule a row, each with its reason; the
 * comparer ignores what an applying rule names. References are to the Intel SDM volume 2 and the AMD APM volumes 3 and 5.
 */
import { regField, rmField, type Shape } from './shape.js';
import { edgeOf, FIELD_ST0, FIELD_XMM0, regionOf, segmentOf, STACK, stackAddress, type Vector } from './vectors.js';

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

/** Bits of the x87 status word. */
const C0 = 0x0100;
const C1 = 0x0200;
const C2 = 0x0400;
const C3 = 0x4000;
const SUMMARY = 0x8080;

/** How far a field may be from the processor's; special values must be equal. */
export type Bound =
  | { readonly kind: 'single'; readonly lanes: number; readonly relative: number }
  | { readonly kind: 'extended'; readonly ulps: number; readonly absolute: number };

export interface UndefinedRule {
  /** Catalogue keys it is about. */
  readonly keys: RegExp;
  readonly reason: string;
  readonly when?: (vector: Vector, shape: Shape) => boolean;
  /** Bits of rflags. */
  readonly flags?: number;
  /** Bits of the x87 status word. */
  readonly status?: number;
  /** Bits of the x87 control word. */
  readonly control?: number;
  /** State fields (by id) that hold an approximation. */
  readonly within?: (vector: Vector, shape: Shape) => readonly (readonly [number, Bound])[];
  /** State fields (by id) whose content is undefined. */
  readonly fields?: (vector: Vector, shape: Shape) => readonly number[];
  /** Of CR2, only the page is defined: the operand is read or written in pieces, in an order of the processor's own. */
  readonly faultPage?: true;
  /** Nothing is: the vector is not compared. */
  readonly everything?: true;
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
  const bytes = shape.operandBytes === 2 ? 2 : vector.mode === 64 ? 8 : 4;
  const start = Number(stackAddress(vector.final));
  return [{ start: start + 2, end: start + bytes }];
}

/** Parts of an operand that lies wholly in the pages, as offsets from its start. */
function operandParts(...parts: readonly (readonly [number, number])[]): (vector: Vector) => readonly Range[] {
  return ({ memory }) => {
    const start = memory[0]?.address ?? 0;
    return parts.map(([from, to]) => ({ start: start + from, end: start + to }));
  };
}

/** The pointers to the last instruction and operand, and the reserved halves, of an x87 environment. */
function environmentPointers(vector: Vector, shape: Shape): readonly Range[] {
  return shape.operandBytes === 2 ? operandParts([6, 14])(vector) : operandParts([2, 4], [6, 8], [10, 28])(vector);
}

/** FXSAVE: pointers, MXCSR_MASK, and what is reserved: the upper bytes of each x87 slot, xmm8-15 in 32-bit code, the tail. */
function fxsaveReserved(vector: Vector): readonly Range[] {
  const slots = Array.from({ length: 8 }, (_, i) => [32 + 16 * i + 10, 48 + 16 * i] as const);
  return operandParts([5, 24], [28, 32], ...slots, [vector.mode !== 64 ? 288 : 416, 512])(vector);
}

/** Within 1.5 * 2^-12 of the true value, so twice that from another implementation. */
function approximateSingles(lanes: number): (vector: Vector, shape: Shape) => readonly (readonly [number, Bound])[] {
  return (_, shape) => [[FIELD_XMM0 + regField(shape), { kind: 'single', lanes, relative: 3 * 2 ** -12 }]];
}

/** |ST(0)| before the instruction, roughly. */
function argumentOf({ initial }: Vector): number {
  const view = new DataView(initial.st.buffer, initial.st.byteOffset, 10);
  return (view.getUint32(4, true) / 2 ** 31) * 2 ** ((view.getUint16(8, true) & 0x7fff) - 0x3fff);
}

function approximateExtended(fields: number): (vector: Vector) => readonly (readonly [number, Bound])[] {
  return () => Array.from({ length: fields }, (_, i) => [FIELD_ST0 + i, { kind: 'extended', ulps: 2, absolute: 0 }] as const);
}

/** Reduction uses a pi of 66 bits here; one with more bits differs by up to 2^-66 of the argument. */
function approximateTrigonometric(fields: number): (vector: Vector) => readonly (readonly [number, Bound])[] {
  return (vector) => {
    const absolute = argumentOf(vector) > 0.75 ? argumentOf(vector) * 2 ** -66 : 0;
    return Array.from({ length: fields }, (_, i) => [FIELD_ST0 + i, { kind: 'extended', ulps: 2, absolute }] as const);
  };
}

const faulted = ({ fault }: Vector): boolean => fault !== null;
const completed = ({ fault }: Vector): boolean => !fault;

/** ARPL with an RPL that needs no adjustment, on a segment (CS) or page that could not be written. */
function adjustsReadOnly({ code, final, memory }: Vector, { modrm }: Shape): boolean {
  const inCode = code.subarray(0, code.indexOf(0x63)).includes(0x2e);
  const readOnly = memory[0] !== undefined && !regionOf(memory[0].address)!.writable;
  return modrm < 0xc0 && (final.rflags & ZF) === 0 && (inCode || readOnly);
}

/** The slot that POP of a segment register reads, if two bytes of it lie in another page than the rest. */
function selectorSlotCrosses({ initial, mode }: Vector, shape: Shape): boolean {
  const offset = Number(stackAddress(initial) & 0xfffn);
  const bytes = shape.operandBytes === 2 ? 2 : mode === 64 ? 8 : 4;
  return offset + 2 <= 0x1000 && offset + bytes > 0x1000;
}

/** BOUND that was out of the lower bound, with the upper bound (partly) out of the pages. */
function boundCrosses({ fault, memory }: Vector, shape: Shape): boolean {
  return fault?.vector === 5 && (memory[0]?.bytes.length ?? 0) < 2 * shape.operandBytes;
}

/** RETF or IRET that read a selector without the rest of the slot, which lies beyond the stack page. */
function returnedFromPageEnd({ fault, initial, memory }: Vector): boolean {
  const slot = memory[0];
  if ((fault && fault.vector !== 13) || slot === undefined || BigInt(slot.address) !== stackAddress(initial)) return false;
  return slot.address + slot.bytes.length === STACK.base + STACK.bytes && slot.bytes.length % 4 !== 0;
}

/** F2XM1 is defined for -1 to 1. */
function beyondOne(vector: Vector): boolean {
  return !vector.fault && argumentOf(vector) > 1;
}

/** FYL2XP1 is defined for -(1 - sqrt(1/2)) to sqrt(2) - 1. */
function beyondLogarithm(vector: Vector): boolean {
  const negative = (vector.initial.st[9]! & 0x80) !== 0;
  return !vector.fault && argumentOf(vector) > (negative ? 1 - Math.SQRT1_2 : Math.SQRT2 - 1);
}

/** FPREM gave a partial remainder: how far one step reduces is up to the processor. */
function reducedPartly({ fault, final }: Vector): boolean {
  return !fault && (final.fsw & C2) !== 0;
}

/** Whether `bytes` from `offset` of the stack on pass the end of its segment, or of 64 KiB on a 16-bit stack. */
function passesEnd({ setting, initial }: Vector, offset: number, bytes: number): boolean {
  const stack = segmentOf(initial.segment[2]!);
  if (setting === null || !stack) return false;
  const start = Number(stackAddress(initial)) - stack.base + offset;
  const at = stack.big ? start >>> 0 : start & 0xffff;
  const passes = (edge: number): boolean => at <= edge && at + bytes - 1 > edge;
  return passes(edgeOf(stack)) || passes(stack.big ? 0xffff_ffff : 0xffff);
}

/** Whether a far pointer's offset lies beyond the limit of its segment. */
function farTargetBeyond(pointer: Uint8Array, operandBytes: number): boolean {
  if (pointer.length < operandBytes + 2) return false;
  const view = new DataView(pointer.buffer, pointer.byteOffset, operandBytes + 2);
  const segment = segmentOf(view.getUint16(operandBytes, true));
  return segment !== null && (operandBytes === 2 ? view.getUint16(0, true) : view.getUint32(0, true)) > edgeOf(segment);
}

/** CALL whose return address found no room, with a target beyond the limit. */
function callLeavesBoth({ key, setting, memory, fault, initial, code }: Vector, { operandBytes }: Shape): boolean {
  if (setting === null || !fault || (fault.vector !== 12 && fault.vector !== 14)) return false;
  if (key !== '1.e8') return farTargetBeyond(key === '1.9a' ? code.subarray(-operandBytes - 2) : memory[0]?.bytes ?? code, operandBytes);
  const limit = segmentOf(initial.segment[1]!)!;
  const view = new DataView(code.buffer, code.byteOffset + code.length - operandBytes, operandBytes);
  const next = Number(initial.rip) + code.length;
  const target = operandBytes === 2 ? (next + view.getInt16(0, true)) & 0xffff : (next + view.getInt32(0, true)) >>> 0;
  return target > edgeOf(limit);
}

function slotPassesEnd(vector: Vector, { operandBytes }: Shape): boolean {
  return operandBytes === 4 && passesEnd(vector, -4, 4);
}

function popsPassEnd(vector: Vector, { operandBytes }: Shape): boolean {
  if (vector.key === '1.cf') return vector.fault?.vector === 14 && passesEnd(vector, 0, operandBytes * 3);
  return operandBytes === 4 && passesEnd(vector, 0, 4) && !passesEnd(vector, 0, 2);
}

const SHIFTS = /^1\.(c0|c1|d0|d1|d2|d3)\/[4-7]$/;
const ROTATES = /^1\.(c0|c1|d0|d1|d2|d3)\/[0-3]$/;
const DOUBLE_SHIFTS = /^0f\.(a4|a5|ac|ad)$/;

/** x87 instructions by what they leave in C0-C3. */
const X87_TRIGONOMETRIC = /^x87\.d9(f2|fb|fe|ff)$/;
const X87_CONTROL = /^x87\.(d9d0|dbe2|dfe0|9b|ddc0|dd\/7|d9\/[567])$/;
const X87_ARITHMETIC = new RegExp('^x87\\.(d[8ace]/[014-7]|d9/[023]|db/[012357]|dd/[0123]|df/[0-7]|d[8c](c0|c8|e0|e8|f0|f8)'
  + '|de(c0|c8|e0|e8|f0|f8)|d9(c0|c8|e0|e1|e8|e9|ea|eb|ec|ed|ee|f0|f1|f3|f4|f6|f7|f9|fa|fc|fd)|d[ab](c0|c8|d0|d8)|dd(d0|d8))$');

export const UNDEFINED: readonly UndefinedRule[] = [
  {
    keys: /^1\.a[67ef]\.f[23]/,
    reason: 'CMPS and SCAS, repeated: between iterations the processor may not have written the status flags yet; they are final when the repetition ends.',
    when: ({ final, initial, fault }) => fault !== null || final.rip === initial.rip,
    flags: CF | PF | AF | ZF | SF | OF,
  },
  { keys: /^1\.(0[89a-d]|2[0-5]|3[0-5]|8[45]|a[89]|8[0-3]\/[146]|f[67]\/[01])$/, flags: AF, reason: 'AND, OR, XOR, TEST: AF is undefined' },
  { keys: SHIFTS, when: shifted, flags: AF, reason: 'SHL, SHR, SAR: AF is undefined unless the count is 0' },
  { keys: SHIFTS, when: shiftedFurther, flags: OF, reason: 'SHL, SHR, SAR: OF is defined only for 1-bit shifts' },
  {
    keys: /^1\.(c0|c1|d0|d1|d2|d3)\/[456]$/, when: shiftedOut, flags: CF,
    reason: 'SHL, SHR: CF is undefined when the count is at least the operand size',
  },
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
  {
    keys: /^0f\.b[cd]$/, when: scannedNothing, fields: (_, shape) => [regField(shape)],
    reason: 'BSF, BSR: the destination is undefined when the source is 0 (AMD: unchanged)',
  },
  { keys: /^1\.(27|2f)$/, flags: OF, reason: 'DAA, DAS: OF is undefined' },
  { keys: /^1\.(37|3f)$/, flags: OF | SF | ZF | PF, reason: 'AAA, AAS: OF, SF, ZF, PF are undefined' },
  { keys: /^1\.(d4|d5)$/, flags: OF | AF | CF, reason: 'AAM, AAD: OF, AF, CF are undefined' },
  {
    keys: /^1\.(06|0e|16|1e)$|^0f\.(a0|a8)$/, when: completed, memory: selectorSlot,
    reason: 'PUSH of a segment register: the upper bytes of the slot are either zero or not written, by processor (SDM PUSH, Operation)',
  },
  {
    keys: /^1\.(e8|9a|ff\/[23])$/, when: faulted, memory: () => [EVERYWHERE],
    reason: 'CALL to beyond the limit: whether the return address has been stored is not defined',
  },
  {
    keys: /^1\.(e8|9a|ff\/3)$/, when: callLeavesBoth, everything: true,
    reason: 'CALL to beyond the limit on a stack without room: the manual checks the target first, this processor stores first',
  },
  {
    keys: /^1\.(06|0e|16|1e)$|^0f\.(a0|a8)$/, when: slotPassesEnd, everything: true,
    reason: 'PUSH of a segment register: whether all of the slot or the two bytes of the selector must be inside the segment differs',
  },
  {
    keys: /^1\.(07|1f|cf)$|^0f\.(a1|a9)$/, when: popsPassEnd, everything: true,
    reason: 'IRET, POP of a segment register: in which order, and how wide, the words about the end of a segment are read differs',
  },
  {
    keys: /^1\.(60|c8)$/, when: faulted, memory: () => [EVERYWHERE],
    reason: 'PUSHA, ENTER: which of the stores before the faulting one are visible is not defined',
  },

  {
    keys: /^1\.(60|61|c8|c4|c5|9a|ca|cb|cf|ff\/[35])$|^0f\.(b4|b5|ae\/[01])$|^x87\.(d9|dd)\/[46]$/, when: faulted, faultPage: true,
    reason: 'Several stores or loads, or one of an odd size: which byte of the page faults first is not defined',
  },
  {
    keys: /^1\.61$/, when: faulted, fields: () => [0, 1, 2, 3, 5, 6, 7],
    reason: 'POPA: registers popped before the faulting load may already have changed',
  },
  {
    keys: /^1\.63\.arpl$/, when: adjustsReadOnly, everything: true,
    reason: 'ARPL that leaves the RPL alone: whether it still needs a writable destination differs',
  },
  {
    keys: /^1\.(07|1f)$|^0f\.(a1|a9)$/, when: selectorSlotCrosses, everything: true,
    reason: 'POP of a segment register: how much of the slot is read, two bytes or all, differs',
  },

  {
    keys: /^1\.(ca|cb|cf)$/, when: returnedFromPageEnd, everything: true,
    reason: 'RETF, IRET: how much of a selector\'s slot is read, two bytes or all, differs',
  },

  { keys: /^1\.62$/, when: boundCrosses, everything: true, reason: 'BOUND: whether the upper bound is read when the lower one has failed differs' },

  // x87
  { keys: X87_ARITHMETIC, status: C0 | C2 | C3, reason: 'x87 arithmetic, loads, stores and moves: C0, C2 and C3 are undefined' },
  { keys: X87_CONTROL, status: C0 | C1 | C2 | C3, reason: 'FNOP, FNCLEX, FNSTSW, WAIT, FFREE, FLDCW, FNSTCW, FNSTENV: C0 to C3 are undefined' },
  {
    keys: X87_TRIGONOMETRIC, status: C0 | C1 | C3,
    reason: 'FPTAN, FSIN, FCOS, FSINCOS: C0 and C3 are undefined; C1 is how an approximation was rounded',
  },
  { keys: /^x87\.d9(f0|f1|f3|f9)$/, status: C1, reason: 'F2XM1, FYL2X, FPATAN, FYL2XP1: C1 is how an approximation was rounded' },
  {
    keys: /^x87\.d9(f5|f8)$/, when: reducedPartly, status: C0 | C1 | C3, fields: () => [FIELD_ST0],
    reason: 'FPREM, FPREM1: a partial remainder reduces the exponent by an implementation-dependent number between 32 and 63',
  },
  {
    keys: /^x87\.d9(f0|f1|f3|f9)$/, when: completed, within: approximateExtended(1),
    reason: 'Transcendental: each processor is within 1 ulp of the true value',
  },
  { keys: /^x87\.d9(fe|ff)$/, when: completed, within: approximateTrigonometric(1), reason: 'FSIN, FCOS: within 1 ulp for the processor\'s own pi' },
  {
    keys: /^x87\.d9(f2|fb)$/, when: completed, within: approximateTrigonometric(2),
    reason: 'FPTAN, FSINCOS: within 1 ulp for the processor\'s own pi',
  },
  { keys: /^x87\.d9f0$/, when: beyondOne, status: 0x3f | SUMMARY | C1, fields: () => [FIELD_ST0], reason: 'F2XM1: undefined outside -1 to 1' },
  {
    keys: /^x87\.d9f9$/, when: beyondLogarithm, status: 0x3f | SUMMARY | C1, fields: () => [FIELD_ST0],
    reason: 'FYL2XP1: undefined outside -(1 - sqrt(1/2)) to sqrt(2) - 1',
  },
  {
    keys: /^x87\.d9\/6$|^x87\.dd\/6$/, when: completed, memory: environmentPointers,
    reason: 'FNSTENV, FNSAVE: the pointers to the last instruction are deprecated (FCS and FDS read as 0) and not modelled; the rest is reserved',
  },
  {
    keys: /^x87\.(db\/7|df\/6)$/, when: faulted, memory: () => [EVERYWHERE],
    reason: 'FSTP m80, FBSTP: whether the low eight bytes are visible when the others fault is not defined',
  },
  {
    keys: /^x87\.(d9|dd)\/[46]$/, when: faulted, memory: () => [EVERYWHERE],
    reason: 'FNSTENV, FNSAVE: which of the stores before the faulting one are visible is not defined',
  },
  {
    keys: /^x87\.(d9\/[45]|dd\/4)$|^0f\.ae\/1$/, control: 0xe0c0,
    reason: 'FLDCW, FLDENV, FRSTOR, FXRSTOR: bits 6, 7 and 13 to 15 of the control word are reserved',
  },

  // SSE
  { keys: /^0f\.5[23]$/, when: completed, within: approximateSingles(4), reason: 'RCPPS, RSQRTPS: a relative error of up to 1.5 * 2^-12' },
  { keys: /^0f\.5[23]\.f3$/, when: completed, within: approximateSingles(1), reason: 'RCPSS, RSQRTSS: a relative error of up to 1.5 * 2^-12' },
  {
    keys: /^0f\.ae\/0$/, when: completed, memory: fxsaveReserved,
    reason: 'FXSAVE: the x87 pointers are deprecated and not modelled, MXCSR_MASK is the processor\'s own, the rest is reserved',
  },
  {
    keys: /^0f\.ae\/0$/, when: faulted, memory: () => [EVERYWHERE],
    reason: 'FXSAVE: which of the stores before the faulting one are visible is not defined',
  },
  { keys: /^0f\.ae\/1$/, status: SUMMARY, reason: 'FXRSTOR: whether ES and B come from the image or from its exception flags and masks differs' },
];
