/** Where a snapshot's bytes are: in memory, or in a file (file.ts). */

export interface ByteSource {
  readonly bytes: number;
  /** What it is called in messages; undefined for bytes in memory. */
  readonly name: string | undefined;
  /** So many bytes from an offset, at once; fewer where it ends. Not to be written to. */
  read(offset: number, bytes: number): Uint8Array;
  /** The same, put into `to`. */
  readInto(to: Uint8Array, offset: number): void;
  close(): void;
}

export function memorySource(content: Uint8Array): ByteSource {
  return {
    bytes: content.length,
    name: undefined,
    read: (offset, bytes) => content.subarray(offset, offset + bytes),
    readInto: (to, offset) => to.set(content.subarray(offset, offset + to.length)),
    close: () => undefined,
  };
}
