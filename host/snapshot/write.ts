/** Making a snapshot's file from its sections (format.ts). */

import { digestInto } from './digest.js';
import { Packing, PAGE, writeHeader } from './format.js';
import { pagesIn, writeIndex, type Block, type Index, type Section } from './index-table.js';

/** A part of the machine as it lies in memory. */
export interface Part {
  name: string;
  version: number;
  content: Uint8Array;
}

function isZero(words: Uint32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (words[i] !== 0) return false;
  return true;
}

/** Pages by content: each once. */
class PageSet {
  readonly pages: Uint8Array[] = [];
  private digests = new Uint32Array(4 << 12);
  private readonly known = new Map<number, number[]>();

  /** The number of a page with this content. */
  add(page: Uint8Array): number {
    const at = this.pages.length * 4;
    if (at === this.digests.length) this.grow();
    digestInto(page, this.digests, at);
    const key = this.digests[at]! * 2 ** 21 + (this.digests[at + 1]! >>> 11);
    const same = this.known.get(key)?.find((other) => this.isSame(other, at, page));
    if (same !== undefined) return same;
    const number = this.pages.push(page) - 1;
    const others = this.known.get(key);
    if (others === undefined) this.known.set(key, [number]);
    else others.push(number);
    return number;
  }

  private isSame(other: number, at: number, page: Uint8Array): boolean {
    for (let i = 0; i < 4; i++) if (this.digests[other * 4 + i] !== this.digests[at + i]) return false;
    return this.pages[other]!.every((byte, i) => byte === page[i]);
  }

  private grow(): void {
    const larger = new Uint32Array(this.digests.length * 2);
    larger.set(this.digests);
    this.digests = larger;
  }

  get used(): Uint32Array {
    return this.digests.subarray(0, this.pages.length * 4);
  }
}

function pageAt(content: Uint8Array, start: number): Uint8Array {
  const page = content.subarray(start, start + PAGE);
  if (page.length === PAGE) return page;
  const padded = new Uint8Array(PAGE);
  padded.set(page);
  return padded;
}

function sectionOf({ name, version, content }: Part, set: PageSet): Section {
  const pages = new Uint32Array(pagesIn(content.length));
  const whole = content.byteOffset % 4 === 0 ? content : content.slice();
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.length >> 2);
  for (let i = 0; i < pages.length; i++) {
    const first = i * (PAGE / 4), end = first + PAGE / 4;
    if (end <= words.length && isZero(words, first, end)) continue;
    const page = pageAt(whole, i * PAGE);
    if (end <= words.length || page.some((byte) => byte !== 0)) pages[i] = set.add(page) + 1;
  }
  return { name, version, bytes: content.length, pages };
}

/** Puts the parts of a file behind one another. */
function assemble(packing: Packing, chunks: readonly Uint8Array[], pages: number, index: Index): Uint8Array[] {
  const table = writeIndex(index);
  const indexAt = PAGE + chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const indexDigest = new Uint32Array(4);
  digestInto(table, indexDigest, 0);
  return [writeHeader({ packing, bytes: indexAt + table.length, indexAt, indexBytes: table.length, pages, indexDigest }), ...chunks, table];
}

/** The file, not packed, as parts that refer to `parts`' own memory: to be written or joined before that changes. */
export function encodePlain(parts: readonly Part[]): Uint8Array[] {
  const set = new PageSet();
  const sections = parts.map((part) => sectionOf(part, set));
  return assemble(Packing.PLAIN, set.pages, set.pages.length, { sections, blocks: [], digests: set.used });
}

/** The file of the same sections with its pages deflated: `blocks` as they are stored, each with its place and digest to be filled in. */
export function encodePacked({ sections, digests }: Index, stored: readonly Uint8Array[], blockPages: number): Uint8Array[] {
  const pages = digests.length / 4;
  let offset = PAGE;
  const chunks: Uint8Array[] = [];
  const blocks = stored.map((bytes, i): Block => {
    const digest = new Uint32Array(4);
    digestInto(bytes, digest, 0);
    const block = { offset, stored: bytes.length, first: i * blockPages, count: Math.min(blockPages, pages - i * blockPages), digest };
    // What follows starts at a multiple of four; the digest of the padding is that it is zero.
    const padding = new Uint8Array(-bytes.length & 3);
    chunks.push(bytes, padding);
    offset += bytes.length + padding.length;
    return block;
  });
  return assemble(Packing.DEFLATE, chunks, pages, { sections, blocks, digests });
}

export function join(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
