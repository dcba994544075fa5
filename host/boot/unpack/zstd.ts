/**
 * zstd, by fzstd, within a limit. The package unpacks a whole file at once and allocates what the file says of itself, so the file's frames
 * and blocks are looked at first: RFC 8878, 3.1.1 (frame header) and 3.1.1.2 (blocks). Where the blocks could become more than the limit
 * and yet need not, the file is unpacked block by block, slower, and stopped when it does.
 */
import { decompress, Decompress } from 'fzstd';
import { LimitError } from './budget.js';
import { StreamError } from './stream-error.js';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;
/** What any compressed block may become (3.1.1.2.3). */
const BLOCK_LIMIT = 128 << 10;
/** Larger windows than the limit are not asked for by small files. 2^27 is what `zstd --ultra` and kernels have. */
const WINDOW = 1 << 27;
const PIECE = 4096;
const RAW = 0;
const RLE = 1;
const RESERVED = 3;

/** The most that a file can become, from the headers of its blocks, and the largest size or window that it states. */
function bounds(bytes: Uint8Array): { most: number; stated: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let most = 0;
  let stated = 0;
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw new StreamError('ends in the middle of a header');
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === SKIPPABLE) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    if (magic !== MAGIC) throw new StreamError(`has no zstd frame at byte ${at}`);
    const header = readHeader(bytes, at);
    stated = Math.max(stated, header.stated);
    at = header.next;
    for (let last = false; !last; ) {
      if (at + 3 > bytes.length) throw new StreamError('ends in the middle of its data');
      const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      const type = (block >> 1) & 3;
      const size = block >> 3;
      if (type === RESERVED) throw new StreamError(`has an unknown block at byte ${at}`);
      most += type === RAW || type === RLE ? size : BLOCK_LIMIT;
      at += 3 + (type === RLE ? 1 : size);
      last = (block & 1) !== 0;
    }
    if (header.checksum) at += 4;
  }
  return { most, stated };
}

function readHeader(bytes: Uint8Array, at: number): { stated: number; checksum: boolean; next: number } {
  const descriptor = bytes[at + 4]!;
  const single = (descriptor & 0x20) !== 0;
  const window = bytes[at + 5] ?? 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const sizeAt = at + 5 + (single ? 0 : 1) + dictionary;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  let content = sizeBytes === 2 ? 256 : 0;
  for (let i = 0; i < sizeBytes; i++) content += (bytes[sizeAt + i] ?? 0) * 256 ** i;
  const asked = single ? 0 : 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  return { stated: Math.max(content, asked > WINDOW ? asked : 0), checksum: (descriptor & 4) !== 0, next: sizeAt + sizeBytes };
}

/** Unpacks a file to at most `room` bytes; throws LimitError when that is too little. */
export function unpackZstd(bytes: Uint8Array, room: number): Uint8Array {
  const { most, stated } = bounds(bytes);
  if (stated > room) throw new LimitError(`states a size of ${stated} bytes, more than ${room}`);
  return most <= room ? decompress(bytes) : unpackByBlocks(bytes, room);
}

/** Unpacks the first frame; what is behind it is not looked at. */
export function unpackFirstFrame(bytes: Uint8Array, room: number): Uint8Array {
  const header = readHeader(bytes, 0);
  let at = header.next;
  for (let last = false; !last; ) {
    if (at + 3 > bytes.length) throw new StreamError('ends in the middle of its data');
    const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    at += 3 + (((block >> 1) & 3) === RLE ? 1 : block >> 3);
    last = (block & 1) !== 0;
  }
  return unpackZstd(bytes.subarray(0, at + (header.checksum ? 4 : 0)), room);
}

function unpackByBlocks(bytes: Uint8Array, room: number): Uint8Array {
  const out = new Uint8Array(room);
  let total = 0;
  const stream = new Decompress((part) => {
    if (total + part.length > room) throw new LimitError(`unpacks to more than ${room} bytes`);
    out.set(part, total);
    total += part.length;
  });
  for (let at = 0; at < bytes.length; at += PIECE) stream.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
  return out.slice(0, total);
}
