/** UDP datagrams (RFC 768): the header read once, and written. */

import { get16, put16 } from '../bytes.js';
import { pseudoHeader } from '../checksum.js';
import { verifyChecksum } from '../offload.js';
import type { Endpoint } from '../provider.js';
import type { IpPacket } from './ip.js';
import { PROTOCOL, UDP_BYTES } from './spec.js';

export interface UdpDatagram {
  source: Endpoint;
  destination: Endpoint;
  /** A borrowed view. */
  payload: Uint8Array;
  /** What it came in; borrowed too. */
  packet: IpPacket;
}

export function parseUdp(packet: IpPacket): UdpDatagram | 'malformed' | 'sum' {
  const { bytes, start, end, source, destination } = packet;
  if (end - start < UDP_BYTES) return 'malformed';
  const length = get16(bytes, start + 4);
  if (length < UDP_BYTES || start + length > end) return 'malformed';
  const sum = get16(bytes, start + 6);
  // IPv4 allows a datagram without a sum, IPv6 does not (RFC 8200, 8.1).
  const unsummed = sum === 0 && packet.version === 4;
  if (!packet.sumOffloaded && !unsummed && !verifyChecksum(bytes, start, start + length, pseudoHeader(source, destination, PROTOCOL.UDP, length))) return 'sum';
  return {
    source: { address: source, port: get16(bytes, start) },
    destination: { address: destination, port: get16(bytes, start + 2) },
    payload: bytes.subarray(start + UDP_BYTES, start + length),
    packet,
  };
}

/** A datagram with its header, the sum still to be made. */
export function buildUdp(from: number, to: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(UDP_BYTES + payload.length);
  put16(bytes, 0, from);
  put16(bytes, 2, to);
  put16(bytes, 4, bytes.length);
  bytes.set(payload, UDP_BYTES);
  return bytes;
}
