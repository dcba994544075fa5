/**
 * Unpacks .xz, with the filters kernels and their modules use: LZMA2, alone or behind the x86 branch filter.
 *
 * Follows "The .xz File Format" 1.2.0. The maintained packages for this either leave the branch filter out (which kernel
 * images need) or bring a native addon, so this is ours. CRC32 checks are verified; CRC64 and SHA-256 are skipped over.
 * Only the first stream is read: a kernel image carries four bytes of its own after it.
 */
import { undoBcjX86 } from './bcj-x86.js';
import { crc32 } from './crc32.js';
import { createLzmaDecoder, type LzmaDecoder } from './lzma.js';
import { StreamError } from './stream-error.js';

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FILTER_BCJ_X86 = 0x04;
const FILTER_LZMA2 = 0x21;
const CHECK_CRC32 = 1;
/** A stated size beyond this many times the packed one is not believed before the data shows it. */
const HINT_RATIO = 32;
/** The size of the check field, by check id (section 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

export function isXz(bytes: Uint8Array): boolean {
  return MAGIC.every((value, index) => bytes[index] === value);
}

/** A multibyte integer of section 1.2, and where it ends. */
function readVariable(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new StreamError('ends in the middle of a header');
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  throw new StreamError('has a number that is too long');
}

interface BlockHeader {
  next: number;
  branchFilter: boolean;
  unpackedBytes: number | undefined;
}

function readBlockHeader(bytes: Uint8Array, at: number): BlockHeader {
  const end = at + (bytes[at]! + 1) * 4;
  if (end > bytes.length) throw new StreamError('ends in the middle of a block header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32(bytes.subarray(at, end - 4)) !== view.getUint32(end - 4, true)) {
    throw new StreamError('has a block header with a wrong checksum');
  }
  const flags = bytes[at + 1]!;
  let next = at + 2;
  if (flags & 0x40) next = readVariable(bytes, next).next;
  let unpackedBytes: number | undefined;
  if (flags & 0x80) ({ value: unpackedBytes, next } = readVariable(bytes, next));
  const filters: number[] = [];
  for (let i = 0; i <= (flags & 3); i++) {
    const id = readVariable(bytes, next);
    const size = readVariable(bytes, id.next);
    filters.push(id.value);
    next = size.next + size.value;
  }
  const branchFilter = filters.length === 2 && filters[0] === FILTER_BCJ_X86;
  if (filters[filters.length - 1] !== FILTER_LZMA2 || (filters.length === 2 && !branchFilter) || filters.length > 2) {
    throw new StreamError(`uses filters ${filters.map((id) => `0x${id.toString(16)}`).join(', ')}, which are not supported`);
  }
  return { next: end, branchFilter, unpackedBytes };
}

/** Decodes one LZMA2 sequence of chunks (section 5.3.1); returns where it ended. */
function decodeLzma2(decoder: LzmaDecoder, bytes: Uint8Array, start: number): number {
  let at = start;
  let needsDictionary = true;
  let needsProperties = true;
  for (;;) {
    const control = bytes[at];
    if (control === undefined) throw new StreamError('ends in the middle of its data');
    if (control === 0) return at + 1;
    if (control === 1 || control >= 0xe0) {
      decoder.resetDictionary();
      needsDictionary = false;
    } else if (needsDictionary) {
      throw new StreamError('does not start with a dictionary reset');
    }
    const size = ((bytes[at + 1]! << 8) | bytes[at + 2]!) + 1;
    if (control < 0x80) {
      if (control > 2) throw new StreamError(`has an unknown chunk 0x${control.toString(16)}`);
      const data = bytes.subarray(at + 3, at + 3 + size);
      if (data.length < size) throw new StreamError('ends in the middle of its data');
      decoder.store(data);
      at += 3 + size;
      continue;
    }
    const unpacked = size + ((control & 0x1f) << 16);
    const packed = ((bytes[at + 3]! << 8) | bytes[at + 4]!) + 1;
    at += 5;
    if (control >= 0xc0) {
      decoder.setProperties(bytes[at++]!);
      needsProperties = false;
    }
    if (needsProperties) throw new StreamError('does not state its properties');
    if (control >= 0xa0) decoder.resetState();
    const end = at + packed;
    if (end > bytes.length) throw new StreamError('ends in the middle of its data');
    decoder.decode(bytes, at, end, unpacked);
    at = end;
  }
}

export function unpackXz(packed: Uint8Array, limit: number, sizeHint = packed.length * 6): Uint8Array {
  if (!isXz(packed) || packed.length < 24) throw new StreamError('is too short for its header');
  const check = packed[7]! & 0x0f;
  const blocks: Uint8Array[] = [];
  let total = 0;
  let at = 12;
  while (packed[at] !== 0) {
    if (at >= packed.length) throw new StreamError('ends before its index');
    const header = readBlockHeader(packed, at);
    const decoder = createLzmaDecoder(Math.min(header.unpackedBytes ?? sizeHint, packed.length * HINT_RATIO), limit - total);
    let next = decodeLzma2(decoder, packed, header.next);
    const data = decoder.result();
    if (header.branchFilter) undoBcjX86(data);
    next += (4 - ((next - header.next) & 3)) & 3;
    if (next + CHECK_BYTES[check]! > packed.length) throw new StreamError('ends before its checksum');
    if (check === CHECK_CRC32) {
      const stated = new DataView(packed.buffer, packed.byteOffset, packed.byteLength).getUint32(next, true);
      if (stated !== crc32(data)) throw new StreamError('has data with a wrong checksum');
    }
    at = next + CHECK_BYTES[check]!;
    blocks.push(data);
    total += data.length;
  }
  if (blocks.length === 1) return blocks[0]!;
  const out = new Uint8Array(total);
  let offset = 0;
  for (const block of blocks) {
    out.set(block, offset);
    offset += block.length;
  }
  return out;
}
