/**
 * Messages of 9P2000.L: little-endian numbers, strings with two bytes of length before them, a header of size (4), type (1) and tag (2).
 * Types and layouts: the protocol's description (diod's protocol.md) and Linux's include/net/9p/9p.h.
 */

import { Errno, TreeError } from './tree.js';

/** A request's type; its answer's is one more. */
export const Message = {
  LERROR: 6, STATFS: 8, LOPEN: 12, LCREATE: 14, SYMLINK: 16, MKNOD: 18, RENAME: 20, READLINK: 22, GETATTR: 24, SETATTR: 26, XATTRWALK: 30, XATTRCREATE: 32,
  READDIR: 40, FSYNC: 50, LOCK: 52, GETLOCK: 54, LINK: 70, MKDIR: 72, RENAMEAT: 74, UNLINKAT: 76, VERSION: 100, AUTH: 102, ATTACH: 104, FLUSH: 108, WALK: 110,
  READ: 116, WRITE: 118, CLUNK: 120, REMOVE: 122,
} as const;

export const HEADER_BYTES = 7;
/** A qid: type (1), version (4), path (8). */
export const QID_BYTES = 13;
export const NO_FID = 0xffff_ffff;
/** Before the data of an answer to READ or READDIR. */
export const DATA_AT = HEADER_BYTES + 4;

const asText = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** Reads a message's fields in their order; EPROTO where it ends too early. */
export class MessageReader {
  private readonly view: DataView;
  private at = HEADER_BYTES;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private take(bytes: number): number {
    const at = this.at;
    this.at += bytes;
    if (this.at > this.bytes.length) throw new TreeError(Errno.EPROTO, 'the message ends within its fields');
    return at;
  }

  u8 = (): number => this.view.getUint8(this.take(1));
  u16 = (): number => this.view.getUint16(this.take(2), true);
  u32 = (): number => this.view.getUint32(this.take(4), true);
  u64 = (): bigint => this.view.getBigUint64(this.take(8), true);
  text = (): string => asText(this.data(this.u16()));

  /** A view of the next bytes. */
  data(bytes: number): Uint8Array {
    const at = this.take(bytes);
    return this.bytes.subarray(at, at + bytes);
  }
}

/** Writes an answer from its start; EPROTO where there is no room. */
export class MessageWriter {
  private readonly view: DataView;
  private at = HEADER_BYTES;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private room(bytes: number): number {
    const at = this.at;
    if (at + bytes > this.bytes.length) throw new TreeError(Errno.EPROTO, 'there is no room for the answer');
    this.at += bytes;
    return at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(value: number): this { this.view.setUint8(this.room(1), value); return this; }
  u16(value: number): this { this.view.setUint16(this.room(2), value, true); return this; }
  u32(value: number): this { this.view.setUint32(this.room(4), value >>> 0, true); return this; }
  u64(value: bigint): this { this.view.setBigUint64(this.room(8), BigInt.asUintN(64, value), true); return this; }

  text(value: string): this {
    this.u16(value.length);
    const at = this.room(value.length);
    for (let i = 0; i < value.length; i++) this.bytes[at + i] = value.charCodeAt(i);
    return this;
  }

  /** The memory `ahead` bytes on, for somebody to put `bytes` of the answer there. */
  area(ahead: number, bytes: number): Uint8Array {
    return this.bytes.subarray(this.at + ahead, this.at + ahead + Math.max(bytes, 0));
  }

  /** Bytes that somebody else has put there. */
  skip(bytes: number): this { this.room(bytes); return this; }

  /** The whole answer's length, with its header written. */
  finish(type: number, tag: number): number {
    this.view.setUint32(0, this.at, true);
    this.view.setUint8(4, type);
    this.view.setUint16(5, tag, true);
    return this.at;
  }

  /** Forgets what was written. */
  restart(): this { this.at = HEADER_BYTES; return this; }
}
