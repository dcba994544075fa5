/** A machine in a worker thread, behind the interface of Machine: every call is a message and its answer (messages.ts). */

import { platform } from '#platform';
import { viewOf } from '../bytes/view.js';
import type { WorkerHandle } from '../platform/platform.js';
import { bytesOf } from './bytes.js';
import { readTarget } from './connect.js';
import type { CommandHandle } from './agent.js';
import { asyncDispose } from './dispose.js';
import { GuestCalls } from './guest-calls.js';
import { allOf, Emitter, guarded } from './emitter.js';
import { ConnectError, MachineError, OptionError } from './errors.js';
import { INPUT_ENOUGH } from './input.js';
import { checkMachineKeys } from './keys.js';
import { unpackError, type CallName, type FromWorker, type PortableOptions, type ToWorker } from './messages.js';
import { createPortStream, type PortStream } from './port-stream.js';
import { RemoteCommands } from './remote-commands.js';
import { labHandle } from './lab-handle.js';
import { measureWith } from './regions.js';
import { readSources } from './sources.js';
import type {
  AddressSpace, Bytes, ByteStream, ConnectTarget, DriveOptions, EjectOptions, ExecOptions, ExecResult, InputSource, Machine, MachineEvents, MachineOptions, MediumOptions, MouseMove, Region, Regions, RegisterChanges, Registers, ScreenFrame, SnapshotOptions, Lab, LabChanges, Stats, Stop, SymbolLine, ProgramFile,
} from './types.js';
import type { SeenFrames, WireOptions } from './types/wires.js';

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Chunks that are yet to come stay on the thread that has them. */
function checkPortable(option: string, source: InputSource | undefined): void {
  if (source === undefined || typeof source === 'string' || viewOf(source) !== undefined) return;
  throw new OptionError(option, 'a machine in a worker takes text or bytes, not a stream.');
}

/** Objects of the program's own stay with it, too. */
function checkObjects({ clock, onTrace, drives = [], chardevs = [], shares = [] }: MachineOptions): void {
  if (shares.some(({ source }) => typeof source !== 'string')) throw new OptionError('shares', 'a machine in a worker takes folders by path, not a tree of the program\'s own.');
  if (drives.some(({ source }) => typeof source === 'object' && 'flush' in source)) throw new OptionError('drives', 'a machine in a worker takes images and bytes, not a disk of the program\'s own.');
  if (typeof clock === 'object') throw new OptionError('clock', 'machines in workers cannot share a clock. Give worker: false.');
  if (onTrace !== undefined) throw new OptionError('onTrace', 'a machine in a worker has no trace. Give worker: false.');
  if (chardevs.some((chardev) => typeof chardev !== 'string')) throw new OptionError('chardevs', 'a machine in a worker takes the text of a -chardev, not a stream.');
}

/** How long a worker may take to close its machine. What hangs longer is ended: a power cut for its disks, whose flushes it had answered. */
const CLOSE_MS = 2000;

/** Ends a worker once it has `answered` that its machine is closed, or after the deadline. True if it was in time. */
export async function endWorker(worker: { terminate(): Promise<unknown> }, answered: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, deadlineMs, false)));
  const done = answered.then(() => true, () => true);
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

class RemoteMachine extends GuestCalls implements Machine {
  running = false;
  closed = false;

  private readonly events = new Emitter<MachineEvents>((error) => this.listenerFailed(error));
  private readonly commands = new RemoteCommands((message) => this.send(message));
  /** What listeners threw since the last run ended. */
  private readonly thrown: unknown[] = [];
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  /** Connections into the guest. */
  private readonly streams = new Set<PortStream>();
  /** Bytes typed at a port that have not entered, and ports that have enough. */
  private readonly inputWaiting = new Map<number, number>();
  private readonly inputFull = new Set<number>();
  private readonly onAbort = (): void => void this.close();

  constructor(
    private readonly worker: WorkerHandle,
    readonly memoryMiB: number,
    private readonly signal: AbortSignal | undefined,
    private readonly onCommandOutput: MachineOptions['onCommandOutput'],
    private locks: readonly string[],
  ) {
    super();
    worker.onMessage((message) => this.receive(message as FromWorker));
    worker.onError((error) => this.failAll(error));
    worker.onExit(() => this.failAll(new MachineError('The machine is closed.')));
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  on<E extends keyof MachineEvents>(event: E, listener: MachineEvents[E]): () => void {
    return this.events.on(event, listener);
  }

  run(): Promise<Stop> {
    return this.runCall('run');
  }

  step(count: number | bigint = 1): Promise<Stop> {
    return this.runCall('step', count);
  }

  runUntilHalt(): Promise<Stop> {
    return this.runCall('runUntilHalt');
  }

  async pause(): Promise<void> {
    if (this.closed) return;
    try {
      await this.post('pause');
    } catch (error) {
      if (!this.closed) throw error;
    }
  }

  reset(): Promise<void> {
    return this.call('reset');
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.signal?.removeEventListener('abort', this.onAbort);
    if (!(await endWorker(this.worker, this.post('close'), CLOSE_MS))) platform.breakLocks(this.locks);
    // Not every platform closes the ports of a worker that is gone.
    for (const stream of this.streams) stream.lose('the machine was closed');
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  write(data: string | Bytes, port = 0): boolean {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : bytesOf('write(data)', data).slice();
    this.send({ kind: 'write', data: bytes, port });
    const waiting = (this.inputWaiting.get(port) ?? 0) + bytes.length;
    this.inputWaiting.set(port, waiting);
    if (waiting >= INPUT_ENOUGH) this.inputFull.add(port);
    return !this.inputFull.has(port);
  }

  private inputTaken(port: number, bytes: number): void {
    const waiting = Math.max(0, (this.inputWaiting.get(port) ?? 0) - bytes);
    this.inputWaiting.set(port, waiting);
    if (waiting <= INPUT_ENOUGH / 2 && this.inputFull.delete(port)) void this.events.emit('drain', port);
  }

  attachInput(attached: boolean, patient = false): void {
    this.send({ kind: 'attachInput', attached, patient });
  }

  getRegisters(): Promise<Registers> {
    return this.call('getRegisters');
  }

  setRegisters(changes: RegisterChanges): Promise<void> {
    return this.call('setRegisters', changes);
  }

  readMemory(address: number | bigint, bytes: number, space: AddressSpace = 'physical'): Promise<Uint8Array> {
    return this.call('readMemory', address, bytes, space);
  }

  writeMemory(address: number | bigint, data: Bytes, space: AddressSpace = 'physical'): Promise<void> {
    return this.call('writeMemory', address, bytesOf('writeMemory(data)', data), space);
  }

  startCommand(argv: readonly string[], options: ExecOptions): CommandHandle {
    if (this.closed) throw new MachineError('exec(): the machine is closed.');
    return this.commands.start(argv, options, (sendWith) => this.pend(sendWith));
  }

  setLink(netdev: string, up: boolean): Promise<void> {
    return this.call('setLink', netdev, up);
  }

  frames(): Promise<SeenFrames> {
    return this.call('frames');
  }

  setWire(netdev: string, wire: WireOptions): Promise<void> {
    return this.call('setWire', netdev, wire);
  }

  async change(drive: string, source: DriveOptions['source'], options: MediumOptions = {}): Promise<void> {
    if (typeof source === 'object' && source !== null && 'flush' in source) throw new OptionError('source', 'a machine in a worker takes images and bytes, not a disk of the program\'s own.');
    return this.call('change', drive, source, options);
  }

  eject(drive: string, options: EjectOptions = {}): Promise<void> {
    return this.call('eject', drive, options);
  }

  screenshot(): Promise<Uint8Array> {
    return this.call('screenshot');
  }

  screenText(): Promise<string[] | undefined> {
    return this.call('screenText');
  }

  screenFrame(whole?: boolean): Promise<ScreenFrame | undefined> {
    return this.call('screenFrame', whole);
  }

  key(name: string, down: boolean): Promise<void> {
    return this.call('key', name, down);
  }

  sendKey(names: string): Promise<void> {
    return this.call('sendKey', names);
  }

  type(text: string): Promise<string> {
    return this.call('type', text);
  }

  mouse(move: MouseMove): Promise<void> {
    return this.call('mouse', move);
  }

  async connect(target: number | ConnectTarget): Promise<ByteStream> {
    if (this.closed) throw new MachineError('connect(): the machine is closed.');
    const { port, netdev } = readTarget(target);
    const { port1: near, port2: far } = new MessageChannel();
    const stream = createPortStream(near, (problem) => new ConnectError('ECONNRESET', `${problem}.`));
    try {
      await this.pend((id) => this.worker.post({ kind: 'connect', id, target: netdev === undefined ? port : { port, netdev }, port: far } satisfies ToWorker, [far]));
      this.streams.add(stream);
      return { readable: stream.readable, writable: stream.writable };
    } catch (error) {
      stream.lose('it was not opened');
      throw error;
    }
  }

  commandResult(): Promise<ExecResult | undefined> {
    return this.call('commandResult');
  }

  clone(): Promise<Machine> {
    return Promise.reject(new MachineError('clone(): a machine in a worker has no clones; give its snapshot to createMachine.'));
  }

  snapshot(options?: SnapshotOptions): Promise<Uint8Array> {
    return this.call('snapshot', options);
  }

  stats(): Promise<Stats> {
    return this.call('stats');
  }

  setSymbols(symbols: readonly SymbolLine[]): Promise<void> {
    return this.call('setSymbols', symbols);
  }

  lab(netdev: string): Lab {
    return labHandle(this, netdev);
  }

  labOptions(netdev: string): Promise<LabChanges> {
    return this.call('labOptions', netdev);
  }

  labSet(netdev: string, changes: LabChanges): Promise<void> {
    return this.call('labSet', netdev, changes);
  }

  addPrograms(files: readonly ProgramFile[]): Promise<void> {
    return this.call('addPrograms', files);
  }

  iommu(): Promise<string | undefined> {
    return this.call('iommu');
  }

  regions(): Promise<Regions> {
    return this.call('regions');
  }

  measure<T>(name: string, work: () => Promise<T> | T): Promise<{ result: T; region: Region }> {
    return measureWith({ openRegion: (asked) => this.call('openRegion', asked), closeRegion: (id) => this.call('closeRegion', id) }, name, work);
  }

  stateHash(): Promise<string> {
    return this.call('stateHash');
  }

  private send(message: ToWorker): void {
    this.worker.post(message);
  }

  private call<T>(name: CallName, ...parameters: unknown[]): Promise<T> {
    if (this.closed) return Promise.reject(new MachineError(`${name}(): the machine is closed.`));
    return this.post(name, ...parameters) as Promise<T>;
  }

  private post(name: CallName, ...parameters: unknown[]): Promise<unknown> {
    return this.pend((id) => this.send({ kind: 'call', id, name, arguments: parameters }));
  }

  /** Sends what is to be answered under a number. */
  private pend(sendWith: (id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.pending.set(id, { resolve, reject });
      sendWith(id);
    });
  }

  private async runCall(name: CallName, ...parameters: unknown[]): Promise<Stop> {
    this.signal?.throwIfAborted();
    if (this.running) throw new MachineError(`${name}(): the machine is running; await pause() first.`);
    this.running = true;
    try {
      const stop = await this.call<Stop>(name, ...parameters);
      if (this.thrown.length > 0) throw this.thrown.splice(0)[0];
      return stop;
    } finally {
      // What was ended with its worker ended because of the signal.
      this.signal?.throwIfAborted();
      this.running = false;
    }
  }

  private receive(message: FromWorker): void {
    switch (message.kind) {
      case 'serial':
      case 'execOutput':
      case 'commandOutput':
        void this.takeBytes(message);
        break;
      case 'input':
        void this.commands.feed(message.id, message.most);
        break;
      case 'inputTaken':
        this.inputTaken(message.port, message.bytes);
        break;
      case 'locks':
        this.locks = message.held;
        break;
      case 'stop':
        this.events.emit('stop', message.stop);
        break;
      case 'result':
        this.take(message.id)?.resolve(message.value);
        break;
      case 'error':
        this.take(message.id)?.reject(unpackError(message.error));
    }
  }

  /** Hands bytes to who listens, and says so when they have been taken: so a slow reader holds up the machine, and not this thread's memory. */
  private async takeBytes(message: Extract<FromWorker, { bytes: Uint8Array }>): Promise<void> {
    try {
      await this.listenersOf(message);
    } finally {
      this.send({ kind: 'taken', bytes: message.bytes.length });
    }
  }

  private listenerFailed(error: unknown): void {
    this.thrown.push(error);
    void this.pause();
  }

  private listenersOf(message: Extract<FromWorker, { bytes: Uint8Array }>): unknown {
    const { bytes } = message;
    if (message.kind === 'serial') return allOf([message.port === 0 ? this.events.emit('console', bytes) : undefined, this.events.emit('serial', message.port, bytes)]);
    if (message.kind === 'execOutput') return this.commands.output(message.id, message.stream, bytes);
    return guarded(() => this.onCommandOutput?.(message.stream, bytes), (error) => this.listenerFailed(error));
  }

  private take(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }

  private failAll(error: Error): void {
    this.closed = true;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

/** An address is sent as text: a URL cannot be cloned. */
function addressed({ snapshot, ...options }: PortableOptions): { options: PortableOptions; snapshotAt?: string } {
  const plain = typeof options.guest === 'object' ? { ...options, guest: options.guest.href } : options;
  if (snapshot instanceof URL) return { options: plain, snapshotAt: snapshot.href };
  return { options: snapshot === undefined ? plain : { ...plain, snapshot } };
}

function startWorker(script: MachineOptions['worker']): WorkerHandle {
  try {
    return platform.startWorker(typeof script === 'boolean' ? undefined : script);
  } catch (error) {
    throw new OptionError('worker', (error as Error).message);
  }
}

/** Starts a worker with a machine in it. */
export async function createRemote(given: MachineOptions): Promise<Machine> {
  checkMachineKeys(given);
  const options = await readSources(given);
  const { signal, onProgress, onTransfer, onCommandOutput, worker: script, ...portable } = options;
  checkPortable('stdin', options.stdin);
  checkObjects(options);
  if (options.netdevs?.some((netdev) => typeof netdev !== 'string')) {
    throw new OptionError('netdevs', 'a backend of the program\'s own cannot go into a worker. Give the text of a -netdev option, or worker: false.');
  }
  signal?.throwIfAborted();
  if (options.netdevs?.some((netdev) => typeof netdev === 'string' && /^hubport(,|$)/.test(netdev))) {
    throw new OptionError('netdevs', 'a hub belongs to the thread of the program, so a machine in a worker cannot be on it. Give worker: false, or join the machines with -netdev stream or dgram.');
  }
  const worker = startWorker(script);
  let locks: readonly string[] = [];
  try {
    const memoryMiB = await new Promise<number>((resolve, reject) => {
      const abort = (): void => reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort, { once: true });
      worker.onError((error) => reject(new OptionError('worker', `cannot be started: ${error.message}`)));
      worker.onMessage((given) => {
        const message = given as FromWorker;
        if (message.kind === 'locks') locks = message.held;
        else if (message.kind === 'progress') onProgress?.(message.message);
        else if (message.kind === 'transfer') onTransfer?.(message.progress);
        else if (message.kind === 'refused') reject(unpackError(message.error));
        else if (message.kind === 'created') {
          signal?.removeEventListener('abort', abort);
          resolve(message.memoryMiB);
        }
      });
      worker.post({ kind: 'create', ...addressed(portable), listens: onCommandOutput !== undefined } satisfies ToWorker);
    });
    return new RemoteMachine(worker, memoryMiB, signal, onCommandOutput, locks);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}
