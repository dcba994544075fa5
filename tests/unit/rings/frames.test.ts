/** The host's side of a frame ring, over memory of the test's own: what is put comes out, it never wraps, and what does not fit is refused. */
import { describe, expect, it } from 'vitest';
import { RingPart } from '../../../assembly/surface/rings.js';
import { fillOf, placeOf } from '../../../host/rings/bytes.js';
import { entryBytes, putFrame, roomOf, takeFrames, type FrameHeader } from '../../../host/rings/frames.js';
import type { ModuleInstance } from '../../../host/rings/instance.js';

const HEAD = 0, TAIL = 4, DATA = 64, SIZE = 1024;
const header: FrameHeader = { flags: 1, gsoType: 0x81, hdrLen: 54, gsoSize: 1460, csumStart: 34, csumOffset: 16 };

/** A module that has one ring, whose counts begin at `start`. */
function makeRing(start: number): ModuleInstance {
  const bytes = new Uint8Array(DATA + SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(HEAD, start, true);
  view.setUint32(TAIL, start, true);
  const parts: Record<number, number> = { [RingPart.DATA]: DATA, [RingPart.SIZE_BYTES]: SIZE, [RingPart.HEAD]: HEAD, [RingPart.TAIL]: TAIL };
  return { bytes, view, exports: { ringAt: (_id: number, part: number) => parts[part]! } } as unknown as ModuleInstance;
}

const frameOf = (bytes: number, value: number): Uint8Array => new Uint8Array(bytes).fill(value);

describe('a frame ring', () => {
  it('gives frames and their offload fields as they were put, in their order', () => {
    const instance = makeRing(0), ring = placeOf(instance, 0);
    expect([putFrame(instance, ring, frameOf(60, 1), header), putFrame(instance, ring, frameOf(61, 2), { ...header, flags: 0 })]).toEqual([true, true]);
    const seen: [number, number, FrameHeader][] = [];
    const moved = takeFrames(instance, ring, 9, (frame, fields) => seen.push([frame.length, frame[0]!, fields]) > 0);
    expect(seen).toEqual([[60, 1, header], [61, 2, { ...header, flags: 0 }]]);
    expect(moved).toBe(entryBytes(60) + entryBytes(61));
    expect(fillOf(instance, ring)).toBe(0);
  });

  it.each([SIZE - 96, 2 ** 32 - 96])('skips what is left before its end, with its counts at %i', (start) => {
    const instance = makeRing(start), ring = placeOf(instance, 0);
    expect(putFrame(instance, ring, frameOf(100, 7), header)).toBe(true);
    expect(fillOf(instance, ring)).toBe(96 + entryBytes(100));
    const seen: number[] = [];
    takeFrames(instance, ring, 9, (frame) => seen.push(frame.length, frame[99]!) > 0);
    expect(seen).toEqual([100, 7]);
    expect(roomOf(instance, ring)).toBe(SIZE);
  });

  it('refuses what has no room, and what a skip leaves no room for', () => {
    const full = makeRing(0), ring = placeOf(full, 0);
    expect(putFrame(full, ring, frameOf(SIZE - 16, 1), header)).toBe(true);
    expect(putFrame(full, ring, frameOf(0, 1), header)).toBe(false);
    const late = makeRing(SIZE - 96);
    expect(putFrame(late, placeOf(late, 0), frameOf(SIZE - 96, 1), header)).toBe(false);
  });

  it('keeps what is refused, and what is over the number asked for', () => {
    const instance = makeRing(0), ring = placeOf(instance, 0);
    for (const value of [1, 2, 3]) putFrame(instance, ring, frameOf(60, value), header);
    takeFrames(instance, ring, 1, () => true);
    expect(fillOf(instance, ring)).toBe(2 * entryBytes(60));
    expect(takeFrames(instance, ring, 9, (frame) => frame[0] !== 2)).toBe(0);
    expect(fillOf(instance, ring)).toBe(2 * entryBytes(60));
  });
});
