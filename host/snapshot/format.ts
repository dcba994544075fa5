/**
 * The file of a snapshot. Numbers are little-endian. Everything lies in pages of 4096 bytes, equal pages once and zero pages nowhere:
 *
 *     0       header, a page          8 name "PINTSNAP", u32 format, u32 packing, u64 bytes of the file, u64 offset and u32 bytes of the index,
 *                                     u32 pages, the index's digest, at 64 the digest of this page with zeros in the digest's place
 *     4096    pages, or, packed, blocks of up to 256 pages, each deflated (RFC 1951)
 *     ..      index                   u32 sections, u32 blocks, two words 0; a digest for each page; a row for each block; a row for each section;
 *                                     then for each section a u32 for each of its pages: 0 for zeros, else one more than the number of its page
 *
 * A section is a part of the machine by name, with the version of its layout (assembly/base/regions.ts), so that another build can tell what it
 * knows. The digests hold over everything: the header's over itself, the index's over the index, and in it one for each block and each page.
 */

import { DIGEST_BYTES, digestInto, hasDigest } from './digest.js';
import { SnapshotError } from './errors.js';

export const MAGIC = 'PINTSNAP';
export const FORMAT = 4;
export const PAGE = 4096;
export const BLOCK_PAGES = 256;
export const enum Packing { PLAIN, DEFLATE }

const FIELD = { format: 8, packing: 12, bytes: 16, indexAt: 24, indexBytes: 32, pages: 36, indexDigest: 40, digest: 64 } as const;

export interface Header {
  packing: Packing;
  /** Of the whole file. */
  bytes: number;
  indexAt: number;
  indexBytes: number;
  /** Different pages that are not zero. */
  pages: number;
  indexDigest: Uint32Array;
}

export function writeHeader({ packing, bytes, indexAt, indexBytes, pages, indexDigest }: Header): Uint8Array {
  const out = new Uint8Array(PAGE);
  const view = new DataView(out.buffer);
  out.set(new TextEncoder().encode(MAGIC));
  view.setUint32(FIELD.format, FORMAT, true);
  view.setUint32(FIELD.packing, packing, true);
  view.setBigUint64(FIELD.bytes, BigInt(bytes), true);
  view.setBigUint64(FIELD.indexAt, BigInt(indexAt), true);
  view.setUint32(FIELD.indexBytes, indexBytes, true);
  view.setUint32(FIELD.pages, pages, true);
  const words = new Uint32Array(out.buffer);
  words.set(indexDigest, FIELD.indexDigest / 4);
  const digest = new Uint32Array(DIGEST_BYTES / 4);
  digestInto(out, digest, 0);
  words.set(digest, FIELD.digest / 4);
  return out;
}

/** `page`: the first 4096 bytes of a file of `fileBytes`, or all there is of it. */
export function readHeader(page: Uint8Array, fileBytes: number): Header {
  const name = String.fromCharCode(...page.subarray(0, MAGIC.length));
  if (name !== MAGIC) throw new SnapshotError('This is no snapshot: it does not start with the name of the format.', 'header', 0);
  if (page.length < PAGE) throw new SnapshotError(`The snapshot is damaged: it ends after ${page.length} bytes, within its header.`, 'header', page.length);
  const own = page.slice(0, PAGE);
  const view = new DataView(own.buffer);
  const format = view.getUint32(FIELD.format, true);
  const words = new Uint32Array(own.buffer);
  const digest = words.slice(FIELD.digest / 4, FIELD.digest / 4 + DIGEST_BYTES / 4);
  words.fill(0, FIELD.digest / 4, FIELD.digest / 4 + DIGEST_BYTES / 4);
  const isWhole = hasDigest(own, digest, 0);
  if (format !== FORMAT && (isWhole || format < FORMAT)) {
    throw new SnapshotError(`The snapshot has format version ${format}, this build reads version ${FORMAT}. Take a new one with this build.`, 'header', FIELD.format);
  }
  if (!isWhole || format !== FORMAT) throw new SnapshotError('The snapshot is damaged: the digest of its header (offset 0) differs.', 'header', 0);
  const header = {
    packing: view.getUint32(FIELD.packing, true) as Packing,
    bytes: Number(view.getBigUint64(FIELD.bytes, true)),
    indexAt: Number(view.getBigUint64(FIELD.indexAt, true)),
    indexBytes: view.getUint32(FIELD.indexBytes, true),
    pages: view.getUint32(FIELD.pages, true),
    indexDigest: words.slice(FIELD.indexDigest / 4, FIELD.indexDigest / 4 + DIGEST_BYTES / 4),
  };
  checkHeader(header, fileBytes);
  return header;
}

function checkHeader({ packing, bytes, indexAt, indexBytes }: Header, fileBytes: number): void {
  if (bytes !== fileBytes) throw new SnapshotError(`The snapshot is damaged: the file has ${fileBytes} bytes, its header says ${bytes}.`, 'header', FIELD.bytes);
  const fits = indexAt % 4 === 0 && indexAt >= PAGE && indexAt + indexBytes === bytes && packing <= Packing.DEFLATE;
  if (!fits) throw new SnapshotError('The snapshot is damaged: its header says what cannot be.', 'header', FIELD.packing);
}
