/** One machine at a time: made, run, paused, kept, and told of. */

import { createMachine, type Machine, type MachineOptions, type Stop } from 'pintail';
import { at, say } from './dom.js';
import type { Live } from './live.js';
import { look } from './look.js';
import { follow } from './picture.js';
import type { Screen } from './screen.js';
import type { Recipe } from './store.js';

export type State = 'off' | 'loading' | 'running' | 'paused' | 'ended' | 'failed';

const WORDS: Readonly<Record<State, string>> = { off: 'Off', loading: 'Loading', running: 'Running', paused: 'Paused', ended: 'Ended', failed: 'Failed' };

/** Why a run ended, for people. */
const ENDS: Readonly<Record<Stop['reason'], string>> = {
  poweroff: 'The guest switched itself off.', reset: 'The guest asked for a reset.', 'debug-exit': 'The guest ended by its debug port.', 'triple-fault': 'Triple fault: the processor gave up.',
  panic: 'The guest’s kernel panicked. Run lets it go on.', halt: 'Asleep, and nothing would wake it.', paused: '', limit: 'A limit was reached.',
};

export interface Started {
  machine: Machine;
  recipe: Recipe;
  /** Made from what a link or a person named, and nobody has typed yet: it runs the same way anywhere. */
  repeatable: boolean;
}

export class Bench {
  machine: Machine | undefined;
  recipe: Recipe = {};
  repeatable = false;
  private state: State = 'off';
  private run: Promise<void> | undefined;
  /** What the machine stands still for, for a moment. */
  private holding: string | undefined;
  private watching: ((text: string) => void) | undefined;

  constructor(private readonly screen: Screen, private readonly live: Live) {
    screen.onType((text) => this.type(text));
  }

  show(state: State, words = WORDS[state]): void {
    this.state = state;
    at('state').textContent = words;
    at('state').dataset.state = state;
    const there = this.machine !== undefined;
    const running = state === 'running';
    at<HTMLButtonElement>('run').textContent = running ? 'Pause' : 'Run';
    for (const id of ['run', 'keep', 'link', 'reset']) at<HTMLButtonElement>(id).disabled = !there || state === 'loading';
    at<HTMLButtonElement>('step').disabled = at<HTMLButtonElement>('run-to').querySelector('button')!.disabled = state !== 'paused';
  }

  /** Closes what was there, and makes another; it stands paused then. Rejected as createMachine is. */
  async make(options: MachineOptions, recipe: Recipe): Promise<Machine> {
    await this.machine?.close();
    this.machine = undefined;
    this.show('loading');
    this.screen.clear();
    try {
      const machine = await createMachine(options);
      machine.on('console', (bytes) => this.hear(bytes));
      this.machine = machine;
      this.recipe = recipe;
      this.repeatable = options.snapshot === undefined;
      this.live.follow(machine);
      follow(machine, options.devices?.some(({ model }) => model === 'VGA') === true);
      this.show('paused');
      return machine;
    } catch (error) {
      this.show('failed');
      throw error;
    }
  }

  private hear(bytes: Uint8Array): Promise<void> {
    const written = this.screen.write(bytes);
    this.watching?.(this.screen.shown);
    return written;
  }

  /** Calls back once when the screen ends with a text. */
  onScreen(pattern: RegExp, then: () => void): void {
    this.watching = (shown) => {
      if (!pattern.test(shown)) return;
      this.watching = undefined;
      then();
    };
  }

  type(text: string): void {
    if (this.machine === undefined || this.machine.closed) return;
    this.repeatable = false;
    if (this.state === 'paused') say('The machine is paused: it hears this when it runs.');
    this.machine.write(text);
  }

  start(): void {
    const { machine } = this;
    if (machine === undefined || machine.running) return;
    this.show('running');
    void look(undefined);
    this.run = machine.run().then((stop) => this.stopped(stop), (error: Error) => this.failed(error));
  }

  private async stopped(stop: Stop): Promise<void> {
    if (stop.reason === 'reset') {
      await this.machine!.reset();
      return this.start();
    }
    const goesOn = ['paused', 'panic', 'limit'].includes(stop.reason);
    if (this.holding !== undefined) return this.show('loading', this.holding);
    this.show(goesOn ? 'paused' : 'ended');
    if (stop.reason !== 'paused') say(ENDS[stop.reason]);
    await look(this.machine);
  }

  private failed(error: Error): void {
    if (this.machine?.closed) return;
    this.show('failed');
    say(error.message);
  }

  async pause(): Promise<void> {
    await this.machine?.pause();
    await this.run;
  }

  toggle(): void {
    if (this.state === 'loading') return;
    if (this.state === 'running') void this.pause();
    else this.start();
  }

  /** So many instructions more, exactly. */
  async step(count: bigint): Promise<void> {
    const { machine } = this;
    if (machine === undefined || machine.running || count <= 0n) return;
    this.show('running');
    try {
      await this.stopped(await machine.step(count));
    } catch (error) {
      this.failed(error as Error);
    }
  }

  async reset(): Promise<void> {
    await this.pause();
    this.screen.clear();
    await this.machine?.reset();
    this.show('paused');
    await look(this.machine);
  }

  /** Stands still for as long as `work` takes, and says what that is. */
  async held(words: string, work: (machine: Machine) => Promise<void>): Promise<void> {
    const { machine } = this;
    if (machine === undefined) return;
    const wasRunning = machine.running;
    this.holding = words;
    if (wasRunning) await this.pause();
    this.show('loading', words);
    try {
      await work(machine);
    } finally {
      this.holding = undefined;
      if (wasRunning) this.start();
      else this.show('paused');
    }
  }
}
