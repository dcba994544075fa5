/** Bytes by what they are and not by whose: arrays of another realm are arrays, and every buffer and view has bytes. */

/** Bytes in memory, of whatever kind; what is written to the guest is copied, and a disk's are the disk. */
export type Bytes = ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

/** A file given by path (Node only), by URL (`file:`, `http:`, `https:`, `data:`, `blob:`), or by content. */

/** The name of a value's kind, as its own realm gives it: `ArrayBuffer`, `Blob`, `URL`. */
export function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A view on the bytes of a buffer (a shared one too) or of a view of any kind; undefined for anything else. Nothing is copied. */
export function viewOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const brand = brandOf(value);
  return brand === 'ArrayBuffer' || brand === 'SharedArrayBuffer' ? new Uint8Array(value as ArrayBuffer) : undefined;
}
