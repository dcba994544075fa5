/**
 * The half of a TCP connection that receives from the guest: its window, and segments that came before their turn.
 *
 *      nxt                                edge
 *       |---- window: edge never goes back --|
 *
 * The window is room in the host's socket, so what arrives in order is written at once and acknowledged as taken. What arrives early
 * is copied and waits here, runs of it as one; what all of it holds of memory is bounded by the connection's share, and so is the number of
 * pieces, which are searched.
 */

import { Block } from '../../block.js';
import { seqAdd, seqDiff } from './sequence.js';

interface Piece {
  seq: number;
  block: Block;
}

const MAX_PIECES = 512;

export class Receiver {
  nxt = 0;
  scale = 0;
  /** The guest's FIN has been reached. */
  ended = false;
  /** Bytes of memory held by what is early. */
  held = 0;
  private edge = 0;
  /** The largest window there was room for. */
  private most = 0;
  private pieces: Piece[] = [];
  private finSeq: number | undefined;

  /** The guest's first sequence number is known. */
  start(irs: number): void {
    this.nxt = seqAdd(irs, 1);
    this.edge = this.nxt;
  }

  get window(): number {
    return seqDiff(this.edge, this.nxt);
  }

  /** The header's field. */
  get field(): number {
    return Math.min(65535, this.window >> this.scale);
  }

  get early(): number {
    return this.pieces.length;
  }

  /** Widens the window to `room` bytes. True when the guest should hear of it. */
  widen(room: number, mss: number): boolean {
    const limit = Math.min(room, 65535 * 2 ** this.scale);
    const before = this.window;
    this.most = Math.max(this.most, limit);
    // A window that grows by a few bytes invites small segments (RFC 9293, 3.8.6.2.2).
    if (limit - before < Math.min(this.most / 2, mss)) return false;
    this.edge = seqAdd(this.nxt, limit);
    return before < limit / 2;
  }

  /** RFC 9293, table 6, with a little room for pure acknowledgements at the edge. */
  isAcceptable(seq: number, length: number): boolean {
    const beforeEdge = seqDiff(seq, this.edge) <= 0;
    if (length === 0) return beforeEdge && seqDiff(seq, this.nxt) >= 0;
    return beforeEdge && seqDiff(seqAdd(seq, length), this.nxt) > 0;
  }

  /**
   * Takes a segment's text and FIN. Calls `write` with each run of bytes that is in order; early text is kept while `held` is less than
   * `share`. True: nothing was early, late or cut.
   */
  accept(seq: number, payload: Uint8Array, fin: boolean, share: number, write: (bytes: Uint8Array) => void): boolean {
    if (this.ended) return false;
    const late = Math.max(0, seqDiff(this.nxt, seq));
    const room = Math.max(0, seqDiff(this.edge, seq));
    const bytes = payload.subarray(Math.min(late, payload.length), Math.min(room, payload.length));
    // A FIN past the window's edge comes again.
    if (fin && payload.length <= room) this.finSeq ??= seqAdd(seq, payload.length);
    const at = seqAdd(seq, late);
    const inOrder = at === this.nxt;
    if (inOrder) {
      this.take(bytes, write);
      this.drain(write);
    } else if (bytes.length > 0) {
      this.keep(at, bytes, share);
    }
    if (this.finSeq === this.nxt) this.finish();
    return inOrder && late === 0 && bytes.length === payload.length && this.pieces.length === 0;
  }

  private take(bytes: Uint8Array, write: (bytes: Uint8Array) => void): void {
    // Nothing counts after the FIN.
    const length = this.finSeq === undefined ? bytes.length : Math.min(bytes.length, Math.max(0, seqDiff(this.finSeq, this.nxt)));
    if (length === 0) return;
    this.nxt = seqAdd(this.nxt, length);
    write(bytes.subarray(0, length));
  }

  /** Early pieces whose turn has come; parts that came twice are skipped. */
  private drain(write: (bytes: Uint8Array) => void): void {
    let used = 0;
    for (const { seq, block } of this.pieces) {
      const late = seqDiff(this.nxt, seq);
      if (late < 0) break;
      used++;
      this.held -= block.cost;
      if (late < block.length) this.take(block.text.subarray(late), write);
    }
    this.pieces.splice(0, used);
  }

  /** Keeps what no other piece has: pieces never overlap, so together they fit in the window. */
  private keep(seq: number, bytes: Uint8Array, share: number): void {
    const at = this.placeOf(seq);
    const before = this.pieces[at - 1];
    const following = this.pieces[at];
    const from = before ? Math.max(0, seqDiff(seqAdd(before.seq, before.block.length), seq)) : 0;
    // What reaches past the following piece is left to a retransmission.
    const to = following ? Math.min(bytes.length, seqDiff(following.seq, seq)) : bytes.length;
    if (from >= to || this.held >= share) return;
    const start = seqAdd(seq, from);
    const fresh = bytes.subarray(from, to);
    if (before && seqAdd(before.seq, before.block.length) === start && this.extend(before.block, fresh)) return;
    if (this.pieces.length >= MAX_PIECES) return;
    const block = new Block(fresh);
    this.held += block.cost;
    this.pieces.splice(at, 0, { seq: start, block });
  }

  /** Where in the row of pieces a number goes: behind all that do not start later. */
  private placeOf(seq: number): number {
    let low = 0;
    let high = this.pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqDiff(this.pieces[middle]!.seq, seq) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private extend(block: Block, bytes: Uint8Array): boolean {
    const before = block.cost;
    const extended = block.append(bytes);
    this.held += block.cost - before;
    return extended;
  }

  private finish(): void {
    this.nxt = seqAdd(this.nxt, 1);
    this.ended = true;
    this.pieces = [];
    this.held = 0;
  }
}
