/**
 * One machine at a time, and what it is doing: what a page's buttons ask for.
 *
 *     off -> loading -> paused <-> running -> ended
 *                 \-> failed        (a reset by the guest starts it again)
 *
 * `held` lets it stand still for as long as some work takes, and go on as it was.
 */

import { createMachine } from '../machine/create.js';
import type { Machine, MachineOptions, Stop } from '../machine/types.js';

export type RunnerState = 'off' | 'loading' | 'running' | 'paused' | 'ended' | 'failed';

export interface RunnerEvents {
  /** `words`: what a person is told beside the state; may be empty. */
  state(state: RunnerState, words: string): void;
  machine(machine: Machine): void;
  stop(stop: Stop): void;
  failed(error: Error): void;
}

/** Why a run ended, for people. */
const ENDS: Readonly<Record<Stop['reason'], string>> = {
  poweroff: 'The guest switched itself off.', reset: 'The guest asked for a reset.', 'debug-exit': 'The guest ended by its debug port.', 'triple-fault': 'Triple fault: the processor gave up.',
  panic: 'The guest’s kernel panicked. Run lets it go on.', halt: 'Asleep, and nothing would wake it.', paused: '', limit: 'A limit was reached.',
};
const GOES_ON: readonly Stop['reason'][] = ['paused', 'panic', 'limit'];

export class Runner {
  machine: Machine | undefined;
  state: RunnerState = 'off';
  private run: Promise<void> | undefined;
  private holding: string | undefined;
  private making = 0;

  constructor(private readonly events: RunnerEvents) {}

  /** Closes what was there and makes another, which stands paused. Rejected as createMachine is, and when another was asked for meanwhile. */
  async open(options: MachineOptions): Promise<Machine> {
    const turn = ++this.making;
    await this.machine?.close();
    this.machine = undefined;
    this.show('loading');
    try {
      const machine = await createMachine(options);
      if (turn !== this.making) {
        await machine.close();
        throw new Error('another machine was asked for meanwhile');
      }
      this.machine = machine;
      this.events.machine(machine);
      this.show('paused');
      return machine;
    } catch (error) {
      if (turn === this.making) this.fail(error as Error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.making++;
    await this.machine?.close();
    this.machine = undefined;
    this.show('off');
  }

  start(): void {
    const { machine } = this;
    if (machine === undefined || machine.running || machine.closed) return;
    this.show('running');
    this.run = machine.run().then((stop) => this.stopped(machine, stop), (error: Error) => this.lost(machine, error));
  }

  async pause(): Promise<void> {
    await this.machine?.pause();
    await this.run;
  }

  /** So many instructions more, exactly. */
  async step(count: bigint): Promise<void> {
    const { machine } = this;
    if (machine === undefined || machine.running || count <= 0n) return;
    this.show('running');
    await machine.step(count).then((stop) => this.stopped(machine, stop), (error: Error) => this.lost(machine, error));
  }

  /** As it was made, and paused. */
  async reset(): Promise<void> {
    await this.pause();
    await this.machine?.reset();
    this.show('paused');
  }

  async held<T>(words: string, work: (machine: Machine) => Promise<T>): Promise<T | undefined> {
    const { machine } = this;
    if (machine === undefined) return undefined;
    const wasRunning = machine.running;
    this.holding = words;
    if (wasRunning) await this.pause();
    this.show('loading', words);
    try {
      return await work(machine);
    } finally {
      this.holding = undefined;
      if (machine === this.machine) {
        if (wasRunning) this.start();
        else this.show('paused');
      }
    }
  }

  private show(state: RunnerState, words = ''): void {
    this.state = state;
    this.events.state(state, words);
  }

  private async stopped(machine: Machine, stop: Stop): Promise<void> {
    if (machine !== this.machine) return;
    if (stop.reason === 'reset' && this.holding === undefined) {
      await machine.reset();
      return this.start();
    }
    if (this.holding !== undefined) return this.show('loading', this.holding);
    this.show(GOES_ON.includes(stop.reason) ? 'paused' : 'ended', ENDS[stop.reason]);
    this.events.stop(stop);
  }

  /** A machine that was closed says so to whoever ran it. */
  private lost(machine: Machine, error: Error): void {
    if (machine === this.machine && !machine.closed) this.fail(error);
  }

  private fail(error: Error): void {
    this.show('failed', error.message);
    this.events.failed(error);
  }
}
