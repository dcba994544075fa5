/**
 * Unpacks whatever a kernel or a module is packed with, by its magic number.
 */
import { platform } from '#platform';
import { Budget } from './budget.js';
import { unpackLz4 } from './lz4.js';
import { unpackLzma } from './lzma.js';
import { StreamError } from './stream-error.js';
import { isXz, unpackXz } from './xz.js';
import { unpackZstd } from './zstd.js';

export { Budget, LimitError, type BudgetOptions, type Limits } from './budget.js';
export { StreamError } from './stream-error.js';

export type Packing = 'gzip' | 'xz' | 'lzma' | 'lz4' | 'zstd' | 'bzip2' | 'lzo' | 'none';

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

/** Unpacks `bytes` within `budget`; throws StreamError when they are damaged, packed with something that is not supported, or too much. */
export function unpack(bytes: Uint8Array, packing: Packing, sizeHint?: number, budget = new Budget()): Uint8Array {
  if (packing === 'none') return bytes;
  const out = unpackWithin(bytes, packing, budget.room(bytes.length), sizeHint);
  budget.spendBytes(out.length, bytes.length);
  return out;
}

function unpackWithin(bytes: Uint8Array, packing: Exclude<Packing, 'none'>, room: number, sizeHint?: number): Uint8Array {
  switch (packing) {
    case 'xz':
      return unpackXz(bytes, room, sizeHint);
    case 'lzma':
      return unpackLzma(bytes, room);
    case 'lz4':
      return unpackLz4(bytes, room);
    case 'gzip':
      return describeErrors(() => platform.gunzip(bytes, room));
    case 'zstd':
      return describeErrors(() => unpackZstd(bytes, room));
    case 'bzip2':
    case 'lzo':
      throw new StreamError(`is packed with ${packing}, which is not supported`);
  }
}

function describeErrors(run: () => Uint8Array): Uint8Array {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    throw new StreamError(`cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}
