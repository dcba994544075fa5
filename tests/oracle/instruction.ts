/** Makes one random case of a catalogue row: instruction bytes, registers and memory. */
import { drawPlace, formFor, operandSegment, type MemoryForm } from './address.js';
import type { Operand, Row } from './catalogue.js';
import { bytesOf, chance, drawLong, pick, placeMemory, setRegister, valueOf, type Draft } from './draft.js';
import { createRandom, expandState, type Mode, type Random } from './expand.js';
import { finishMemory, runHooks } from './hooks.js';
import { edgeOf, segmentOf, settingOf } from './ldt.js';
import { CODE } from './pages.js';
import { copyState, type State } from './state.js';
import type { RecordedMemory } from './write-vectors.js';

export interface Attempt {
  readonly mode: Mode;
  readonly setting: number | null;
  readonly code: Uint8Array;
  readonly expanded: State;
  readonly initial: State;
  readonly memory: readonly RecordedMemory[];
}

const MODRM_PLACES = 'EGMRVWUPQNS';
const OPERAND_SIZED = /^[vzs]$/;

interface Tail {
  readonly modrm: number[];
  readonly form: MemoryForm | null;
  readonly opcodeRegister: number;
  rexR: boolean;
  rexX: boolean;
  rexB: boolean;
  /** A byte register that only REX reaches, or that only its absence reaches: -1, 0, 1. */
  needsRex: number;
}

function operandOf(row: Row, places: string): Operand | undefined {
  return row.operands.find(({ place }) => place !== '' && places.includes(place));
}

function takesOpsize(row: Row, mode: Mode): boolean {
  if (row.prefix === '66' || row.map !== 'x87' && row.prefix === 'np') return false;
  if (row.attributes.has('no66')) return false;
  if (row.attributes.has('f64') && mode === 64) return false;
  return row.attributes.has('opsize') || row.operands.some(({ place, size }) => OPERAND_SIZED.test(size) || (place === '' && size === 'rAX'));
}

function takesWide(row: Row): boolean {
  if (row.map === 'x87' || row.attributes.has('noW')) return false;
  return row.attributes.has('opsize') || row.operands.some(({ size }) => /^[vyzp]$/.test(size) || size === 'rAX');
}

function operandBytesOf(row: Row, mode: Mode, opsize: boolean, wide: boolean): number {
  if (mode !== 64) return opsize === (mode === 16) ? 4 : 2;
  if (row.attributes.has('f64')) return 8;
  if (wide) return 8;
  if (row.attributes.has('d64')) return opsize ? 2 : 8;
  return opsize ? 2 : 4;
}

function memoryBytes(draft: Draft, size: string): number {
  switch (size) {
    case 'b': return 1;
    case 'w': case 's': return draft.row.operands[0]?.place === 'M' && size === 's' ? (draft.mode === 64 ? 10 : 6) : 2;
    case 'd': case 'ss': return 4;
    case 'q': case 'sd': return 8;
    case 'y': return draft.wide ? 8 : 4;
    case 'v': return draft.operandBytes;
    case 'z': return Math.min(draft.operandBytes, 4);
    case 'x': case 'ps': case 'pd': case 'dq': return 16;
    case 't': return 10;
    case 'e': return draft.opsize === (draft.mode === 16) ? 28 : 14;
    case 'f': return draft.opsize === (draft.mode === 16) ? 108 : 94;
    case 'r': return draft.operandBytes + 2;
    case 'a': return 2 * draft.operandBytes;
    case 'p': return draft.wide ? 16 : 8;
    case '': return 0;
    default: return Number(size);
  }
}

function drawDraft(row: Row, mode: Mode, setting: number | null, seed: number, random: Random, state: State): Draft {
  const opsize = takesOpsize(row, mode) && random.below(4) === 0;
  // Whether REX.W overrides 66 in the x87 environment's format is not said.
  const wide = row.attributes.has('wide') || mode === 64 && !(row.map === 'x87' && opsize) && !row.attributes.has('noW') && random.below(takesWide(row) ? 3 : 24) === 0;
  const mayAddress = row.attributes.has('addrsize') || operandOf(row, 'EMWQO') !== undefined;
  const addrsize = mayAddress && random.below(setting === null ? 9 : 3) === 0;
  const addressBits = mode === 64 ? (addrsize ? 32 : 64) : addrsize === (mode === 16) ? 32 : 16;
  const override = setting !== null && random.below(4) === 0 ? random.below(6) : null;
  return {
    row, mode, setting, override, seed, profile: row.profile, random, state, opsize, wide, addrsize, addressBits,
    operandBytes: operandBytesOf(row, mode, opsize, wide),
    lock: false, reserved: new Set(), memory: [], source: null, immediate: null, reg: null, target: null,
  };
}

// ---- ModRM ----

function drawMemoryOperand(draft: Draft, bytes: number): MemoryForm {
  let target: bigint;
  let form: MemoryForm;
  if (draft.setting === null) {
    const place = drawPlace(draft, bytes, 3);
    target = place.linear;
    form = formFor(draft, () => place.offset, target <= 0x7fff_ffffn);
  } else {
    target = 0n;
    form = formFor(draft, (stackBased) => {
      const place = drawPlace(draft, bytes, operandSegment(draft, stackBased));
      target = place.linear;
      return place.offset;
    }, true);
  }
  draft.target = target;
  placeMemory(draft, target, bytes, draft.source);
  finishMemory(draft);
  return form;
}

function setRegisterOperand(draft: Draft, register: number, size: string): void {
  if (!draft.source || draft.reserved.has(register)) return;
  const bits = BigInt(8 * draft.source.length);
  const own = size === 'b' ? null : draft.state.gpr[register]!;
  if (own !== null) setRegister(draft, register, ((own >> bits) << bits) | valueOf(draft.source));
}

function drawTail(draft: Draft): Tail {
  const { row, mode } = draft;
  const tail: Tail = { modrm: [], form: null, opcodeRegister: 0, rexR: false, rexX: false, rexB: false, needsRex: 0 };
  const high = (): boolean => mode === 64 && chance(draft, 2);
  if (row.modrm !== null) return { ...tail, modrm: [row.modrm + (row.plus ? draft.random.below(8) : 0)] };
  if (row.plus) return { ...tail, opcodeRegister: draft.random.below(8), rexB: high() };
  const rm = operandOf(row, 'EMRWUQN');
  if (!rm && row.extension === null && !operandOf(row, MODRM_PLACES)) return tail;
  const reg = row.extension ?? draft.reg ?? draft.random.below(mode === 64 ? 16 : 8);
  tail.rexR = row.extension === null ? reg > 7 : false;
  const place = rm?.place ?? 'R';
  const memory = place === 'M' || ('EWQ'.includes(place) && !chance(draft, 5) && draft.random.below(8) < 5);
  if (memory) {
    const form = drawMemoryOperand(draft, memoryBytes(draft, rm!.size));
    return { ...tail, form, modrm: [(form.mod << 6) | ((reg & 7) << 3) | form.rm], rexX: form.rexX, rexB: form.rexB };
  }
  const register = draft.random.below(8);
  const rexB = high();
  if ('ER'.includes(place)) setRegisterOperand(draft, register + (rexB ? 8 : 0), rm?.size ?? '');
  return { ...tail, modrm: [0xc0 | ((reg & 7) << 3) | register], rexB };
}

// ---- immediates ----

function immediateBytes(draft: Draft, { place, size }: Operand): number {
  if (place === 'O') return draft.addressBits / 8;
  if (place === 'A') return 6;
  if (size === 'b') return 1;
  if (size === 'w') return 2;
  const relative = place === 'J' && draft.mode === 64;
  return size === 'v' ? draft.operandBytes : relative ? 4 : Math.min(draft.operandBytes, 4);
}

function drawImmediates(draft: Draft): number[] {
  if (draft.immediate) return [...draft.immediate];
  const bytes: number[] = [];
  for (const operand of draft.row.operands) {
    if (operand.place === '' || !'IJOA'.includes(operand.place)) continue;
    const length = immediateBytes(draft, operand);
    if (operand.place === 'O') {
      const size = operand.size === 'b' ? 1 : draft.operandBytes;
      const place = drawPlace(draft, size, operandSegment(draft, false));
      draft.target = place.linear;
      placeMemory(draft, draft.target, size);
      bytes.push(...bytesOf(BigInt.asUintN(draft.addressBits, place.offset), length));
    } else bytes.push(...bytesOf(drawLong(draft), length));
  }
  return bytes;
}

// ---- prefixes and the whole ----

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

function shuffle(draft: Draft, list: number[]): number[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = draft.random.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

function drawPrefixes(draft: Draft): number[] {
  const { row } = draft;
  const list: number[] = [];
  if (draft.opsize) list.push(0x66);
  if (draft.addrsize) list.push(0x67);
  if (draft.lock) list.push(0xf0);
  if (draft.override !== null) list.push(SEGMENT_PREFIXES[draft.override]!);
  else if (draft.setting === null && chance(draft, 14)) list.push(pick(draft, SEGMENT_PREFIXES));
  const mandatory = parseInt(row.prefix, 16);
  if (mandatory) list.push(mandatory);
  return shuffle(draft, list);
}

/** REX when something needs it, and now and then for nothing: it changes which byte registers 4 to 7 are. */
function drawRex(draft: Draft, tail: Tail): number[] {
  if (draft.mode !== 64) return [];
  const rex = 0x40 | (draft.wide ? 8 : 0) | (tail.rexR ? 4 : 0) | (tail.rexX ? 2 : 0) | (tail.rexB ? 1 : 0);
  if (rex !== 0x40) return [rex];
  return chance(draft, 6) ? [0x40] : [];
}

const MAP_BYTES: Readonly<Record<string, readonly number[]>> = { '1': [], x87: [], '0f': [0x0f], '38': [0x0f, 0x38], '3a': [0x0f, 0x3a] };

interface Pieces {
  readonly prefixes: number[];
  readonly rest: number[];
  /** Where in `rest` a relative displacement stands. */
  readonly relativeAt: number;
  readonly target: number;
}

function assemble(draft: Draft): Pieces {
  const tail = drawTail(draft);
  const immediates = drawImmediates(draft);
  const { row } = draft;
  const rest = [...drawRex(draft, tail), ...MAP_BYTES[row.map]!, row.opcode + tail.opcodeRegister, ...tail.modrm];
  const { form } = tail;
  if (form?.sib != null) rest.push(form.sib);
  const relativeAt = form?.relative ? rest.length : -1;
  if (form) rest.push(...bytesOf(BigInt(form.displacement), form.displacementBytes));
  rest.push(...immediates);
  return { prefixes: drawPrefixes(draft), rest, relativeAt, target: form?.displacement ?? 0 };
}

/** Expected to raise #UD. */
function isInvalid({ prefix, name }: Row): boolean { return prefix === 'ud' || name === 'invalid'; }

/** Prefixes that change nothing: a REX that another prefix follows, or enough segment prefixes to reach or pass 15 bytes. */
function pad(draft: Draft, { prefixes, rest }: Pieces): void {
  if (draft.mode === 64 && prefixes.length > 0 && chance(draft, 24)) prefixes.unshift(0x40 | draft.random.below(16));
  if (!chance(draft, 96) || isInvalid(draft.row)) return;
  const length = 15 + Number(chance(draft, 4));
  while (prefixes.length + rest.length < length) prefixes.unshift(0x3e);
}

/** Where the code goes: mostly the middle of the first page, sometimes across the pages, up to the end, or over it. */
function drawOffset(draft: Draft, length: number): number {
  // How far a processor reads past an invalid opcode is its own affair.
  const kind = isInvalid(draft.row) ? 48 : draft.random.below(48);
  if (kind < 4) return 0x1000 - 1 - draft.random.below(Math.max(length - 1, 1));
  if (kind === 4) return CODE.bytes - length;
  if (kind === 5) return CODE.bytes - 1 - draft.random.below(Math.max(length - 1, 1));
  return 0x800;
}

function relocate(pieces: Pieces, code: number[], offset: number): void {
  if (pieces.relativeAt < 0) return;
  const next = CODE.base + offset + code.length;
  const displacement = bytesOf(BigInt(pieces.target - next), 4);
  displacement.forEach((byte, i) => { code[pieces.prefixes.length + pieces.relativeAt + i] = byte; });
}

/** Case `seed` of a row in a mode and setting; the same arguments give the same case. */
function makeAttempt(row: Row, mode: Mode, setting: number | null, seed: number): Attempt {
  const expanded = expandState(seed, row.profile, mode, setting);
  const draft = drawDraft(row, mode, setting, seed, createRandom(seed ^ 0x6765_6e00), copyState(expanded));
  const lockable = row.attributes.has('lock');
  draft.lock = !row.attributes.has('nolock') && chance(draft, lockable ? 7 : 80);
  runHooks(draft);
  const pieces = assemble(draft);
  pad(draft, pieces);
  const code = [...pieces.prefixes, ...pieces.rest];
  const segment = segmentOf(draft.state.segment[1]!)!;
  const ends = edgeOf(segment) + segment.base - CODE.base;
  const drawn = drawOffset(draft, code.length);
  // Where execution could not begin, it does not.
  const offset = drawn <= ends ? drawn : 0x800;
  relocate(pieces, code, offset);
  draft.state.rip = BigInt((CODE.base + offset - segment.base) >>> 0);
  const fits = Math.min(code.length, CODE.bytes - offset, 16);
  return { mode, setting, code: Uint8Array.from(code.slice(0, fits)), expanded, initial: draft.state, memory: draft.memory };
}

export function makeFlat(row: Row, seed: number, mode: Mode): Attempt {
  return makeAttempt(row, mode, null, seed);
}

export function makeSegmented(row: Row, seed: number, setting: number): Attempt {
  return makeAttempt(row, settingOf(setting).mode, setting, seed);
}
