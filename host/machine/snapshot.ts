/**
 * Snapshots: a header, the state ranges, and the pages of RAM that are not all zero. Numbers are little-endian.
 *
 *     0   magic "PINTSNAP"          8  version u32        12  bytes of RAM in MiB u32
 *     16  build, 16 hex digits      32  number of ranges u32       36  number of pages u32
 *     40  flags u32: bit 0, the guest's agent is up
 *     44  bytes of the five output rings that were handed on already and still lie there, u32 each (engine.ts)
 *     64  ranges: base u32, bytes u32 each; then their bytes, without the zeros at each range's end
 *     ..  page numbers u32 each; then the pages, 4096 bytes each
 *
 * The layout of the state belongs to one build of the module, so a snapshot of another build is refused.
 */

import { SnapshotError } from './errors.js';
import type { ModuleInstance } from '../rings/instance.js';
import { MIB } from './units.js';
import { readState, stateRanges, type StateRange } from './state.js';

const MAGIC = 'PINTSNAP';
const VERSION = 3;
const SHOWN_AT = 44;
const SHOWN_WORDS = 5;
const HEADER_BYTES = SHOWN_AT + 4 * SHOWN_WORDS;
const FLAG_AGENT = 1;
const PAGE = 4096;


export interface SnapshotHeader {
  version: number;
  memoryMiB: number;
  build: string;
  /** The guest's agent was up and waiting for a command. */
  agentReady: boolean;
  /** Bytes of each output ring that were handed on before. */
  shown: number[];
}

interface Counts extends SnapshotHeader {
  ranges: number;
  pages: number;
}

function usedPages(instance: ModuleInstance, ramBytes: number): number[] {
  const words = new BigUint64Array(instance.memory.buffer, instance.ram, ramBytes / 8);
  const pages: number[] = [];
  const perPage = PAGE / 8;
  for (let page = 0; page < ramBytes / PAGE; page++) {
    const end = (page + 1) * perPage;
    for (let i = page * perPage; i < end; i++) {
      if (words[i] !== 0n) {
        pages.push(page);
        break;
      }
    }
  }
  return pages;
}

/** How much of a range there is up to its last byte that is not zero, in whole words. */
function usedBytes(state: Uint8Array): number {
  const words = new Uint32Array(state.buffer, state.byteOffset, state.length / 4);
  let used = words.length;
  while (used > 0 && words[used - 1] === 0) used--;
  return used * 4;
}

interface SavedState {
  base: number;
  data: Uint8Array;
}

/** The whole state of a machine that is not running, which is left as it is. */
export function takeSnapshot(instance: ModuleInstance, memoryMiB: number, agentReady: boolean, shown: readonly number[]): Uint8Array {
  const saved = stateRanges(instance).map((range): SavedState => {
    const state = readState(instance, range);
    return { base: range.base, data: state.subarray(0, usedBytes(state)) };
  });
  const pages = usedPages(instance, memoryMiB * MIB);
  const stateBytes = saved.reduce((sum, { data }) => sum + 8 + data.length, 0);
  const out = new Uint8Array(HEADER_BYTES + stateBytes + pages.length * (4 + PAGE));
  const view = new DataView(out.buffer);
  const ascii = (at: number, text: string): void => out.set(new TextEncoder().encode(text), at);
  ascii(0, MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, memoryMiB, true);
  ascii(16, instance.build);
  view.setUint32(32, saved.length, true);
  view.setUint32(36, pages.length, true);
  view.setUint32(40, agentReady ? FLAG_AGENT : 0, true);
  for (let i = 0; i < SHOWN_WORDS; i++) view.setUint32(SHOWN_AT + i * 4, shown[i] ?? 0, true);
  const end = writeRanges(out, view, saved);
  pages.forEach((page, i) => {
    view.setUint32(end + i * 4, page, true);
    const from = instance.ram + page * PAGE;
    out.set(instance.bytes.subarray(from, from + PAGE), end + pages.length * 4 + i * PAGE);
  });
  return out;
}

function writeRanges(out: Uint8Array, view: DataView, saved: readonly SavedState[]): number {
  let at = HEADER_BYTES + saved.length * 8;
  saved.forEach(({ base, data }, i) => {
    view.setUint32(HEADER_BYTES + i * 8, base, true);
    view.setUint32(HEADER_BYTES + i * 8 + 4, data.length, true);
    out.set(data, at);
    at += data.length;
  });
  return at;
}

function viewOf(snapshot: Uint8Array): DataView {
  return new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
}

function readCounts(snapshot: Uint8Array): Counts {
  const text = (from: number, to: number): string => String.fromCharCode(...snapshot.subarray(from, to));
  if (snapshot.length < HEADER_BYTES || text(0, 8) !== MAGIC) {
    throw new SnapshotError('This is no snapshot: it does not start with the name of the format.');
  }
  const view = viewOf(snapshot);
  const version = view.getUint32(8, true);
  if (version !== VERSION) {
    throw new SnapshotError(`The snapshot has format version ${version}, this build reads version ${VERSION}. Take a new one with this build.`);
  }
  return {
    version,
    memoryMiB: view.getUint32(12, true),
    build: text(16, 32),
    agentReady: (view.getUint32(40, true) & FLAG_AGENT) !== 0,
    shown: Array.from({ length: SHOWN_WORDS }, (_, i) => view.getUint32(SHOWN_AT + i * 4, true)),
    ranges: view.getUint32(32, true),
    pages: view.getUint32(36, true),
  };
}

/** What a snapshot says of itself; throws SnapshotError for other bytes. */
export function readSnapshotHeader(snapshot: Uint8Array): SnapshotHeader {
  const { version, memoryMiB, build, agentReady, shown } = readCounts(snapshot);
  return { version, memoryMiB, build, agentReady, shown };
}

/** A range of the machine, and how much of it the snapshot has; the rest is zeros. */
interface SavedRange extends StateRange {
  saved: number;
}

/** Refuses a snapshot of another build, or a damaged one, before anything is written. */
function check(counts: Counts, snapshot: Uint8Array, instance: ModuleInstance): SavedRange[] {
  if (counts.build !== instance.build) {
    throw new SnapshotError(
      `The snapshot belongs to build ${counts.build} of the module, this is build ${instance.build}. Restore it with the build that made it.`,
    );
  }
  const own = stateRanges(instance);
  const view = viewOf(snapshot);
  const word = (at: number): number => (at + 4 <= snapshot.length ? view.getUint32(at, true) : 0);
  const ranges = own.map((range, i) => ({ ...range, saved: word(HEADER_BYTES + i * 8 + 4) }));
  const stateBytes = ranges.reduce((sum, range) => sum + 8 + range.saved, 0);
  const same =
    counts.ranges === ranges.length &&
    snapshot.length === HEADER_BYTES + stateBytes + counts.pages * (4 + PAGE) &&
    ranges.every(({ base, bytes, saved }, i) => word(HEADER_BYTES + i * 8) === base && saved <= bytes);
  if (!same) throw new SnapshotError(`The snapshot is damaged: its ${snapshot.length} bytes do not hold what its header says.`);
  return ranges;
}

/** Puts a snapshot into a fresh instance with as much RAM as it had. */
export function restoreSnapshot(instance: ModuleInstance, snapshot: Uint8Array): void {
  const counts = readCounts(snapshot);
  const ranges = check(counts, snapshot, instance);
  const view = viewOf(snapshot);
  const pagesAt = HEADER_BYTES + ranges.reduce((sum, range) => sum + 8 + range.saved, 0);
  const limit = (counts.memoryMiB * MIB) / PAGE;
  const pages = Array.from({ length: counts.pages }, (_, i) => view.getUint32(pagesAt + i * 4, true));
  if (pages.some((page) => page >= limit)) throw new SnapshotError('The snapshot is damaged: it has pages beyond its RAM.');
  let at = HEADER_BYTES + ranges.length * 8;
  for (const { base, bytes, saved } of ranges) {
    instance.bytes.set(snapshot.subarray(at, at + saved), base);
    instance.bytes.fill(0, base + saved, base + bytes);
    at += saved;
  }
  const data = pagesAt + counts.pages * 4;
  pages.forEach((page, i) => instance.bytes.set(snapshot.subarray(data + i * PAGE, data + (i + 1) * PAGE), instance.ram + page * PAGE));
  // Caches (decoded code, register tables) are made again from the state.
  instance.exports.attach();
}
