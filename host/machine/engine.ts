/**
 * Runs the module, and stands between it and the world outside.
 *
 * A boundary is a tick that the guest alone decides: a multiple of a fixed number of ticks since power-up, an idle, or where a device
 * asked for the host. There the host serves: rings are drained, disks answered, time set, input and frames put in; then the guest
 * goes on. A boundary stays due until it has been served, so that a pause in its midst changes nothing. Pauses and limits make none: under
 * `icount` with nobody typing, the same machine goes the same way however it is cut into runs.
 *
 * A yield comes after a few milliseconds of work, between any two instructions: the host looks at pause, limits and its event loop, and
 * serves nothing. V8 does not replace a running Wasm function by its optimised code, so the module must return now and then in any case.
 *
 * What time does at a boundary is timekeeping.ts's.
 */

import { platform } from '#platform';
import { createTranslator, type JitSettings, type Translator } from './translator.js';
import { StopReason as Code } from '../../assembly/surface/run.js';
import { Holds } from './holds.js';
import { InputQueue } from './input.js';
import type { MachineClock } from './machine-clock.js';
import { high, join, low, type ModuleInstance } from '../rings/instance.js';
import type { HostPort } from '../rings/port.js';
import { DEBUG_RING, dropBytes, peekBytes, SERIAL_PORTS } from '../rings/bytes.js';
import type { Windows } from './shared-clock.js';
import { Timekeeping } from './timekeeping.js';
import type { ClockMode, Counter, Stop, StopReason, TranslationStats } from './types.js';
import { Bell } from './wait.js';
import type { WallTime } from './wall-time.js';

/** The event loop gets a turn this often. */
const YIELD_MS = 8;
/** Ticks of a run without an end of its own. */
const FOREVER = 0xffff_ffff_ffff_ffffn;
/** Number under which bytes written to port 0xe9 are reported. */
export const DEBUG_PORT = SERIAL_PORTS;

/** The counter of turns that no guest knows of. */
export const YIELDS = 'host B3 yields';

export interface EngineOptions {
  instance: ModuleInstance;
  clock: ClockMode;
  /** The clock that the machine shares with others. */
  shared?: Windows | undefined;
  wall: WallTime;
  networks: MachineClock;
  /** How hot code is translated. */
  jit?: JitSettings;
  /** Called with what the guest sent, at boundaries and at the end of a run. A promise holds the port (holds.ts). */
  onSerial: (port: number, bytes: Uint8Array) => void | Promise<unknown>;
  /** So many bytes of what was typed have entered; a port that had enough has room again. */
  onTaken?: (port: number, bytes: number) => void;
  onRoom?: (port: number) => void;
  /** The guest has marked a region of interest: called between that instruction and the next. */
  onRegion?: () => void;
  /** The module has returned, for whatever reason. */
  afterRun?: () => void;
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
  [Code.PANIC]: 'panic',
};

/** The module's rings that carry bytes to the host: the serial ports', and the debug console's. */
const OUTPUT_RINGS = [...Array.from({ length: SERIAL_PORTS }, (_, port) => port * 2), DEBUG_RING];

export class Engine {
  readonly input: InputQueue;
  boundaries = 0;
  yields = 0;
  /** Looks at rings that were asked of the module. */
  looks = 0;
  moduleMs = 0;

  /** Bytes of each output ring that were shown at the end of a run and wait in it until the next boundary. */
  readonly shown: number[];
  /** Somebody outside may type. */
  private inputAttached = false;
  /** The first input waits until the guest is idle; what follows is an answer to something, or an interrupt, and enters at once. */
  private patient = false;
  private typed = false;
  /** Network cards and disks. While `outside` is set, frames may come at any time, and idle time is waited for. */
  private ports: readonly HostPort[] = [];
  private outside = false;
  private readonly translator: Translator | undefined;
  private readonly bell = new Bell();
  private readonly time: Timekeeping;
  private readonly holds = new Holds(() => this.bell.ring());
  private pauseAsked = false;
  private lastTurn = 0;
  /** The processor sleeps: the boundary in hand is an idle. */
  private idle = false;

  /** `shown`: of a restored machine, what its snapshot says. */
  constructor(private readonly options: EngineOptions, shown: readonly number[] = []) {
    const { jit } = options;
    if (jit !== undefined && jit.mode !== 'off') this.translator = createTranslator(options.instance, jit);
    this.shown = OUTPUT_RINGS.map((_, i) => shown[i] ?? 0);
    this.time = new Timekeeping({ ...options, bell: this.bell });
    this.input = new InputQueue(options.onTaken, options.onRoom);
  }

  /** What has been translated; undefined with translation off. */
  translation(): TranslationStats | undefined {
    return this.translator?.stats();
  }

  /** The instance is run no more. */
  close(): void {
    this.translator?.close();
    this.time.close();
  }

  get instructions(): bigint {
    const { ticksLo, ticksHi } = this.options.instance.exports;
    return join(ticksLo(), ticksHi());
  }

  get virtualNs(): bigint {
    return this.time.virtualNs;
  }

  /** Bytes for a serial port; they enter at a boundary. False: the port has enough waiting. */
  type(port: number, data: Uint8Array): boolean {
    const room = this.input.push(port, data);
    this.bell.ring();
    return room;
  }

  /** Connects what is served at boundaries. `outside`: it may bring something while the guest sleeps. */
  attachPorts(ports: readonly HostPort[], outside: boolean): void {
    this.ports = ports;
    this.outside = outside;
  }

  /** Ends a sleep: something has come for the guest. */
  wake(): void {
    this.bell.ring();
  }

  /** Ends the run under way at its next yield. */
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
   * Crossings by class (docs/design.md, 7). All are B3, which stop the processor: the module imports nothing but its memory, pages of
   * a restored machine, and what ends it on a failed assertion, so there is no B2 to count; B1 are the accesses it counts itself, and B4 is what
   * backends and disks count.
   */
  private crossings(): Counter[] {
    const one = (name: string, value: number): Counter => ({ name: `host B3 ${name}`, unit: 'crossings', value: BigInt(value), owner: 'emulator', crossing: 'B3' });
    return [one('boundaries', this.boundaries), one('yields', this.yields), one('looks at rings', this.looks), one('clock jumps', this.time.jumps)];
  }

  /** What was counted on the host's side: by the ports, and crossings. */
  counters(): Counter[] {
    return [...this.ports.flatMap((port) => port.counters?.() ?? []), ...this.crossings()];
  }

  async run(bounds: RunBounds): Promise<Stop> {
    try {
      return await this.runTo(bounds);
    } finally {
      this.time.rest();
    }
  }

  private async runTo(bounds: RunBounds): Promise<Stop> {
    const started = performance.now();
    const until = started + (bounds.wallMs ?? Infinity);
    this.pauseAsked = false;
    this.time.resume();
    this.lastTurn = started;
    for (;;) {
      const stop = this.boundStop(bounds, until) ?? (await this.turn(bounds, until));
      if (stop !== undefined) {
        this.show(true);
        return stop;
      }
      if (performance.now() - this.lastTurn >= YIELD_MS) await this.giveTurn();
    }
  }

  /** Lets the module run until it returns, and does what it returns for. */
  private turn(bounds: RunBounds, until: number): Promise<Stop | undefined> | undefined {
    const code = this.runModule(bounds);
    this.options.afterRun?.();
    if (code === Code.BUDGET) return undefined;
    this.translator?.serve();
    if (code === Code.REGION) return void this.options.onRegion?.();
    if (code !== Code.YIELD) return this.serve(code, bounds, until);
    this.yields++;
    return undefined;
  }

  private runModule({ untilInstructions }: RunBounds): Code {
    const { run } = this.options.instance.exports;
    const ticks = untilInstructions === undefined ? FOREVER : untilInstructions - this.instructions;
    const before = performance.now();
    const code = run(low(ticks), high(ticks)) as Code;
    this.moduleMs += performance.now() - before;
    return code;
  }

  /** The event loop's turn. */
  private async giveTurn(): Promise<void> {
    await platform.yieldTurn();
    this.lastTurn = performance.now();
  }

  private boundStop(bounds: RunBounds, until: number): Stop | undefined {
    const { untilInstructions, boundary } = bounds;
    if (untilInstructions !== undefined && this.instructions >= untilInstructions) {
      return this.stop(boundary ?? 'paused', 'instructions');
    }
    if (this.pauseAsked) return this.stop('paused');
    return performance.now() >= until ? this.stop('limit', 'wallMs') : undefined;
  }

  private stop(reason: StopReason, limit?: Stop['limit']): Stop {
    const code = reason === 'debug-exit' ? this.options.instance.exports.exitCode() : 0;
    const stop: Stop = { reason, code, instructions: this.instructions };
    if (reason === 'limit' && limit !== undefined) stop.limit = limit;
    return stop;
  }

  // --- A boundary ---

  /** Serves a boundary, or the machine's end. Where a pause or the limit comes between, the boundary stays due and is served anew. */
  private async serve(code: Code, bounds: RunBounds, until: number): Promise<Stop | undefined> {
    this.idle = code === Code.IDLE || code === Code.HALT;
    if (!(await this.deliver(until))) return undefined;
    const settled = !this.asking || (await this.settle(until));
    const stop = this.codeStop(code, bounds);
    if (stop !== undefined || !settled) return stop;
    const { idle, awaited } = this;
    const woken = (): boolean => !this.quiet || this.pauseAsked;
    if (await this.time.pass({ idle, awaited, until, woken, ending: () => this.pauseAsked })) this.lastTurn = performance.now();
    if (this.pauseAsked || performance.now() >= until) return undefined;
    this.look();
    if (this.asking && !(await this.settle(until))) return undefined;
    this.options.instance.exports.passBoundary();
    this.boundaries++;
    return undefined;
  }

  /** Hands on what the guest sent. Where who reads it is slow, a machine that lives by its instruction count waits; false: not all is delivered. */
  private async deliver(until: number): Promise<boolean> {
    for (;;) {
      this.drain();
      for (const port of this.ports) port.afterSlice();
      if (this.options.clock !== 'icount' || !this.isHeld) return true;
      if (this.pauseAsked || performance.now() >= until) return false;
      await this.bell.sleep(until - performance.now());
    }
  }

  private get isHeld(): boolean {
    return this.holds.any || this.ports.some((port) => port.blocked === true);
  }

  /** Hands on what the guest sent, and makes room in its rings. */
  private drain(): void {
    this.show();
    OUTPUT_RINGS.forEach((ring, port) => {
      if (this.isShut(port)) return;
      this.shown[port] = 0;
      dropBytes(this.options.instance, ring);
    });
  }

  /** The port is not ready: whoever reads it is slow, and time follows the wall. */
  private isShut(port: number): boolean {
    return this.options.clock === 'realtime' && this.holds.has(port);
  }

  /**
   * Hands on what the guest sent and leaves it in the rings: whether there is room in them is decided at boundaries. At the end of a run
   * that is `all` of it, whoever is slow: no more comes.
   */
  private show(all = false): void {
    OUTPUT_RINGS.forEach((ring, port) => {
      const bytes = !all && this.isShut(port) ? undefined : peekBytes(this.options.instance, ring, this.shown[port]!);
      if (bytes === undefined) return;
      this.shown[port]! += bytes.length;
      const wait = this.options.onSerial(port, bytes);
      if (wait !== undefined) this.holds.add(port, wait);
    });
  }

  /** Puts in what has come from outside. */
  private look(): void {
    const { instance } = this.options;
    let look = (!this.patient || this.typed || this.idle) && this.input.deliver(instance);
    if (look) this.typed = true;
    for (const port of this.ports) if (port.beforeSlice()) look = true;
    if (!look) return;
    this.looks++;
    instance.exports.poke();
  }

  /** A disk waits for the host. */
  private get asking(): boolean {
    return this.ports.some((port) => port.answer !== undefined && port.busy);
  }

  /**
   * Answers disks until they ask no more: a long request asks again and again. Between two rounds a pause or the limit of wall time
   * may come; what is not answered then is answered before the next instruction. True when all is answered.
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
      if (performance.now() - this.lastTurn >= YIELD_MS) await this.giveTurn();
    }
    return true;
  }

  private codeStop(code: Code, bounds: RunBounds): Stop | undefined {
    const reason = REASONS[code];
    if (reason !== undefined) return this.stop(reason);
    if (this.idle && bounds.untilHalt) return this.stop('halt');
    // HLT with interrupts off; or with no timer armed and nobody who may type.
    if (code === Code.HALT) return this.stop('halt');
    const asleep = this.idle && this.time.idleNs === undefined && this.quiet && !this.awaited && !this.time.hasCompany;
    return asleep ? this.stop('halt') : undefined;
  }

  /** Nothing waits for the guest. */
  private get quiet(): boolean {
    return this.input.settled(this.options.instance) && !this.ports.some((port) => port.busy);
  }

  /** Something may come from outside while the guest sleeps. */
  private get awaited(): boolean {
    return this.inputAttached || this.outside;
  }
}
