/**
 * Reads the native vectors: what one instruction did on a real processor.
 *
 * A chapter file (tests/vectors/NAME.vec) is Brotli over
 *
 *   u32            length of the header
 *   header         JSON: `ChapterHeader` (format version, processor, rows with key, name, seed and count)
 *   vectors        row after row, in the header's order, without separators
 *
 * Numbers are little-endian; `var` is LEB128. A vector is
 *
 *   u8   flags     1 32-bit code; 2 a fault ended it; 4 rip is not that of the next instruction; 8 rflags changed;
 *                  16 overrides; 32 memory before; 64 other fields changed; 128 memory changed
 *   var  skip      added to the index (which otherwise counts up by one within a row); seed = seedOf(row seed, index)
 *   u8   profile   what `expandState` puts into the vector and x87 registers; 128 a setting follows
 *   [setting]      u8: the segments (ldt.ts), which also say whether the code is 16-bit or 32-bit
 *   var  offset    of the code in the code region (with CS's base, this is rip)
 *   u8 n, n bytes  the instruction; where it runs off the end of the code region, only the bytes that exist
 *   [overrides]    u8 count; each u8 field id, then the field's bytes: replace what the seed gave
 *   [memory]       u8 count; each u32 address, var length * 2 + explicit; explicit: that many bytes, else `expandMemory` of the seed + i
 *   [fault]        u8 vector, var error code, u64 cr2 (only when the vector is 14)
 *   [rip]          u64
 *   [rflags]       u32
 *   [others]       as overrides
 *   [changes]      u8 count; each u32 address, var length, bytes
 *
 * With a fault, the final rip is the one the processor saves: of the instruction itself, or (INT3, INTO) of the next.
 * Only 32 bits of rip, and eight general and vector registers, mean anything in 32-bit code; the others are 0 before and after.
 * TF (set in the recording, where it is the means) and RF are cleared from every rflags. A REP instruction does one iteration.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Vendor } from '../../assembly/base/vendor-spec.js';
import { expandMemory, expandState, seedOf, type Mode, type Profile } from './expand.js';
import { segmentOf, settingOf } from './ldt.js';
import { CODE } from './pages.js';
import { copyState, fieldById, fieldBytes, FIELD_RFLAGS, FIELD_RIP, type State } from './state.js';

export * from './pages.js';
export * from './state.js';
export * from './ldt.js';
export type { Mode } from './expand.js';

export const FORMAT_VERSION = 1;

export interface Memory {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface Fault {
  readonly vector: number;
  /** As the processor pushes it; null for vectors that have none. */
  readonly errorCode: number | null;
  /** For page faults. */
  readonly cr2: bigint | null;
}

export interface Vector {
  /** The catalogue row, and the vector's number within it (for messages). */
  readonly key: string;
  readonly name: string;
  /** The vendor of the processor that did it. */
  readonly vendor: Vendor;
  readonly index: number;
  readonly mode: Mode;
  /** The arrangement of segments, or null when they are flat. */
  readonly setting: number | null;
  readonly code: Uint8Array;
  /** `codeAddress(initial)` is where the code goes. */
  readonly initial: State;
  /** Bytes over the background before the instruction. */
  readonly memory: readonly Memory[];
  readonly final: State;
  /** Bytes that differ from what was there before; neighbouring unchanged ones may be included. */
  readonly memoryChanges: readonly Memory[];
  readonly fault: Fault | null;
}

export interface RowHeader {
  readonly key: string;
  readonly name: string;
  readonly seed: number;
  readonly count: number;
  /** What the row was recorded on, where that is not the chapter's processor. A key may stand once for each. */
  readonly processor?: string;
}

export interface ChapterHeader {
  readonly version: number;
  readonly chapter: string;
  /** What its rows were recorded on, but for those that name another. */
  readonly processor: string;
  /** `digestStarts` of the vectors as they were recorded: tells whether seeds still give the same states. */
  readonly starts: string;
  readonly rows: readonly RowHeader[];
}

export const enum VectorFlag {
  Mode32 = 1,
  Fault = 2,
  Rip = 4,
  Rflags = 8,
  Overrides = 16,
  Memory = 32,
  Others = 64,
  Changes = 128,
}

/** The vendor of a processor as the files name it: the word of CPUID leaf 0 comes first. */
export function vendorOf(processor: string): Vendor {
  return processor.startsWith('GenuineIntel') ? Vendor.INTEL : Vendor.AMD;
}

/** In the byte of the profile. */
export const SETTING_FOLLOWS = 0x80;

/** A digest of what each instruction started from. */
export function digestStarts(vectors: Iterable<Pick<Vector, 'initial' | 'code' | 'memory'>>): string {
  const hash = createHash('sha256');
  for (const { initial, code, memory } of vectors) {
    hash.update(initial.bytes).update(code);
    for (const { bytes } of memory) hash.update(bytes);
  }
  return hash.digest('hex');
}

export const VECTORS_FOLDER = new URL('../vectors/', import.meta.url);

// Vectors 8, 10-14, 17 and 21 push an error code.
export function hasErrorCode(vector: number): boolean {
  return vector === 8 || (vector >= 10 && vector <= 14) || vector === 17 || vector === 21;
}

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

function takeBytes(cursor: Cursor, count: number): Uint8Array {
  if (cursor.at + count > cursor.bytes.length) throw new Error('vector file ends in the middle of a vector: it is damaged');
  cursor.at += count;
  return cursor.bytes.subarray(cursor.at - count, cursor.at);
}

function takeByte(cursor: Cursor): number {
  return takeBytes(cursor, 1)[0]!;
}

function takeWord(cursor: Cursor): number {
  takeBytes(cursor, 4);
  return cursor.view.getUint32(cursor.at - 4, true);
}

function takeLong(cursor: Cursor): bigint {
  takeBytes(cursor, 8);
  return cursor.view.getBigUint64(cursor.at - 8, true);
}

function takeVar(cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = takeByte(cursor);
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw new Error('vector file has an over-long number: it is damaged');
}

function takeFields(cursor: Cursor, state: State): void {
  for (let count = takeByte(cursor); count > 0; count--) {
    const field = fieldById(takeByte(cursor));
    fieldBytes(state, field).set(takeBytes(cursor, field.bytes));
  }
}

function takeMemory(cursor: Cursor, seed: number, profile: Profile): Memory[] {
  return Array.from({ length: takeByte(cursor) }, (_, i) => {
    const address = takeWord(cursor);
    const code = takeVar(cursor);
    const length = code >>> 1;
    return { address, bytes: code & 1 ? takeBytes(cursor, length) : expandMemory(seed + i, profile, length) };
  });
}

function takeChanges(cursor: Cursor): Memory[] {
  return Array.from({ length: takeByte(cursor) }, () => ({ address: takeWord(cursor), bytes: takeBytes(cursor, takeVar(cursor)) }));
}

function takeFault(cursor: Cursor): Fault {
  const vector = takeByte(cursor);
  const errorCode = takeVar(cursor);
  return { vector, errorCode: hasErrorCode(vector) ? errorCode : null, cr2: vector === 14 ? takeLong(cursor) : null };
}

function takeVector(cursor: Cursor, row: RowHeader, vendor: Vendor, index: number, flags: number): Vector {
  const seed = seedOf(row.seed, index);
  const profileByte = takeByte(cursor);
  const profile: Profile = profileByte & ~SETTING_FOLLOWS;
  const setting = profileByte & SETTING_FOLLOWS ? takeByte(cursor) : null;
  const mode = setting !== null ? settingOf(setting).mode : flags & VectorFlag.Mode32 ? 32 : 64;
  const initial = expandState(seed, profile, mode, setting);
  initial.rip = BigInt((CODE.base + takeVar(cursor) - segmentOf(initial.segment[1]!)!.base) >>> 0);
  const code = takeBytes(cursor, takeByte(cursor));
  if (flags & VectorFlag.Overrides) takeFields(cursor, initial);
  const memory = flags & VectorFlag.Memory ? takeMemory(cursor, seed, profile) : [];
  const final = copyState(initial);
  const fault = flags & VectorFlag.Fault ? takeFault(cursor) : null;
  if (!fault) final.rip = initial.rip + BigInt(code.length);
  if (flags & VectorFlag.Rip) fieldBytes(final, fieldById(FIELD_RIP)).set(takeBytes(cursor, 8));
  if (flags & VectorFlag.Rflags) fieldBytes(final, fieldById(FIELD_RFLAGS)).set(takeBytes(cursor, 4));
  if (flags & VectorFlag.Others) takeFields(cursor, final);
  const memoryChanges = flags & VectorFlag.Changes ? takeChanges(cursor) : [];
  return { key: row.key, name: row.name, vendor, index, mode, setting, code, initial, memory, final, memoryChanges, fault };
}

function* takeRow(cursor: Cursor, row: RowHeader, processor: string): Generator<Vector> {
  const vendor = vendorOf(row.processor ?? processor);
  let index = -1;
  for (let i = 0; i < row.count; i++) {
    const flags = takeByte(cursor);
    index += 1 + takeVar(cursor);
    yield takeVector(cursor, row, vendor, index, flags);
  }
}

export interface Chapter {
  readonly header: ChapterHeader;
  /** The vectors as they are packed, row after row. */
  readonly body: Uint8Array;
  /** Decodes one vector at a time, in file order. The same arrays are never reused. */
  vectors(): Generator<Vector>;
}

/** Opens a chapter from the bytes of its file. */
export function openChapter(file: Uint8Array): Chapter {
  const unpacked = brotliDecompressSync(file);
  const bytes = new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))) as ChapterHeader;
  if (header.version !== FORMAT_VERSION) throw new Error(`vector file has format ${header.version}, this reader knows ${FORMAT_VERSION}: generate it again`);
  return {
    header,
    body: bytes.subarray(start),
    *vectors() {
      const cursor: Cursor = { bytes, view, at: start };
      for (const row of header.rows) yield* takeRow(cursor, row, header.processor);
      if (cursor.at !== bytes.length) throw new Error(`vector file has ${bytes.length - cursor.at} bytes too many: it is damaged`);
    },
  };
}

/** The committed chapters, by file name. */
export function chapterFiles(): string[] {
  return readdirSync(VECTORS_FOLDER).filter((name) => name.endsWith('.vec')).sort();
}

export function readChapter(name: string): Chapter {
  return openChapter(readFileSync(new URL(name, VECTORS_FOLDER)));
}
