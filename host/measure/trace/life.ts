/**
 * One packet's life out of a trace: from the doorbell, or the frame's coming, to the interrupt's acknowledgement, or the buffer's refill. Events are the
 * card's own, its transfers and its interrupts; what belongs to a packet is told by their order, as a card does one packet after the other.
 */

import { MeasureError } from '../errors.js';
import type { TraceEvent } from './events.js';

export interface Life {
  card: string;
  direction: 'tx' | 'rx';
  packet: number;
  events: TraceEvent[];
}

/** What counts a packet of each direction. */
export const DONE = { tx: 'packets sent', rx: 'packets received' } as const;
const DOORBELL = { tx: /^(q1 )?doorbells$/, rx: /^(q0 )?doorbells$/ } as const;

/** The driver drives the remapping unit: its queue's tail, its registers. What it is asked otherwise shows at the transfers. */
const isUnit = ({ kind, device }: TraceEvent): boolean => device === 'iommu0' && (kind === 'write' || kind === 'read');

/** Cards that have sent or received. */
export function cardsOf(events: readonly TraceEvent[], direction: 'tx' | 'rx'): string[] {
  return [...new Set(events.filter(({ kind, what }) => kind === 'count' && what === DONE[direction]).map(({ device }) => device))];
}

/** The requester that the card's transfers name: that of the nearest before a frame was done. */
function requesterBefore(events: readonly TraceEvent[], at: number): string | undefined {
  for (let n = at; n >= 0 && n > at - 200; n--) if (events[n]!.kind.startsWith('dma')) return events[n]!.device;
  return undefined;
}

/** The last event before `at` for which `is` holds; -1 for none. */
function lastBefore(events: readonly TraceEvent[], at: number, is: (event: TraceEvent) => boolean): number {
  for (let n = at - 1; n >= 0; n--) if (is(events[n]!)) return n;
  return -1;
}

/** Events after the acknowledgement among which the driver unmaps, where it does. */
const UNMAP_EVENTS = 200;
const isTail = ({ kind, device, what }: TraceEvent): boolean => kind === 'write' && device === 'iommu0' && what === 'IQT';

/**
 * Where its interrupt has been acknowledged (the first register read after it was taken), and behind a remapping unit its page is unmapped; or its buffer given back; or the
 * trace's end.
 */
function endOf(events: readonly TraceEvent[], from: number, card: string, direction: 'tx' | 'rx'): number {
  let taken = false, acknowledged = -1;
  const unit = events.some(isTail);
  for (let n = from; n < events.length; n++) {
    const { kind, device, what } = events[n]!;
    if (kind === 'taken') taken = true;
    if (taken && device === card && kind === 'read' && acknowledged < 0) acknowledged = n;
    if (acknowledged >= 0 && direction === 'tx' && !(unit && n < acknowledged + UNMAP_EVENTS)) return acknowledged;
    if (acknowledged >= 0 && direction === 'tx' && device === card && kind === 'count' && DOORBELL.tx.test(what)) return acknowledged;
    if (acknowledged >= 0 && direction === 'tx' && isTail(events[n]!)) return n;
    if (acknowledged >= 0 && device === card && kind === 'count' && DOORBELL.rx.test(what)) return n;
  }
  return acknowledged >= 0 ? acknowledged : events.length - 1;
}

/** Where a received one comes: the first at its tick, for a card hands a frame over in one instant. */
function arrivalOf(events: readonly TraceEvent[], before: number, done: number): number {
  let at = done;
  while (at > before + 1 && events[at - 1]!.tick === events[done]!.tick) at--;
  return at;
}

/** Interrupts that the card has to do with: as a rule it is looked at before the processor takes another. */
function interruptsOf(events: readonly TraceEvent[], card: string): Set<string> {
  const times = new Map<string, { all: number; own: number }>();
  let taken: { all: number; own: number } | undefined;
  for (const { kind, device, what } of events) {
    if (kind === 'taken') {
      taken = times.get(what) ?? { all: 0, own: 0 };
      times.set(what, taken);
      taken.all++;
    } else if (device === card && taken !== undefined) {
      taken.own++;
      taken = undefined;
    }
  }
  return new Set([...times].filter(([, { all, own }]) => own * 2 > all).map(([what]) => what));
}

/** Events around a packet that are kept of a trace; one that waits longer than this for its end is told without it. */
const WINDOW = 50_000;

/** The part of a trace that has the life of packet `packet`, however long the trace is, and the packet's number in that part. */
export function partAround(events: Iterable<TraceEvent>, packet: number, direction: 'tx' | 'rx', wanted?: string): { events: TraceEvent[]; packet: number } {
  let kept: TraceEvent[] = [], card = wanted, done = 0, dropped = 0, left = Infinity;
  const isDone = ({ kind, device, what }: TraceEvent): boolean => kind === 'count' && what === DONE[direction] && device === card;
  for (const event of events) {
    if (kept.length >= 2 * WINDOW && left === Infinity) {
      dropped += kept.slice(0, WINDOW).filter(isDone).length;
      kept = kept.slice(WINDOW);
    }
    kept.push(event);
    card ??= event.kind === 'count' && event.what === DONE[direction] ? event.device : undefined;
    if (isDone(event) && ++done === packet) left = WINDOW;
    if (left-- <= 0) break;
  }
  if (card !== undefined && done > 0 && done < packet) throw new MeasureError(`packet ${packet}`, `${card} has ${direction === 'tx' ? 'sent' : 'received'} ${done} in this trace.`);
  return { events: kept, packet: packet - dropped };
}

/** Packet `packet` of a card, counted from 1 in the trace. */
export function lifeOf(events: readonly TraceEvent[], packet: number, direction: 'tx' | 'rx', wanted?: string): Life {
  const cards = cardsOf(events, direction), card = wanted ?? cards[0];
  if (card === undefined || !cards.includes(card)) throw new MeasureError('the trace', `no card ${wanted ?? ''} has ${direction === 'tx' ? 'sent' : 'received'} a packet in it.${cards.length > 0 ? ` There are ${cards.join(', ')}.` : ''}`);
  const isDone = ({ kind, device, what }: TraceEvent): boolean => kind === 'count' && device === card && what === DONE[direction];
  const done = events.flatMap((event, n) => (isDone(event) ? [n] : []))[packet - 1];
  if (done === undefined) throw new MeasureError(`packet ${packet}`, `${card} has ${direction === 'tx' ? 'sent' : 'received'} ${events.filter(isDone).length} in this trace.`);
  const interrupts = interruptsOf(events, card), before = lastBefore(events, done, isDone), requester = requesterBefore(events, done);
  const bell = direction === 'tx' ? lastBefore(events, done, ({ kind, device, what }) => kind === 'count' && device === card && DOORBELL.tx.test(what)) : -1;
  const own = (event: TraceEvent): boolean => event.device === card || event.device === requester || event.device === 'irq' || event.device.startsWith('lab') || isUnit(event);
  // With one doorbell for several the packets before it lie between.
  const first = bell >= 0 && bell < before ? [...(bell > 0 ? [events[bell - 1]!] : []), events[bell]!] : [], from = direction === 'rx' ? arrivalOf(events, before, done) : bell > before ? Math.max(bell - 1, 0) : before + 1;
  const lived = events.slice(from, endOf(events, done, card, direction) + 1).filter((event, n) => own(event) && (from + n <= done || !isDone(event)) && (event.kind !== 'taken' || interrupts.has(event.what)));
  return { card, direction, packet, events: [...first, ...lived] };
}
