/**
 * The host's side of a prepared guest's agent (host/guest/protocol.ts): commands go out on the control port, and what they write and read
 * goes in frames through a console port. The guest runs one at a time; the others wait here for their turn.
 */

import { addressLine, type CardAddress, execLine, parseReady, PROTOCOL_VERSION, SerialUse, signalLine } from '../guest/protocol.js';
import { FrameReader } from './agent-frames.js';
import { InputFeed } from './agent-input.js';
import type { AgentPort } from './agent-port.js';
import { guarded } from './emitter.js';
import { MachineError } from './errors.js';
import { Heard } from './heard.js';
import { openInput, type CommandInput } from './command-input.js';
import type { ExecOptions, ExecResult, SignalName } from './types.js';

interface Command {
  id: number;
  /** What starts it; empty where the guest does so by itself. */
  line: string;
  input: CommandInput;
  /** From when the guest reads it. */
  feed: InputFeed | undefined;
  stdout: Uint8Array[];
  stderr: Uint8Array[];
  keptBytes: { stdout: number; stderr: number };
  options: ExecOptions;
  heard: Heard;
  /** What its promise is rejected with when it has ended. */
  failure: Error | undefined;
  timers: NodeJS.Timeout[];
  unlisten: () => void;
  resolve: (result: ExecResult) => void;
  reject: (error: Error) => void;
}

/** A command under way. */
export interface CommandHandle {
  result: Promise<ExecResult>;
  /** Sends it a signal; without a meaning once it has ended. */
  kill(name: SignalName): void;
}

/** A command that was sent KILL and does not end (its guest hangs) is no longer waited for, in ms. */
const KILL_GRACE_MS = 2000;

const text = new TextEncoder();

/** Output that is collected where nobody listens. */
const KEPT_BYTES = 64 << 20;
/** Characters of a message on the control port. */
const MESSAGE_LIMIT = 256;
/** Stands for a line that is too long: it is no message, whatever comes behind it. */
const OVERLONG = '?';

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** What an agent stands on. */
export interface AgentSurroundings {
  /** Bytes for the control port. */
  control: (bytes: Uint8Array) => void;
  port: AgentPort;
  /** The command waits for input that has yet to come. */
  onWaiting: (waiting: boolean) => void;
  /** Seconds since 1970, when wall time has passed that the guest does not know of. */
  dateToTell: () => number | undefined;
  /** The agent of a restored machine was up already. */
  ready: boolean;
  /** Addresses that the network cards of a restored machine are to have from now on. */
  addresses: readonly CardAddress[];
}

export class Agent {
  private readonly decoder = new TextDecoder();
  private line = '';
  private up: boolean;
  private nextId = 1;
  /** Lines that go before the next command, or before the console. */
  private before: string;
  private running: Command | undefined;
  private readonly queue: Command[] = [];

  constructor(private readonly on: AgentSurroundings) {
    this.up = on.ready;
    this.before = on.addresses.map(addressLine).join('');
    const frames = new FrameReader({
      output: (kind, id, bytes) => (id === this.running?.id ? this.output(this.running, bytes, kind === 'o' ? 'stdout' : 'stderr') : undefined),
      reads: (id) => this.feed(id),
      ended: (id, code) => this.finish(id, code),
      broken: () => this.fail('The guest\'s agent does not keep to its protocol.'),
    });
    on.port.onBytes = (bytes) => frames.push(bytes);
    on.port.onRoom = () => this.running?.feed?.push();
  }

  /** The guest's agent is up and waits for a command. */
  get ready(): boolean {
    return this.up && this.running === undefined && this.queue.length === 0;
  }

  /** Sends a command, as soon as the agent is up and those before it have ended. */
  start(argv: readonly string[], options: ExecOptions): CommandHandle {
    const { stdin, cwd, env, signal } = options;
    const line = execLine(this.nextId, argv, {
      stdin: stdin !== undefined, ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env }),
    });
    signal?.throwIfAborted();
    return this.enqueue(this.nextId++, line, options);
  }

  /** Between commands: the agent becomes the shell on the console, and takes no more of them. `terminal`: with a terminal of this kind. */
  handOver(terminal: string | undefined): void {
    if (!this.ready) throw new MachineError('The guest\'s agent does not wait for anything.');
    this.command(terminal === undefined ? 'shell\n' : `terminal ${terminal}\n`);
    this.up = false;
  }

  /** Ends the machine, once what runs in it has ended. */
  powerOff(): void {
    if (this.up) this.on.control(text.encode('poweroff\n'));
  }

  /** Collects the output of a command that the guest starts by itself. */
  expect(id: number, options: ExecOptions): Promise<ExecResult> {
    return this.enqueue(id, '', options).result;
  }

  private enqueue(id: number, line: string, options: ExecOptions): CommandHandle {
    let command!: Command;
    const result = new Promise<ExecResult>((resolve, reject) => {
      const unlisten = (): void => options.signal?.removeEventListener('abort', abort);
      command = { id, line, input: openInput(options.stdin), feed: undefined, stdout: [], stderr: [], keptBytes: { stdout: 0, stderr: 0 }, options, heard: new Heard(), failure: undefined, timers: [], unlisten, resolve, reject };
      const abort = (): void => this.end(command, options.signal!.reason as Error);
      options.signal?.addEventListener('abort', abort, { once: true });
    });
    this.queue.push(command);
    this.startNext();
    return { result, kill: (name) => this.kill(command, name) };
  }

  private startNext(): void {
    const [command] = this.queue;
    if (this.running !== undefined || command === undefined || (command.line !== '' && !this.up)) return;
    this.queue.shift();
    this.running = command;
    if (command.line !== '') this.command(command.line);
    const { timeout } = command.options;
    if (timeout !== undefined) command.timers.push(setTimeout(() => this.end(command, new MachineError(`The command did not end within ${timeout} ms (timeout).`)), timeout));
  }

  private kill(command: Command, name: SignalName): void {
    if (command === this.running) this.on.control(text.encode(signalLine(command.id, name)));
    else if (this.drop(command)) this.settle(command, new MachineError(`The command was sent ${name} before it began.`));
  }

  /** Takes a command that has not begun out of the queue. */
  private drop(command: Command): boolean {
    const at = this.queue.indexOf(command);
    if (at >= 0) this.queue.splice(at, 1);
    return at >= 0;
  }

  /** Kills a command; its promise is rejected with `why`. */
  private end(command: Command, why: Error): void {
    if (this.drop(command)) return this.settle(command, why);
    command.failure ??= why;
    this.kill(command, 'KILL');
    command.timers.push(setTimeout(() => command.reject(why), KILL_GRACE_MS));
  }

  private settle(command: Command, failure: Error | undefined, code = 0): void {
    command.unlisten();
    for (const timer of command.timers) clearTimeout(timer);
    if (failure !== undefined) command.reject(failure);
    else command.resolve({ stdout: concat(command.stdout), stderr: concat(command.stderr), code });
  }

  /** The machine went down: nothing more will come. */
  fail(why: string): void {
    const commands = [...(this.running === undefined ? [] : [this.running]), ...this.queue.splice(0)];
    if (this.running !== undefined) this.stop(this.running);
    for (const command of commands) this.settle(command, command.failure ?? new MachineError(why));
    this.up = false;
    this.line = '';
  }

  /** Everything that the machine writes to its serial ports comes through here. */
  receive(port: number, bytes: Uint8Array): void {
    if (port === SerialUse.control) this.controlBytes(bytes);
  }

  /** To who listens, whose promise is handed back; or to what is kept for the result, of which there is an end. */
  private output(running: Command, bytes: Uint8Array, stream: 'stdout' | 'stderr'): Promise<unknown> | undefined {
    const listener = stream === 'stdout' ? running.options.onStdout : running.options.onStderr;
    if (listener !== undefined) {
      return running.heard.add(guarded(() => listener(bytes), (error) => {
        running.failure ??= error as Error;
        running.reject(error as Error);
      }));
    }
    if (running.keptBytes[stream] > KEPT_BYTES) return undefined;
    running.keptBytes[stream] += bytes.length;
    if (running.keptBytes[stream] > KEPT_BYTES) {
      running[stream].length = 0;
      running.reject(new MachineError(`The command writes more than ${KEPT_BYTES} bytes to ${stream}; take them as they come (${stream === 'stdout' ? 'onStdout' : 'onStderr'}).`));
    } else running[stream].push(bytes);
    return undefined;
  }

  private controlBytes(bytes: Uint8Array): void {
    this.line += this.decoder.decode(bytes, { stream: true });
    // No message of ours is as long: a guest that sends no line feed is given no memory for it, and no time to look through it again.
    if (this.line.length > MESSAGE_LIMIT && !this.line.includes('\n')) this.line = OVERLONG;
    for (let end = this.line.indexOf('\n'); end >= 0; end = this.line.indexOf('\n')) {
      const version = parseReady(this.line.slice(0, end).replace(/\r$/, ''));
      this.line = this.line.slice(end + 1);
      if (version !== undefined) this.becomeReady(version);
    }
  }

  private becomeReady(version: number): void {
    if (version !== PROTOCOL_VERSION) return this.fail(`The guest's agent is of version ${version}, and ${PROTOCOL_VERSION} is needed: make the guest again.`);
    this.up = true;
    this.startNext();
  }

  /** A command, after the date where the guest's own may be wrong, and what else it is to know first. */
  private command(line: string): void {
    const date = this.on.dateToTell();
    this.on.control(text.encode(`${date === undefined ? '' : `time ${date}\n`}${this.before}${line}`));
    this.before = '';
  }

  private feed(id: number): void {
    const { running } = this;
    if (running === undefined || running.id !== id || running.feed !== undefined) return;
    const failed = (error: Error): void => void (running.failure ??= error);
    running.feed = new InputFeed(id, running.input, this.on.port, this.on.onWaiting, failed);
    running.feed.push();
  }

  private finish(id: number, code: number): void {
    const { running } = this;
    if (running === undefined || running.id !== id) return;
    this.stop(running);
    const settle = (): void => this.settle(running, running.failure, code);
    if (running.heard.all === undefined) settle();
    else void running.heard.all.then(settle);
    // One that the guest began by itself is its last: it has waited for this.
    if (running.line === '') this.powerOff();
    this.startNext();
  }

  /** Nothing more of a command goes to the guest. */
  private stop(command: Command): void {
    this.running = undefined;
    if (command.feed === undefined) command.input.close?.();
    else command.feed.close();
    this.on.port.drop();
  }
}
