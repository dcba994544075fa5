/**
 * Rules of TCP that a transfer over a good wire does not need, and so would not miss: which samples of time count, which windows are news,
 * how a shut window is asked about, and that nobody deals in tiny segments. tests/mutations breaks each and sees it noticed here.
 */

import { describe, expect, it } from 'vitest';
import { Receiver } from '../../../host/net/nat/tcp/receiver.js';
import { Sender } from '../../../host/net/nat/tcp/sender.js';
import { createLab, settle, type Lab } from './guest.js';
import { parseIp } from './packets.js';
import { ACK, parseTcp, SYN, tcpFrame, type Segment } from './tcp-peer.js';

const OUTSIDE = [93, 184, 216, 9];
const S = 1e9;
const INITIAL_RTO = 1 * S;

/** A sender with so many bytes to send, to a guest that takes them. */
function senderWith(bytes: number): Sender {
  const sender = new Sender(1000);
  sender.mss = 100;
  sender.openWindow(60_000, 1);
  sender.buffer.push(new Uint8Array(bytes));
  return sender;
}

function sendNext(sender: Sender, now: number): void {
  sender.sent(sender.next(100)!, now);
}

describe('Karn’s rule (RFC 6298, 3): what was sent twice is not timed', () => {
  it('a segment sent once is', () => {
    const sender = senderWith(100);
    sendNext(sender, 0);
    sender.acknowledge(1101, 1, 60_000, true, 0.5 * S);
    // 0.5 s and four times half of that.
    expect(sender.roundTrip.rto).toBe(1.5 * S);
  });

  it('after a time-out it is not, and the time-out stays backed off', () => {
    const sender = senderWith(100);
    sendNext(sender, 0);
    sender.timeOut();
    sendNext(sender, 10 * S);
    sender.acknowledge(1101, 1, 60_000, true, 10.001 * S);
    expect(sender.roundTrip.rto).toBe(2 * INITIAL_RTO);
  });

  it('nor is one that carries old bytes and new', () => {
    const sender = senderWith(50);
    sendNext(sender, 0);
    sender.timeOut();
    sender.buffer.push(new Uint8Array(50));
    sendNext(sender, 10 * S);
    sender.acknowledge(1101, 1, 60_000, true, 10.001 * S);
    expect(sender.roundTrip.rto).toBe(2 * INITIAL_RTO);
  });

  it('nor is one that the third duplicate acknowledgement sent again', () => {
    const sender = senderWith(400);
    for (let i = 0; i < 4; i++) sendNext(sender, 0);
    for (let i = 0; i < 3; i++) sender.acknowledge(1001, 1, 60_000, true, 9 * S);
    sendNext(sender, 9 * S);
    sender.acknowledge(1401, 1, 60_000, true, 9.001 * S);
    expect(sender.roundTrip.rto).toBe(INITIAL_RTO);
  });

  it('and what is new after it is', () => {
    const sender = senderWith(100);
    sendNext(sender, 0);
    sender.timeOut();
    sendNext(sender, 10 * S);
    sender.acknowledge(1101, 1, 60_000, true, 10.001 * S);
    sender.buffer.push(new Uint8Array(100));
    sendNext(sender, 20 * S);
    sender.acknowledge(1201, 1, 60_000, true, 20.2 * S);
    expect(sender.roundTrip.rto).toBe(0.6 * S);
  });
});

interface Connected extends Lab {
  /** Of theirs: the first byte's number. */
  theirs: number;
  send(fields: { seq: number; ack?: number; window?: number; payload?: Uint8Array }): void;
  /** What the guest got since the last call. */
  segments(): Segment[];
}

const OURS = 101;

async function connected(window: number, change: (lab: Lab) => void = () => undefined): Promise<Connected> {
  const lab = createLab();
  change(lab);
  const ports = { from: 1000, to: 80 };
  lab.guest.send(tcpFrame({ ...ports, seq: OURS - 1, flags: SYN, window, options: [2, 4, 5, 180] }, OUTSIDE));
  await settle();
  const theirs = (parseTcp(lab.guest.takeIp()[0]!.payload).seq + 1) >>> 0;
  const send: Connected['send'] = (fields) => lab.guest.send(tcpFrame({ ...ports, ack: theirs, window, flags: ACK, ...fields }, OUTSIDE));
  send({ seq: OURS });
  lab.guest.take();
  return { ...lab, theirs, send, segments: () => lab.guest.take().map(({ frame }) => parseTcp(parseIp(frame)!.payload)) };
}

const lengths = (segments: Segment[]): number[] => segments.map(({ payload }) => payload.length);

describe('an older window (RFC 9293, 3.10.7.4)', () => {
  it('does not come back with a segment that was overtaken', async () => {
    const { send, segments, provider, theirs } = await connected(20_000);
    // The later of two segments comes first, and shuts the window.
    send({ seq: OURS + 10, window: 0, payload: Uint8Array.of(1) });
    send({ seq: OURS, window: 20_000, payload: new Uint8Array(10) });
    segments();
    provider.connections[0]!.end.send(new Uint8Array(5000));
    await settle();
    expect(lengths(segments())).toEqual([]);
    // And a newer one opens it.
    send({ seq: OURS + 11, window: 20_000 });
    expect(lengths(segments())).toEqual([1460, 1460, 1460, 620]);
    expect(theirs).toBeGreaterThan(0);
  });

  it('nor one that is newer but acknowledges less', async () => {
    const { send, segments, provider, theirs } = await connected(20_000);
    provider.connections[0]!.end.send(new Uint8Array(1000));
    await settle();
    segments();
    send({ seq: OURS, ack: theirs + 1000, window: 0 });
    send({ seq: OURS, ack: theirs, window: 20_000 });
    provider.connections[0]!.end.send(new Uint8Array(5000));
    await settle();
    expect(lengths(segments())).toEqual([]);
  });
});

describe('a shut window (RFC 9293, 3.8.6.1)', () => {
  async function shut(): Promise<Connected> {
    const lab = await connected(20_000);
    lab.send({ seq: OURS, window: 0 });
    lab.provider.connections[0]!.end.send(Uint8Array.from({ length: 5000 }, (_, i) => i));
    await settle();
    expect(lab.segments()).toEqual([]);
    return lab;
  }

  it('is asked about with one byte, always the same, at growing distances, for as long as the guest answers', async () => {
    const lab = await shut();
    const asked: number[] = [];
    for (let tenth = 0; tenth < 36_000; tenth++) {
      lab.clock.advance(0.1 * S);
      for (const { seq, payload } of lab.segments()) {
        expect([seq, [...payload]]).toEqual([lab.theirs, [0]]);
        asked.push(tenth / 10);
        lab.send({ seq: OURS, window: 0 });
      }
    }
    const gaps = asked.map((at, i) => at - (asked[i - 1] ?? 0));
    expect(gaps.slice(0, 4).map(Math.round)).toEqual([1, 2, 4, 8]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(31);
    expect(asked.length).toBeGreaterThan(100);
    // Opening it goes on from where it was.
    lab.send({ seq: OURS, window: 20_000 });
    expect(lab.segments().flatMap(({ payload }) => [...payload])).toEqual(Array.from({ length: 5000 }, (_, i) => i & 255));
  });

  it('of a guest that does not answer ends the connection after a while', async () => {
    const lab = await shut();
    lab.clock.advance(1000 * S);
    expect([lab.guest.counter('tcpFlows'), lab.provider.connections[0]!.end.wasReset]).toEqual([0, true]);
    expect(lengths(lab.segments()).filter((length) => length > 0).length).toBeGreaterThanOrEqual(10);
  });

  it('of ours is opened by a probe when the host’s socket has room again, whatever was said in between', async () => {
    const lab = await connected(20_000, ({ provider }) => (provider.accept = (end) => (end.capacity = 3000)));
    const { end } = lab.provider.connections[0]!;
    lab.send({ seq: OURS, payload: new Uint8Array(3000) });
    expect(lab.segments().at(-1)!.window).toBe(0);
    lab.send({ seq: OURS + 3000, payload: Uint8Array.of(1) });
    expect([lab.segments().at(-1)!.window, end.receivedBytes]).toEqual([0, 3000]);
    // Nobody tells: the update was lost, say.
    end.capacity = 3000;
    lab.send({ seq: OURS + 3000, payload: Uint8Array.of(1) });
    lab.send({ seq: OURS + 3000, payload: Uint8Array.of(1) });
    expect(end.receivedBytes).toBe(3001);
  });
});

describe('a silly window (RFC 9293, 3.8.6.2)', () => {
  it('of the guest’s gets no small segments while more waits, but for the last and after a time-out', async () => {
    const lab = await connected(8000);
    lab.send({ seq: OURS, window: 0 });
    lab.provider.connections[0]!.end.send(new Uint8Array(5000));
    await settle();
    for (const window of [100, 500, 1459]) {
      lab.send({ seq: OURS, window });
      expect(lengths(lab.segments())).toEqual([]);
    }
    lab.clock.advance(1.1 * S);
    expect(lengths(lab.segments())).toEqual([1459]);
    lab.send({ seq: OURS, ack: lab.theirs + 1459, window: 1460 });
    expect(lengths(lab.segments())).toEqual([1460]);
    lab.send({ seq: OURS, ack: lab.theirs + 2919, window: 3000 });
    // Whole segments, and what is left is the last.
    expect(lengths(lab.segments())).toEqual([1460, 621]);
  });

  it('of a guest whose window is always small is filled by half', async () => {
    const lab = await connected(600);
    lab.provider.connections[0]!.end.send(new Uint8Array(5000));
    await settle();
    expect(lengths(lab.segments())).toEqual([600]);
    lab.send({ seq: OURS, ack: lab.theirs + 600, window: 299 });
    expect(lengths(lab.segments())).toEqual([]);
    lab.send({ seq: OURS, ack: lab.theirs + 600, window: 300 });
    expect(lengths(lab.segments())).toEqual([300]);
  });

  for (const [most, least] of [[10_000, 1460], [1000, 500]] as const)
    it(`of ours is never offered: of ${most} bytes it grows by ${least}`, () => {
      const receiver = new Receiver();
      receiver.start(0);
      receiver.widen(most, 1460);
      receiver.accept(1, new Uint8Array(most), false, 1 << 20, () => undefined);
      for (const room of [1, 100, least - 1]) expect([receiver.widen(room, 1460), receiver.window]).toEqual([false, 0]);
      expect([receiver.widen(least, 1460), receiver.window]).toEqual([true, least]);
    });

  it('of ours stays shut until the host’s socket has room for a segment', async () => {
    const lab = await connected(20_000, ({ provider }) => (provider.accept = (end) => (end.capacity = 8000)));
    const { end } = lab.provider.connections[0]!;
    lab.send({ seq: OURS, payload: new Uint8Array(7000) });
    expect(lab.segments().at(-1)!.window).toBe(1000);
    // 1459 more than is offered is not news; 1460 is.
    end.makeRoom(1459);
    expect(lab.segments()).toEqual([]);
    lab.send({ seq: OURS + 7000, payload: Uint8Array.of(1) });
    expect(lab.segments().at(-1)!.window).toBe(999);
    end.makeRoom(1);
    lab.send({ seq: OURS + 7001, payload: Uint8Array.of(1) });
    expect(lab.segments().at(-1)!.window).toBe(2458);
  });
});
