/** Builds TCP segments (RFC 9293, 3.1) for the guest. */

import type { ByteQueue } from '../../byte-queue.js';
import { put16, put32 } from '../../bytes.js';
import type { Output, Route } from '../output.js';
import { PROTOCOL, TCP_BYTES, TCP_FLAG } from '../spec.js';

export interface SegmentFields {
  from: number;
  to: number;
  seq: number;
  ack: number;
  flags: number;
  /** As in the header: scaled already. */
  window: number;
  /** Of a SYN. */
  options: { mss: number; scale: number | undefined } | undefined;
}

/** Text of a segment: a range of what waits to be sent. */
export interface SegmentText {
  buffer: ByteQueue;
  offset: number;
  length: number;
}

const OPTION_BYTES = 8;
const CHECKSUM_AT = 16;

/** Builds a segment in the output's buffer and offers it to the guest. Text of more than `mss` bytes goes as one large segment. */
export function offerSegment(output: Output, route: Route, fields: SegmentFields, text: SegmentText | undefined, mss: number): boolean {
  const header = TCP_BYTES + (fields.options ? OPTION_BYTES : 0);
  const length = text?.length ?? 0;
  const start = output.openIp(route, PROTOCOL.TCP, header + length);
  writeHeader(output.buffer, start, fields);
  text?.buffer.copy(output.buffer, start + header, text.offset, length);
  return output.offerTransport(route, PROTOCOL.TCP, start, start + header + length, CHECKSUM_AT, length > mss ? mss : 0);
}

/** A segment without text, its sum still to be made. */
export function buildBare(fields: SegmentFields): Uint8Array {
  const bytes = new Uint8Array(TCP_BYTES + (fields.options ? OPTION_BYTES : 0));
  writeHeader(bytes, 0, fields);
  return bytes;
}

function writeHeader(buffer: Uint8Array, at: number, { from, to, seq, ack, flags, window, options }: SegmentFields): void {
  put16(buffer, at, from);
  put16(buffer, at + 2, to);
  put32(buffer, at + 4, seq);
  put32(buffer, at + 8, (flags & TCP_FLAG.ACK) !== 0 ? ack : 0);
  buffer[at + 12] = ((TCP_BYTES + (options ? OPTION_BYTES : 0)) / 4) << 4;
  buffer[at + 13] = flags;
  put16(buffer, at + 14, window);
  put32(buffer, at + CHECKSUM_AT, 0);
  if (!options) return;
  put32(buffer, at + TCP_BYTES, 0x02040000 | options.mss);
  // No operation and window scale; or four times no operation.
  put32(buffer, at + TCP_BYTES + 4, options.scale === undefined ? 0x01010101 : 0x01030300 | options.scale);
}
