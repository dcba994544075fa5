/**
 * Wall time of a machine (its RTC, and what paravirtual clocks say of the date) against the host's. Virtual time is left alone: what it
 * does not know of (the host was asleep, the machine stood paused, a guest under `icount` is slower than the wall) is given to wall time
 * here, as `-rtc clock=host` says. With `clock=vm` wall time is what the machine started with and virtual time, and runs repeat.
 */

import { high, join, low, type ModuleInstance } from '../rings/instance.js';

const MS = 1_000_000n;
/** While the machine runs, less is left to the pace of its time, and to the host's own clock being adjusted. */
const LEAST_NS = 250n * MS;
/** A guest whose time stood still for longer is told that it was stopped. */
const STOPPED_NS = 1000n * MS;
/** Less is not worth a command in the guest. */
const TOLD_NS = 500n * MS;
/** How often the two are held against each other, in ms. */
const LOOK_MS = 100;

/** ns by which `ms` since 1970 are ahead of the machine's wall time, signed. */
function offBy(instance: ModuleInstance, ms: number): bigint {
  const { wallNowLo, wallNowHi } = instance.exports;
  return BigInt.asIntN(64, BigInt(Math.round(ms)) * MS - join(wallNowLo(), wallNowHi()));
}

function move(instance: ModuleInstance, ns: bigint, stopped: boolean): void {
  const bits = BigInt.asUintN(64, ns);
  instance.exports.moveWall(low(bits), high(bits), stopped ? 1 : 0);
}

/** Sets the machine's wall time, of a new machine or one that was restored. */
export function showDate(instance: ModuleInstance, ms: number): void {
  const off = offBy(instance, ms);
  if (off !== 0n) move(instance, off, false);
}

export class WallTime {
  private lastLook = -Infinity;
  private exactly = true;
  private owed = 0n;

  /** `aheadMs`: by how much the machine's date is ahead of the host's; undefined: it does not follow the host's. */
  constructor(
    private readonly instance: ModuleInstance,
    private readonly aheadMs: number | undefined,
    private readonly hostMs: () => number = () => Date.now(),
  ) {}

  /** A run starts: its first boundary sets wall time to the ms. */
  resume(): void {
    this.lastLook = -Infinity;
    this.exactly = true;
  }

  /** At a boundary, `nowMs` of any monotonic clock; `behindNs`: virtual time that the machine is yet to catch up with. */
  look(nowMs: number, behindNs: number): void {
    if (nowMs - this.lastLook < LOOK_MS) return;
    this.lastLook = nowMs;
    this.follow(BigInt(Math.round(behindNs)), this.exactly ? MS : LEAST_NS);
    this.exactly = false;
  }

  /**
   * Seconds since 1970 for a guest that has its own idea of the date, when that may be off by half a second or more; once. Of a machine
   * that is paused: what has passed since is known as well.
   */
  takeDate(): number | undefined {
    if (this.aheadMs === undefined) return undefined;
    const passed = offBy(this.instance, this.hostMs() + this.aheadMs);
    const off = this.owed + passed;
    if (off < TOLD_NS && off > -TOLD_NS) return undefined;
    // The move that is to come is told with it.
    this.owed = -passed;
    return Math.round((this.hostMs() + this.aheadMs) / 1000);
  }

  private follow(behindNs: bigint, least: bigint): void {
    if (this.aheadMs === undefined) return;
    const off = offBy(this.instance, this.hostMs() + this.aheadMs) - behindNs;
    if (off < least && off > -least) return;
    move(this.instance, off, off >= STOPPED_NS);
    // Before it has run, a guest has not asked for the date yet.
    const { ticksLo, ticksHi } = this.instance.exports;
    if (ticksLo() !== 0 || ticksHi() !== 0) this.owed += off;
  }
}
