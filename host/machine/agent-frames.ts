/** Takes the frames of the agent's port apart (host/guest/protocol.ts). A guest may send anything: nothing but a head and a status is kept here. */

import { FRAME_HEAD_BYTES } from '../../guest/frame-bytes.js';
import { parseHead, type FrameHead } from '../guest/protocol.js';
import { allOf } from './emitter.js';

export interface FrameTaker {
  /** A part of what a frame of output carries. */
  output(kind: 'o' | 'e', id: number, bytes: Uint8Array): Promise<unknown> | undefined;
  /** The command reads its input. */
  reads(id: number): void;
  ended(id: number, code: number): void;
  /** What came is no frame; nothing is taken from then on. */
  broken(): void;
}

/** Digits of a status. */
const STATUS = /^\d{1,3}$/;
const STATUS_BYTES = 3;

export class FrameReader {
  private readonly head = new Uint8Array(FRAME_HEAD_BYTES);
  private headBytes = 0;
  /** The frame in hand, what of it has yet to come, and what a status says so far. */
  private frame: FrameHead | undefined;
  private left = 0;
  private status = '';
  private isBroken = false;

  constructor(private readonly to: FrameTaker) {}

  push(bytes: Uint8Array): Promise<unknown> | undefined {
    const waits: (Promise<unknown> | undefined)[] = [];
    for (let at = 0; at < bytes.length && !this.isBroken; ) {
      if (this.frame === undefined) {
        at += this.takeHead(bytes.subarray(at));
        continue;
      }
      const part = bytes.subarray(at, at + this.left);
      at += part.length;
      waits.push(this.take(this.frame, part));
    }
    return allOf(waits);
  }

  private takeHead(bytes: Uint8Array): number {
    const part = bytes.subarray(0, FRAME_HEAD_BYTES - this.headBytes);
    this.head.set(part, this.headBytes);
    this.headBytes += part.length;
    if (this.headBytes === FRAME_HEAD_BYTES) this.begin(parseHead(this.head));
    return part.length;
  }

  private begin(frame: FrameHead | undefined): void {
    this.headBytes = 0;
    this.status = '';
    if (frame === undefined || (frame.kind === 'i' && frame.bytes > 0) || (frame.kind === 'x' && (frame.bytes === 0 || frame.bytes > STATUS_BYTES))) return this.breakOff();
    this.frame = frame;
    this.left = frame.bytes;
    if (this.left > 0) return;
    this.frame = undefined;
    if (frame.kind === 'i') this.to.reads(frame.id);
  }

  private take({ kind, id }: FrameHead, part: Uint8Array): Promise<unknown> | undefined {
    this.left -= part.length;
    if (this.left === 0) this.frame = undefined;
    if (kind === 'o' || kind === 'e') return this.to.output(kind, id, part);
    this.status += String.fromCharCode(...part);
    if (this.left > 0) return undefined;
    if (STATUS.test(this.status)) this.to.ended(id, Number(this.status));
    else this.breakOff();
    return undefined;
  }

  private breakOff(): void {
    this.isBroken = true;
    this.to.broken();
  }
}
