/**
 * The pace of a machine's time against the wall, under `realtime`: a control loop that is asked at boundaries and sets the rate of virtual
 * time (assembly/device/clock.ts). Nothing here reads a clock: who calls says what time it is, all in ns, so that a test can live through
 * hours of bad hosts.
 *
 *     busy      time passes at the rate set: as many ns a tick as the last 20 ms of busy wall took, corrected by at most a quarter towards
 *               the wall, and at most doubled or halved from boundary to boundary (cold code turns hot). It makes no step. More than 5 ms
 *               ahead of the wall, the machine sleeps until the wall has come.
 *     idle      time jumps to the next timer as soon as the wall is there. What a sleep overran is not jumped over but waited less for
 *               next time, so a guest's short sleeps are exact; only more than 5 ms behind, an idle guest is taken to the wall itself.
 *     a gap     more than a second in which nothing ran (the host was asleep, the process stopped, a page was frozen) is left out of virtual
 *               time: watchdogs would bark. So is what is beyond a second of lag. Wall time knows it all the same (wall-time.ts).
 */

const MS = 1e6;
/** Busy wall that the measured speed remembers, as a time constant. */
const MEMORY_NS = 20 * MS;
/** One stretch counts at most fourfold: the scheduler may have been elsewhere. */
const MOST_SLOWER = 4;
/** How far back it is known how often the machine is taken off the processor, which no 20 ms show; counted where the lag is beyond a correction. */
const LONG_MEMORY_NS = 500 * MS;
const MOST_TAKEN = 4;
/** A lag of a quarter of this is corrected at the full quarter. */
const HORIZON_NS = 100 * MS;
const MOST_CORRECTION = 0.25;
const MOST_AHEAD_NS = 5 * MS;
const MOST_BEHIND_IDLE_NS = 5 * MS;
/** What is longer was no pause of the scheduler's. */
export const GAP_NS = 1000 * MS;
/** A sleep is asked for in pieces, so that no jump is longer than 10 s, a late return included. */
export const MOST_SLEEP_NS = 9000 * MS;
/** Shorter sleeps are not worth asking a host for, whose timers count ms. */
const LEAST_SLEEP_NS = MS;
export const MIN_RATE = 1 / 8;
export const MAX_RATE = 64;
/** ns a tick before anything is known: that of an interpreter on cold code. */
export const FIRST_RATE = 16;

/** What time it is: of the wall, of the machine, and the machine's ticks. */
export interface Moment {
  wallNs: number;
  virtualNs: number;
  ticks: number;
}

/** What a busy machine is to do. */
export interface BusyStep {
  /** ns a tick from here on. */
  rate: number;
  /** To sleep before it goes on; 0 for not at all. */
  sleepNs: number;
}

/** What an idle machine is to do: sleep and ask again, or jump by so many ns and go on. */
export type IdleStep = { sleepNs: number } | { jumpNs: number };

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** ns of wall a tick, older stretches counting less. */
class Measure {
  private wall = 0;
  private ticks = 0;

  constructor(private readonly memoryNs: number) {}

  add(wall: number, ticks: number): void {
    const kept = Math.exp(-wall / this.memoryNs);
    this.wall = this.wall * kept + wall;
    this.ticks = this.ticks * kept + ticks;
  }

  /** undefined before anything was measured. */
  get mean(): number | undefined {
    return this.ticks > 0 ? this.wall / this.ticks : undefined;
  }
}

export class Pace {
  /** The wall at virtual time 0. */
  private origin = 0;
  /** The last moment that was looked at. */
  private last: Moment = { wallNs: 0, virtualNs: 0, ticks: 0 };
  private readonly recent = new Measure(MEMORY_NS);
  private readonly overall = new Measure(LONG_MEMORY_NS);
  private rateNow = FIRST_RATE;

  constructor(now: Moment) {
    this.resume(now);
  }

  /** Time goes on from here: what passed before, since a pause, is left out. */
  resume(now: Moment): void {
    this.origin = now.wallNs - now.virtualNs;
    this.last = now;
  }

  /** ns a tick. */
  get rate(): number {
    return this.rateNow;
  }

  /** ns by which the machine's time is behind the wall; negative when ahead. */
  behind({ wallNs, virtualNs }: Moment): number {
    return wallNs - this.origin - virtualNs;
  }

  /** At a boundary of a busy machine. */
  busy(now: Moment): BusyStep {
    this.look(now);
    const behind = this.behind(now);
    this.rateNow = this.nextRate(behind);
    return { rate: this.rateNow, sleepNs: behind < -MOST_AHEAD_NS ? -behind : 0 };
  }

  /**
   * Of an idle machine whose next timer is `nextNs` away (undefined: none is set). `woken`: something has come for it, it is not
   * to sleep on.
   */
  idle(now: Moment, nextNs: number | undefined, woken: boolean): IdleStep {
    if (now.ticks !== this.last.ticks) this.look(now);
    const behind = this.behind(now);
    const wait = (nextNs ?? Infinity) - behind;
    if (!woken && wait >= LEAST_SLEEP_NS) return { sleepNs: Math.min(wait, MOST_SLEEP_NS) };
    if (woken && wait > 0) return { jumpNs: Math.max(behind, 0) };
    return { jumpNs: behind - nextNs! > MOST_BEHIND_IDLE_NS ? behind : nextNs! };
  }

  /** The machine has slept, `askedNs` or less: what passed was not busy, and what passed beyond that by a gap is left out. */
  slept(now: Moment, askedNs: number): void {
    this.leaveOut(now.wallNs - this.last.wallNs - askedNs);
    this.last = now;
  }

  /** The end of a busy stretch: a gap is left out, else it is measured. */
  private look(now: Moment): void {
    const wall = now.wallNs - this.last.wallNs;
    if (!this.leaveOut(wall - (now.virtualNs - this.last.virtualNs))) this.measure(wall, now.ticks - this.last.ticks);
    this.origin += Math.max(this.behind(now) - GAP_NS, 0);
    this.last = now;
  }

  /** Leaves a gap out of the machine's time. True if it was one. */
  private leaveOut(ns: number): boolean {
    if (ns <= GAP_NS) return false;
    this.origin += ns;
    return true;
  }

  private measure(wall: number, ticks: number): void {
    if (ticks === 0) return;
    this.recent.add(Math.min(wall, this.speed * MOST_SLOWER * ticks), ticks);
    this.overall.add(Math.min(wall, LONG_MEMORY_NS), ticks);
  }

  /** ns of busy wall a tick, of late. */
  private get speed(): number {
    return this.recent.mean ?? this.rateNow;
  }

  private nextRate(behind: number): number {
    const taken = behind > HORIZON_NS * MOST_CORRECTION ? clamp((this.overall.mean ?? 0) / this.speed, 1, MOST_TAKEN) : 1;
    const wanted = this.speed * taken * (1 + clamp(behind / HORIZON_NS, -MOST_CORRECTION, MOST_CORRECTION));
    return clamp(clamp(wanted, this.rateNow / 2, this.rateNow * 2), MIN_RATE, MAX_RATE);
  }
}
