/**
 * Runs the module in slices. After each slice the rings are drained, idle time is skipped or waited for, and from time to
 * time the event loop gets its turn.
 *
 * A slice is a number of instructions, never of milliseconds, and input enters only between slices: under `icount` with
 * nobody typing, the same machine runs through the same slices. V8 does not replace a running Wasm function by its
 * optimised code, so a slice must end now and then in any case.
 *
 *     icount     time = instructions. Idle time is skipped, or waited for while somebody may type (attachInput).
 *     realtime   time follows the wall: after each slice the clock jumps to it, and idle time is waited for.
 */

import { StopReason as Code } from '../../assembly/run/surface.js';
import { InputQueue } from './input.js';
import { high, join, low, type ModuleInstance } from './module.js';
import { DEBUG_RING, SERIAL_PORTS, takeBytes } from './rings.js';
import type { ClockMode, Counter, Stop, StopReason } from './types.js';
import { Bell, yieldToHost } from './wait.js';

const SLICE_ICOUNT = 1_000_000n;
/** Shorter, so that the clock's jumps to the wall stay small. */
const SLICE_REALTIME = 250_000n;
/** The event loop gets a turn this often. */
const YIELD_MS = 8;
/** idleNs when no timer is armed. */
const NEVER = 0xffff_ffff_ffff_ffffn;
/** Number under which bytes written to port 0xe9 are reported. */
export const DEBUG_PORT = SERIAL_PORTS;

export interface EngineOptions {
  instance: ModuleInstance;
  clock: ClockMode;
  /** Called with what the guest sent, between slices. */
  onSerial: (port: number, bytes: Uint8Array) => void;
}

/** What stands between the module and the world outside, asked between slices. */
export interface HostPort {
  /** True when the module should look at its rings. */
  beforeSlice(): boolean;
  afterSlice(): void;
  /** Something waits for the guest: it must not sleep. */
  readonly busy: boolean;
  /** Answers, while the guest's time stands still, what it asked: called while `busy`, before the next instruction. */
  answer?(): void | Promise<void>;
  counters?(): Counter[];
}

/** What ends one run besides the guest itself. */
export interface RunBounds {
  /** Stop when the machine has retired this many. */
  untilInstructions?: bigint;
  /** What a stop at `untilInstructions` is called. */
  boundary?: 'paused' | 'limit';
  wallMs?: number;
  /** HLT ends the run, whatever could wake the processor. */
  untilHalt?: boolean;
}

const REASONS: Partial<Record<Code, StopReason>> = {
  [Code.POWEROFF]: 'poweroff',
  [Code.RESET]: 'reset',
  [Code.DEBUG_EXIT]: 'debug-exit',
  [Code.SHUTDOWN]: 'triple-fault',
};

export class Engine {
  readonly input = new InputQueue();
  slices = 0;
  /** Looks at rings that were asked of the module, and jumps of its clock. */
  looks = 0;
  jumps = 0;
  moduleMs = 0;

  /** Somebody outside may type. */
  private inputAttached = false;
  /** The first input waits until the guest is idle; what follows is an answer to something, or an interrupt, and enters at once. */
  private patient = false;
  private typed = false;
  /** Network cards and disks. While `outside` is set, frames may come at any time, and idle time is waited for. */
  private ports: readonly HostPort[] = [];
  private outside = false;
  private readonly bell = new Bell();
  private pauseAsked = false;
  /** Wall time in ms at virtual time 0, under `realtime`. */
  private wallAnchor = 0;
  private lastYield = 0;
  /** The last slice ended in HLT. */
  private idle = false;

  constructor(private readonly options: EngineOptions) {}

  get instructions(): bigint {
    const { ticksLo, ticksHi } = this.options.instance.exports;
    return join(ticksLo(), ticksHi());
  }

  get virtualNs(): bigint {
    const { nowNsLo, nowNsHi } = this.options.instance.exports;
    return join(nowNsLo(), nowNsHi());
  }

  /** Bytes for a serial port; they enter between slices. */
  type(port: number, data: Uint8Array): void {
    this.input.push(port, data);
    this.bell.ring();
  }

  /** Connects what is served between slices. `outside`: it may bring something while the guest sleeps. */
  attachPorts(ports: readonly HostPort[], outside: boolean): void {
    this.ports = ports;
    this.outside = outside;
  }

  /** Ends a sleep: something has come for the guest. */
  wake(): void {
    this.bell.ring();
  }

  /** Ends the run under way at the end of its slice. */
  askPause(): void {
    this.pauseAsked = true;
    this.bell.ring();
  }

  /** Whether somebody outside may type: then idle time is waited for. `patient`: the first bytes enter when the guest is idle. */
  attachInput(attached: boolean, patient: boolean): void {
    if (attached === this.inputAttached && patient === this.patient) return;
    this.inputAttached = attached;
    this.patient = patient;
    this.bell.ring();
  }

  /**
   * Crossings by class (docs/design.md, 7). All are B3, which stop the processor: the module imports nothing but its memory and what ends it
   * on a failed assertion, so there is no B2 to count; B1 are the accesses it counts itself, and B4 is what backends and disks count.
   */
  private crossings(): Counter[] {
    const one = (name: string, value: number): Counter => ({ name: `host B3 ${name}`, unit: 'crossings', value: BigInt(value) });
    return [one('slices', this.slices), one('looks at rings', this.looks), one('clock jumps', this.jumps)];
  }

  async run(bounds: RunBounds): Promise<Stop> {
    const started = performance.now();
    this.pauseAsked = false;
    this.wallAnchor = started - Number(this.virtualNs) / 1e6;
    this.lastYield = started;
    for (;;) {
      const left = bounds.wallMs === undefined ? Infinity : started + bounds.wallMs - performance.now();
      const stop = this.boundStop(bounds, left) ?? (await this.turn(bounds, started));
      if (stop !== undefined) return stop;
      await this.rest(left);
    }
  }

  /** A slice, between the host's answers to what was asked before and in it. */
  private async turn(bounds: RunBounds, started: number): Promise<Stop | undefined> {
    const until = started + (bounds.wallMs ?? Infinity);
    // A pause came before everything was answered: it is seen before the next turn.
    if (this.asking && !(await this.settle(until))) return undefined;
    const code = this.slice(bounds);
    if (this.asking) await this.settle(until);
    return this.codeStop(code, bounds);
  }

  /** A disk waits for the host. */
  private get asking(): boolean {
    return this.ports.some((port) => port.answer !== undefined && port.busy);
  }

  /**
   * Answers disks until they ask no more: a long request asks again and again. Between two rounds a pause or the limit of wall time
   * may come; what is not answered then is answered before the next slice. True when all is answered.
   */
  private async settle(until: number): Promise<boolean> {
    while (this.asking) {
      if (this.pauseAsked || performance.now() >= until) return false;
      for (const port of this.ports) {
        const wait = port.busy ? port.answer?.() : undefined;
        if (wait !== undefined) await wait;
      }
      this.looks++;
      this.options.instance.exports.poke();
      if (performance.now() - this.lastYield < YIELD_MS) continue;
      await yieldToHost();
      this.lastYield = performance.now();
    }
    return true;
  }

  /** What was counted on the host's side: by the ports, and crossings. */
  counters(): Counter[] {
    return [...this.ports.flatMap((port) => port.counters?.() ?? []), ...this.crossings()];
  }

  private boundStop(bounds: RunBounds, wallLeft: number): Stop | undefined {
    const { untilInstructions, boundary } = bounds;
    if (untilInstructions !== undefined && this.instructions >= untilInstructions) {
      return this.stop(boundary ?? 'paused', 'instructions');
    }
    if (this.pauseAsked) return this.stop('paused');
    return wallLeft <= 0 ? this.stop('limit', 'wallMs') : undefined;
  }

  private stop(reason: StopReason, limit?: Stop['limit']): Stop {
    const code = reason === 'debug-exit' ? this.options.instance.exports.exitCode() : 0;
    const stop: Stop = { reason, code, instructions: this.instructions };
    if (reason === 'limit' && limit !== undefined) stop.limit = limit;
    return stop;
  }

  /** Runs one slice and drains the rings. */
  private slice(bounds: RunBounds): Code {
    const { instance, clock } = this.options;
    let look = (!this.patient || this.typed || this.idle) && this.input.deliver(instance);
    if (look) this.typed = true;
    for (const port of this.ports) if (port.beforeSlice()) look = true;
    if (look) {
      this.looks++;
      instance.exports.poke();
    }
    let ticks = clock === 'icount' ? SLICE_ICOUNT : SLICE_REALTIME;
    if (bounds.untilInstructions !== undefined) {
      const left = bounds.untilInstructions - this.instructions;
      if (left < ticks) ticks = left;
    }
    const before = performance.now();
    const code = instance.exports.runSlice(low(ticks), high(ticks)) as Code;
    this.moduleMs += performance.now() - before;
    this.slices++;
    this.idle = code === Code.IDLE || code === Code.HALT;
    this.drain();
    for (const port of this.ports) port.afterSlice();
    return code;
  }

  private drain(): void {
    const { instance, onSerial } = this.options;
    for (let port = 0; port <= SERIAL_PORTS; port++) {
      const bytes = takeBytes(instance, port === DEBUG_PORT ? DEBUG_RING : port * 2);
      if (bytes !== undefined) onSerial(port, bytes);
    }
  }

  private codeStop(code: Code, bounds: RunBounds): Stop | undefined {
    const reason = REASONS[code];
    if (reason !== undefined) return this.stop(reason);
    if (this.idle && bounds.untilHalt) return this.stop('halt');
    // HLT with interrupts off; or with no timer armed and nobody who may type.
    if (code === Code.HALT) return this.stop('halt');
    const asleep = this.idle && this.idleNs() === NEVER && this.quiet && !this.awaited;
    return asleep ? this.stop('halt') : undefined;
  }

  /** Between slices: idle time, the wall, the event loop. */
  private async rest(wallLeft: number): Promise<void> {
    if (!this.idle || !this.quiet) this.followWall();
    else if (this.options.clock === 'icount' && !this.awaited) this.skip(this.idleNs());
    else return this.waitIdle(wallLeft);
    if (performance.now() - this.lastYield < YIELD_MS) return;
    await yieldToHost();
    this.lastYield = performance.now();
  }

  /** Nothing waits for the guest. */
  private get quiet(): boolean {
    return this.input.empty && !this.ports.some((port) => port.busy);
  }

  /** Something may come from outside while the guest sleeps. */
  private get awaited(): boolean {
    return this.inputAttached || this.outside;
  }

  private idleNs(): bigint {
    const { idleNsLo, idleNsHi } = this.options.instance.exports;
    return join(idleNsLo(), idleNsHi());
  }

  private skip(ns: bigint): void {
    if (ns <= 0n) return;
    this.jumps++;
    this.options.instance.exports.skipIdle(low(ns), high(ns));
  }

  /** ns by which virtual time is behind the wall; negative when ahead. */
  private behindNs(): bigint {
    return BigInt(Math.round((performance.now() - this.wallAnchor) * 1e6)) - this.virtualNs;
  }

  private followWall(): void {
    if (this.options.clock === 'realtime') this.skip(this.behindNs());
  }

  /** Sleeps until the next timer is due by the wall, or something is typed, and moves the clock by what has passed. */
  private async waitIdle(wallLeft: number): Promise<void> {
    const next = this.idleNs();
    const idle = next === NEVER ? undefined : next;
    // Under icount the clock does not follow the wall while busy: idle time is counted from here.
    if (this.options.clock === 'icount') this.wallAnchor = performance.now() - Number(this.virtualNs) / 1e6;
    const ms = idle === undefined ? Infinity : Number(idle - this.behindNs()) / 1e6;
    // A timer shorter than the host's own resolution is taken early; the clock is then ahead and the next wait longer.
    if (ms >= 1) await this.bell.sleep(Math.min(ms, wallLeft));
    // What rang was the first of what the event loop has: with the rest of it the guest wakes once, not once a frame.
    if (ms < 1 || this.outside) await yieldToHost();
    this.lastYield = performance.now();
    const passed = this.behindNs();
    const woken = !this.quiet || this.pauseAsked;
    this.skip(idle === undefined || (passed < idle && woken) ? passed : idle);
  }
}
