/** Compares what an emulator did with a vector. What the tables in undefined.ts name is not compared. */
import { withinBound } from './approximate.js';
import { UNDEFINED, type Bound, type Range, type UndefinedRule } from './undefined.js';
import { shapeOf, type Shape } from './shape.js';
import {
  backgroundAt, CODE_SELECTOR_32, FIELD_FCW, FIELD_FSW, FIELD_RFLAGS, FIELD_RIP, FIELD_XMM0, FIELDS, fieldBytes, regionOf,
  type Fault, type Field, type Memory, type State, type Vector,
} from './vectors.js';

/** TF and RF belong to the recording; VM, VIF and VIP cannot be seen in user mode. */
const RFLAGS_COMPARED = 0x24_7ed5;
const MARGIN_BYTES = 32;

export interface Actual {
  readonly state: State;
  readonly fault: Fault | null;
  /** Guest memory after the instruction. Called for the vector's memory, with a margin, within the pages. */
  readonly read: (address: number, length: number) => Uint8Array;
}

interface Applied {
  readonly flags: number;
  readonly status: number;
  readonly control: number;
  readonly faultPage: boolean;
  readonly everything: boolean;
  readonly within: ReadonlyMap<number, Bound>;
  readonly fields: ReadonlySet<number>;
  readonly memory: readonly Range[];
}

const NOTHING: Applied = { flags: 0, status: 0, control: 0, faultPage: false, everything: false, within: new Map(), fields: new Set(), memory: [] };

const RULES_BY_KEY = new Map<string, readonly UndefinedRule[]>();

function rulesFor(key: string): readonly UndefinedRule[] {
  let rules = RULES_BY_KEY.get(key);
  if (!rules) RULES_BY_KEY.set(key, (rules = UNDEFINED.filter((rule) => rule.keys.test(key))));
  return rules;
}

function applyRules(vector: Vector): Applied {
  const candidates = rulesFor(vector.key);
  if (candidates.length === 0) return NOTHING;
  const shape: Shape = shapeOf(vector);
  const rules = candidates.filter((rule) => rule.when?.(vector, shape) ?? true);
  return {
    flags: rules.reduce((mask, rule) => mask | (rule.flags ?? 0), 0),
    status: rules.reduce((mask, rule) => mask | (rule.status ?? 0), 0),
    control: rules.reduce((mask, rule) => mask | (rule.control ?? 0), 0),
    faultPage: rules.some((rule) => rule.faultPage),
    everything: rules.some((rule) => rule.everything),
    within: new Map(rules.flatMap((rule) => rule.within?.(vector, shape) ?? [])),
    fields: new Set(rules.flatMap((rule) => rule.fields?.(vector, shape) ?? [])),
    memory: rules.flatMap((rule) => rule.memory?.(vector, shape) ?? []),
  };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].reverse().map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function describeFault(fault: Fault | null): string {
  if (!fault) return 'no fault';
  const code = fault.errorCode === null ? '' : ` error code ${fault.errorCode.toString(16)}`;
  return `vector ${fault.vector}${code}${fault.cr2 === null ? '' : ` cr2 ${fault.cr2.toString(16)}`}`;
}

/**
 * In 32-bit code the upper halves, and the registers it cannot name, are not compared; after a switch from 64-bit to 32-bit code the upper
 * halves are undefined (SDM volume 1, 3.4.1.1).
 */
function comparedBytes(vector: Vector, field: Field): number {
  const general = field.id <= FIELD_RIP;
  if (vector.mode === 64) return general && vector.final.segment[1] === CODE_SELECTOR_32 ? 4 : field.bytes;
  if (general) return field.id >= 8 && field.id < FIELD_RIP ? 0 : 4;
  return field.id >= FIELD_XMM0 + 8 ? 0 : field.bytes;
}

function maskOf(field: Field, applied: Applied): number {
  switch (field.id) {
    case FIELD_RFLAGS: return RFLAGS_COMPARED & ~applied.flags;
    case FIELD_FSW: return 0xffff & ~applied.status;
    case FIELD_FCW: return 0xffff & ~applied.control;
    default: return -1;
  }
}

function describeMask(mask: number): string {
  return mask === -1 ? '' : ` (compared ${(mask >>> 0).toString(16)})`;
}

function compareField(vector: Vector, actual: State, field: Field, applied: Applied): string | null {
  if (applied.fields.has(field.id)) return null;
  const count = comparedBytes(vector, field), mask = maskOf(field, applied);
  if (isSame(vector.final.bytes, actual.bytes, field.offset, count, mask)) return null;
  const want = fieldBytes(vector.final, field), got = fieldBytes(actual, field), bound = applied.within.get(field.id);
  if (bound && withinBound(want, got, bound)) return null;
  return `${field.name} is ${hex(got)}, the processor has ${hex(want)}${describeMask(mask)}`;
}

/** In place: it is asked forty times a vector. */
function isSame(want: Uint8Array, got: Uint8Array, at: number, count: number, mask: number): boolean {
  for (let i = 0; i < count; i++) {
    const bits = i < 4 ? (mask >>> (8 * i)) & 0xff : 0xff;
    if ((want[at + i]! ^ got[at + i]!) & bits) return false;
  }
  return true;
}

/** What the pages hold around `piece` after the instruction. */
function expectedWindow(vector: Vector, piece: Memory): Memory {
  const region = regionOf(piece.address)!;
  const start = Math.max(region.base, piece.address - MARGIN_BYTES);
  const end = Math.min(region.base + region.bytes, piece.address + piece.bytes.length + MARGIN_BYTES);
  const bytes = backgroundAt(start, end - start);
  for (const { address, bytes: over } of [...vector.memory, ...vector.memoryChanges]) {
    const from = Math.max(address, start);
    const to = Math.min(address + over.length, end);
    if (from < to) bytes.set(over.subarray(from - address, to - address), from - start);
  }
  return { address: start, bytes };
}

function compareMemory(vector: Vector, actual: Actual, ignored: readonly Range[]): string[] {
  const mismatches: string[] = [];
  for (const piece of [...vector.memory, ...vector.memoryChanges]) {
    const { address, bytes } = expectedWindow(vector, piece);
    const got = actual.read(address, bytes.length);
    const wrong = bytes.findIndex((byte, i) => byte !== got[i] && !ignored.some(({ start, end }) => address + i >= start && address + i < end));
    if (wrong < 0) continue;
    const [is, has] = [got, bytes].map((from) => hex(from.subarray(wrong, wrong + 8)));
    mismatches.push(`memory at ${(address + wrong).toString(16)} is ${is}, the processor has ${has}`);
  }
  return mismatches;
}

function sameFault(a: Fault | null, b: Fault | null, pageOnly: boolean): boolean {
  if (a === null || b === null) return a === b;
  const sameAddress = a.cr2 === b.cr2 || (pageOnly && a.cr2 !== null && b.cr2 !== null && a.cr2 >> 12n === b.cr2 >> 12n);
  return a.vector === b.vector && a.errorCode === b.errorCode && sameAddress;
}

/** Whether nothing of the vector is defined. */
export function isUndefined(vector: Vector): boolean {
  return applyRules(vector).everything;
}

/** One line a difference; empty when the emulator agrees. */
export function compareVector(vector: Vector, actual: Actual): string[] {
  const applied = applyRules(vector);
  if (applied.everything) return [];
  if (!sameFault(vector.fault, actual.fault, applied.faultPage)) return [`${describeFault(actual.fault)}, the processor has ${describeFault(vector.fault)}`];
  const fields = FIELDS.map((field) => compareField(vector, actual.state, field, applied)).filter((line) => line !== null);
  return [...fields, ...compareMemory(vector, actual, applied.memory)];
}

/** A vector in one line, for messages. */
export function describeVector(vector: Vector): string {
  const code = [...vector.code].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${vector.key} ${vector.name} #${vector.index} ${vector.mode}-bit at ${vector.initial.rip.toString(16)}: ${code}`;
}
