/**
 * Time at a boundary: what a guest's virtual time does while it is busy, and while it idles; and what lives by it, wall time and networks.
 *
 *     icount     time = instructions. Idle time is skipped, or waited for while something may come from outside.
 *     realtime   time follows the wall, by pace.ts: the rate is set, or the machine sleeps.
 *
 * Everything the wall says enters the module here, at a boundary: the rate, jumps of idle time, moves of wall time.
 */

import { platform } from '#platform';
import { RateUnit } from '../../assembly/surface/clock.js';
import type { MachineClock } from './machine-clock.js';
import { high, join, low, type ModuleInstance } from '../rings/instance.js';
import { Pace, type Moment } from './pace.js';
import type { Member, Windows } from './shared-clock.js';
import type { ClockMode } from './types.js';
import type { Bell } from './wait.js';
import type { WallTime } from './wall-time.js';

/** idleNs when no timer is armed. */
const NEVER = 0xffff_ffff_ffff_ffffn;
const MS = 1e6;
/** Timers of hosts count ms: a shorter wait is not asked for. */
const LEAST_SLEEP_MS = 1;
/** How often the event loop has its turn beside a guest that idles and does not sleep. */
const IDLE_TURN_MS = 1;

export interface Timed {
  instance: ModuleInstance;
  clock: ClockMode;
  wall: WallTime;
  /** The clock of the machine's networks. */
  networks: MachineClock;
  bell: Bell;
  shared?: Windows | undefined;
}

/** What the engine knows of the boundary in hand. */
export interface Boundary {
  idle: boolean;
  /** Something may come from outside while the guest sleeps. */
  awaited: boolean;
  /** When the run is to end at the latest, by performance.now(). */
  until: number;
  /** Something waits for the guest, or the run is to pause: it must not sleep. */
  woken: () => boolean;
  /** The run is to pause. */
  ending: () => boolean;
}

/** Sets what a tick takes, never a whole power of two of ns: by that a paced machine is known from one under `icount`. */
export function setTickNs(instance: ModuleInstance, ns: number): void {
  instance.exports.setTickRate(Math.round(ns * 2 ** RateUnit.SHIFT) | 1);
}

export class Timekeeping {
  jumps = 0;
  private lastTurn = 0;
  private readonly pace: Pace | undefined;
  private readonly member: Member | undefined;

  constructor(private readonly timed: Timed) {
    if (timed.clock === 'realtime') this.pace = new Pace(this.now());
    this.member = timed.shared?.add(() => timed.bell.ring());
  }

  /** Others on the same clock may wake the guest. */
  get hasCompany(): boolean {
    return this.member?.hasCompany ?? false;
  }

  get virtualNs(): bigint {
    const { nowNsLo, nowNsHi } = this.timed.instance.exports;
    return join(nowNsLo(), nowNsHi());
  }

  /** ns to the guest's next timer; undefined when none is armed. */
  get idleNs(): number | undefined {
    const { idleNsLo, idleNsHi } = this.timed.instance.exports;
    const ns = join(idleNsLo(), idleNsHi());
    return ns === NEVER ? undefined : Number(ns);
  }

  /** A run starts: what passed since the last is a gap. */
  resume(): void {
    this.pace?.resume(this.now());
    this.timed.wall.resume();
    if (this.member === undefined) return;
    this.member.join(Number(this.virtualNs));
    this.timed.networks.rebase(this.member.offset);
  }

  /** The run is over. */
  rest(): void {
    this.member?.leave();
  }

  /** The machine is run no more. */
  close(): void {
    if (this.member !== undefined) this.timed.shared?.remove(this.member);
  }

  /** Lets time pass. True when the event loop had its turn meanwhile. */
  async pass(boundary: Boundary): Promise<boolean> {
    const slept = await this.spend(boundary);
    const { wall, networks } = this.timed;
    const now = this.now();
    networks.advance(now.virtualNs);
    wall.look(now.wallNs / MS, this.pace?.behind(now) ?? 0);
    return slept;
  }

  private spend(boundary: Boundary): Promise<boolean> {
    if (this.member !== undefined) return this.goTogether(this.member, boundary);
    return this.pace === undefined ? this.count(boundary) : this.follow(this.pace, boundary);
  }

  private now(): Moment {
    const { ticksLo, ticksHi } = this.timed.instance.exports;
    return { wallNs: performance.now() * MS, virtualNs: Number(this.virtualNs), ticks: Number(join(ticksLo(), ticksHi())) };
  }

  /** The next thing that time is to bring: a timer of the guest's or of its networks'. */
  private nextNs(): number | undefined {
    const network = this.timed.networks.untilNext(Number(this.virtualNs));
    const timers = [this.idleNs, network].filter((ns) => ns !== undefined);
    return timers.length === 0 ? undefined : Math.min(...timers);
  }

  private skip(ns: number): void {
    const whole = BigInt(Math.round(ns));
    if (whole <= 0n) return;
    this.jumps++;
    this.timed.instance.exports.skipIdle(low(whole), high(whole));
  }

  private async sleep(ms: number, until: number): Promise<void> {
    await this.timed.bell.sleep(Math.max(Math.min(ms, until - performance.now()), 0));
    // What rang was the first of what the event loop has: with the rest of it the guest wakes once, not once a frame.
    await platform.yieldTurn();
  }

  /** Under `realtime`. */
  private async follow(pace: Pace, { idle, awaited, until, woken }: Boundary): Promise<boolean> {
    if (!idle) return this.keepPace(pace, until);
    let step = pace.idle(this.now(), this.nextNs(), woken());
    let turned = false;
    if ('sleepNs' in step) {
      await this.sleep(step.sleepNs / MS, until);
      pace.slept(this.now(), step.sleepNs);
      step = pace.idle(this.now(), this.nextNs(), true);
      turned = true;
    } else if (awaited && performance.now() - this.lastTurn >= IDLE_TURN_MS) {
      // A guest of short sleeps may wait for the outside all the same.
      await platform.yieldTurn();
      turned = true;
    }
    if (turned) this.lastTurn = performance.now();
    if ('jumpNs' in step) this.skip(step.jumpNs);
    return turned;
  }

  private async keepPace(pace: Pace, until: number): Promise<boolean> {
    const { rate, sleepNs } = pace.busy(this.now());
    setTickNs(this.timed.instance, rate);
    if (sleepNs < LEAST_SLEEP_MS * MS) return false;
    await this.sleep(sleepNs / MS, until);
    pace.slept(this.now(), sleepNs);
    return true;
  }

  /** Under `icount`: idle time is counted from here, busy time by instructions alone. */
  private async count({ idle, awaited, until, woken }: Boundary): Promise<boolean> {
    if (!idle || woken()) return false;
    const next = awaited ? this.nextNs() : this.idleNs;
    if (!awaited) {
      this.skip(next ?? 0);
      return false;
    }
    const started = performance.now();
    const ms = (next ?? Infinity) / MS;
    if (ms >= LEAST_SLEEP_MS) await this.sleep(ms, until);
    else await platform.yieldTurn();
    const passed = (performance.now() - started) * MS;
    // A timer shorter than the host's own resolution is taken early.
    this.skip(next !== undefined && passed >= next - MS * LEAST_SLEEP_MS ? next : passed);
    return true;
  }

  /** On a shared clock: idle time is skipped up to the window's end, where the machine waits for the others. */
  private async goTogether(member: Member, boundary: Boundary): Promise<boolean> {
    let waited = false;
    for (;;) {
      if (boundary.idle && !boundary.woken()) this.skip(Math.min(this.nextNs() ?? Infinity, member.left(Number(this.virtualNs))));
      if (member.left(Number(this.virtualNs)) > 0) return waited;
      if (member.takeFresh()) await platform.yieldTurn();
      if (!(await this.waitForOthers(member, boundary))) return true;
      waited = true;
    }
  }

  /** True: the next window has begun. */
  private async waitForOthers(member: Member, { idle, awaited, until, woken, ending }: Boundary): Promise<boolean> {
    const { clock } = member, { epoch } = clock;
    let said: boolean | undefined;
    while (!ending() && performance.now() < until && !clock.isOver) {
      const isUp = !idle || woken();
      if (isUp !== said) member.arrive({ next: isUp ? clock.endNs : this.nextOf(member), awaited });
      said = isUp;
      if (clock.epoch !== epoch) return true;
      await this.timed.bell.sleep(until - performance.now());
    }
    return false;
  }

  /** The next thing that time is to bring, by the shared clock. */
  private nextOf({ offset }: Member): number | undefined {
    const ns = this.nextNs();
    return ns === undefined ? undefined : offset + Number(this.virtualNs) + ns;
  }
}
