/** A view of a TCP header (RFC 9293, 3.1), checked once. */

import { get16, get32 } from '../../bytes.js';
import { pseudoHeader } from '../../checksum.js';
import { verifyChecksum } from '../../offload.js';
import type { IpPacket } from '../ip.js';
import { PROTOCOL, TCP_BYTES, TCP_FLAG } from '../spec.js';

export interface TcpSegment {
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  flags: number;
  /** As in the header: not scaled. */
  window: number;
  /** The text: a borrowed view. Urgent data is text like any other, and the urgent pointer is not used. */
  payload: Uint8Array;
  /** From the options; undefined when absent. */
  mss: number | undefined;
  windowScale: number | undefined;
}

const OPTION = { END: 0, NOP: 1, MSS: 2, WINDOW_SCALE: 3 } as const;
/** RFC 7323, 2.3: a larger shift counts as this. */
const MAX_SCALE = 14;

/** `malformed` and `sum` say why there is no segment. */
export function parseSegment(packet: IpPacket): TcpSegment | 'malformed' | 'sum' {
  const { bytes, start, end } = packet;
  if (end - start < TCP_BYTES) return 'malformed';
  const text = start + (bytes[start + 12]! >> 4) * 4;
  if (text < start + TCP_BYTES || text > end) return 'malformed';
  if (!packet.sumOffloaded && !verifyChecksum(bytes, start, end, pseudoHeader(packet.source, packet.destination, PROTOCOL.TCP, end - start))) return 'sum';
  const segment: TcpSegment = {
    sourcePort: get16(bytes, start),
    destinationPort: get16(bytes, start + 2),
    seq: get32(bytes, start + 4),
    ack: get32(bytes, start + 8),
    flags: bytes[start + 13]!,
    window: get16(bytes, start + 14),
    payload: bytes.subarray(text, end),
    mss: undefined,
    windowScale: undefined,
  };
  if ((segment.flags & TCP_FLAG.SYN) !== 0) parseOptions(bytes, start + TCP_BYTES, text, segment);
  return segment;
}

/** Sequence numbers that a segment takes: its text, SYN and FIN. */
export function segmentLength({ payload, flags }: TcpSegment): number {
  return payload.length + ((flags & TCP_FLAG.SYN) !== 0 ? 1 : 0) + ((flags & TCP_FLAG.FIN) !== 0 ? 1 : 0);
}

function parseOptions(bytes: Uint8Array, start: number, end: number, segment: TcpSegment): void {
  for (let at = start; at < end; ) {
    const kind = bytes[at]!;
    if (kind === OPTION.END) return;
    if (kind === OPTION.NOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1]! : 0;
    // A length below two would not move on.
    if (length < 2 || at + length > end) return;
    if (kind === OPTION.MSS && length === 4) segment.mss = get16(bytes, at + 2);
    if (kind === OPTION.WINDOW_SCALE && length === 3) segment.windowScale = Math.min(bytes[at + 2]!, MAX_SCALE);
    at += length;
  }
}
