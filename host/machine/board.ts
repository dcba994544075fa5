/**
 * A machine whose processor never runs: the board as a device test sees it. Accesses go where the processor's would; time moves only
 * when it is told to, timer by timer; what cards and disks send is served after every access, and frames come in when
 * their backend has them.
 */

import { platform } from '#platform';
import { Power, ProbePoint } from '../../assembly/surface/run.js';
import { addCards, connectCards, openOutside, type Outside } from './cards.js';
import type { HostPort } from '../rings/port.js';
import { freshInstance } from './fresh.js';
import { compileModule } from './module.js';
import { high, join, low, type ModuleInstance } from '../rings/instance.js';
import { readSettings } from './options.js';
import { openSources } from './open-sources.js';
import { readSources } from './sources.js';
import type { MachineOptions } from './types.js';

/** idleNs when no timer is armed. */
const NEVER = 0xffff_ffff_ffff_ffffn;
const EDGE_UP = 0x8000;
/** Rounds of serving cards after one access: two that feed each other get the rest at the next. */
const MAX_ROUNDS = 64;

/** A change of an interrupt line that is listened to. */
export interface Edge {
  pin: number;
  up: boolean;
}

export type Width = 1 | 2 | 4 | 8;

/** The widest access of at most `left` bytes that is aligned at `at`. */
function widthAt(at: bigint, left: number): Width {
  for (const width of [8, 4, 2] as const) if (left >= width && at % BigInt(width) === 0n) return width;
  return 1;
}

export class Board {
  /** Called with edges that nobody's access caused: a frame has come in. */
  onEdges: (edges: Edge[]) => void = () => undefined;
  /** The guest has switched itself off. */
  onOff: () => void = () => undefined;

  private readonly ports: HostPort[];
  private waking = false;
  /** Disks that wait for the host's. */
  private readonly answering = new Set<HostPort>();
  private closed = false;

  constructor(
    private readonly instance: ModuleInstance,
    plans: Parameters<typeof addCards>[1],
    private readonly outside: Outside,
  ) {
    this.ports = connectCards(instance, plans, outside, () => this.wake()).ports;
  }

  get nowNs(): bigint {
    const { nowNsLo, nowNsHi } = this.instance.exports;
    return join(nowNsLo(), nowNsHi());
  }

  in(port: number, bytes: 1 | 2 | 4): number {
    const value = this.instance.exports.portRead(port, bytes) >>> 0;
    this.settle();
    return bytes === 4 ? value : value & ((1 << (8 * bytes)) - 1);
  }

  out(port: number, bytes: 1 | 2 | 4, value: number): void {
    this.instance.exports.portWrite(port, bytes, value);
    this.settle();
  }

  load(gpa: bigint, bytes: Width): bigint {
    const value = this.rawLoad(gpa, bytes);
    this.settle();
    return value;
  }

  store(gpa: bigint, bytes: Width, value: bigint): void {
    this.instance.exports.physicalWrite(low(gpa), high(gpa), bytes, low(value), high(value));
    this.settle();
  }

  /** A run of bytes, by the widest aligned accesses. */
  read(gpa: bigint, bytes: number): Uint8Array {
    const out = new Uint8Array(bytes);
    for (let done = 0; done < bytes; ) {
      const width = widthAt(gpa + BigInt(done), bytes - done);
      let value = this.rawLoad(gpa + BigInt(done), width);
      for (let i = 0; i < width; i++, value >>= 8n) out[done + i] = Number(value & 0xffn);
      done += width;
    }
    this.settle();
    return out;
  }

  write(gpa: bigint, data: Uint8Array): void {
    for (let done = 0; done < data.length; ) {
      const at = gpa + BigInt(done);
      const width = widthAt(at, data.length - done);
      let value = 0n;
      for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(data[done + i]!);
      this.instance.exports.physicalWrite(low(at), high(at), width, low(value), high(value));
      done += width;
    }
    this.settle();
  }

  /** Moves time to `ns`, never back, firing each timer at its own time; edges are given as they come. */
  *advanceTo(ns: bigint): Generator<Edge[]> {
    const { skipIdle, fireTimers } = this.instance.exports;
    for (;;) {
      const now = this.nowNs;
      const next = this.untilTimer();
      const left = ns - now;
      if (left <= 0n && next !== 0n) return;
      const step = next < left ? next : left;
      if (step > 0n) skipIdle(low(step), high(step));
      fireTimers();
      this.settle();
      yield this.takeEdges();
      // A timer that arms itself in the past would hold us here.
      if (next === 0n && step <= 0n) return;
    }
  }

  /** ns to the next timer; NEVER when none is armed. */
  untilTimer(): bigint {
    const { idleNsLo, idleNsHi } = this.instance.exports;
    return join(idleNsLo(), idleNsHi());
  }

  /** The time of the next timer, or now. */
  nextTimerNs(): bigint {
    const left = this.untilTimer();
    return left === NEVER ? this.nowNs : this.nowNs + left;
  }

  intercept(point: ProbePoint): void {
    this.instance.exports.intercept(point);
  }

  drive(point: ProbePoint, pin: number, level: number): void {
    this.instance.exports.driveInput(point, pin, level);
    this.settle();
  }

  /** Edges since the last call. */
  takeEdges(): Edge[] {
    const { exports, view } = this.instance;
    const count = exports.takeEdges();
    const at = exports.edgesAt() >>> 0;
    return Array.from({ length: count }, (_, i) => {
      const edge = view.getUint16(at + 2 * i, true);
      return { pin: edge & ~EDGE_UP, up: (edge & EDGE_UP) !== 0 };
    });
  }

  reset(): void {
    this.instance.exports.reset();
    this.settle();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.outside.close();
  }

  private rawLoad(gpa: bigint, bytes: Width): bigint {
    const { physicalRead, physicalHigh } = this.instance.exports;
    const value = join(physicalRead(low(gpa), high(gpa), bytes), physicalHigh());
    return BigInt.asUintN(8 * bytes, value);
  }

  /** Serves cards and disks until they are quiet, and does what the guest asked of the machine. */
  private settle(): void {
    const { poke, takeStop, reset } = this.instance.exports;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      for (const port of this.ports) port.afterSlice();
      let look = this.serveDisks();
      for (const port of this.ports) if (port.beforeSlice()) look = true;
      if (!look) break;
      poke();
    }
    const stop = takeStop();
    if (stop === Power.RESET) reset();
    if (stop === Power.OFF || stop === Power.EXIT) this.onOff();
  }

  /** Disks answer on the spot, or when the host's disk has. True when the module should look. */
  private serveDisks(): boolean {
    let look = false;
    for (const port of this.ports) {
      if (port.answer === undefined || !port.busy || this.answering.has(port)) continue;
      const wait = port.answer();
      if (wait === undefined) look = true;
      else {
        this.answering.add(port);
        void wait.then(() => {
          this.answering.delete(port);
          if (this.closed) return;
          this.instance.exports.poke();
          this.wake();
        });
      }
    }
    return look;
  }

  /** A backend has something: it is served when it has returned. */
  private wake(): void {
    if (this.waking) return;
    this.waking = true;
    void platform.yieldTurn().then(() => {
      this.waking = false;
      if (this.closed) return;
      this.settle();
      const edges = this.takeEdges();
      if (edges.length > 0) this.onEdges(edges);
    });
  }
}

/** Makes the board with its cards, as after power-on: no firmware has given addresses. */
export async function createBoard(given: MachineOptions): Promise<Board> {
  const options = await openSources(await readSources(given));
  const settings = await readSettings(options);
  const compiled = await compileModule(options.module);
  const outside = await openOutside(settings, options);
  try {
    const plan = { segments: [], registers: {}, notes: [], firmware: false, agent: false };
    const instance = await freshInstance(compiled, settings, plan, outside);
    return new Board(instance, settings.cards, outside);
  } catch (error) {
    await outside.close();
    throw error;
  }
}
