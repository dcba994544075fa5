/** The Internet checksum (RFC 1071), over ranges and with the pseudo-header of IPv4 and IPv6. */

/** Adds 16-bit words of a range to a sum that is not folded yet. An odd last byte counts as the high half of a word. */
export function addWords(bytes: Uint8Array, start: number, end: number, sum: number): number {
  let at = start;
  // Below 2^53 for any frame: 64 KiB of words add less than 2^32.
  for (const even = end - 1; at < even; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < end) sum += bytes[at]! << 8;
  return sum;
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
