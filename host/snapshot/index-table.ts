/** The index of a snapshot (format.ts): what sections there are and where each of their pages lies. */

import { SnapshotError } from './errors.js';
import { PAGE, type Header } from './format.js';

const HEAD_WORDS = 4;
const DIGEST_WORDS = 4;
/** Offset (two words), stored bytes, first page, pages, a word 0, digest. */
const BLOCK_WORDS = 6 + DIGEST_WORDS;
const NAME_WORDS = 8;
/** Name, version, bytes, two words 0. */
const SECTION_WORDS = NAME_WORDS + 4;
export const NAME_BYTES = 4 * NAME_WORDS;

export interface Section {
  name: string;
  version: number;
  bytes: number;
  /** For each page of the section: 0 for zeros, else one more than the number of its page in the file. */
  pages: Uint32Array;
}

/** Pages that were deflated together. */
export interface Block {
  offset: number;
  stored: number;
  first: number;
  count: number;
  digest: Uint32Array;
}

export interface Index {
  sections: Section[];
  blocks: Block[];
  /** Four words for each page of the file. */
  digests: Uint32Array;
}

export const pagesIn = (bytes: number): number => Math.ceil(bytes / PAGE);

export function writeIndex({ sections, blocks, digests }: Index): Uint8Array {
  const tableWords = sections.reduce((sum, { pages }) => sum + pages.length, 0);
  const words = new Uint32Array(HEAD_WORDS + digests.length + blocks.length * BLOCK_WORDS + sections.length * SECTION_WORDS + tableWords);
  const out = new Uint8Array(words.buffer);
  words.set([sections.length, blocks.length]);
  words.set(digests, HEAD_WORDS);
  let at = HEAD_WORDS + digests.length;
  for (const { offset, stored, first, count, digest } of blocks) {
    words.set([offset >>> 0, Math.floor(offset / 2 ** 32), stored, first, count, 0, ...digest], at);
    at += BLOCK_WORDS;
  }
  for (const { name, version, bytes } of sections) {
    out.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES), at * 4);
    words.set([version, bytes], at + NAME_WORDS);
    at += SECTION_WORDS;
  }
  for (const { pages } of sections) {
    words.set(pages, at);
    at += pages.length;
  }
  return out;
}

function damaged(why: string, offset: number): never {
  throw new SnapshotError(`The snapshot is damaged: ${why} (index, offset ${offset}).`, 'index', offset);
}

function readBlocks(words: Uint32Array, count: number, at: number, header: Header): Block[] {
  const blocks = Array.from({ length: count }, (_, i): Block => {
    const [low, high, stored, first, pages] = words.subarray(at + i * BLOCK_WORDS, at + (i + 1) * BLOCK_WORDS) as unknown as [number, number, number, number, number];
    return { offset: low + high * 2 ** 32, stored, first, count: pages, digest: words.slice(at + i * BLOCK_WORDS + 6, at + (i + 1) * BLOCK_WORDS) };
  });
  let next = PAGE, page = 0;
  blocks.forEach(({ offset, stored, first, count: pages }, i) => {
    if (offset !== next || first !== page || pages > header.pages - page || offset + stored > header.indexAt) damaged(`block ${i} is not where it should be`, header.indexAt + (at + i * BLOCK_WORDS) * 4);
    next = offset + ((stored + 3) & ~3);
    page += pages;
  });
  return blocks;
}

function readSections(words: Uint32Array, count: number, at: number, header: Header): Section[] {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  let table = at + count * SECTION_WORDS;
  const names = new Set<string>();
  return Array.from({ length: count }, (_, i) => {
    const row = at + i * SECTION_WORDS;
    const name = new TextDecoder().decode(bytes.subarray(row * 4, row * 4 + NAME_BYTES)).replace(/\0+$/, '');
    const [version, size] = [words[row + NAME_WORDS]!, words[row + NAME_WORDS + 1]!];
    const end = table + pagesIn(size);
    if (end > words.length || names.has(name)) damaged(`section ${i} does not fit`, header.indexAt + row * 4);
    names.add(name);
    const pages = words.subarray(table, end);
    const wrong = pages.findIndex((page) => page > header.pages);
    if (wrong >= 0) damaged(`page ${wrong} of section "${name}" is none of the file's ${header.pages}`, header.indexAt + (table + wrong) * 4);
    table = end;
    return { name, version, bytes: size, pages };
  });
}

/** `bytes`: those the header says, whose digest has been looked at; their start is a multiple of four. */
export function readIndex(bytes: Uint8Array, header: Header): Index {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
  const digestWords = header.pages * DIGEST_WORDS;
  const [sections = 0, blocks = 0] = words;
  const rowsAt = HEAD_WORDS + digestWords;
  const sectionsAt = rowsAt + blocks * BLOCK_WORDS;
  if (words.length < HEAD_WORDS || sectionsAt + sections * SECTION_WORDS > words.length) damaged('it is too short for what it lists', header.indexAt);
  return {
    digests: words.subarray(HEAD_WORDS, rowsAt),
    blocks: readBlocks(words, blocks, rowsAt, header),
    sections: readSections(words, sections, sectionsAt, header),
  };
}
