/**
 * Bytes that wait, in a row: chunks, read by offset, dropped from the front. A large chunk is kept as it came; small ones are gathered in
 * blocks, and so are parts of a buffer much larger than they are, which they would hold on to. So what is held is at most a little more than
 * twice what waits, however it came.
 */

import { Block, PIECE_COST } from './block.js';

/** Chunks this long are kept as they came. */
const LARGE = 4096;

export class ByteQueue {
  length = 0;
  /** Bytes of memory held for them. */
  held = 0;
  private chunks: (Uint8Array | Block)[] = [];
  /** Bytes of the first chunk that are dropped. */
  private skipped = 0;

  /** Takes bytes that are the queue's from now on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.length += chunk.length;
    if (chunk.length >= LARGE && chunk.buffer.byteLength <= 2 * chunk.length) return this.keep(chunk);
    // Pieces of at most what a block takes.
    for (let at = 0; at < chunk.length; at += LARGE) this.gather(chunk.subarray(at, at + LARGE));
  }

  /** Takes a copy of a borrowed view. */
  pushCopy(view: Uint8Array): void {
    this.push(view.length >= LARGE ? Uint8Array.from(view) : view);
  }

  /** The first chunk, which is the caller's now. */
  shift(): Uint8Array | undefined {
    const first = this.chunks[0];
    if (first === undefined) return undefined;
    const bytes = bytesOf(first).subarray(this.skipped);
    this.drop(bytes.length);
    return bytes;
  }

  /** Copies a range that is inside. */
  copy(target: Uint8Array, at: number, offset: number, count: number): void {
    let skip = offset + this.skipped;
    let left = count;
    for (const chunk of this.chunks) {
      if (left === 0) return;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const part = bytesOf(chunk).subarray(skip, Math.min(chunk.length, skip + left));
      target.set(part, at + count - left);
      left -= part.length;
      skip = 0;
    }
  }

  drop(count: number): void {
    this.length -= count;
    let from = this.skipped + count;
    let gone = 0;
    while (gone < this.chunks.length && from >= this.chunks[gone]!.length) {
      from -= this.chunks[gone]!.length;
      this.held -= costOf(this.chunks[gone++]!);
    }
    if (gone > 0) this.chunks.splice(0, gone);
    this.skipped = from;
  }

  clear(): void {
    this.chunks = [];
    this.skipped = 0;
    this.length = 0;
    this.held = 0;
  }

  private gather(piece: Uint8Array): void {
    const last = this.chunks.at(-1);
    const before = last instanceof Block ? last.cost : 0;
    if (!(last instanceof Block) || !last.append(piece)) return this.keep(new Block(piece));
    this.held += last.cost - before;
  }

  private keep(chunk: Uint8Array | Block): void {
    this.chunks.push(chunk);
    this.held += costOf(chunk);
  }
}

function bytesOf(chunk: Uint8Array | Block): Uint8Array {
  return chunk instanceof Block ? chunk.text : chunk;
}

function costOf(chunk: Uint8Array | Block): number {
  return chunk instanceof Block ? chunk.cost : chunk.buffer.byteLength + PIECE_COST;
}
