// Windows of a clock that machines share: members and wires of the test's own.
import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createSharedClock } from '../../../../host/machine/shared-clock.js';
import { Windows, type Member } from '../../../../host/machine/shared-clock.js';
import { NO_OFFLOAD, type FrameSink, type NetBackend } from '../../../../host/net/backend.js';

const WINDOW = 1000;

interface Player {
  member: Member;
  rings: number;
}

function players(clock: Windows, count: number): Player[] {
  return Array.from({ length: count }, () => {
    const player: Player = { rings: 0, member: clock.add(() => void player.rings++) };
    player.member.join(0);
    return player;
  });
}

/** The other side of a wire: takes frames while it has room. */
function otherSide(): NetBackend & { got: number[]; room: number; tell: () => void } {
  let sink: FrameSink | undefined;
  const side = {
    name: 'side', accepts: { csum: true, tso4: true, tso6: true }, got: [] as number[], room: Infinity,
    attach: (to: FrameSink) => void (sink = to),
    send(frame: Uint8Array) {
      if (side.got.length >= side.room) return false;
      side.got.push(frame[0]!);
      return true;
    },
    flush() {}, roomForDeliver() {}, counters: () => [], close: async () => undefined,
    tell: () => sink?.roomForSend(),
  };
  return side;
}

describe('windows', () => {
  it('end when all that run have come to it', () => {
    const clock = new Windows(WINDOW), [a, b] = players(clock, 2) as [Player, Player];
    expect(a.member.left(400)).toBe(600);
    a.member.arrive({ next: WINDOW, awaited: false });
    expect([clock.epoch, a.rings]).toEqual([0, 0]);
    b.member.arrive({ next: undefined, awaited: false });
    expect([clock.epoch, clock.nowNs, clock.endNs, a.rings, b.rings]).toEqual([1, 1000n, 2000, 1, 1]);
  });
  it('reach to what is next where all sleep, and are over where nothing is', () => {
    const clock = new Windows(WINDOW), [a, b] = players(clock, 2) as [Player, Player];
    a.member.arrive({ next: 70_000, awaited: false });
    b.member.arrive({ next: 50_000, awaited: false });
    expect(clock.endNs).toBe(50_000);
    for (const { member } of [a, b]) member.arrive({ next: undefined, awaited: false });
    expect([clock.isOver, a.member.hasCompany]).toEqual([true, false]);
  });
  it('pass by the wall where all sleep and somebody outside may come, until they do', async () => {
    const clock = new Windows(WINDOW), [a, b] = players(clock, 2) as [Player, Player];
    a.member.arrive({ next: 3_600_000_000_000, awaited: true });
    b.member.arrive({ next: undefined, awaited: false });
    await after(20);
    expect(clock.epoch).toBe(0);
    b.member.arrive({ next: clock.endNs, awaited: false });
    expect(clock.epoch).toBe(1);
    expect(clock.endNs).toBeGreaterThan(10_000_000);
    expect(clock.endNs).toBeLessThan(3_600_000_000_000);
  });
  it('go on without who leaves, whose time stands meanwhile', async () => {
    const clock = new Windows(WINDOW), [a, b] = players(clock, 2) as [Player, Player];
    a.member.arrive({ next: WINDOW, awaited: false });
    b.member.leave();
    await after(5);
    expect(clock.epoch).toBe(1);
    a.member.arrive({ next: 9_000, awaited: false });
    a.member.arrive({ next: 20_000, awaited: false });
    b.member.join(300);
    expect([clock.nowNs, b.member.offset, b.member.left(300)]).toEqual([9000n, 8700, 11_000]);
  });
  it('do not end for those that are stopped in the same turn', async () => {
    const clock = new Windows(WINDOW), [a, b] = players(clock, 2) as [Player, Player];
    a.member.arrive({ next: WINDOW, awaited: false });
    b.member.leave();
    a.member.leave();
    await after(5);
    expect(clock.epoch).toBe(0);
  });
});

describe('what is sent', () => {
  const frame = (number: number): Uint8Array => new Uint8Array(60).fill(number);

  it('is handed over at the end of the window, in the order of its times, whoever ran first', () => {
    const clock = new Windows(WINDOW), [a, b] = players(clock, 2) as [Player, Player], side = otherSide();
    let now = 0;
    const [first, second] = [clock.hold(side, () => now), clock.hold(side, () => now)];
    for (const [wire, at, number] of [[first, 300, 2], [first, 600, 3], [first, 1200, 5], [second, 100, 1], [second, 900, 4]] as const) {
      now = at;
      expect(wire.send(frame(number), NO_OFFLOAD)).toBe(true);
    }
    expect(side.got).toEqual([]);
    for (const { member } of [a, b]) member.arrive({ next: undefined, awaited: false });
    expect(side.got).toEqual([1, 2, 3, 4]);
    for (const { member } of [a, b]) member.arrive({ next: undefined, awaited: false });
    expect(side.got).toEqual([1, 2, 3, 4, 5]);
  });
  it('waits for room without keeping sleepers awake', () => {
    const clock = new Windows(WINDOW), [a] = players(clock, 1) as [Player], side = otherSide();
    const wire = clock.hold(side, () => 10);
    wire.attach({ accepts: side.accepts, deliver: () => true, roomForSend: () => undefined });
    side.room = 1;
    wire.send(frame(1), NO_OFFLOAD);
    wire.send(frame(2), NO_OFFLOAD);
    a.member.arrive({ next: undefined, awaited: false });
    a.member.arrive({ next: 80_000, awaited: false });
    expect([side.got, clock.endNs]).toEqual([[1], 80_000]);
    side.room = 2;
    side.tell();
    a.member.arrive({ next: undefined, awaited: false });
    expect(side.got).toEqual([1, 2]);
  });
  it('is refused when too much waits, and the card is told when it has gone', () => {
    const clock = new Windows(WINDOW), [a] = players(clock, 1) as [Player], side = otherSide();
    const wire = clock.hold(side, () => 10);
    let told = 0;
    wire.attach({ accepts: side.accepts, deliver: () => true, roomForSend: () => void told++ });
    while (wire.send(new Uint8Array(60_000), NO_OFFLOAD));
    expect(told).toBe(0);
    a.member.arrive({ next: undefined, awaited: false });
    expect(told).toBe(1);
  });
});

it('says what is wrong with its options', () => {
  expect(() => createSharedClock({ windowNs: 5 })).toThrow('windowNs: 5 is not a whole number of ns from 1000 to 1000000000.');
  expect(() => createSharedClock({ window: 5 } as never)).toThrow('window: createSharedClock() has no such option. There is windowNs.');
});
