/** QEMU's framing on byte streams: a 32-bit big-endian length, then the frame. */

import { get32, put32 } from './bytes.js';

const HEADER_BYTES = 4;
/** QEMU's own bound (NET_BUFSIZE): 64 KiB and room for headers. */
export const MAX_STREAM_FRAME = 4096 + 65536;

export function frameBytes(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + frame.length);
  put32(bytes, 0, frame.length);
  bytes.set(frame, HEADER_BYTES);
  return bytes;
}

/** Cuts a byte stream into frames. Holds what came until it is a whole frame that was taken. */
export class FrameReader {
  private bytes = new Uint8Array(0);
  private start = 0;
  private end = 0;

  push(chunk: Uint8Array): void {
    this.makeRoom(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Bytes held: the caller stops reading while `deliver` refuses, so at most one chunk more than a frame. */
  get held(): number {
    return this.end - this.start;
  }

  /** Gives whole frames (borrowed views) until one is refused. `malformed`: a length no frame has; the stream is of no use any more. */
  drain(deliver: (frame: Uint8Array) => boolean): 'empty' | 'refused' | 'malformed' {
    while (this.held >= HEADER_BYTES) {
      const length = get32(this.bytes, this.start);
      if (length === 0 || length > MAX_STREAM_FRAME) return 'malformed';
      const from = this.start + HEADER_BYTES;
      if (from + length > this.end) return 'empty';
      if (!deliver(this.bytes.subarray(from, from + length))) return 'refused';
      this.start = from + length;
    }
    return 'empty';
  }

  clear(): void {
    this.start = this.end = 0;
  }

  private makeRoom(count: number): void {
    if (this.end + count <= this.bytes.length) return;
    const { held } = this;
    const target = held + count <= this.bytes.length ? this.bytes : new Uint8Array(Math.max(2 * (held + count), 1 << 17));
    target.set(this.bytes.subarray(this.start, this.end));
    this.bytes = target;
    this.start = 0;
    this.end = held;
  }
}
