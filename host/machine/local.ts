/**
 * The machine on the calling thread: Machine over an Engine. A reset makes a fresh instance from the same plan, so that no
 * byte of the old one survives.
 */

import { asyncDispose } from './dispose.js';
import { GuestCalls } from './guest-calls.js';
import { Agent, type CommandHandle } from './agent.js';
import { AGENT_CHARDEV, AgentPort } from './agent-port.js';
import { NO_PLAN, type MachinePlan } from './plan.js';
import { readRegisters, writeRegisters } from './cpu-layout.js';
import { placeRegisters, type Placed } from './placement.js';
import { readChanges } from './register-changes.js';
import { allOf, Emitter, guarded } from './emitter.js';
import { connectCards, describeCards, framePortOf, labPorts, type Outside } from './cards.js';
import { labHandle } from './lab-handle.js';
import { capturesOf, changeLab, labNow, type LabCaptures } from './labs.js';
import type { LabChanges } from '../net/lab.js';
import { CommandRuns } from './command-runs.js';
import { connectToGuest } from './connect.js';
import { noteDisks } from './disk-notes.js';
import { Engine, YIELDS, type RunBounds } from './engine.js';
import { MachineError, OptionError, SnapshotError } from './errors.js';
import { SerialUse, type CardAddress } from '../guest/protocol.js';
import { checkEjectKeys, checkMediumKeys, checkMouseKeys, checkSnapshotKeys } from './keys.js';
import { readGuest, writeGuest, type GuestMemory } from './guest-memory.js';
import { FreedPages } from './freed-pages.js';
import { irAt } from './ir-text.js';
import { putDisksInside } from './inside-disks.js';
import { MachineClock } from './machine-clock.js';
import { freshInstance } from './fresh.js';
import { Instruments } from './instruments.js';
import type { CompiledModule } from './module.js';
import type { ModuleInstance } from '../rings/instance.js';
import { bytesOf } from './bytes.js';
import type { Settings } from './options.js';
import { measureWith, type Reading } from './regions.js';
import type { ProgramFile } from './programs.js';
import type { SymbolLine } from './symbols.js';
import { platform } from '#platform';
import { join as joinParts, packSnapshot, type About } from '../snapshot/index.js';
import type { RfbTarget } from '../screen/rfb.js';
import { Screen, type Picture } from '../screen/screen.js';
import { keyNumber, keyNumbers, ScreenView } from './screen-view.js';
import { PanicWatch } from './panic-watch.js';
import { bringAll, closeSnapshot, takeSnapshot, type OpenSnapshot } from './snapshot.js';
import type { ReadOptions } from './sources.js';
import { hashState } from './state.js';
import { readRequesters } from './requesters.js';
import { FIRST_OF_MACHINE, readCounters, readHistograms } from './stats.js';
import type { FramePort } from '../net/frames.js';
import type { Wires } from './wires.js';
import type { TranslatedModule } from './translator.js';
import type { DriveContent, Trays } from './trays.js';
import { WallTime } from './wall-time.js';
import type {
  AddressSpace, Bytes, ByteStream, ConnectTarget, DriveOptions, EjectOptions, ExecOptions, Lab, ExecResult, Machine, MachineEvents, MachineOptions, MediumOptions, MouseMove, Region, Regions, RegisterChanges, Registers, ScreenFrame, SnapshotOptions, Stats, Stop,
} from './types.js';
import type { SeenFrames, WireOptions } from './types/wires.js';
import { MIB } from './units.js';

const text = new TextEncoder();

/** How long `sendKey` holds its keys, as QEMU's does. */
const SEND_KEY_MS = 100;
/** Serial port 0 is the console. */
const CONSOLE = 0;

/** Loading of kernels is loaded only for machines that boot. */
export async function makePlan(options: ReadOptions, memoryMiB: number): Promise<MachinePlan> {
  const { planMachine } = await import('./boot-plan.js');
  return planMachine(options, memoryMiB);
}

export class LocalMachine extends GuestCalls implements Machine {
  private readonly events = new Emitter<MachineEvents>((error) => this.listenerFailed(error));
  /** What listeners threw since the last run ended. */
  private readonly thrown: unknown[] = [];
  private agent: Agent | undefined;
  private framePorts!: ReadonlyMap<string, FramePort>;
  private readonly said = new PanicWatch();
  private readonly agentPort = new AgentPort();
  /** Of the instance in hand; newEngine makes it. */
  private wall!: WallTime;
  private engine: Engine;
  /** The same. */
  private screen!: ScreenView;
  private trays!: Trays;
  private current: Promise<Stop> | undefined;
  private readonly commandRuns = new CommandRuns({
    isRunning: () => this.running, isClosed: () => this.isClosed, start: () => this.start(this.wallLimit()), pause: () => this.pause(),
  });
  /** What was typed has entered: for a worker, whose handle counts what waits. */
  onInputTaken: ((port: number, bytes: number) => void) | undefined;
  /** For the command: what the guest calls the code at an address; what is translated, between two instructions. */
  symbolAt: ((address: bigint) => string | undefined) | undefined;
  onTranslated: ((module: TranslatedModule) => void) | undefined;
  private isClosed = false;
  /** The machine stands in the midst of an instruction, and cannot go on. */
  private broken: SnapshotError | undefined;
  private command: Promise<ExecResult | undefined> | undefined;
  private commandDone: ExecResult | undefined;
  /** What the snapshot said that the machine was restored from. */
  private readonly saved: About | undefined;
  private readonly instruments: Instruments;
  private captures: LabCaptures | undefined;
  /** Hosted registers, where there are some. */
  private placed: Placed | undefined;
  /** What the last clone was made of. */
  private shared: WeakRef<Uint8Array> | undefined;
  /** Instructions before the last reset. */
  private earlier = 0n;
  private inputAttached = false;
  private inputPatient = false;
  private readonly onAbort = (): void => void this.close();

  constructor(
    private readonly options: ReadOptions,
    private readonly settings: Settings,
    private readonly compiled: CompiledModule,
    private plan: MachinePlan,
    private instance: ModuleInstance,
    private readonly outside: Outside,
    private readonly another: (options: MachineOptions) => Promise<Machine>,
    private restored?: OpenSnapshot,
    /** What of a snapshot was left out. */
    readonly restoreNotes: readonly string[] = [],
    /** Those that its network cards are to have from now on. */
    private readonly addresses: readonly CardAddress[] = [],
  ) {
    super();
    outside.links.set(AGENT_CHARDEV, this.agentPort);
    this.saved = restored?.about;
    this.instruments = new Instruments(options, settings, () => this.readAll(), (error) => this.listenerFailed(error));
    this.engine = this.newEngine(restored?.about.shown);
    this.startAgent(restored?.about.agentReady ?? false);
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  get memoryMiB(): number {
    return this.settings.memoryMiB;
  }

  get running(): boolean {
    return this.current !== undefined;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** First digits of the module's digest. */
  get build(): string {
    return this.instance.build;
  }

  /** What loading the kernel found and did. */
  get notes(): readonly string[] {
    return [...this.restoreNotes, ...this.plan.notes];
  }

  on<E extends keyof MachineEvents>(event: E, listener: MachineEvents[E]): () => void {
    return this.events.on(event, listener);
  }

  run(): Promise<Stop> {
    return this.start(this.wallLimit());
  }

  step(count: number | bigint = 1): Promise<Stop> {
    const until = this.engine.instructions + BigInt(count);
    return this.start({ untilInstructions: until, boundary: 'paused' });
  }

  runUntilHalt(): Promise<Stop> {
    return this.start({ untilHalt: true, ...this.wallLimit() });
  }

  async pause(): Promise<void> {
    this.engine.askPause();
    await this.current?.catch(() => undefined);
  }

  async reset(): Promise<void> {
    this.mustBePaused('reset()');
    await this.planAgain();
    this.agent?.fail('The machine was reset.');
    this.instruments.book.reset();
    this.earlier += this.engine.instructions;
    this.trays.finish();
    this.engine.close();
    this.instance = await freshInstance(this.compiled, this.settings, this.plan, this.outside);
    this.engine = this.newEngine();
    this.startAgent(false);
  }

  /** A machine from a snapshot is told only now how it boots. */
  private async planAgain(): Promise<void> {
    if (this.options.snapshot === undefined || this.plan !== NO_PLAN) return;
    const plan = await makePlan(this.options, this.memoryMiB);
    if (plan.segments.length === 0 && plan.rom === undefined) {
      throw new MachineError('A machine from a snapshot can be reset only when createMachine was also told what it boots.');
    }
    this.plan = plan;
    this.dropSnapshot();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.options.signal?.removeEventListener('abort', this.onAbort);
    await this.pause();
    this.agent?.fail('The machine was closed.');
    this.trays.finish();
    this.engine.close();
    this.placed?.close();
    await this.outside.close();
    this.dropSnapshot();
  }

  /** Nothing more comes from the snapshot that the machine was restored from. */
  private dropSnapshot(): void {
    if (this.restored !== undefined) closeSnapshot(this.restored);
    this.restored = undefined;
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  write(data: string | Bytes, port = CONSOLE): boolean {
    // A copy: it waits here, and the caller may go on with its buffer.
    return this.engine.type(port, typeof data === 'string' ? text.encode(data) : bytesOf('write(data)', data).slice());
  }

  attachInput(attached: boolean, patient = false): void {
    this.inputAttached = attached;
    this.inputPatient = patient;
    this.engine.attachInput(attached, patient);
  }

  async getRegisters(): Promise<Registers> {
    this.mustBePaused('getRegisters()');
    return readRegisters(this.instance);
  }

  async setRegisters(changes: RegisterChanges): Promise<void> {
    this.mustBePaused('setRegisters()');
    writeRegisters(this.instance, readChanges(this.instance, changes));
  }

  async readMemory(address: number | bigint, bytes: number, space: AddressSpace = 'physical'): Promise<Uint8Array> {
    this.mustBePaused('readMemory()');
    return readGuest(this.guestMemory(), BigInt(address), bytes, space);
  }

  async writeMemory(address: number | bigint, data: Bytes, space: AddressSpace = 'physical'): Promise<void> {
    this.mustBePaused('writeMemory()');
    writeGuest(this.guestMemory(), BigInt(address), bytesOf('writeMemory(data)', data), space);
  }

  /** Starts a command, or puts it behind others. */
  startCommand(argv: readonly string[], options: ExecOptions): CommandHandle {
    this.mustBeOpen('exec()');
    if (this.agent === undefined || this.options.command !== undefined) {
      throw new MachineError('exec() needs a prepared guest whose agent runs: createMachine({guest: "amd64", agent: true}).');
    }
    const handle = this.agent.start(argv, options);
    return { ...handle, result: this.commandRuns.during(handle.result) };
  }

  async connect(target: number | ConnectTarget): Promise<ByteStream> {
    this.mustBeOpen('connect()');
    return connectToGuest(this.outside.backends, target);
  }

  /** Between commands: the guest's agent becomes the shell on the console; `terminal` is what TERM says there, where it is one. */
  handOver(terminal: string | undefined): void {
    this.mustBeOpen('handOver()');
    if (this.agent === undefined) throw new MachineError('handOver() needs a guest whose agent waits.');
    this.agent.handOver(terminal);
  }

  /** The screen and the keyboard, between two slices of a machine that is open. */
  private view(call: string): ScreenView {
    this.mustBeOpen(call);
    return this.screen;
  }

  async screenshot(): Promise<Uint8Array> {
    return this.view('screenshot()').screenshot();
  }

  async screenText(): Promise<string[] | undefined> {
    return this.view('screenText()').text();
  }

  async screenFrame(whole = false): Promise<ScreenFrame | undefined> {
    return this.view('screenFrame()').frame(whole);
  }

  async key(name: string, down: boolean): Promise<void> {
    this.view('key()').input.key(keyNumber(name), down);
  }

  async sendKey(names: string): Promise<void> {
    this.view('sendKey()').input.tap(keyNumbers(names), SEND_KEY_MS);
  }

  async type(typed: string): Promise<string> {
    return this.view('type()').input.type(typed);
  }

  async mouse(move: MouseMove): Promise<void> {
    checkMouseKeys(move);
    this.view('mouse()').input.mouse(move);
  }

  /** For the command: the picture as it is, to be written in another form. */
  picture(call: string): Picture {
    return this.view(call).picture(call);
  }

  /** The same as text, for a terminal; and keys by number. */
  textScreen(): ReturnType<ScreenView['textScreen']> {
    return this.view('textScreen()').textScreen();
  }

  /** For a viewer of its own: what has changed since it looked last. */
  rfbTarget(): RfbTarget {
    const screen = new Screen();
    return {
      refresh: () => screen.refresh(this.screen.sourceFor('-vnc')),
      get picture() {
        return screen.picture;
      },
      key: (number, down) => void this.screen.input.key(number, down),
      mouse: (move) => this.screen.input.mouse(move),
      type: (typed) => void this.screen.input.type(typed),
    };
  }

  tap(keys: readonly number[]): void {
    this.view('tap()').input.tap(keys);
  }

  async commandResult(): Promise<ExecResult | undefined> {
    return this.commandDone;
  }

  async setLink(netdev: string, up: boolean): Promise<void> {
    this.mustBeOpen('setLink()');
    this.instance.exports.plug(framePortOf(this.settings.cards, netdev), up ? 1 : 0);
    this.engine.wake();
  }

  lab(netdev: string): Lab {
    return labHandle(this, netdev);
  }

  /** What a lab is now; and another. */
  async labOptions(netdev: string): Promise<LabChanges> {
    this.mustBeOpen('lab()');
    const { wordsOf } = await import('../net/lab.js');
    return wordsOf(labNow(this.instance, this.labPort(netdev)));
  }

  async labSet(netdev: string, changes: LabChanges): Promise<void> {
    this.mustBeOpen('lab()');
    await changeLab(this.instance, this.labPort(netdev), netdev, changes);
    this.engine.wake();
  }

  private labPort(netdev: string): number {
    const labs = [...this.outside.labs.keys()];
    if (!labs.includes(netdev)) throw new OptionError('netdev', `"${netdev}" is no lab of this machine${labs.length === 0 ? ', which has none' : `; there are ${labs.join(', ')}`}.`);
    return framePortOf(this.settings.cards, netdev);
  }

  private wires: Promise<Wires> | undefined;

  private wiresOf(call: string): Promise<Wires> {
    this.mustBeOpen(call);
    return (this.wires ??= import('./wires.js').then(({ Wires }) => new Wires({ netdevs: this.framePorts.keys(), outside: this.outside, virtualNs: () => this.engine.virtualNs, rewire: (netdev, backend) => this.framePorts.get(netdev)?.rewire(backend) })));
  }

  async frames(): Promise<SeenFrames> {
    return (await this.wiresOf('frames()')).take();
  }

  async setWire(netdev: string, wire: WireOptions): Promise<void> {
    framePortOf(this.settings.cards, netdev);
    (await this.wiresOf('setWire()')).set(netdev, wire);
  }

  async change(drive: string, source: DriveOptions['source'], options: MediumOptions = {}): Promise<void> {
    checkMediumKeys(options);
    this.mustBeOpen('change()');
    await this.trays.change(drive, source, options, this.running);
  }

  async eject(drive: string, options: EjectOptions = {}): Promise<void> {
    checkEjectKeys(options);
    this.mustBeOpen('eject()');
    await this.trays.eject(drive, options, this.running);
  }

  /** For the monitor: what the drives hold. */
  blocks(): DriveContent[] {
    return this.trays.list();
  }

  async snapshot(options: SnapshotOptions = {}): Promise<Uint8Array> {
    checkSnapshotKeys(options);
    this.mustBePaused('snapshot()');
    const about = await this.about();
    const { notes, parts } = options.disks === true ? await putDisksInside(about.disks, this.outside.drives, this.options.devices ?? []) : { notes: about.disks, parts: [] };
    const plain = joinParts(takeSnapshot(this.instance, { ...about, disks: notes }, parts));
    return options.packed === true ? packSnapshot(plain, platform.deflate) : plain;
  }

  /** A snapshot as parts that refer to the machine's memory, to be written before it runs on; with an empty TLB, so that few pages are needed at once. */
  async snapshotToKeep(): Promise<Uint8Array[]> {
    this.mustBePaused('snapshot()');
    this.instance.exports.dropTlb();
    return takeSnapshot(this.instance, await this.about());
  }

  private async about(): Promise<Omit<About, 'build' | 'places'>> {
    const { drives } = this.options;
    this.outside.shares.forEach((session, id) => {
      if (session.inUse) throw new MachineError(`snapshot(): the share "${id}" is mounted. Files of the host cannot be in a snapshot: unmount it first.`);
    });
    const guest = typeof this.options.guest === 'string' ? this.options.guest : this.saved?.guest;
    return {
      memoryMiB: this.memoryMiB, cards: describeCards(this.instance), agentReady: this.agent?.ready ?? false, agentCard: this.settings.agentCard, shown: this.engine.shown,
      disks: await noteDisks(this.outside.drives, drives), generation: this.plan.firmware || this.saved?.generation === true, ...(guest === undefined ? {} : { guest }),
    };
  }

  /** Another machine in the state of this one, paused, with the same options but for `changes`; pages that neither changes are shared. */
  async clone(changes: Partial<MachineOptions> = {}): Promise<Machine> {
    if (this.outside.drives.size > 0 && changes.drives === undefined) throw new MachineError('clone(): two machines cannot have the same disks. Say what drives the clone has.');
    const { snapshot: _snapshot, command: _command, stdin: _stdin, add: _add, seed: _seed, ...same } = this.options;
    return this.another({ ...same, ...changes, memoryMiB: this.memoryMiB, snapshot: await this.stateToShare(), snapshotPages: 'touched' });
  }

  /** The state; the same bytes as long as it is the same and somebody has them, so that clones share their pages. Its header has a digest over everything. */
  private async stateToShare(): Promise<Uint8Array> {
    this.mustBePaused('clone()');
    const parts = takeSnapshot(this.instance, await this.about()), header = parts[0]!, before = this.shared?.deref();
    if (before !== undefined && header.every((byte, i) => byte === before[i])) return before;
    const state = joinParts(parts);
    this.shared = new WeakRef(state);
    return state;
  }

  async stats(): Promise<Stats> {
    this.mustBeOpen('stats()');
    return {
      instructions: this.engine.instructions,
      virtualNs: this.engine.virtualNs,
      boundaries: this.engine.boundaries,
      yields: this.engine.yields,
      moduleMs: this.engine.moduleMs,
      ...readCounters(this.instance, [...[...this.outside.backends.values()].flatMap(({ backend }) => backend.counters()), ...this.engine.counters(), ...(this.placed?.counters() ?? [])]),
      histograms: readHistograms(this.instance),
      requesters: readRequesters(this.instance),
      translation: this.engine.translation(),
    };
  }

  async iommu(): Promise<string | undefined> {
    return (await import('./iommu-text.js')).iommuText(this.guestMemory());
  }

  /** Virtual time, in ns. */
  get virtualNs(): bigint {
    return this.engine.virtualNs;
  }

  /** For measuring: how to look, between steps, at what the remapping unit keeps and the tables no longer say. */
  lookForFreedPages(): FreedPages {
    return new FreedPages(this.guestMemory());
  }

  async regions(): Promise<Regions> {
    this.mustBeOpen('regions()');
    return this.instruments.book.all;
  }

  async measure<T>(name: string, work: () => Promise<T> | T): Promise<{ result: T; region: Region }> {
    return measureWith(this, name, work);
  }

  /** The two ends of measure(). */
  async openRegion(name: string): Promise<number> {
    this.mustBePaused('measure()');
    return this.instruments.book.open(name);
  }

  async closeRegion(id: number): Promise<Region> {
    this.mustBePaused('measure()');
    return this.instruments.book.close(id);
  }

  /** What regions keep the difference of: without what is the emulator's own, and yields, of which the guest knows nothing. */
  private readAll(): Reading {
    const { instructions, virtualNs } = this.engine;
    const outside = [...[...this.outside.backends.values()].flatMap(({ backend }) => backend.counters()), ...this.engine.counters(), ...(this.placed?.counters() ?? [])];
    return { instructions, virtualNs, ...readCounters(this.instance, outside.filter(({ name }) => name !== YIELDS), FIRST_OF_MACHINE), histograms: readHistograms(this.instance) };
  }

  /** Events of the trace for which there was no room. */
  get traceMissed(): number {
    return this.instruments.traceMissed;
  }

  /** Names for what is attributed, and the functions among them that are regions. Between two instructions: while paused, or as a command's output comes. */
  async setSymbols(symbols: readonly SymbolLine[]): Promise<void> {
    this.takeSymbols(symbols);
  }

  /** The same at once. */
  takeSymbols(symbols: readonly SymbolLine[]): void {
    this.mustBeOpen('setSymbols()');
    this.instruments.setSymbols(symbols);
  }

  /** Files of the guest's programs, whose functions are told apart from here on. As setSymbols. */
  async addPrograms(files: readonly ProgramFile[]): Promise<void> {
    this.takePrograms(files);
  }

  /** The same at once. */
  takePrograms(files: readonly ProgramFile[]): void {
    this.mustBeOpen('addPrograms()');
    this.instruments.addPrograms(files);
  }

  /** The IR of the code at a linear address, as text, up to what ends its block. To be called while nothing runs, as in onTranslated. */
  readIr(address: bigint): string {
    return irAt(this.instance, address);
  }

  async stateHash(): Promise<string> {
    this.mustBePaused('stateHash()');
    bringAll(this.instance, this.memoryMiB * MIB);
    return hashState(this.instance, this.memoryMiB * MIB);
  }

  private guestMemory(): GuestMemory {
    return { instance: this.instance, ramBytes: this.memoryMiB * MIB };
  }

  /** What has gathered in the module for a trace and for captures. */
  private drain(): void {
    this.instruments.drain();
    this.captures?.drain();
  }

  private newEngine(shown?: readonly number[]): Engine {
    const networks = this.outside.time ?? new MachineClock();
    this.instruments.attach(this.instance);
    this.captures = capturesOf(this.instance, labPorts(this.settings.cards, this.outside));
    this.placed?.close();
    this.placed = placeRegisters(this.instance, this.settings.cards);
    this.wall = new WallTime(this.instance, this.settings.rtcAheadMs);
    const engine = new Engine({
      instance: this.instance,
      clock: this.settings.clock,
      shared: this.settings.shared,
      wall: this.wall,
      networks,
      jit: {
        ...this.settings.jit,
        symbol: (address) => this.symbolAt?.(address),
        onTranslated: (module) => guarded(() => this.onTranslated?.(module), (error) => this.listenerFailed(error)),
      },
      onSerial: (port, bytes) => this.receive(port, bytes),
      onTaken: (port, bytes) => this.onInputTaken?.(port, bytes),
      onRoom: (port) => void this.events.emit('drain', port),
      onRegion: () => this.instruments.takeRegion(),
      ...(this.instruments.isTracing || this.captures !== undefined ? { afterRun: () => this.drain() } : {}),
    }, shown);
    engine.attachInput(this.inputAttached, this.inputPatient);
    networks.attach(() => Number(engine.virtualNs));
    this.screen = new ScreenView(this.instance, () => engine.wake());
    const { ports, trays, framePorts } = connectCards(this.instance, this.settings.cards, this.outside, () => engine.wake());
    this.trays = trays;
    this.framePorts = framePorts;
    engine.attachPorts([...ports, trays, this.screen.input], this.outside.live);
    return engine;
  }

  private startAgent(ready: boolean): void {
    if (!this.plan.agent && !ready && !(this.restored !== undefined && Boolean(this.options.agent))) return;
    this.agent = new Agent({
      control: (bytes) => void this.engine.type(SerialUse.control, bytes),
      port: this.agentPort,
      onWaiting: (waiting) => this.engine.attachInput(waiting || this.inputAttached, this.inputPatient),
      dateToTell: () => this.wall.takeDate(),
      ready,
      addresses: ready ? this.addresses : [],
    });
    this.commandDone = undefined;
    if (this.options.command !== undefined) this.command = this.runCommand(this.agent, this.options.command, ready);
  }

  /** For the command: what waits is given its command later than its making, with the options' input and listener. */
  giveCommand(argv: readonly string[]): void {
    if (this.agent === undefined) throw new MachineError('The machine has no agent that could be given a command.');
    this.command = this.runCommand(this.agent, argv, true);
  }

  /** The command of the options: the guest has it in its first file system, or, of a snapshot that waits for one, is given it, and powers off. */
  private runCommand(agent: Agent, argv: readonly string[], ready: boolean): Promise<ExecResult | undefined> {
    const { stdin, onCommandOutput } = this.options;
    const listener = (stream: 'stdout' | 'stderr') => (bytes: Uint8Array) => guarded(() => onCommandOutput?.(stream, bytes), (error) => this.listenerFailed(error));
    const options: ExecOptions = onCommandOutput === undefined ? {} : { onStdout: listener('stdout'), onStderr: listener('stderr') };
    if (stdin !== undefined) options.stdin = stdin;
    const result = ready ? agent.start(argv, options).result.finally(() => agent.powerOff()) : agent.expect(0, options);
    return result.then(
      (done) => (this.commandDone = done),
      () => undefined,
    );
  }

  private receive(port: number, bytes: Uint8Array): Promise<unknown> | undefined {
    const wait = allOf([port === CONSOLE ? this.events.emit('console', bytes) : undefined, this.events.emit('serial', port, bytes)]);
    this.agent?.receive(port, bytes);
    if (port === CONSOLE && this.agent !== undefined) this.said.receive(bytes);
    return wait;
  }

  /** What a guest's kernel says when it cannot go on is on its console alone. */
  private lastWords(): string {
    const line = this.said.takeLast();
    return line === undefined ? '' : ` Its console says: ${line}`;
  }

  private listenerFailed(error: unknown): void {
    this.thrown.push(error);
    this.engine.askPause();
  }

  private mustBeOpen(call: string): void {
    if (this.isClosed) throw new MachineError(`${call}: the machine is closed.`);
  }

  private mustBePaused(call: string): void {
    this.mustBeOpen(call);
    if (this.broken !== undefined) throw this.broken;
    if (this.running) throw new MachineError(`${call}: the machine is running; await pause() first.`);
  }

  private async start(bounds: RunBounds): Promise<Stop> {
    this.mustBePaused('run()');
    this.options.signal?.throwIfAborted();
    this.current = this.engine.run(this.limited(bounds));
    try {
      return await this.ended(await this.current);
    } catch (error) {
      // In the midst of an instruction a page of RAM did not come.
      if (error instanceof SnapshotError) this.broken = error;
      throw error;
    } finally {
      this.current = undefined;
    }
  }

  private wallLimit(): RunBounds {
    const { wallMs } = this.settings;
    return wallMs === undefined ? {} : { wallMs };
  }

  /** The machine's own limit, where it comes first. */
  private limited(bounds: RunBounds): RunBounds {
    const { instructionLimit } = this.settings;
    if (instructionLimit === undefined) return bounds;
    // The engine counts from the last reset, the limit from when the machine was made.
    const limit = instructionLimit > this.earlier ? instructionLimit - this.earlier : 0n;
    if (bounds.untilInstructions !== undefined && bounds.untilInstructions < limit) return bounds;
    return { ...bounds, untilInstructions: limit, boundary: 'limit' };
  }

  private async ended(stop: Stop): Promise<Stop> {
    this.options.signal?.throwIfAborted();
    const why = stop.limit === undefined ? stop.reason : `limits.${stop.limit}`;
    if (stop.reason !== 'paused') this.agent?.fail(`The machine stopped (${why}) before the command ended.${this.lastWords()}`);
    // The command's result has been settled by now; let its listeners see it before those of the stop.
    if (stop.reason !== 'paused') await this.command;
    this.events.emit('stop', stop);
    if (this.thrown.length > 0) throw this.thrown.splice(0)[0];
    return stop;
  }
}
