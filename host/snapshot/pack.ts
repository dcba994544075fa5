/** Packed snapshots: the same file with its pages deflated a block at a time, for keeping and sending. Read and written in Node and in a page alike. */

import { hasDigest } from './digest.js';
import { SnapshotError } from './errors.js';
import { BLOCK_PAGES, Packing, PAGE, readHeader } from './format.js';
import type { Block } from './index-table.js';
import { openIndex, openPlain, type SnapshotFile } from './read.js';
import { memorySource, type ByteSource } from './source.js';
import { encodePacked, join } from './write.js';

/** Deflates one block (RFC 1951, no wrapper). A platform may bring a faster one; any reads what any wrote. */
export type Deflate = (bytes: Uint8Array) => Promise<Uint8Array>;

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream, most = Infinity): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // What goes wrong is told by the readable side, too.
  writer.write(bytes as BufferSource).catch(() => undefined);
  writer.close().catch(() => undefined);
  const chunks: Uint8Array[] = [];
  let total = 0;
  const reader = (stream.readable as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return join(chunks);
    total += value.length;
    if (total > most) throw new RangeError('there is more than there should be');
    chunks.push(value);
  }
}

const deflateAnywhere: Deflate = (bytes) => through(bytes, new CompressionStream('deflate-raw'));

/** Blocks at work at a time: more would only hold memory. */
const AT_ONCE = 4;

async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const out: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) out[i] = await work(items[i]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return out;
}

/** Packs a snapshot that is not packed; a packed one is given back as it is. */
export async function packSnapshot(plain: Uint8Array, deflate: Deflate = deflateAnywhere): Promise<Uint8Array> {
  const source = memorySource(plain);
  if (readHeader(source.read(0, PAGE), source.bytes).packing !== Packing.PLAIN) return plain;
  const { header, index } = openIndex(source);
  const starts = Array.from({ length: Math.ceil(header.pages / BLOCK_PAGES) }, (_, i) => PAGE + i * BLOCK_PAGES * PAGE);
  const stored = await each(starts, (start) => deflate(plain.subarray(start, Math.min(start + BLOCK_PAGES * PAGE, header.indexAt))));
  return join(encodePacked(index, stored, BLOCK_PAGES));
}

async function inflateBlock(source: ByteSource, block: Block): Promise<Uint8Array> {
  const damaged = (why: string): SnapshotError =>
    new SnapshotError(`The snapshot is damaged: pages ${block.first} to ${block.first + block.count - 1} of the file (offset ${block.offset}): ${why}.`, 'pages', block.offset);
  const bytes = source.read(block.offset, block.stored);
  if (!hasDigest(bytes, block.digest, 0)) throw damaged('the digest differs');
  if (source.read(block.offset + block.stored, -block.stored & 3).some((byte) => byte !== 0)) throw damaged('what fills it up is not zero');
  const wanted = block.count * PAGE;
  const out = await through(bytes, new DecompressionStream('deflate-raw'), wanted).catch(() => undefined);
  if (out?.length !== wanted) throw damaged('they do not unpack');
  return out;
}

/** Whether its pages are deflated. Throws SnapshotError where it is no snapshot; then the source is closed. */
export function isPacked(source: ByteSource): boolean {
  try {
    return readHeader(source.read(0, PAGE), source.bytes).packing !== Packing.PLAIN;
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Opens a snapshot for reading; a packed one is unpacked in memory, and its source closed. */
export async function openSnapshotFile(source: ByteSource): Promise<SnapshotFile> {
  const { header, index } = openIndex(source);
  if (header.packing === Packing.PLAIN) return openPlain(source);
  const pages = index.blocks.reduce((sum, { count }) => sum + count, 0);
  const end = index.blocks.reduce((_, { offset, stored }) => offset + stored + (-stored & 3), PAGE);
  if (pages !== header.pages || end !== header.indexAt) throw new SnapshotError('The snapshot is damaged: its blocks do not hold its pages.', 'index', header.indexAt);
  const content = join([new Uint8Array(PAGE), ...await each(index.blocks, (block) => inflateBlock(source, block))]);
  source.close();
  return { header: { ...header, packing: Packing.PLAIN }, source: { ...memorySource(content), name: source.name }, ...index };
}
