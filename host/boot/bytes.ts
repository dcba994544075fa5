/** Little-endian bytes of tables that are written field by field. */

/** `value` in so many bytes, lowest first. */
export function little(width: number, value: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

/** A text in ASCII, filled up or cut to `width` bytes where one is given. */
export function ascii(text: string, width = text.length, fill = ' '): Uint8Array {
  return Uint8Array.from(text.padEnd(width, fill).slice(0, width), (char) => char.charCodeAt(0));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Makes the first `count` bytes add up to zero by the one at `at`. */
export function setChecksum(bytes: Uint8Array, at: number, count = bytes.length): Uint8Array {
  bytes[at] = 0;
  bytes[at] = -bytes.subarray(0, count).reduce((sum, byte) => sum + byte, 0);
  return bytes;
}
