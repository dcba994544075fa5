/**
 * Unpacks whatever a kernel or a module is packed with, by its magic number.
 */
import { gunzipSync } from 'node:zlib';
import { decompress as unpackZstd } from 'fzstd';
import { unpackLz4 } from './lz4.js';
import { StreamError, unpackLzma } from './lzma.js';
import { isXz, unpackXz } from './xz.js';

export { StreamError } from './lzma.js';

export type Packing = 'gzip' | 'xz' | 'lzma' | 'lz4' | 'zstd' | 'bzip2' | 'lzo' | 'none';

/** The most that any payload may unpack to. */
const LIMIT = 1 << 30;

function startsWith(bytes: Uint8Array, ...magic: number[]): boolean {
  return magic.every((value, index) => bytes[index] === value);
}

export function detectPacking(bytes: Uint8Array): Packing {
  if (startsWith(bytes, 0x1f, 0x8b)) return 'gzip';
  if (isXz(bytes)) return 'xz';
  if (startsWith(bytes, 0x5d, 0x00, 0x00)) return 'lzma';
  if (startsWith(bytes, 0x02, 0x21, 0x4c, 0x18)) return 'lz4';
  if (startsWith(bytes, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (startsWith(bytes, 0x42, 0x5a, 0x68)) return 'bzip2';
  if (startsWith(bytes, 0x89, 0x4c, 0x5a, 0x4f)) return 'lzo';
  return 'none';
}

/** Unpacks `bytes`; throws StreamError when they are damaged, or packed with something that is not supported. */
export function unpack(bytes: Uint8Array, packing: Packing, sizeHint?: number): Uint8Array {
  switch (packing) {
    case 'none':
      return bytes;
    case 'xz':
      return unpackXz(bytes, LIMIT, sizeHint);
    case 'lzma':
      return unpackLzma(bytes, LIMIT);
    case 'lz4':
      return unpackLz4(bytes, LIMIT);
    case 'gzip':
      return describeErrors(() => gunzipSync(bytes, { maxOutputLength: LIMIT }));
    case 'zstd':
      return describeErrors(() => unpackZstd(bytes));
    case 'bzip2':
    case 'lzo':
      throw new StreamError(`is packed with ${packing}, which is not supported`);
  }
}

function describeErrors(run: () => Uint8Array): Uint8Array {
  try {
    return run();
  } catch (cause) {
    throw new StreamError(`cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}
