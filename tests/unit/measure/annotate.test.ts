/** A capture with each frame's life as its comment: which frame is which packet, what is left as it was, and what cannot be told. */
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../../host/net/pcap-read.js';
import { interfaceBlock, packetBlock, sectionHeader } from '../../../host/net/pcap.js';
import { annotate } from '../../../host/measure/trace/annotate.js';
import type { TraceEvent } from '../../../host/measure/trace/events.js';

const event = (tick: number, kind: TraceEvent['kind'], device: string, what: string, value = 1n, bytes = 4): TraceEvent => ({ tick: BigInt(tick), rip: 0x1000n, kind, device, what, value, bytes });
const sends = (start: number): TraceEvent[] => [event(start, 'write', 'e1000-0', 'TDT', BigInt(start)), event(start, 'count', 'e1000-0', 'q1 doorbells'), event(start, 'dma read', '00:04.0', 'dma read', 0x3000n, 60), event(start, 'count', 'e1000-0', 'packets sent'), event(start + 7, 'taken', 'irq', 'taken 49'), event(start + 90, 'read', 'e1000-0', 'ICR', 2n)];
const receives = (start: number): TraceEvent[] => [event(start, 'count', 'lab0', 'frames given'), event(start, 'count', 'e1000-0', 'packets received'), event(start + 7, 'taken', 'irq', 'taken 49'), event(start + 50, 'read', 'e1000-0', 'ICR', 0x80n), event(start + 80, 'count', 'e1000-0', 'q0 doorbells')];
const EVENTS = [...sends(100), ...receives(1000), ...sends(2000), ...receives(3000)];

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const frame = (n: number): Uint8Array => new Uint8Array(61).fill(n);
const IN = 1, OUT = 2;
const CAPTURE = joined(sectionHeader(), interfaceBlock('n0'), packetBlock(frame(1), 100, OUT), packetBlock(frame(2), 1000, IN), packetBlock(frame(3), 2000, OUT), packetBlock(frame(4), 3000, IN));

/** Comments of frames: the first option of each enhanced packet block. */
function commentsOf(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), found: string[] = [];
  for (let at = 0; at < bytes.length; at += view.getUint32(at + 4, true)) {
    const options = at + 28 + ((view.getUint32(at + 20, true) + 3) & ~3);
    if (view.getUint32(at, true) === 6) found.push(view.getUint16(options, true) === 1 ? new TextDecoder().decode(bytes.subarray(options + 4, options + 4 + view.getUint16(options + 2, true))) : '');
    expect(view.getUint32(at + view.getUint32(at + 4, true) - 4, true)).toBe(view.getUint32(at + 4, true));
  }
  return found;
}

describe('a capture with comments', () => {
  it('has each frame\'s own packet, by direction, and its frames and times as they were', () => {
    const { bytes, told, untold } = annotate(CAPTURE, 'x', EVENTS), comments = commentsOf(bytes);
    expect([told, untold]).toEqual([4, 0]);
    expect(comments.map((comment) => comment.split(',')[0])).toEqual(['Packet 1 that e1000-0 has sent', 'Packet 1 that e1000-0 has received', 'Packet 2 that e1000-0 has sent', 'Packet 2 that e1000-0 has received']);
    expect(comments[2]).toContain('writes TDT: 0x7d0');
    expect(readCapture(bytes, 'x')).toEqual(readCapture(CAPTURE, 'x'));
  });

  it('leaves frames without one of which the trace does not tell, and those of other netdevs', () => {
    const two = joined(sectionHeader(), interfaceBlock('n0'), interfaceBlock('n1'), packetBlock(frame(1), 1, OUT, 1), packetBlock(frame(2), 2, OUT, 0));
    expect(commentsOf(annotate(two, 'x', EVENTS, { netdev: 'n1' }).bytes).map((comment) => comment !== '')).toEqual([true, false]);
    expect(annotate(CAPTURE, 'x', sends(1), {})).toMatchObject({ told: 1, untold: 3 });
  });

  it('says what is wrong', () => {
    const wrong = (capture: Uint8Array, events: TraceEvent[], more = {}): (() => unknown) => () => annotate(capture, 'cap', events, more);
    expect(wrong(new Uint8Array(40), EVENTS)).toThrow('cap: is no pcapng file');
    expect(wrong(CAPTURE.subarray(0, -4), EVENTS)).toThrow('cap: is cut off or damaged in the block at byte');
    expect(wrong(CAPTURE, [])).toThrow('no card has sent or received a packet');
    expect(wrong(CAPTURE, EVENTS, { netdev: 'n7' })).toThrow('cap: has no interface "n7"; there are n0');
    expect(wrong(CAPTURE, EVENTS, { card: 'pcnet0' })).toThrow('pcnet0 has sent and received nothing');
    expect(wrong(joined(sectionHeader(), interfaceBlock('a'), interfaceBlock('b')), EVENTS)).toThrow('say which is the card\'s (--netdev)');
  });
});
