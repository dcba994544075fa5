/** The committed vectors are whole, cover the catalogue, and the comparer notices what it should. */
import { describe, expect, it } from 'vitest';
import { CHAPTERS, readCatalogue } from './catalogue.js';
import { compareVector, describeVector, type Actual } from './compare.js';
import { backgroundByte, chapterFiles, copyState, digestStarts, readChapter, regionOf, type Memory, type Vector } from './vectors.js';

const LEAST_VECTORS_A_ROW = 100;

/** An emulator that does what the processor did. */
function faithful(vector: Vector): Actual {
  return { state: copyState(vector.final), fault: vector.fault, read: (address, length) => memoryAfter(vector, address, length) };
}

function memoryAfter(vector: Vector, address: number, length: number): Uint8Array {
  const byteAt = (at: number): number => {
    const covers = (piece: Memory): boolean => at >= piece.address && at < piece.address + piece.bytes.length;
    const last = vector.memoryChanges.findLast(covers) ?? vector.memory.findLast(covers);
    return last ? last.bytes[at - last.address]! : backgroundByte(at);
  };
  return Uint8Array.from({ length }, (_, i) => byteAt(address + i));
}

function outsidePages(vector: Vector): Memory | undefined {
  return [...vector.memory, ...vector.memoryChanges].find(({ address, bytes }) => bytes.length === 0 || !regionOf(address) || regionOf(address) !== regionOf(address + bytes.length - 1));
}

/** Passes the vectors on, counting them by row and collecting what is wrong with them. */
function* inspected(vectors: Iterable<Vector>, counts: Map<string, number>, wrong: string[]): Generator<Vector> {
  for (const vector of vectors) {
    counts.set(vector.key, (counts.get(vector.key) ?? 0) + 1);
    if (outsidePages(vector)) wrong.push(`${describeVector(vector)}: memory outside the pages`);
    if (vector.index % 8 === 0) wrong.push(...compareVector(vector, faithful(vector)).map((line) => `${describeVector(vector)}: ${line}`));
    yield vector;
  }
}

/** The first vector of each row that ended without a fault. */
function plainVectors(chapter: string): Vector[] {
  const found = new Map<string, Vector>();
  for (const vector of readChapter(`${chapter}.vec`).vectors()) if (!vector.fault && !found.has(vector.key)) found.set(vector.key, vector);
  return [...found.values()];
}

function find(chapter: string, wanted: (vector: Vector) => boolean): Vector {
  for (const vector of readChapter(`${chapter}.vec`).vectors()) if (wanted(vector)) return vector;
  throw new Error(`no such vector in ${chapter}`);
}

describe.each(CHAPTERS)('chapter %s', (chapter) => {
  it(`has at least ${LEAST_VECTORS_A_ROW} vectors for every catalogue row`, () => {
    const counts = new Map(readChapter(`${chapter}.vec`).header.rows.map(({ key, count }) => [key, count]));
    const rows = readCatalogue(chapter);
    expect(rows.filter(({ key }) => (counts.get(key) ?? 0) < LEAST_VECTORS_A_ROW).map(({ key, name }) => `${key} ${name}: ${counts.get(key) ?? 0}`)).toEqual([]);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  });

  it('decodes to the counts in its header, from the states it was recorded from, and agrees with itself', () => {
    const { header, vectors } = readChapter(`${chapter}.vec`);
    const counts = new Map<string, number>();
    const wrong: string[] = [];
    expect(digestStarts(inspected(vectors(), counts, wrong))).toBe(header.starts);
    expect(wrong).toEqual([]);
    expect(header.rows.map(({ key }) => [key, counts.get(key)])).toEqual(header.rows.map(({ key, count }) => [key, count]));
  }, 60_000);

  it('is told from an emulator that gets one thing wrong', () => {
    const corruptions: readonly [string, (actual: Actual) => Actual][] = [
      ['rip', (actual) => { actual.state.rip ^= 1n; return actual; }],
      ['r3', (actual) => { actual.state.gpr[3]! ^= 0x100n; return actual; }],
      ['IF', (actual) => { actual.state.rflags ^= 0x200; return actual; }],
      ['xmm0', (actual) => { actual.state.xmm[15]! ^= 0x80; return actual; }],
      ['mxcsr', (actual) => { actual.state.mxcsr ^= 1; return actual; }],
      ['ftw', (actual) => { actual.state.ftw ^= 1; return actual; }],
      ['fault', (actual) => ({ ...actual, fault: { vector: 6, errorCode: null, cr2: null } })],
    ];
    const missed = plainVectors(chapter).flatMap((vector) => corruptions
      .filter(([, corrupt]) => compareVector(vector, corrupt(faithful(vector))).length === 0)
      .map(([what]) => `${describeVector(vector)}: ${what}`));
    // A bit scan of zero leaves its destination undefined; nothing else may hide a wrong register.
    expect(missed.filter((line) => !/^0f\.b[cd] .*: r3$/.test(line))).toEqual([]);
  });
});

it('every committed file is a chapter of the catalogue', () => {
  expect(chapterFiles()).toEqual([...CHAPTERS].map((chapter) => `${chapter}.vec`).sort());
});

describe('the comparer', () => {
  it('masks AF after AND and compares it after ADD', () => {
    const flipAf = (vector: Vector): Actual => {
      const actual = faithful(vector);
      actual.state.rflags ^= 0x10;
      return actual;
    };
    const and = find('one-byte', ({ key, fault }) => key === '1.21' && !fault);
    const add = find('one-byte', ({ key, fault }) => key === '1.01' && !fault);
    expect(compareVector(and, flipAf(and))).toEqual([]);
    expect(compareVector(add, flipAf(add))).toHaveLength(1);
  });

  it('notices a store that is missing and a store beside the operand', () => {
    const store = find('one-byte', ({ key, memoryChanges }) => key === '1.89' && memoryChanges.length === 1);
    const { address } = store.memoryChanges[0]!;
    const unstored: Actual = { ...faithful(store), read: (at, length) => memoryAfter({ ...store, memoryChanges: [] }, at, length) };
    const beside: Actual = {
      ...faithful(store),
      read: (at, length) => memoryAfter(store, at, length).map((byte, i) => (at + i === address - 1 || at + i === address + 9 ? byte ^ 1 : byte)),
    };
    expect(compareVector(store, unstored)).not.toEqual([]);
    expect(compareVector(store, beside)).not.toEqual([]);
  });

  it('notices a wrong error code and a wrong fault address', () => {
    const page = find('one-byte', ({ fault }) => fault?.vector === 14);
    const fault = page.fault!;
    expect(compareVector(page, { ...faithful(page), fault: { ...fault, errorCode: fault.errorCode! ^ 2 } })).toHaveLength(1);
    expect(compareVector(page, { ...faithful(page), fault: { ...fault, cr2: fault.cr2! + 1n } })).toHaveLength(1);
  });
});
