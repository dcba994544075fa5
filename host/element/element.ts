/**
 * `<pintail-machine>`: a machine as an element of any page (docs/element.md). Attributes say what it is made of (attributes.ts), the runner what it is doing, the
 * view is its shadow tree; a page that draws everything itself says `bare` and uses the methods.
 */

import type { Machine, MachineOptions } from '../machine/types.js';
import { optionsOf } from './attributes.js';
import { Runner, type RunnerState } from './runner.js';
import { openView, type View } from './view.js';

/** Where a console is shown and typed at: xterm.js has this shape but for a line. */
export interface ElementTerminal {
  /** May return a promise: the guest's port is held until it is settled. */
  write(bytes: Uint8Array): unknown;
  clear?(): void;
  focus?(): void;
  onType(listener: (text: string) => void): unknown;
}

const STATE_WORDS: Readonly<Record<RunnerState, string>> = { off: 'Off', loading: 'Loading', running: 'Running', paused: 'Paused', ended: 'Ended', failed: 'Failed' };

/** A page that is drawn on a server has no elements; the class is there and does nothing. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

export class PintailMachineElement extends Base {
  private view: View | undefined;
  private terminal: ElementTerminal | undefined;
  private transfers = new Map<string, [done: number, total: number]>();
  private readonly runner = new Runner({
    state: (state, words) => this.show(state, words),
    machine: (machine) => this.follow(machine),
    stop: (stop) => this.tell('stop', stop),
    failed: (error) => this.tell('failed', error),
  });

  /** The machine, once there is one. */
  get machine(): Machine | undefined {
    return this.runner.machine;
  }

  get state(): RunnerState {
    return this.runner.state;
  }

  connectedCallback(): void {
    if (this.view === undefined) this.draw();
    if (this.hasAttribute('autostart') && this.state === 'off') void this.begin();
  }

  /** Out of the page it runs no more; one that is only moved is in it again before this looks. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) void this.close();
    });
  }

  /** Closes the machine that was there, and makes one by the attributes and `options`, which come first. It stands paused. Rejected as createMachine is. */
  async open(options: MachineOptions = {}): Promise<Machine> {
    this.transfers.clear();
    this.active?.clear?.();
    const named = ['guest', 'kernel', 'bios', 'snapshot', 'bare'].some((name) => name in options);
    const own = named ? this.placesOf(this.read()) : this.read();
    return this.runner.open({ ...own, onTransfer: (progress) => this.showTransfer(progress), ...options });
  }

  start(): void {
    this.runner.start();
  }

  pause(): Promise<void> {
    return this.runner.pause();
  }

  step(count: number | bigint = 1): Promise<void> {
    return this.runner.step(BigInt(count));
  }

  async reset(): Promise<void> {
    this.active?.clear?.();
    await this.runner.reset();
  }

  close(): Promise<void> {
    return this.runner.close();
  }

  /** Lets the machine stand still for some work, and go on as it was. */
  held<T>(words: string, work: (machine: Machine) => Promise<T>): Promise<T | undefined> {
    return this.runner.held(words, work);
  }

  /** Another console in the place of its own; what draws it goes into the slot `terminal`. */
  useTerminal(terminal: ElementTerminal): void {
    this.terminal = terminal;
    terminal.onType((text) => this.type(text));
  }

  /** Types at the console. */
  type(text: string): void {
    const { machine } = this;
    if (machine === undefined || machine.closed) return;
    if (this.tell('typed', text)) machine.write(text);
  }

  private get active(): ElementTerminal | View | undefined {
    return this.terminal ?? this.view;
  }

  private read(): MachineOptions {
    return optionsOf((name) => this.getAttribute(name), this.ownerDocument.baseURI);
  }

  /** Of options that say what to boot, the attributes add where the package's files are. */
  private placesOf({ module, worker }: MachineOptions): MachineOptions {
    return { ...(module === undefined ? {} : { module }), ...(worker === undefined ? {} : { worker }) };
  }

  private draw(): void {
    const view = openView(this.attachShadow({ mode: 'open' }));
    this.view = view;
    view.onType((text) => this.type(text));
    view.run.addEventListener('click', () => void this.toggle());
    view.reset.addEventListener('click', () => void this.again());
    this.show(this.state, '');
  }

  private async toggle(): Promise<void> {
    if (this.state === 'running') return this.pause();
    if (this.machine === undefined || this.state === 'failed') return this.begin();
    if (this.state === 'ended') await this.reset();
    this.start();
  }

  private async again(): Promise<void> {
    const wasRunning = this.state === 'running';
    await this.reset().catch((error: Error) => this.tell('failed', error));
    if (wasRunning) this.start();
  }

  /** By its attributes, and running; what goes wrong is told by the event and on the curtain. */
  private async begin(): Promise<void> {
    try {
      const machine = await this.open();
      // Somebody sits before it.
      machine.attachInput(true);
      this.start();
      if (!this.hasAttribute('bare') && this.hasAttribute('autofocus')) this.active?.focus?.();
    } catch (error) {
      this.show('failed', (error as Error).message);
    }
  }

  private follow(machine: Machine): void {
    machine.on('console', (bytes) => {
      this.tell('console', bytes);
      return this.active?.write(bytes) as unknown;
    });
    this.tell('machine', machine);
  }

  private show(state: RunnerState, words: string): void {
    const { view } = this;
    if (view !== undefined) {
      view.run.textContent = state === 'running' ? 'Pause' : 'Run';
      view.run.disabled = state === 'loading';
      view.reset.disabled = this.machine === undefined || state === 'loading';
      view.showState(words !== '' && state !== 'failed' ? words : STATE_WORDS[state]);
      view.showCurtain(state === 'off' ? '' : state === 'failed' || (state === 'loading' && this.machine === undefined) ? words : undefined);
    }
    this.dataset['state'] = state;
    this.tell('state', { state, words: words === '' ? STATE_WORDS[state] : words });
  }

  private showTransfer({ file, done, total }: { file: string; done: number; total: number }): void {
    this.transfers.set(file, [done, total]);
    const [sum, all] = [...this.transfers.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    this.view?.showCurtain(sum < all ? `${(sum / 1e6).toFixed(1)} of ${(all / 1e6).toFixed(1)} MB` : 'Starting it', sum / all);
    this.tell('transfer', { done: sum, total: all });
  }

  /** False: a listener has prevented it. */
  private tell(name: string, detail: unknown): boolean {
    return this.dispatchEvent(new CustomEvent(`pintail-${name}`, { detail, cancelable: name === 'typed' }));
  }
}
