// The pace of time against simulated walls: fast and slow hosts, hosts that stall, sleep too long or stop altogether, and guests that
// compute, sleep briefly or long. Nothing here waits.
import { describe, expect, it } from 'vitest';
import { GAP_NS, MAX_RATE, MIN_RATE, Pace, type Moment } from '../../../../host/machine/pace.js';

const US = 1e3, MS = 1e6, S = 1e9;
const QUANTUM = 250_000;

/** What a guest does next: so many ticks, or sleep for so many ns of its time. */
type Act = { ticks: number } | { sleepNs: number };

interface Host {
  /** ns of wall that a tick takes. */
  speed(wallNs: number): number;
  /** ns that a boundary costs beside its ticks. */
  overhead?: number;
  /** ns by which a sleep of `asked` ns comes back late (negative: early). */
  late?(asked: number): number;
  /** Nothing runs from `at` on, for so long. */
  stops?: { at: number; ns: number }[];
}

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

class World {
  wall = 1e12;
  virtual = 0;
  ticks = 0;
  /** Wall that the pace left out, known from what virtual time lacks. */
  readonly pace: Pace;
  readonly rates: number[] = [];
  /** Lags after each step, in ns. */
  readonly lags: number[] = [];
  /** By how much each sleep of the guest overran, in its own time. */
  readonly overruns: number[] = [];
  jumps: number[] = [];
  private stops: { at: number; ns: number }[];
  private due = 0;

  constructor(private readonly host: Host) {
    this.stops = (host.stops ?? []).map(({ at, ns }) => ({ at: this.wall + at, ns }));
    this.pace = new Pace(this.now());
  }

  now(): Moment {
    return { wallNs: this.wall, virtualNs: this.virtual, ticks: this.ticks };
  }

  /** Lives until the wall has moved on by `ns`. */
  live(guest: Iterator<Act>, ns: number): void {
    const end = this.wall + ns;
    while (this.wall < end) {
      const act = guest.next().value as Act;
      if ('ticks' in act) this.compute(act.ticks);
      else this.sleep(act.sleepNs);
    }
  }

  private pass(ns: number): void {
    this.wall += ns;
    for (const stop of this.stops.filter(({ at }) => at <= this.wall)) this.wall += stop.ns;
    this.stops = this.stops.filter(({ at }) => at > this.wall - 1 && at > this.wall);
  }

  private compute(ticks: number): void {
    for (let left = ticks; left > 0; ) {
      const part = Math.min(left, QUANTUM - (this.ticks % QUANTUM));
      left -= part;
      this.ticks += part;
      this.virtual += part * this.pace.rate;
      this.pass(part * this.host.speed(this.wall) + (this.host.overhead ?? 0));
      if (this.ticks % QUANTUM === 0) this.boundary();
    }
  }

  private boundary(): void {
    const { rate, sleepNs } = this.pace.busy(this.now());
    this.rates.push(rate);
    if (sleepNs > 0) this.hostSleeps(sleepNs);
    this.note();
  }

  private hostSleeps(asked: number): void {
    this.pass(Math.max(asked + (this.host.late?.(asked) ?? 0), 0));
    this.pace.slept(this.now(), asked);
  }

  private sleep(ns: number): void {
    this.due = this.virtual + ns;
    while (this.virtual < this.due) {
      let step = this.pace.idle(this.now(), this.due - this.virtual, false);
      if ('sleepNs' in step) {
        this.hostSleeps(step.sleepNs);
        step = this.pace.idle(this.now(), this.due - this.virtual, true);
      }
      if (!('jumpNs' in step)) throw new Error('an idle machine that was woken is to go on');
      this.jumps.push(step.jumpNs);
      this.virtual += step.jumpNs;
      this.pass(this.host.overhead ?? 0);
      this.note();
    }
    this.overruns.push(this.virtual - this.due);
  }

  private note(): void {
    this.lags.push(this.pace.behind(this.now()));
  }

  /** The wall's time that virtual time lacks. */
  get missing(): number {
    return this.wall - 1e12 - this.virtual;
  }
}

const most = (values: readonly number[]): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
function* busy(): Generator<Act> { for (;;) yield { ticks: 10 * QUANTUM }; }
function* sleeper(ticks: number, ns: number): Generator<Act> { for (;;) { yield { ticks }; yield { sleepNs: ns }; } }
const noisy = (seed: number): ((asked: number) => number) => { const next = random(seed); return () => next() * 1.2 * MS - 0.4 * MS; };

describe('a busy guest', () => {
  it.each([0.2, 1, 4, 10, 50])('keeps to the wall on a host of %s ns a tick', (speed) => {
    const world = new World({ speed: () => speed });
    world.live(busy(), 10 * S);
    expect(most(world.lags.slice(-100))).toBeLessThan(1 * MS);
    expect(most(world.lags)).toBeLessThan(20 * MS);
    expect(world.pace.rate).toBeCloseTo(speed, 1);
  });
  it('keeps within 20 ms while code turns from cold to hot and back', () => {
    const world = new World({ speed: (wall) => (Math.floor(wall / (300 * MS)) % 2 ? 16 : 4) });
    world.live(busy(), 10 * S);
    expect(most(world.lags)).toBeLessThan(20 * MS);
  });
  it('keeps within 60 ms where code turns ten times as cold', () => {
    const world = new World({ speed: (wall) => (Math.floor(wall / (300 * MS)) % 2 ? 40 : 4) });
    world.live(busy(), 10 * S);
    expect(most(world.lags)).toBeLessThan(60 * MS);
  });
  it.each([[4, 4], [3, 12], [4, 24], [20, 60], [100, 300]])('keeps to the wall on a host that is taken away, %s ms here and %s ms gone', (here, gone) => {
    // Stops are laid out in wall time: a stretch of `here`, then `gone`.
    const stops = Array.from({ length: Math.ceil(20_000 / (here + gone)) }, (_, i) => ({ at: (i + 1) * (here + gone) * MS - gone * MS, ns: gone * MS }));
    const world = new World({ speed: () => 6, stops });
    world.live(busy(), 20 * S);
    expect(most(world.lags)).toBeLessThan(gone * MS + 50 * MS);
    expect(Math.abs(world.missing)).toBeLessThan(gone * MS + 50 * MS);
  });
  it('never changes its rate by more than twice, or out of bounds', () => {
    const next = random(5);
    const world = new World({ speed: () => 2 ** (next() * 14 - 5) });
    world.live(busy(), 20 * S);
    expect(Math.max(...world.rates)).toBeLessThanOrEqual(MAX_RATE);
    expect(Math.min(...world.rates)).toBeGreaterThanOrEqual(MIN_RATE);
    world.rates.forEach((rate, i) => {
      const before = world.rates[i - 1] ?? 16;
      expect([rate / before <= 2.000001, rate / before >= 0.499999]).toEqual([true, true]);
    });
  });
  it('slews over stalls of the scheduler, and makes no step', () => {
    const world = new World({ speed: () => 8, stops: [2, 2.5, 4].map((at) => ({ at: at * S, ns: 150 * MS })) });
    world.live(busy(), 12 * S);
    expect(world.jumps).toEqual([]);
    expect(most(world.lags)).toBeLessThan(320 * MS);
    expect(most(world.lags.slice(-100))).toBeLessThan(1 * MS);
    expect(Math.abs(world.missing)).toBeLessThan(1 * MS);
  });
  it('catches up after a stall of 0.9 s at no more than five times the pace', () => {
    const world = new World({ speed: () => 8, stops: [{ at: 2 * S, ns: 900 * MS }] });
    world.live(busy(), 4.5 * S);
    expect(Math.max(...world.rates)).toBeLessThanOrEqual(40.1);
    world.live(busy(), 4 * S);
    expect(Math.abs(world.missing)).toBeLessThan(1 * MS);
  });
  it('leaves out what it can never catch up with on a host of 200 ns a tick', () => {
    const world = new World({ speed: () => 200 });
    world.live(busy(), 20 * S);
    expect(world.pace.rate).toBe(MAX_RATE);
    expect(most(world.lags)).toBeLessThanOrEqual(GAP_NS);
    expect(world.virtual).toBeGreaterThan(20 * S * (64 / 200) * 0.95);
  });
  it('leaves a gap of 30 s out whole, and goes on as before', () => {
    const world = new World({ speed: () => 8, stops: [{ at: 3 * S, ns: 30 * S }] });
    world.live(busy(), 36 * S);
    expect(world.missing).toBeGreaterThan(29.9 * S);
    expect(world.missing).toBeLessThan(30.02 * S);
    expect(most(world.lags)).toBeLessThan(20 * MS);
    expect(world.pace.rate).toBeCloseTo(8, 1);
  });
});

describe('a guest that sleeps', () => {
  it.each([['50 us', 50 * US, 2000], ['6 us, as eight threads of 50 us', 6 * US, 1500], ['1 ms', MS, 20_000], ['40 ms', 40 * MS, 5_000_000]])('of %s keeps within 20 ms of the wall', (_, ns, ticks) => {
    const world = new World({ speed: () => 10, overhead: 30 * US, late: noisy(7) });
    world.live(sleeper(ticks, ns), 8 * S);
    expect(most(world.lags)).toBeLessThan(20 * MS);
    expect(Math.abs(world.missing)).toBeLessThan(20 * MS);
  });
  it('of 1 ms finds each exact on a quiet host', () => {
    const world = new World({ speed: () => 10, overhead: 20 * US, late: noisy(9) });
    world.live(sleeper(1000, MS), 5 * S);
    expect(most(world.overruns)).toBeLessThan(0.01 * MS);
  });
  it('of hours takes no jump above ten seconds, and passes over the host being asleep', () => {
    const world = new World({ speed: () => 10, late: () => 0.5 * MS, stops: [{ at: 100 * S, ns: 3600 * S }] });
    world.live(sleeper(1000, 1000 * S), 4700 * S);
    expect(Math.max(...world.jumps)).toBeLessThanOrEqual(10 * S);
    expect(world.missing).toBeGreaterThan(3598 * S);
    expect(world.missing).toBeLessThan(3610 * S);
  });
  it('is woken at the wall\'s time by what comes from outside', () => {
    const pace = new Pace({ wallNs: 0, virtualNs: 0, ticks: 0 });
    expect(pace.idle({ wallNs: 0, virtualNs: 0, ticks: 10 }, 100 * MS, false)).toEqual({ sleepNs: 100 * MS });
    pace.slept({ wallNs: 30 * MS, virtualNs: 0, ticks: 10 }, 100 * MS);
    expect(pace.idle({ wallNs: 30 * MS, virtualNs: 0, ticks: 10 }, 100 * MS, true)).toEqual({ jumpNs: 30 * MS });
    expect(pace.idle({ wallNs: 30 * MS, virtualNs: 30 * MS, ticks: 10 }, undefined, false)).toEqual({ sleepNs: 9 * S });
    expect(pace.idle({ wallNs: 30 * MS, virtualNs: 30 * MS, ticks: 10 }, undefined, true)).toEqual({ jumpNs: 0 });
  });
  it('keeps its rate over sleep: only busy time is measured', () => {
    const world = new World({ speed: () => 10, late: noisy(3) });
    world.live(sleeper(20 * QUANTUM, 300 * MS), 10 * S);
    expect(world.pace.rate).toBeCloseTo(10, 0);
  });
});
