/** The Internet checksum (RFC 1071), over ranges and with the pseudo-header of IPv4 and IPv6. */

/** Bytes added before the sum leaves the loop: 2^14 words stay below 2^31, so the loop is one of small integers. */
const BLOCK_BYTES = 1 << 15;

/** Adds 16-bit words of a range to a sum that is not folded yet. An odd last byte counts as the high half of a word. */
export function addWords(bytes: Uint8Array, start: number, end: number, sum: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  while (end - at >= 4) {
    const stop = Math.min(end - 3, at + BLOCK_BYTES);
    let block = 0;
    for (; at < stop; at += 4) {
      const pair = view.getInt32(at);
      block = (block + (pair >>> 16) + (pair & 0xffff)) | 0;
    }
    sum += block;
  }
  if (end - at >= 2) {
    sum += view.getUint16(at);
    at += 2;
  }
  return at < end ? sum + (bytes[at]! << 8) : sum;
}

/** Folds a sum to 16 bits, not complemented. */
export function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** The checksum field's value for a sum. */
export function finish(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/** The sum of a pseudo-header: addresses as 4 or 16 bytes each. */
export function pseudoHeader(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number {
  const addresses = addWords(source, 0, source.length, 0) + addWords(destination, 0, destination.length, 0);
  return addresses + protocol + (length & 0xffff) + (length >>> 16);
}
