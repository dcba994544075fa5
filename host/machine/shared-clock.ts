/**
 * One clock for several machines of a thread (docs/embedding.md, "Machines on one clock"): virtual time goes in windows. A machine that comes to the
 * end of a window waits for the others; then what they sent each other is handed over, in the order in which it was sent, and the next window
 * begins. So the same machines, started in the same turn of the event loop, go the same way each time, whoever of them the host runs first.
 *
 * This is conservative synchronisation of parallel simulations with the window as its lookahead: a frame arrives at the end of the window in which it was sent,
 * or later. Where all sleep, the window reaches to the next thing that any of them waits for.
 */

import { platform } from '#platform';
import type { NetBackend } from '../net/backend.js';
import { HeldWire } from '../net/held-wire.js';
import { OptionError } from './errors.js';
import type { SharedClock, SharedClockOptions } from './types.js';

const DEFAULT_WINDOW_NS = 100_000;
const LEAST_WINDOW_NS = 1_000;
const MOST_WINDOW_NS = 1_000_000_000;
const MS = 1e6;
/** A shorter wait is not asked of the host's timers. */
const LEAST_SLEEP_NS = MS;

/** What a machine at the end of a window waits for. */
export interface Wants {
  /** Virtual time of the next thing it does by itself, by the shared clock; undefined: nothing. */
  next: number | undefined;
  /** Something may come for it from outside: idle time passes by the wall. */
  awaited: boolean;
}

/** Makes a clock for several machines of this thread: `createMachine({ clock })`. */
export function createSharedClock({ windowNs = DEFAULT_WINDOW_NS, ...rest }: SharedClockOptions = {}): SharedClock {
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new OptionError(unknown, 'createSharedClock() has no such option. There is windowNs.');
  if (!Number.isInteger(windowNs) || windowNs < LEAST_WINDOW_NS || windowNs > MOST_WINDOW_NS) {
    throw new OptionError('windowNs', `${String(windowNs)} is not a whole number of ns from ${LEAST_WINDOW_NS} to ${MOST_WINDOW_NS}.`);
  }
  return new Windows(windowNs);
}

export class Windows implements SharedClock {
  private readonly members = new Set<Member>();
  private readonly wires = new Set<HeldWire>();
  private startNs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sleptFrom = 0;
  /** End of the window in hand. */
  endNs: number;
  /** Counts windows. */
  epoch = 0;
  /** All sleep, and nothing will wake any of them. */
  isOver = false;

  constructor(readonly windowNs: number) {
    this.endNs = windowNs;
  }

  /** Where the window in hand began. */
  get nowNs(): bigint {
    return BigInt(this.startNs);
  }

  get start(): number {
    return this.startNs;
  }

  /** @internal A machine; `ring` ends its wait. */
  add(ring: () => void): Member {
    const member = new Member(this, ring);
    this.members.add(member);
    return member;
  }

  /** @internal */
  remove(member: Member): void {
    this.members.delete(member);
    this.look();
  }

  /** @internal Another machine runs. */
  runsBeside(member: Member): boolean {
    return [...this.members].some((other) => other !== member && other.running);
  }

  /** @internal What a machine sends into `inner` is held until the window's end; `now` is its time by this clock. */
  hold(inner: NetBackend, now: () => number): NetBackend {
    const wire = new HeldWire(inner, now, () => this.wires.delete(wire));
    this.wires.add(wire);
    return wire;
  }

  /** @internal Somebody has come to the window's end, or has left, or wants something else. */
  look(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const running = [...this.members].filter(({ running }) => running);
    if (running.length === 0 || running.some(({ wants }) => wants === undefined)) return;
    if (this.exchange()) return this.open(this.endNs + this.windowNs);
    const next = least([...running.map(({ wants }) => wants!.next), ...[...this.wires].map((wire) => wire.due)]);
    const awaited = running.some(({ wants }) => wants!.awaited);
    if (awaited && (next === undefined || next - this.endNs >= LEAST_SLEEP_NS)) return this.sleep(next);
    if (next === undefined) return this.end();
    this.open(Math.max(this.endNs + this.windowNs, next));
  }

  /** Waits by the wall, for what comes from outside or for what is next. */
  private sleep(next: number | undefined): void {
    if (this.sleptFrom === 0) this.sleptFrom = performance.now();
    if (next === undefined) return;
    const wake = (): void => this.open(Math.max(this.endNs + this.windowNs, next));
    this.timer = setTimeout(wake, Math.min((next - this.endNs) / MS - (performance.now() - this.sleptFrom), 0x7fff_ffff));
  }

  private end(): void {
    this.isOver = true;
    this.wakeAll();
  }

  private open(endNs: number): void {
    // Who was woken out of a sleep finds that the time has passed.
    const passed = this.sleptFrom === 0 ? 0 : Math.floor((performance.now() - this.sleptFrom) * MS);
    this.sleptFrom = 0;
    this.startNs = this.endNs;
    this.endNs = Math.max(endNs, this.startNs + passed);
    this.epoch++;
    for (const member of this.members) member.wants = undefined;
    this.wakeAll();
  }

  private wakeAll(): void {
    for (const { ring } of this.members) ring();
  }

  /** Hands over what was sent by the window's end, the oldest first. True: somebody got something. */
  private exchange(): boolean {
    let any = false;
    for (let first = this.firstDue(); first !== undefined; first = this.firstDue()) if (first.passOne()) any = true;
    for (const wire of this.wires) wire.signalRoom();
    return any;
  }

  private firstDue(): HeldWire | undefined {
    let first: HeldWire | undefined;
    for (const wire of this.wires) {
      if (wire.due !== undefined && wire.due <= this.endNs && (first === undefined || wire.due < first.due!)) first = wire;
    }
    return first;
  }
}

function least(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined);
}

/** One machine's part. */
export class Member {
  running = false;
  wants: Wants | undefined;
  /** What its virtual time 0 is by the clock. */
  offset = 0;
  private isFresh = false;

  constructor(
    readonly clock: Windows,
    readonly ring: () => void,
  ) {}

  /** A run starts at its virtual time `virtualNs`. Time that passed while it stood is not its own. */
  join(virtualNs: number): void {
    this.offset = Math.max(this.offset, this.clock.start - virtualNs);
    this.running = true;
    this.wants = undefined;
    this.isFresh = true;
    this.clock.isOver = false;
  }

  /** The run is over: the others go on without it. */
  leave(): void {
    if (!this.running) return;
    this.running = false;
    this.wants = undefined;
    // Others that are being stopped, too, have the time to leave: the window does not end for them.
    void platform.yieldTurn().then(() => this.clock.look());
  }

  /** Others may wake it. */
  get hasCompany(): boolean {
    return !this.clock.isOver && this.clock.runsBeside(this);
  }

  /** Those that are started in the same turn begin together: true once, before the first wait of a run. */
  takeFresh(): boolean {
    const fresh = this.isFresh;
    this.isFresh = false;
    return fresh;
  }

  /** ns to the end of the window, none when it is over. */
  left(virtualNs: number): number {
    return Math.max(this.clock.endNs - this.offset - virtualNs, 0);
  }

  /** At the end of the window, or anew with other wants. */
  arrive(wants: Wants): void {
    this.wants = wants;
    this.clock.look();
  }
}
