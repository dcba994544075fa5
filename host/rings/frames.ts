/**
 * A network card's frame rings from the host's side (assembly/device/frames.ts). An entry is a header of length and offload fields and
 * the frame, padded to 16; it never wraps, SKIP fills what is left before the end. They are touched only while the module is not running.
 */

import { FrameWord, RingId } from '../../assembly/surface/rings.js';
import { fillOf, type RingPlace } from './bytes.js';
import type { ModuleInstance } from './instance.js';

/** The offload fields of a virtio-net header (virtio 1.2, 5.1.6). */
export interface FrameHeader {
  flags: number;
  gsoType: number;
  hdrLen: number;
  gsoSize: number;
  csumStart: number;
  csumOffset: number;
}

const SKIP = FrameWord.SKIP >>> 0;

export const sentRing = (port: number): number => RingId.FIRST_FRAME + 2 * port;
export const receivedRing = (port: number): number => RingId.FIRST_FRAME + 2 * port + 1;

/** Bytes of an entry for a frame of so many. */
export const entryBytes = (bytes: number): number => FrameWord.END + ((bytes + 15) & ~15);

/** Bytes that a ring has room for. */
export function roomOf(instance: ModuleInstance, ring: RingPlace): number {
  return ring.size - fillOf(instance, ring);
}

/** Puts a frame in; false when there is no room. */
export function putFrame(instance: ModuleInstance, ring: RingPlace, frame: Uint8Array, header: Readonly<FrameHeader>): boolean {
  const { view, bytes } = instance;
  const need = entryBytes(frame.length);
  const at = reserve(instance, ring, need);
  if (at === undefined) return false;
  view.setUint32(at + FrameWord.BYTES, frame.length, true);
  view.setUint8(at + FrameWord.FLAGS, header.flags);
  view.setUint8(at + FrameWord.GSO_TYPE, header.gsoType);
  view.setUint16(at + FrameWord.HDR_LEN, header.hdrLen, true);
  view.setUint16(at + FrameWord.GSO_SIZE, header.gsoSize, true);
  view.setUint16(at + FrameWord.CSUM_START, header.csumStart, true);
  view.setUint16(at + FrameWord.CSUM_OFFSET, header.csumOffset, true);
  view.setUint16(at + FrameWord.PAD, 0, true);
  bytes.set(frame, at + FrameWord.END);
  view.setUint32(ring.head, (view.getUint32(ring.head, true) + need) >>> 0, true);
  return true;
}

/** Address of an entry of `need` bytes, after a SKIP where it would wrap; undefined when there is no room. */
function reserve(instance: ModuleInstance, ring: RingPlace, need: number): number | undefined {
  const { view } = instance;
  const { head, size, data } = ring;
  const count = view.getUint32(head, true);
  const at = (count & (size - 1)) >>> 0;
  const skip = size - at < need ? size - at : 0;
  if (roomOf(instance, ring) < need + skip) return undefined;
  if (skip === 0) return data + at;
  view.setUint32(data + at, SKIP, true);
  view.setUint32(head, (count + skip) >>> 0, true);
  return data;
}

/** Offers the frames that wait, the oldest first, until one is refused or so many have gone. Bytes of the ring that that was. */
export function takeFrames(instance: ModuleInstance, ring: RingPlace, most: number, offer: (frame: Uint8Array, header: FrameHeader) => boolean): number {
  const { view, bytes } = instance;
  const { head, tail, size, data } = ring;
  const started = view.getUint32(tail, true);
  const end = view.getUint32(head, true);
  let at = started;
  for (let left = most; at !== end && left > 0; ) {
    const entry = data + ((at & (size - 1)) >>> 0);
    const length = view.getUint32(entry, true);
    if (length === SKIP) at += size - (at & (size - 1));
    else {
      if (!offer(bytes.subarray(entry + FrameWord.END, entry + FrameWord.END + length), readHeader(view, entry))) break;
      at += entryBytes(length);
      left--;
    }
    at >>>= 0;
    view.setUint32(tail, at, true);
  }
  return (at - started) >>> 0;
}

function readHeader(view: DataView, entry: number): FrameHeader {
  return {
    flags: view.getUint8(entry + FrameWord.FLAGS),
    gsoType: view.getUint8(entry + FrameWord.GSO_TYPE),
    hdrLen: view.getUint16(entry + FrameWord.HDR_LEN, true),
    gsoSize: view.getUint16(entry + FrameWord.GSO_SIZE, true),
    csumStart: view.getUint16(entry + FrameWord.CSUM_START, true),
    csumOffset: view.getUint16(entry + FrameWord.CSUM_OFFSET, true),
  };
}
