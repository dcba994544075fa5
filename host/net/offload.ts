/**
 * What a card with offloads does in hardware, for a far side that has none: the sum of TCP or UDP, and TCP segmentation.
 * The offload fields come from a guest: each is checked against the frame, and what does not fit is refused as `malformed`.
 */

import { get16, get32, put16, put32 } from './bytes.js';
import { GsoType, NO_OFFLOAD, OffloadFlag, type Offload, type OffloadSupport } from './backend.js';
import { addWords, finish, pseudoHeader } from './checksum.js';

const ETHERNET = 14;
const TCP = 6;
const FIN_PSH = 0x09;
const CWR = 0x80;
/** Past this a segment would carry fewer than 16 bytes: no driver asks for that. */
const MAX_SEGMENTS = 4096;

export interface PreparedFrame {
  frame: Uint8Array;
  offload: Readonly<Offload>;
}

/** Where the headers of a segmentable frame are. */
interface TcpFrame {
  version: 4 | 6;
  ip: number;
  tcp: number;
  payload: number;
  end: number;
}

export function gsoKind(offload: Readonly<Offload>): number {
  return offload.gsoType & ~GsoType.Ecn;
}

/** Whether a receiver takes the frame as it is. */
export function isAccepted(offload: Readonly<Offload>, accepts: OffloadSupport): boolean {
  const kind = gsoKind(offload);
  if (kind === GsoType.Tcp4) return accepts.tso4 && accepts.csum;
  if (kind === GsoType.Tcp6) return accepts.tso6 && accepts.csum;
  if (kind !== GsoType.None) return false;
  return accepts.csum || (offload.flags & OffloadFlag.NeedsChecksum) === 0;
}

/** The frames a receiver takes in place of this one, whose buffers are new, or undefined when the fields do not fit the frame. */
export function prepareFrames(frame: Uint8Array, offload: Readonly<Offload>): PreparedFrame[] | undefined {
  const kind = gsoKind(offload);
  if (kind === GsoType.None) {
    const copy = frame.slice();
    return finishChecksum(copy, offload) ? [{ frame: copy, offload: NO_OFFLOAD }] : undefined;
  }
  if (kind !== GsoType.Tcp4 && kind !== GsoType.Tcp6) return undefined;
  const segments = segmentTcp(frame, offload);
  return segments?.map((segment) => ({ frame: segment, offload: NO_OFFLOAD }));
}

/** Stores the sum that a frame with NeedsChecksum lacks. False when the fields point outside the frame. */
export function finishChecksum(frame: Uint8Array, offload: Readonly<Offload>): boolean {
  if ((offload.flags & OffloadFlag.NeedsChecksum) === 0) return true;
  const { csumStart, csumOffset } = offload;
  const field = csumStart + csumOffset;
  if (csumStart < ETHERNET || field + 2 > frame.length) return false;
  // The field holds the pseudo-header's sum: it is part of what is added.
  const sum = finish(addWords(frame, csumStart, frame.length, 0));
  // A UDP sum of zero would mean "none" (RFC 768); TCP does not mind.
  put16(frame, field, sum === 0 ? 0xffff : sum);
  return true;
}

/** Cuts a large TCP frame into segments of gsoSize, each with its own headers and sums. */
export function segmentTcp(frame: Uint8Array, offload: Readonly<Offload>): Uint8Array[] | undefined {
  const headers = locateTcp(frame, gsoKind(offload) === GsoType.Tcp4 ? 4 : 6);
  // A segment of no bytes would never get to the end.
  if (!headers || offload.gsoSize === 0) return undefined;
  if ((headers.end - headers.payload) / offload.gsoSize > MAX_SEGMENTS) return undefined;
  const segments: Uint8Array[] = [];
  let from = headers.payload;
  do {
    const to = Math.min(from + offload.gsoSize, headers.end);
    segments.push(buildSegment(frame, headers, from, to, segments.length));
    from = to;
  } while (from < headers.end);
  return segments;
}

function buildSegment(frame: Uint8Array, headers: TcpFrame, from: number, to: number, index: number): Uint8Array {
  const { version, ip, tcp, payload, end } = headers;
  const segment = new Uint8Array(payload + to - from);
  segment.set(frame.subarray(0, payload));
  segment.set(frame.subarray(from, to), payload);
  put32(segment, tcp + 4, (get32(frame, tcp + 4) + from - payload) >>> 0);
  // FIN and PSH belong to the last segment, CWR to the first.
  let flags = frame[tcp + 13]!;
  if (to < end) flags &= ~FIN_PSH;
  if (index > 0) flags &= ~CWR;
  segment[tcp + 13] = flags;
  if (version === 4) {
    put16(segment, ip + 2, segment.length - ip);
    put16(segment, ip + 4, (get16(frame, ip + 4) + index) & 0xffff);
    put16(segment, ip + 10, 0);
    put16(segment, ip + 10, finish(addWords(segment, ip, tcp, 0)));
  } else {
    put16(segment, ip + 4, segment.length - ip - 40);
  }
  put16(segment, tcp + 16, 0);
  put16(segment, tcp + 16, finish(addWords(segment, tcp, segment.length, pseudoSum(segment, headers, segment.length - tcp))));
  return segment;
}

function pseudoSum(frame: Uint8Array, { version, ip }: TcpFrame, length: number): number {
  const [at, size] = version === 4 ? [ip + 12, 4] : [ip + 8, 16];
  return pseudoHeader(frame.subarray(at, at + size), frame.subarray(at + size, at + 2 * size), TCP, length);
}

/** Finds the headers of an untagged or once-tagged TCP frame; undefined for anything else. */
function locateTcp(frame: Uint8Array, version: 4 | 6): TcpFrame | undefined {
  if (frame.length < ETHERNET + 20) return undefined;
  const tagged = get16(frame, 12) === 0x8100;
  const ip = tagged ? ETHERNET + 4 : ETHERNET;
  if (get16(frame, ip - 2) !== (version === 4 ? 0x0800 : 0x86dd)) return undefined;
  if (ip + (version === 4 ? 20 : 40) > frame.length || frame[ip]! >> 4 !== version) return undefined;
  const headerLength = version === 4 ? (frame[ip]! & 15) * 4 : 40;
  if (headerLength < 20 || frame[ip + (version === 4 ? 9 : 6)] !== TCP) return undefined;
  const end = version === 4 ? ip + get16(frame, ip + 2) : ip + 40 + get16(frame, ip + 4);
  return locateHeader(frame, { version, ip, tcp: ip + headerLength, payload: 0, end: Math.min(end, frame.length) });
}

function locateHeader(frame: Uint8Array, headers: TcpFrame): TcpFrame | undefined {
  const { tcp, end } = headers;
  if (tcp + 20 > end) return undefined;
  const payload = tcp + (frame[tcp + 12]! >> 4) * 4;
  if (payload < tcp + 20 || payload > end) return undefined;
  return { ...headers, payload };
}

/** Whether the TCP or UDP sum of a whole range is right: `sum` is the pseudo-header's. */
export function verifyChecksum(bytes: Uint8Array, start: number, end: number, sum: number): boolean {
  return finish(addWords(bytes, start, end, sum)) === 0;
}
