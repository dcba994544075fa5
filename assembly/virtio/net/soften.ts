// Offloads in software, for frames that were put into the ring for a driver that has switched some off since (5.1.6.5,
// GUEST_OFFLOADS): the sum is put in, or the large TCP segment is cut. The host looks at what the driver takes before it delivers, so this
// is for the few that were on their way.
//
// The frame stays at the head of the ring while it is cut; NetState.cut says how much of its payload has gone, so that buffers may
// run out between any two segments.

import { Frame, frameData } from "../../device/frames";
import { addWords, fold, get16, put16 } from "../../device/sums";
import { SCRATCH } from "../layout";
import { Gso, HeaderFlag } from "./spec";

/** The frame as it goes out, behind the header in SCRATCH; 64 KiB of it fit before the end of the scratch. */
@inline export const SOFT: usize = SCRATCH + 4096;

/** Where the headers of the frame in hand are. Consumed within one call. */
@unmanaged class Headers { version: u32; ip: u32; tcp: u32; payload: u32; end: u32; }
@inline const headers = changetype<Headers>(SCRATCH + 64);

const enum Tcp { SEQUENCE = 4, OFFSET = 12, FLAGS = 13, SUM = 16, BYTES = 20, FIN_PSH = 9, CWR = 0x80 }
@inline const TCP: u32 = 6;

/** A copy with its sum in place; false when the header's fields point outside the frame. */
export function sumFrame(f: Frame): bool {
  const start = <u32>f.csumStart, field = start + f.csumOffset;
  if (!(<u32>f.flags & HeaderFlag.NEEDS_CSUM) || field + 2 > f.bytes) return false;
  memory.copy(SOFT, frameData(f), f.bytes);
  // The field holds the pseudo-header's sum. A UDP sum of zero would mean none (RFC 768).
  const sum = ~fold(addWords(SOFT + start, f.bytes - start, 0)) & 0xffff;
  store<u16>(SOFT + field, <u16>(sum ? sum : 0xffff));
  return true;
}

/** Payload bytes of a frame that can be cut; 0 for one that cannot. */
export function payloadOf(f: Frame): u32 {
  const kind = <u32>f.gsoType & ~(<u32>Gso.ECN);
  if ((kind != Gso.TCPV4 && kind != Gso.TCPV6) || !f.gsoSize) return 0;
  return locate(frameData(f), f.bytes, kind == Gso.TCPV4 ? 4 : 6) ? headers.end - headers.payload : 0;
}

/** Finds the headers of an untagged or once-tagged TCP frame. */
function locate(data: usize, bytes: u32, version: u32): bool {
  const ip: u32 = bytes >= 18 && get16(data + 12) == 0x8100 ? 18 : 14;
  if (bytes < ip + 40 || get16(data + ip - 2) != (version == 4 ? 0x0800 : 0x86dd) || <u32>load<u8>(data + ip) >> 4 != version) return false;
  const header: u32 = version == 4 ? (<u32>load<u8>(data + ip) & 15) << 2 : 40;
  if (header < 20 || <u32>load<u8>(data + ip + (version == 4 ? 9 : 6)) != TCP) return false;
  const tcp = ip + header, end = min(bytes, version == 4 ? ip + get16(data + ip + 2) : ip + 40 + get16(data + ip + 4));
  if (tcp + <u32>Tcp.BYTES > end) return false;
  const payload = tcp + (<u32>load<u8>(data + tcp + Tcp.OFFSET) >> 4 << 2);
  if (payload < tcp + <u32>Tcp.BYTES || payload > end) return false;
  headers.version = version; headers.ip = ip; headers.tcp = tcp; headers.payload = payload; headers.end = end;
  return true;
}

/** Makes the segment that starts `from` bytes into the payload, after payloadOf; its length. */
export function cutSegment(f: Frame, from: u32): u32 {
  const data = frameData(f), h = headers, size = <u32>f.gsoSize, left = h.end - h.payload - from, bytes = min(left, size), total = h.payload + bytes;
  memory.copy(SOFT, data, h.payload);
  memory.copy(SOFT + h.payload, data + h.payload + from, bytes);
  const tcp = SOFT + h.tcp;
  store<u32>(tcp, bswap<u32>(bswap<u32>(load<u32>(tcp, Tcp.SEQUENCE)) + from), Tcp.SEQUENCE);
  // FIN and PSH belong to the last segment, CWR to the first.
  let flags = <u32>load<u8>(tcp, Tcp.FLAGS);
  if (bytes < left) flags &= ~(<u32>Tcp.FIN_PSH);
  if (from) flags &= ~(<u32>Tcp.CWR);
  store<u8>(tcp, <u8>flags, Tcp.FLAGS);
  finishIp(total, from / size);
  store<u16>(tcp, 0, Tcp.SUM);
  store<u16>(tcp, <u16>~fold(addWords(tcp, total - h.tcp, pseudoSum(total - h.tcp))), Tcp.SUM);
  return total;
}

/** Length, and of IPv4 identification and sum. */
function finishIp(total: u32, index: u32): void {
  const ip = SOFT + headers.ip;
  if (headers.version == 6) { put16(ip + 4, total - headers.ip - 40); return; }
  put16(ip + 2, total - headers.ip);
  put16(ip + 4, get16(ip + 4) + index & 0xffff);
  put16(ip + 10, 0);
  store<u16>(ip, <u16>~fold(addWords(ip, headers.tcp - headers.ip, 0)), 10);
}

/** Addresses, protocol and length, as TCP adds them (RFC 9293, 3.1). */
function pseudoSum(length: u32): u64 {
  const ip = SOFT + headers.ip, tail = <u64>bswap<u16>(<u16>TCP) + bswap<u16>(<u16>length);
  return headers.version == 4 ? addWords(ip + 12, 8, tail) : addWords(ip + 8, 32, tail);
}
