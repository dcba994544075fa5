/**
 * Reassembly of IPv4 and IPv6 fragments from the guest.
 *
 * A datagram in assembly holds copies of its pieces. It dies when pieces overlap (RFC 5722: an overlap is an attack or a fault), pass
 * 64 KiB, are too many, or when it is too old; the number of datagrams is bounded, the oldest goes first. Nothing is allocated by a
 * length that a header claims.
 */

import { addressKey } from '../address.js';
import { SECOND } from '../clock.js';
import { skipExtensions, type IpPacket } from './ip.js';

interface Piece {
  offset: number;
  bytes: Uint8Array;
}

interface Assembly {
  pieces: Piece[];
  received: number;
  /** Payload length, once the last piece has come. */
  total: number | undefined;
  /** The IP header of the first piece, for errors to quote. */
  head: Uint8Array;
  /** From the first piece: IPv6 takes the next header from there. */
  protocol: number;
  born: number;
}

const LIFETIME = 30 * SECOND;
const MAX_PIECES = 64;
const MAX_BYTES = 65535;

export class Reassembler {
  /** In order of birth. */
  private readonly assemblies = new Map<string, Assembly>();

  constructor(
    private readonly capacity: number,
    private readonly now: () => number,
    private readonly dropped: (datagrams: number) => void,
  ) {}

  get pending(): number {
    return this.assemblies.size;
  }

  /** Takes a fragment; gives the whole packet when it was the last one missing. */
  add(packet: IpPacket): IpPacket | undefined {
    const { fragment } = packet;
    if (!fragment) return packet;
    this.expire();
    const key = keyOf(packet, fragment.id);
    const assembly = this.assemblies.get(key) ?? this.begin(key, packet.protocol);
    if (!addPiece(assembly, packet)) {
      this.assemblies.delete(key);
      this.dropped(1);
      return undefined;
    }
    if (fragment.offset === 0) {
      assembly.protocol = packet.protocol;
      assembly.head = packet.bytes.slice(packet.header, packet.start);
    }
    if (assembly.total !== assembly.received) return undefined;
    this.assemblies.delete(key);
    return join(packet, assembly);
  }

  private begin(key: string, protocol: number): Assembly {
    if (this.assemblies.size >= this.capacity) this.dropOldest();
    const assembly: Assembly = { pieces: [], received: 0, total: undefined, head: new Uint8Array(0), protocol, born: this.now() };
    this.assemblies.set(key, assembly);
    return assembly;
  }

  private expire(): void {
    const limit = this.now() - LIFETIME;
    for (const { born } of this.assemblies.values()) {
      if (born > limit) return;
      this.dropOldest();
    }
  }

  private dropOldest(): void {
    const oldest = this.assemblies.keys().next();
    if (oldest.done) return;
    this.assemblies.delete(oldest.value);
    this.dropped(1);
  }
}

function keyOf({ version, source, destination, protocol }: IpPacket, id: number): string {
  // IPv6 names its datagrams by addresses and id alone.
  return `${version === 4 ? protocol : 'six'} ${id} ${addressKey(source)}${addressKey(destination)}`;
}

function addPiece(assembly: Assembly, { bytes, start, end, fragment }: IpPacket): boolean {
  const { offset, more } = fragment!;
  const length = end - start;
  const stop = offset + length;
  // All but the last are multiples of eight bytes, so the next can be named.
  if (length === 0 || stop > MAX_BYTES || (more && length % 8 !== 0) || assembly.pieces.length >= MAX_PIECES) return false;
  if (assembly.pieces.some((piece) => offset < piece.offset + piece.bytes.length && piece.offset < stop)) return false;
  if (!more) {
    if (assembly.total !== undefined) return false;
    assembly.total = stop;
  }
  if (assembly.total !== undefined && assembly.pieces.some((piece) => piece.offset + piece.bytes.length > assembly.total!)) return false;
  if (assembly.total !== undefined && stop > assembly.total) return false;
  assembly.pieces.push({ offset, bytes: bytes.slice(start, end) });
  assembly.received += length;
  return true;
}

function join(packet: IpPacket, { pieces, received, head, protocol }: Assembly): IpPacket | undefined {
  const bytes = new Uint8Array(head.length + received);
  bytes.set(head);
  for (const piece of pieces) bytes.set(piece.bytes, head.length + piece.offset);
  const whole: IpPacket = {
    ...packet,
    source: packet.source.slice(),
    destination: packet.destination.slice(),
    protocol,
    bytes,
    header: 0,
    start: head.length,
    end: bytes.length,
    fragment: undefined,
    sumOffloaded: false,
  };
  return whole.version === 4 ? whole : skipNested(whole);
}

/** More extension headers may follow the fragment header; another fragment header may not. */
function skipNested(packet: IpPacket): IpPacket | undefined {
  const whole = skipExtensions(packet);
  return whole?.fragment ? undefined : whole;
}
