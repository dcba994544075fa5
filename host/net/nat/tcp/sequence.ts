/** Sequence numbers: 32 bits that wrap (RFC 9293, 3.4). */

/** How far `a` is past `b`: negative when before. Right while the two are within 2 GiB. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

export function seqAdd(a: number, count: number): number {
  return (a + count) >>> 0;
}
