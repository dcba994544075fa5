/**
 * Views of IPv4 (RFC 791) and IPv6 (RFC 8200) headers. Each is checked once, here; whoever gets an `IpPacket` may index what it spans.
 * Lengths come from the header and never pass the frame's end.
 */

import { get16, get32 } from '../bytes.js';
import { verifyChecksum } from '../offload.js';
import { IPV4_BYTES, IPV6_BYTES, PROTOCOL } from './spec.js';

export interface IpPacket {
  version: 4 | 6;
  source: Uint8Array;
  destination: Uint8Array;
  protocol: number;
  hopLimit: number;
  /** The buffer, where the IP header starts, and where the payload is. */
  bytes: Uint8Array;
  header: number;
  start: number;
  end: number;
  /** Set when this is a fragment: what reassembly needs. */
  fragment: Fragment | undefined;
  /** The sender left the transport's sum to hardware. */
  sumOffloaded: boolean;
}

export interface Fragment {
  id: number;
  /** Bytes of the datagram's payload before this piece. */
  offset: number;
  more: boolean;
}

const MORE_FRAGMENTS = 0x2000;
/** An honest packet has one or two; a chain of them is work for nothing. */
const MAX_EXTENSIONS = 8;

export function parseIpv4(bytes: Uint8Array, header: number, limit: number): IpPacket | undefined {
  if (header + IPV4_BYTES > limit || bytes[header]! >> 4 !== 4) return undefined;
  const start = header + (bytes[header]! & 15) * 4;
  const end = header + get16(bytes, header + 2);
  if (start < header + IPV4_BYTES || end < start || end > limit) return undefined;
  if (!verifyChecksum(bytes, header, start, 0)) return undefined;
  const flags = get16(bytes, header + 6);
  const isFragment = (flags & (MORE_FRAGMENTS | 0x1fff)) !== 0;
  return {
    version: 4,
    source: bytes.subarray(header + 12, header + 16),
    destination: bytes.subarray(header + 16, header + 20),
    protocol: bytes[header + 9]!,
    hopLimit: bytes[header + 8]!,
    bytes,
    header,
    start,
    end,
    fragment: isFragment ? { id: get16(bytes, header + 4), offset: (flags & 0x1fff) * 8, more: (flags & MORE_FRAGMENTS) !== 0 } : undefined,
    sumOffloaded: false,
  };
}

export function parseIpv6(bytes: Uint8Array, header: number, limit: number): IpPacket | undefined {
  if (header + IPV6_BYTES > limit || bytes[header]! >> 4 !== 6) return undefined;
  const end = header + IPV6_BYTES + get16(bytes, header + 4);
  if (end > limit) return undefined;
  return skipExtensions({
    version: 6,
    source: bytes.subarray(header + 8, header + 24),
    destination: bytes.subarray(header + 24, header + 40),
    protocol: bytes[header + 6]!,
    hopLimit: bytes[header + 7]!,
    bytes,
    header,
    start: header + IPV6_BYTES,
    end,
    fragment: undefined,
    sumOffloaded: false,
  });
}

/** Walks to the transport's header. A fragment header ends the walk: what follows makes sense only reassembled. */
export function skipExtensions(packet: IpPacket): IpPacket | undefined {
  const { bytes, end } = packet;
  for (let count = 0; count < MAX_EXTENSIONS; count++) {
    const { protocol, start } = packet;
    if (protocol !== PROTOCOL.HOP_BY_HOP && protocol !== PROTOCOL.ROUTING && protocol !== PROTOCOL.DESTINATION && protocol !== PROTOCOL.FRAGMENT) return packet;
    if (start + 8 > end) return undefined;
    packet.protocol = bytes[start]!;
    packet.start = start + (protocol === PROTOCOL.FRAGMENT ? 8 : (bytes[start + 1]! + 1) * 8);
    if (packet.start > end) return undefined;
    if (protocol !== PROTOCOL.FRAGMENT) continue;
    const field = get16(bytes, start + 2);
    // An "atomic" fragment (RFC 6946) is whole.
    if ((field & 0xfff9) === 0) continue;
    packet.fragment = { id: get32(bytes, start + 4), offset: field & 0xfff8, more: (field & 1) !== 0 };
    return packet;
  }
  return undefined;
}
