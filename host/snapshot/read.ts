/** Reading a snapshot's file (format.ts): its header and index at once, its pages when they are asked for, each held against its digest. */

import { hasDigest } from './digest.js';
import { SnapshotError } from './errors.js';
import { Packing, PAGE, readHeader, type Header } from './format.js';
import { readIndex, type Index, type Section } from './index-table.js';
import type { ByteSource } from './source.js';

/** An open snapshot, not packed. */
export interface SnapshotFile extends Index {
  header: Header;
  source: ByteSource;
}

/** Header and index; both are whole. */
export function openIndex(source: ByteSource): { header: Header; index: Index } {
  const header = readHeader(source.read(0, PAGE), source.bytes);
  const raw = source.read(header.indexAt, header.indexBytes);
  const bytes = raw.byteOffset % 4 === 0 ? raw : raw.slice();
  if (!hasDigest(bytes, header.indexDigest, 0)) {
    throw new SnapshotError(`The snapshot is damaged: the digest of its index (offset ${header.indexAt}) differs.`, 'index', header.indexAt);
  }
  return { header, index: readIndex(bytes, header) };
}

export function openPlain(source: ByteSource): SnapshotFile {
  const { header, index } = openIndex(source);
  if (header.packing !== Packing.PLAIN || header.indexAt !== PAGE * (1 + header.pages)) {
    throw new SnapshotError('The snapshot is damaged: its pages are not where its header says.', 'header', 12);
  }
  return { header, source, ...index };
}

export const pageOffset = (page: number): number => PAGE * (1 + page);

/** Puts page `number` of the file into `to`; `section` and `at` say in messages whose it is. */
export function readPage(file: SnapshotFile, number: number, to: Uint8Array, section: Section, at: number): void {
  file.source.readInto(to, pageOffset(number));
  if (hasDigest(to, file.digests, number * 4)) return;
  const where = `page ${at} of section "${section.name}", offset ${pageOffset(number)} of the file`;
  throw new SnapshotError(`The snapshot is damaged: the digest of ${where} differs.`, section.name, pageOffset(number));
}

export function sectionNamed(file: SnapshotFile, name: string): Section | undefined {
  return file.sections.find((section) => section.name === name);
}

/** A section's content, each page held against its digest. */
export function readSection(file: SnapshotFile, section: Section): Uint8Array {
  const out = new Uint8Array(section.pages.length * PAGE);
  section.pages.forEach((page, i) => {
    if (page !== 0) readPage(file, page - 1, out.subarray(i * PAGE, (i + 1) * PAGE), section, i);
  });
  return out.subarray(0, section.bytes);
}

/** Holds every page against its digest. */
export function verify(file: SnapshotFile): void {
  const seen = new Uint8Array(file.header.pages);
  const scratch = new Uint8Array(PAGE);
  for (const section of file.sections) {
    section.pages.forEach((page, i) => {
      if (page === 0 || seen[page - 1] === 1) return;
      seen[page - 1] = 1;
      readPage(file, page - 1, scratch, section, i);
    });
  }
  const unused = seen.indexOf(0);
  if (unused >= 0) throw new SnapshotError(`The snapshot is damaged: no section has page ${unused} of the file.`, 'index', file.header.indexAt);
}
