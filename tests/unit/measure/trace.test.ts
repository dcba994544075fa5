/** One packet's life out of events, and events as text. */
import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../../host/measure/trace/events.js';
import { eventLine, lifeText, perfettoLines } from '../../../host/measure/trace/formats.js';
import { lifeOf, partAround } from '../../../host/measure/trace/life.js';

const event = (tick: number, kind: TraceEvent['kind'], device: string, what: string, value = 1n, bytes = 4): TraceEvent => ({ tick: BigInt(tick), rip: 0x1000n, kind, device, what, value, bytes });

/** A card that sends packets, one doorbell each, and takes an interrupt after each; timers come between. */
const sends = (start: number, n: number): TraceEvent[] => [
  event(start, 'write', 'e1000-0', 'TDT', BigInt(n)), event(start, 'count', 'e1000-0', 'q1 doorbells'), event(start, 'dma read', '00:04.0', 'dma read', 0x2000n, 16),
  event(start, 'count', 'e1000-0', 'q1 descriptors read'), event(start, 'dma read', '00:04.0', 'dma read', 0x3000n, 60), event(start, 'count', 'lab0', 'frames taken'),
  event(start, 'count', 'e1000-0', 'packets sent'), event(start, 'dma write', '00:04.0', 'dma write', 0x200cn, 1), event(start, 'dma read', '00:05.0', 'dma read', 0x9n, 1),
  event(start + 5, 'count', 'e1000-0', 'interrupts asserted'), event(start + 7, 'taken', 'irq', 'taken 49', 0xffff8000n), event(start + 90, 'read', 'e1000-0', 'ICR', 2n),
  event(start + 95, 'write', 'e1000-0', 'IMC', 2n),
];
const EVENTS = [...sends(100, 1), ...sends(1100, 2), ...sends(2100, 3)];

describe('a life', () => {
  it('is from the doorbell to the acknowledgement, the card\'s own and no other\'s', () => {
    const { card, events } = lifeOf(EVENTS, 2, 'tx');
    expect(card).toBe('e1000-0');
    expect(events.map(({ tick, device, what }) => `${tick} ${device} ${what}`)).toEqual([
      '1100 e1000-0 TDT', '1100 e1000-0 q1 doorbells', '1100 00:04.0 dma read', '1100 e1000-0 q1 descriptors read', '1100 00:04.0 dma read', '1100 lab0 frames taken', '1100 e1000-0 packets sent',
      '1100 00:04.0 dma write', '1105 e1000-0 interrupts asserted', '1107 irq taken 49', '1190 e1000-0 ICR',
    ]);
  });

  it('behind a remapping unit says where each transfer leads, and is over when its page is unmapped', () => {
    const [bell, ...rest] = sends(1100, 2), translated = (value: bigint, entries: number): TraceEvent => event(1100, 'translated', '00:04.0', 'translated', value, entries);
    const behind = [...sends(100, 1), event(195, 'write', 'iommu0', 'IQT', 0x20n), bell!, ...rest.slice(0, 2), translated(0x7000n, 0), ...rest.slice(2, 4), translated(0x8000n, 3), ...rest.slice(4), event(1300, 'write', 'iommu0', 'IQT', 0x40n), ...sends(2100, 3)];
    const life = lifeOf(behind, 2, 'tx'), text = lifeText(life);
    expect(life.events.at(-1)).toMatchObject({ device: 'iommu0', value: 0x40n });
    expect(text).toMatch(/transfer of 16 bytes from 0x2000\n.*leads to 0x7000: kept in the IOTLB\n[^]*transfer of 60 bytes from 0x3000\n.*leads to 0x8000: a walk of 3 entries\n[^]*writes IQT: 0x40\n$/);
    // One that is refused says why.
    expect(eventLine(event(1, 'refused', '00:04.0', 'refused', 0x9000n, 6))).toBe('1 0000000000001000 6 00:04.0:refused 0x9000');
  });

  it('of one among several with a doorbell has its own part of them', () => {
    const both = [event(0, 'write', 'e1000-0', 'TDT', 2n), event(0, 'count', 'e1000-0', 'q1 doorbells'), event(0, 'dma read', '00:04.0', 'dma read', 1n, 60), event(0, 'count', 'e1000-0', 'packets sent'),
      event(0, 'dma read', '00:04.0', 'dma read', 2n, 60), event(0, 'count', 'e1000-0', 'packets sent'), event(9, 'taken', 'irq', 'taken 49'), event(10, 'read', 'e1000-0', 'ICR')];
    expect(lifeOf(both, 2, 'tx').events.map(({ what, value }) => `${what} ${value}`)).toEqual(['TDT 2', 'q1 doorbells 1', 'dma read 2', 'packets sent 1', 'taken 49 1', 'ICR 1']);
    expect(lifeOf(both, 1, 'tx').events.map(({ what, value }) => `${what} ${value}`)).toEqual(['TDT 2', 'q1 doorbells 1', 'dma read 1', 'packets sent 1', 'dma read 2', 'taken 49 1', 'ICR 1']);
  });

  it('of a received one is from when it comes to the next buffers, without others\' interrupts', () => {
    const comes = (start: number): TraceEvent[] => [
      event(start, 'count', 'lab0', 'frames given'), event(start, 'dma write', '00:04.0', 'dma write', 0x5000n, 60), event(start, 'count', 'e1000-0', 'packets received'),
      event(start, 'taken', 'irq', 'taken 40'), event(start + 50, 'read', 'e1000-0', 'ICR', 0x80n), event(start + 60, 'taken', 'irq', 'taken 236'), event(start + 70, 'taken', 'irq', 'taken 236'),
      event(start + 80, 'write', 'e1000-0', 'RDT'), event(start + 80, 'count', 'e1000-0', 'q0 doorbells'),
    ];
    const { events } = lifeOf([...comes(10), ...sends(500, 1), ...comes(1000), ...comes(3000)], 2, 'rx');
    expect(events.map(({ tick, what }) => `${tick} ${what}`)).toEqual(['1000 frames given', '1000 dma write', '1000 packets received', '1000 taken 40', '1050 ICR', '1080 RDT', '1080 q0 doorbells']);
  });

  it('is found in a trace of any length, of which only what is around it is kept', () => {
    const many = function* (): Generator<TraceEvent> {
      for (let n = 0; n < 20_000; n++) yield* sends(1000 * n, n);
    };
    const part = partAround(many(), 15_000, 'tx');
    expect(part.events.length).toBeLessThan(160_000);
    expect(lifeOf(part.events, part.packet, 'tx').events[0]).toMatchObject({ tick: 14_999_000n, what: 'TDT', value: 14_999n });
    expect(() => partAround(many(), 20_001, 'tx')).toThrow('e1000-0 has sent 20000 in this trace');
  });

  it('that there is not is refused in words', () => {
    expect(() => lifeOf(EVENTS, 4, 'tx')).toThrow('e1000-0 has sent 3 in this trace');
    expect(() => lifeOf(EVENTS, 1, 'rx')).toThrow('no card  has received');
    expect(() => lifeOf(EVENTS, 1, 'tx', 'pcnet0')).toThrow('There are e1000-0');
  });

  it('is drawn with ticks from its first event and from the one before', () => {
    const lines = lifeText(lifeOf(EVENTS, 1, 'tx')).split('\n');
    expect(lines[0]).toContain('Packet 1 that e1000-0 has sent, from tick 100');
    expect(lines.at(-2)).toMatch(/^ +90 +\+83 o +driver +reads ICR: 0x2$/);
  });
});

describe('events', () => {
  it('as lines: tick, rip, width, name, value', () => {
    expect(eventLine(event(7, 'write', 'e1000-0', 'TDT', 0x76n))).toBe('7 0000000000001000 4 e1000-0:TDT w 0x76');
    expect(eventLine(event(7, 'count', 'e1000-0', 'packets sent', 2n, 0))).toBe('7 0000000000001000 0 e1000-0:packets sent +2');
  });

  it('for Perfetto: a process a device', () => {
    const { traceEvents } = JSON.parse([...perfettoLines(EVENTS)].join('')) as { traceEvents: { ph: string; name: string; pid: number; ts?: number; args: { name?: string } }[] };
    expect(traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args.name)).toEqual(['e1000-0', '00:04.0', 'lab0', '00:05.0', 'irq']);
    expect(traceEvents.filter(({ ph }) => ph === 'i').length).toBe(EVENTS.length);
    expect(traceEvents[1]!.ts).toBe(0.1);
  });
});
