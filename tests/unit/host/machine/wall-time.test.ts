// Wall time of a machine against a host's clock that the test moves; and the networks' clock over a reset.
import { describe, expect, it } from 'vitest';
import { MachineClock } from '../../../../host/machine/machine-clock.js';
import type { ModuleInstance } from '../../../../host/rings/instance.js';
import { showDate, WallTime } from '../../../../host/machine/wall-time.js';

const MS = 1_000_000n, START = 1_800_000_000_000;

/** The module's part: wall time is a base and virtual time; moves are noted. */
function machine(ticks = 1): { instance: ModuleInstance; moves: [ms: number, stopped: number][]; pass(ms: number): void; wallMs(): number } {
  let wall = BigInt(START) * MS;
  const moves: [number, number][] = [];
  const exports = {
    wallNowLo: () => Number(BigInt.asIntN(32, wall)),
    wallNowHi: () => Number(BigInt.asIntN(32, wall >> 32n)),
    ticksLo: () => ticks,
    ticksHi: () => 0,
    moveWall(lo: number, hi: number, stopped: number) {
      const ns = BigInt.asIntN(64, BigInt(lo >>> 0) | (BigInt(hi >>> 0) << 32n));
      wall += ns;
      moves.push([Number(ns) / 1e6, stopped]);
    },
  };
  return { instance: { exports } as unknown as ModuleInstance, moves, pass: (ms) => { wall += BigInt(ms) * MS; }, wallMs: () => Number(wall / MS) };
}

describe('wall time', () => {
  it('is set to the ms at the first boundary of a run, and left alone while it keeps up', () => {
    let host = START + 37;
    const m = machine();
    const wall = new WallTime(m.instance, 0, () => host);
    wall.look(0, 0);
    expect(m.moves).toEqual([[37, 0]]);
    for (let t = 100; t < 2000; t += 100) { host += 100; m.pass(100); wall.look(t, 0); }
    host += 200; // slewed by the pace, not moved
    wall.look(2100, 0);
    expect(m.moves.length).toBe(1);
    host += 100;
    wall.look(2200, 0);
    expect(m.moves[1]).toEqual([300, 0]);
  });
  it('does not count what the machine is yet to catch up with', () => {
    let host = START;
    const m = machine();
    const wall = new WallTime(m.instance, 0, () => host);
    wall.look(0, 0);
    host += 900;
    wall.look(900, 900e6);
    expect(m.moves).toEqual([]);
  });
  it('follows over a gap, tells the guest that it was stopped, and the date once', () => {
    let host = START;
    const m = machine();
    const wall = new WallTime(m.instance, 0, () => host);
    wall.look(0, 0);
    expect(wall.takeDate()).toBeUndefined();
    host += 30_000;
    wall.look(30_000, 0);
    expect(m.moves).toEqual([[30_000, 1]]);
    expect(wall.takeDate()).toBe((START + 30_000) / 1000);
    expect(wall.takeDate()).toBeUndefined();
  });
  it('tells the date of a machine that is paused still, and not again at its first boundary', () => {
    let host = START;
    const m = machine();
    const wall = new WallTime(m.instance, 0, () => host);
    wall.look(0, 0);
    host += 15_000;
    expect(wall.takeDate()).toBe((START + 15_000) / 1000);
    wall.resume();
    wall.look(15_000, 0);
    expect([m.moves, wall.takeDate()]).toEqual([[[15_000, 1]], undefined]);
  });
  it('goes back with the host\'s clock, without a stop', () => {
    const m = machine();
    new WallTime(m.instance, 0, () => START - 5000).look(0, 0);
    expect(m.moves).toEqual([[-5000, 0]]);
  });
  it('keeps its distance from the host\'s, and stands apart with clock=vm', () => {
    const m = machine();
    new WallTime(m.instance, -86_400_000, () => START + 86_400_000 + 5000).look(0, 0);
    expect(m.moves).toEqual([[5000, 1]]);
    const own = machine();
    const wall = new WallTime(own.instance, undefined, () => START + 1e9);
    wall.look(0, 0);
    expect([own.moves, wall.takeDate()]).toEqual([[], undefined]);
  });
  it('of a guest that has not run owes it no date', () => {
    let host = START;
    const m = machine(0);
    const wall = new WallTime(m.instance, 0, () => host);
    host += 2000;
    wall.look(0, 0);
    expect([m.moves, wall.takeDate()]).toEqual([[[2000, 1]], undefined]);
  });
  it('can be set to any date', () => {
    const m = machine();
    showDate(m.instance, Date.UTC(1999, 11, 31, 23, 59, 59, 250));
    expect(m.wallMs()).toBe(Date.UTC(1999, 11, 31, 23, 59, 59, 250));
    showDate(m.instance, m.wallMs());
    expect(m.moves.length).toBe(1);
  });
});

describe('the networks\' clock', () => {
  it('fires by the machine\'s time alone, and goes on over a reset', () => {
    const clock = new MachineClock(), fired: string[] = [];
    clock.attach(() => 5000);
    clock.after(100, () => fired.push('a'));
    clock.after(300, () => fired.push('b'));
    expect(clock.untilNext(5000)).toBe(100);
    clock.advance(5099);
    expect(fired).toEqual([]);
    clock.advance(5100);
    expect([fired, clock.untilNext(5150), clock.now()]).toEqual([['a'], 150, 100]);
    clock.attach(() => 0); // a fresh machine: 200 are left
    expect(clock.untilNext(0)).toBe(200);
    clock.advance(199);
    expect(fired).toEqual(['a']);
    clock.advance(200);
    expect([fired, clock.untilNext(200)]).toEqual([['a', 'b'], undefined]);
  });
});
