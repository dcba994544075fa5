/** Small parts of something large are read by way of larger pieces, because pages that are used together lie together; the last pieces are kept. */

export interface Pieces {
  bytes: number;
  kept: number;
}

/** `fill` reads from an offset and says how many bytes there were; what is not there is zeros, which have another digest. */
export function readByPieces(fill: (to: Uint8Array, offset: number) => number, size: number, { bytes: PIECE, kept: KEPT }: Pieces): (to: Uint8Array, offset: number) => void {
  const kept = new Map<number, Uint8Array>();
  const pieceAt = (number: number): Uint8Array => {
    const known = kept.get(number);
    if (known !== undefined) return known;
    const [oldest] = kept.keys();
    const buffer = kept.size < KEPT ? new Uint8Array(PIECE) : kept.get(oldest!)!;
    if (kept.size >= KEPT) kept.delete(oldest!);
    const there = fill(buffer.subarray(0, Math.min(PIECE, Math.max(size - number * PIECE, 0))), number * PIECE);
    kept.set(number, buffer.fill(0, there));
    return buffer;
  };
  return (to, offset) => {
    for (let done = 0; done < to.length; ) {
      const at = offset + done, from = at % PIECE, bytes = Math.min(PIECE - from, to.length - done);
      to.set(pieceAt((at - from) / PIECE).subarray(from, from + bytes), done);
      done += bytes;
    }
  };
}
