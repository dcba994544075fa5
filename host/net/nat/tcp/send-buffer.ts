/** Bytes from a host socket that the guest has not acknowledged: the socket's own chunks in a row, read by offset, dropped from the front. */

export class SendBuffer {
  length = 0;
  private chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are dropped. */
  private skipped = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.length += chunk.length;
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
      const part = chunk.subarray(skip, Math.min(chunk.length, skip + left));
      target.set(part, at + count - left);
      left -= part.length;
      skip = 0;
    }
  }

  drop(count: number): void {
    this.length -= count;
    let from = this.skipped + count;
    let gone = 0;
    while (gone < this.chunks.length && from >= this.chunks[gone]!.length) from -= this.chunks[gone++]!.length;
    if (gone > 0) this.chunks.splice(0, gone);
    this.skipped = from;
  }

  clear(): void {
    this.chunks = [];
    this.skipped = 0;
    this.length = 0;
  }
}
