/**
 * Unpacks the "legacy" frames of LZ4, which kernels are packed with: a magic number, then blocks, each behind its packed size.
 * Follows "LZ4 Frame Format" 1.6.x (Legacy frame) and "LZ4 Block Format".
 */
import { StreamError } from './stream-error.js';

const LEGACY_MAGIC = 0x184c2102;
const BLOCK_LIMIT = 8 << 20;

/** Appends one block's bytes to `out` at `at`; returns where they end. */
function unpackBlock(block: Uint8Array, out: Uint8Array, at: number): number {
  const start = at;
  let from = 0;
  function extended(length: number): number {
    let total = length;
    if (length !== 15) return total;
    for (let byte = 255; byte === 255; total += byte) {
      if (from >= block.length) throw new StreamError('ends in the middle of a block');
      byte = block[from++]!;
    }
    return total;
  }
  while (from < block.length) {
    const token = block[from++]!;
    const literals = extended(token >> 4);
    if (from + literals > block.length || at + literals > out.length) throw new StreamError('has a run past the end of a block');
    out.set(block.subarray(from, from + literals), at);
    from += literals;
    at += literals;
    if (from === block.length) break; // the last sequence has no match
    const distance = block[from]! | ((block[from + 1] ?? 0) << 8);
    from += 2;
    const size = extended(token & 15) + 4;
    if (distance === 0 || distance > at - start || at + size > out.length) throw new StreamError('has a match outside its block');
    if (distance >= size) out.copyWithin(at, at - distance, at - distance + size);
    else for (let i = 0; i < size; i++) out[at + i] = out[at + i - distance]!;
    at += size;
  }
  return at;
}

export function unpackLz4(packed: Uint8Array, limit: number): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const blocks: Uint8Array[] = [];
  const room = new Uint8Array(BLOCK_LIMIT);
  let total = 0;
  // A kernel image adds its unpacked size after the last block: too few bytes to be a block of their own.
  for (let at = 4; at + 4 < packed.length; ) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === LEGACY_MAGIC) continue;
    if (at + size > packed.length) throw new StreamError('ends in the middle of a block');
    const length = unpackBlock(packed.subarray(at, at + size), room, 0);
    total += length;
    if (total > limit) throw new StreamError(`unpacks to more than ${limit} bytes`);
    if (length > 0) blocks.push(room.slice(0, length));
    at += size;
  }
  const whole = new Uint8Array(total);
  let offset = 0;
  for (const block of blocks) {
    whole.set(block, offset);
    offset += block.length;
  }
  return whole;
}
