/** Streams of bytes as the web has them. */

/** Bytes each way, as streams of the web; `pintail/node` turns Node's own into these and back. */
export interface ByteStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array | string>;
}

/** A stream that may be a terminal: it knows its size, and says when that has changed. */
export interface TerminalStream extends ByteStream {
  size?(): { columns: number; rows: number } | undefined;
  onResize?(listener: () => void): void;
}
