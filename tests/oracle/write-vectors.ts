/** Writes a chapter file; `vectors.ts` describes the format. */
import { brotliCompressSync, constants } from 'node:zlib';
import type { Mode, Profile } from './expand.js';
import { codeAddress } from './ldt.js';
import { CODE } from './pages.js';
import { FIELDS, FIELD_RFLAGS, FIELD_RIP, fieldBytes, type Field, type State } from './state.js';
import { digestStarts, FORMAT_VERSION, SETTING_FOLLOWS, VectorFlag, type Chapter, type ChapterHeader, type Fault, type Memory, type RowHeader, type Vector } from './vectors.js';

export interface RecordedMemory extends Memory {
  /** Not what `expandMemory` gives. */
  readonly explicit: boolean;
}

/** A vector with what is needed to write it small. */
export interface Recorded {
  readonly index: number;
  readonly mode: Mode;
  readonly setting: number | null;
  readonly profile: Profile;
  readonly code: Uint8Array;
  /** What the seed gives, before the overrides that made `initial`. */
  readonly expanded: State;
  readonly initial: State;
  readonly memory: readonly RecordedMemory[];
  readonly final: State;
  readonly memoryChanges: readonly Memory[];
  readonly fault: Fault | null;
}

function putNumber(out: number[], value: number, bytes: number): void {
  for (let i = 0; i < bytes; i++) out.push((value / 2 ** (8 * i)) & 0xff);
}

function putVar(out: number[], value: number): void {
  while (value >= 0x80) {
    out.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  out.push(value);
}

function putBytes(out: number[], bytes: Uint8Array): void {
  for (const byte of bytes) out.push(byte);
}

function changedFields(before: State, after: State, skip: readonly number[]): Field[] {
  return FIELDS.filter((field) => !skip.includes(field.id) && fieldBytes(before, field).some((byte, i) => byte !== fieldBytes(after, field)[i]));
}

function putFields(out: number[], state: State, fields: readonly Field[]): void {
  out.push(fields.length);
  for (const field of fields) {
    out.push(field.id);
    putBytes(out, fieldBytes(state, field));
  }
}

function putMemory(out: number[], pieces: readonly RecordedMemory[]): void {
  out.push(pieces.length);
  for (const piece of pieces) {
    putNumber(out, piece.address, 4);
    putVar(out, piece.bytes.length * 2 + Number(piece.explicit));
    if (piece.explicit) putBytes(out, piece.bytes);
  }
}

function putChanges(out: number[], pieces: readonly Memory[]): void {
  out.push(pieces.length);
  for (const piece of pieces) {
    putNumber(out, piece.address, 4);
    putVar(out, piece.bytes.length);
    putBytes(out, piece.bytes);
  }
}

function putFault(out: number[], fault: Fault, cr2: bigint): void {
  out.push(fault.vector);
  putVar(out, fault.errorCode ?? 0);
  if (fault.vector === 14) putBytes(out, new Uint8Array(BigUint64Array.of(cr2).buffer));
}

function putVector(out: number[], vector: Recorded, previous: number): void {
  const { expanded, initial, final, fault } = vector;
  const overrides = changedFields(expanded, initial, [FIELD_RIP]);
  const others = changedFields(initial, final, [FIELD_RIP, FIELD_RFLAGS]);
  const expectedRip = fault ? initial.rip : initial.rip + BigInt(vector.code.length);
  const flags = (vector.mode === 32 ? VectorFlag.Mode32 : 0) | (fault ? VectorFlag.Fault : 0)
    | (final.rip !== expectedRip ? VectorFlag.Rip : 0) | (final.rflags !== initial.rflags ? VectorFlag.Rflags : 0)
    | (overrides.length ? VectorFlag.Overrides : 0) | (vector.memory.length ? VectorFlag.Memory : 0)
    | (others.length ? VectorFlag.Others : 0) | (vector.memoryChanges.length ? VectorFlag.Changes : 0);
  out.push(flags);
  putVar(out, vector.index - previous - 1);
  out.push(vector.profile | (vector.setting === null ? 0 : SETTING_FOLLOWS));
  if (vector.setting !== null) out.push(vector.setting);
  putVar(out, codeAddress(initial) - CODE.base);
  out.push(vector.code.length);
  putBytes(out, vector.code);
  if (overrides.length) putFields(out, initial, overrides);
  if (vector.memory.length) putMemory(out, vector.memory);
  if (fault) putFault(out, fault, fault.cr2 ?? 0n);
  if (flags & VectorFlag.Rip) putBytes(out, new Uint8Array(BigUint64Array.of(final.rip).buffer));
  if (flags & VectorFlag.Rflags) putNumber(out, final.rflags, 4);
  if (others.length) putFields(out, final, others);
  if (vector.memoryChanges.length) putChanges(out, vector.memoryChanges);
}

export interface RecordedRow {
  readonly key: string;
  readonly name: string;
  readonly seed: number;
  readonly vectors: readonly Recorded[];
}

function packRows(rows: readonly RecordedRow[]): Uint8Array {
  const body: number[] = [];
  for (const row of rows) {
    let previous = -1;
    for (const vector of row.vectors) {
      putVector(body, vector, previous);
      previous = vector.index;
    }
  }
  return Uint8Array.from(body);
}

function packFile(fields: Omit<ChapterHeader, 'version'>, ...bodies: readonly Uint8Array[]): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ version: FORMAT_VERSION, ...fields }));
  const plain = Buffer.concat([new Uint8Array(Uint32Array.of(header.length).buffer), header, ...bodies]);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  return brotliCompressSync(plain, { params });
}

const headersOf = (rows: readonly RecordedRow[]): RowHeader[] => rows.map(({ key, name, seed, vectors }) => ({ key, name, seed, count: vectors.length }));

/** The bytes of a chapter file. */
export function packChapter(chapter: string, processor: string, rows: readonly RecordedRow[]): Uint8Array {
  return packFile({ chapter, processor, starts: digestStarts(rows.flatMap(({ vectors }) => vectors)), rows: headersOf(rows) }, packRows(rows));
}

/** The bytes of a chapter file with rows of another processor after its own. What that processor had recorded of these rows must be gone. */
export function appendRows({ header, body, vectors }: Chapter, processor: string, rows: readonly RecordedRow[]): Uint8Array {
  function* all(): Generator<Pick<Vector, 'initial' | 'code' | 'memory'>> {
    yield* vectors();
    for (const row of rows) yield* row.vectors;
  }
  const added = headersOf(rows).map((row) => ({ ...row, processor }));
  return packFile({ ...header, starts: digestStarts(all()), rows: [...header.rows, ...added] }, body, packRows(rows));
}
