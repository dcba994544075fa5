/** The machine of the page: an element that draws nothing itself (`<pintail-machine bare>`), and what the page shows of what it is doing. */

import 'pintail/element';
import type { Machine, MachineOptions, PintailMachineElement, RunnerState, Stop } from 'pintail/element';
import { at, say } from './dom.js';
import type { Live } from './live.js';
import { look } from './look.js';
import type { Screen } from './screen.js';
import type { Recipe } from './store.js';

export type State = RunnerState;

const WORDS: Readonly<Record<State, string>> = { off: 'Off', loading: 'Loading', running: 'Running', paused: 'Paused', ended: 'Ended', failed: 'Failed' };

/** The element's events, by name. */
interface Details {
  state: { state: State; words: string };
  console: Uint8Array;
  typed: string;
  stop: Stop;
}

export class Bench {
  recipe: Recipe = {};
  /** Made from what a link or a person named, and nobody has typed yet: it runs the same way anywhere. */
  repeatable = false;
  /** Makes a machine of a recipe and lets it run, from power-up; of the page. */
  boot: (recipe: Recipe) => Promise<void> = async () => undefined;
  private watching: ((text: string) => void) | undefined;

  constructor(private readonly element: PintailMachineElement, screen: Screen, private readonly live: Live) {
    element.useTerminal(screen);
    this.on('state', ({ state, words }) => this.show(state, words));
    this.on('console', () => queueMicrotask(() => this.watching?.(screen.shown)));
    this.on('typed', () => this.typed());
    this.on('stop', ({ reason }) => reason !== 'paused' && say(this.words));
  }

  private words = '';

  get machine(): Machine | undefined {
    return this.element.machine;
  }

  /** Its network cards that are connected to something. */
  get cards(): readonly { netdev: string }[] {
    return (this.recipe.devices ?? []).flatMap(({ netdev }) => (netdev === undefined ? [] : [{ netdev }]));
  }

  private on<N extends keyof Details>(name: N, listener: (detail: Details[N]) => unknown): void {
    this.element.addEventListener(`pintail-${name}`, (event) => void listener((event as CustomEvent<Details[N]>).detail));
  }

  show(state: State, words: string): void {
    this.words = words;
    const brief = words.length > 16 || words === '' ? WORDS[state] : words;
    at('state').textContent = brief;
    at('state').dataset.state = state;
    const there = this.machine !== undefined;
    at<HTMLButtonElement>('run').textContent = state === 'running' ? 'Pause' : 'Run';
    for (const id of ['run', 'keep', 'fork', 'link', 'reset']) at<HTMLButtonElement>(id).disabled = !there || state === 'loading';
    at<HTMLButtonElement>('step').disabled = at<HTMLButtonElement>('run-to').querySelector('button')!.disabled = state !== 'paused';
    void look(state === 'paused' || state === 'ended' ? this.machine : undefined);
  }

  /** Closes what was there, and makes another; it stands paused then. Rejected as createMachine is. */
  async make(options: MachineOptions, recipe: Recipe): Promise<Machine> {
    const machine = await this.element.open(options);
    this.recipe = recipe;
    this.repeatable = options.snapshot === undefined;
    this.live.follow(machine);
    await this.showScreen(machine, options.devices?.some(({ model }) => model === 'VGA') === true);
    return machine;
  }

  private picture: Promise<typeof import('./picture.js')> | undefined;

  private async showScreen(machine: Machine, hasScreen: boolean): Promise<void> {
    if (hasScreen) this.picture ??= import('./picture.js');
    (await this.picture)?.follow(machine, hasScreen);
  }

  /** Calls back once when the screen ends with a text. */
  onScreen(pattern: RegExp, then: () => void): void {
    this.watching = (shown) => {
      if (!pattern.test(shown)) return;
      this.watching = undefined;
      then();
    };
  }

  private typed(): void {
    this.repeatable = false;
    if (this.element.state === 'paused') say('The machine is paused: it hears this when it runs.');
  }

  start(): void {
    this.element.start();
  }

  pause(): Promise<void> {
    return this.element.pause();
  }

  toggle(): void {
    if (this.element.state === 'running') void this.pause();
    else if (this.element.state !== 'loading') this.start();
  }

  /** So many instructions more, exactly. */
  step(count: bigint): Promise<void> {
    return this.element.step(count);
  }

  reset(): Promise<void> {
    return this.element.reset();
  }

  /** Stands still for as long as `work` takes, and says what that is. */
  async held(words: string, work: (machine: Machine) => Promise<void>): Promise<void> {
    await this.element.held(words, work);
  }
}
