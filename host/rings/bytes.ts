/**
 * The byte rings of the serial ports, from the host's side (assembly/device/ring.ts). Ring 2n carries what port n sends,
 * ring 2n + 1 what it receives. A ring is four words: head (bytes ever put in), tail (bytes ever taken), size in bytes
 * (a power of two), address of the data. They are touched only while the module is not running.
 */

import { Address } from '../../assembly/surface/run.js';
import { Most, RingId, RingPart, RingWord } from '../../assembly/surface/rings.js';
import { addressOf, type ModuleInstance } from './instance.js';

export const SERIAL_PORTS = Most.SERIAL_PORTS;
/** Port 0xe9. */
export const DEBUG_RING = RingId.DEBUG;

/** Where a ring is in the module's memory: its bytes, how many they are, and the addresses of its two counts. */
export interface RingPlace {
  data: number;
  size: number;
  head: number;
  tail: number;
}

/** A ring's place does not change once a card has opened it. */
export function placeOf(instance: ModuleInstance, id: number): RingPlace {
  const part = (which: RingPart): number => instance.exports.ringAt(id, which) >>> 0;
  return { data: part(RingPart.DATA), size: part(RingPart.SIZE_BYTES), head: part(RingPart.HEAD), tail: part(RingPart.TAIL) };
}

/** Bytes that are in it. */
export function fillOf({ view }: ModuleInstance, { head, tail }: RingPlace): number {
  return (view.getUint32(head, true) - view.getUint32(tail, true)) >>> 0;
}

interface RingWords {
  at: number;
  head: number;
  tail: number;
  size: number;
  data: number;
}

function readRing(instance: ModuleInstance, id: number): RingWords {
  const at = addressOf(instance, Address.Rings) + id * RingWord.END;
  const word = (offset: RingWord): number => instance.view.getUint32(at + offset, true);
  return { at, head: word(RingWord.HEAD), tail: word(RingWord.TAIL), size: word(RingWord.SIZE_BYTES), data: word(RingWord.DATA) };
}

/** What waits in a ring, but for its first `skip` bytes, and stays there; undefined when there is nothing. */
export function peekBytes(instance: ModuleInstance, id: number, skip: number): Uint8Array | undefined {
  const ring = readRing(instance, id);
  const waiting = (ring.head - ring.tail) >>> 0;
  if (waiting <= skip || waiting > ring.size) return undefined;
  const count = waiting - skip;
  const out = new Uint8Array(count);
  const start = ((ring.tail + skip) & (ring.size - 1)) >>> 0;
  const first = Math.min(count, ring.size - start);
  out.set(instance.bytes.subarray(ring.data + start, ring.data + start + first));
  out.set(instance.bytes.subarray(ring.data, ring.data + count - first), first);
  return out;
}

/** Empties a ring. */
export function dropBytes(instance: ModuleInstance, id: number): void {
  const { at, head } = readRing(instance, id);
  instance.view.setUint32(at + RingWord.TAIL, head, true);
}

/** Takes everything that waits in a ring; undefined when there is nothing. */
export function takeBytes(instance: ModuleInstance, id: number): Uint8Array | undefined {
  const out = peekBytes(instance, id, 0);
  if (out !== undefined) dropBytes(instance, id);
  return out;
}

/** Bytes there is room for. */
export function roomIn(instance: ModuleInstance, id: number): number {
  const ring = readRing(instance, id);
  return ring.size - ((ring.head - ring.tail) >>> 0);
}

/** Puts as much of `data` as there is room for and returns how many bytes that were. */
export function putBytes(instance: ModuleInstance, id: number, data: Uint8Array): number {
  const ring = readRing(instance, id);
  const room = ring.size - ((ring.head - ring.tail) >>> 0);
  const count = Math.max(0, Math.min(room, data.length));
  const start = (ring.head & (ring.size - 1)) >>> 0;
  const first = Math.min(count, ring.size - start);
  instance.bytes.set(data.subarray(0, first), ring.data + start);
  instance.bytes.set(data.subarray(first, count), ring.data);
  instance.view.setUint32(ring.at + RingWord.HEAD, (ring.head + count) >>> 0, true);
  return count;
}
