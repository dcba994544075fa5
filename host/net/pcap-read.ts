/**
 * Reads captures: pcapng (draft-ietf-opsawg-pcapng) and the older pcap (draft-ietf-opsawg-pcap), in either byte order. Frames of Ethernet with their times; what else is in the
 * file is passed over.
 */

import { NetworkError } from './errors.js';

export interface CapturedFrame {
  /** Since 1970, or what the capture counts from. */
  ns: bigint;
  bytes: Uint8Array;
  /** Toward who captured it, where the capture says. */
  inbound?: boolean;
}

const PCAPNG = 0x0a0d0d0a, BYTE_ORDER = 0x1a2b3c4d, PCAP_MICRO = 0xa1b2c3d4, PCAP_NANO = 0xa1b23c4d;
const Block = { INTERFACE: 1, SIMPLE: 3, PACKET: 6 } as const;
const ETHERNET = 1, TSRESOL = 9, TSOFFSET = 14, FLAGS = 2;

/** Frames in the file's order. Throws NetworkError: what is wrong, at which byte. */
export function readCapture(bytes: Uint8Array, name: string): CapturedFrame[] {
  if (bytes.length < 24) throw new NetworkError(`${name}: ${bytes.length} bytes are no capture`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), magic = view.getUint32(0, true);
  const frames = magic === PCAPNG ? readPcapng(view, bytes, name) : readPcap(view, bytes, name);
  if (frames.length === 0) throw new NetworkError(`${name}: the capture has no frame of Ethernet`);
  return frames;
}

// --- pcap ---

function readPcap(view: DataView, bytes: Uint8Array, name: string): CapturedFrame[] {
  const little = [PCAP_MICRO, PCAP_NANO].includes(view.getUint32(0, true)), magic = view.getUint32(0, little);
  if (magic !== PCAP_MICRO && magic !== PCAP_NANO) throw new NetworkError(`${name}: is neither pcapng nor pcap`);
  const link = view.getUint32(20, little) & 0xffff;
  if (link !== ETHERNET) throw new NetworkError(`${name}: frames of link type ${link}; want Ethernet (1)`);
  const unit = magic === PCAP_NANO ? 1n : 1000n, frames: CapturedFrame[] = [];
  for (let at = 24; at < bytes.length;) {
    const length = at + 16 <= bytes.length ? view.getUint32(at + 8, little) : Infinity;
    if (at + 16 + length > bytes.length) throw new NetworkError(`${name}: is cut off in the frame at byte ${at}`);
    frames.push({ ns: BigInt(view.getUint32(at, little)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * unit, bytes: bytes.subarray(at + 16, at + 16 + length) });
    at += 16 + length;
  }
  return frames;
}

// --- pcapng ---

interface Interface {
  ethernet: boolean;
  /** ns of a time's unit, as a fraction; and what is added to times. */
  toNs: (time: bigint) => bigint;
}

function readPcapng(view: DataView, bytes: Uint8Array, name: string): CapturedFrame[] {
  const frames: CapturedFrame[] = [];
  let little = true, interfaces: Interface[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 12 > bytes.length) throw new NetworkError(`${name}: is cut off at byte ${at}`);
    const isSection = view.getUint32(at, true) === PCAPNG;
    if (isSection) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER;
      interfaces = [];
    }
    const type = view.getUint32(at, little), length = view.getUint32(at + 4, little);
    if (length < 12 || length % 4 !== 0 || at + length > bytes.length) throw new NetworkError(`${name}: is cut off or damaged in the block at byte ${at}`);
    if (type === Block.INTERFACE && length >= 20) interfaces.push(readInterface(view, at, length, little));
    if (type === Block.SIMPLE) throw new NetworkError(`${name}: the block at byte ${at} is a frame without a time (Simple Packet Block), which cannot be replayed`);
    if (type === Block.PACKET && length >= 32) {
      const from = interfaces[view.getUint32(at + 8, little)], captured = view.getUint32(at + 20, little);
      if (from === undefined || 32 + captured > length) throw new NetworkError(`${name}: the frame at byte ${at} is damaged`);
      const time = BigInt(view.getUint32(at + 12, little)) << 32n | BigInt(view.getUint32(at + 16, little));
      if (from.ethernet) frames.push({ ns: from.toNs(time), bytes: bytes.subarray(at + 28, at + 28 + captured), ...directionOf(view, at + 28 + ((captured + 3) & ~3), at + length - 4, little) });
    }
    at += length;
  }
  return frames;
}

/** A packet's flags, among its options. */
function directionOf(view: DataView, from: number, end: number, little: boolean): { inbound?: boolean } {
  for (let place = from; place + 8 <= end;) {
    const code = view.getUint16(place, little), bytes = view.getUint16(place + 2, little);
    if (code === 0) break;
    const direction = code === FLAGS && bytes === 4 ? view.getUint32(place + 4, little) & 3 : 0;
    if (direction !== 0) return { inbound: direction === 1 };
    place += 4 + ((bytes + 3) & ~3);
  }
  return {};
}

function readInterface(view: DataView, at: number, length: number, little: boolean): Interface {
  let resolution = 6, offset = 0n;
  for (let place = at + 16; place + 4 <= at + length - 4;) {
    const code = view.getUint16(place, little), bytes = view.getUint16(place + 2, little);
    if (code === 0) break;
    if (code === TSRESOL && bytes === 1) resolution = view.getUint8(place + 4);
    if (code === TSOFFSET && bytes === 8) offset = view.getBigInt64(place + 4, little);
    place += 4 + ((bytes + 3) & ~3);
  }
  const perSecond = resolution & 0x80 ? 1n << BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
  return { ethernet: view.getUint16(at + 8, little) === ETHERNET, toNs: (time) => (time * 1_000_000_000n) / perSecond + offset * 1_000_000_000n };
}
