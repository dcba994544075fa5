/**
 * The host's side of a prepared guest's agent (host/guest/protocol.ts): commands go out on the control port, their output
 * comes in on two ports of its own, and an `exit` line ends it. One command at a time.
 */

import { execLine, parseControl, SerialUse, stdinChunk, STDIN_CHUNK_BYTES } from '../guest/protocol.js';
import { isPromise } from './emitter.js';
import { MachineError } from './errors.js';
import { openInput, type CommandInput } from './command-input.js';
import type { ExecOptions, ExecResult } from './types.js';

interface Running {
  id: number;
  input: CommandInput;
  stdout: Uint8Array[];
  stderr: Uint8Array[];
  keptBytes: { stdout: number; stderr: number };
  options: ExecOptions;
  resolve: (result: ExecResult) => void;
  reject: (error: Error) => void;
}

const text = new TextEncoder();

/** Output that is collected where nobody listens. */
const KEPT_BYTES = 64 << 20;
/** Characters of a message on the control port; the longest is `exit` with two numbers. */
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

export class Agent {
  private readonly decoder = new TextDecoder();
  private line = '';
  private up: boolean;
  private nextId = 1;
  private running: Running | undefined;
  private waiting: string | undefined;

  /** `onWaiting`: the command waits for input that has yet to come. `ready`: the agent of a restored machine was up already. */
  constructor(
    private readonly send: (port: number, bytes: Uint8Array) => void,
    private readonly onWaiting: (waiting: boolean) => void,
    /** Seconds since 1970, when wall time has passed that the guest does not know of. */
    private readonly dateToTell: () => number | undefined,
    ready: boolean,
  ) {
    this.up = ready;
  }

  /** The guest's agent is up and waits for a command. */
  get ready(): boolean {
    return this.up && !this.busy;
  }

  get busy(): boolean {
    return this.running !== undefined;
  }

  /** Sends a command, at once or as soon as the agent is up. */
  exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    if (this.busy) return Promise.reject(new MachineError('A command is running; wait for it before the next exec().'));
    const line = execLine(this.nextId, argv, { stdin: options.stdin !== undefined });
    const result = this.expect(this.nextId++, options);
    if (this.up) this.command(line);
    else this.waiting = line;
    return result;
  }

  /** Collects the output of a command that the guest starts by itself. */
  expect(id: number, options: ExecOptions): Promise<ExecResult> {
    return new Promise((resolve, reject) => {
      this.running = { id, input: openInput(options.stdin), stdout: [], stderr: [], keptBytes: { stdout: 0, stderr: 0 }, options, resolve, reject };
    });
  }

  /** The machine went down: nothing more will come. */
  fail(why: string): void {
    this.running?.reject(new MachineError(why));
    this.running = undefined;
    this.waiting = undefined;
    this.up = false;
    this.line = '';
  }

  /** Everything that the machine writes to its serial ports comes through here. */
  receive(port: number, bytes: Uint8Array): Promise<unknown> | undefined {
    if (port === SerialUse.data) return this.output(bytes, 'stdout', this.running?.options.onStdout);
    if (port === SerialUse.error) return this.output(bytes, 'stderr', this.running?.options.onStderr);
    if (port === SerialUse.control) this.controlBytes(bytes);
    return undefined;
  }

  /** To who listens, whose promise is handed back; or to what is kept for the result, of which there is an end. */
  private output(bytes: Uint8Array, stream: 'stdout' | 'stderr', listener: ((bytes: Uint8Array) => unknown) | undefined): Promise<unknown> | undefined {
    if (listener !== undefined) {
      const wait = listener(bytes);
      return isPromise(wait) ? wait : undefined;
    }
    const { running } = this;
    if (running === undefined || running.keptBytes[stream] > KEPT_BYTES) return undefined;
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
      const line = this.line.slice(0, end).replace(/\r$/, '');
      this.line = this.line.slice(end + 1);
      this.control(line);
    }
  }

  private control(line: string): void {
    const message = parseControl(line);
    if (message?.kind === 'ready') this.becomeReady();
    if (message === undefined || message.kind === 'ready' || message.id !== this.running?.id) return;
    if (message.kind === 'more') this.feed(this.running);
    else this.finish(this.running, message.code);
  }

  private becomeReady(): void {
    this.up = true;
    if (this.waiting === undefined) return;
    this.command(this.waiting);
    this.waiting = undefined;
  }

  /** A command, after the date where the guest's own may be wrong. */
  private command(line: string): void {
    const date = this.dateToTell();
    this.send(SerialUse.control, text.encode(date === undefined ? line : `time ${date}\n${line}`));
  }

  private feed(running: Running): void {
    const answer = (chunk: Uint8Array): void => {
      if (running === this.running) this.send(SerialUse.data, stdinChunk(running.id, chunk));
    };
    const next = running.input.next(STDIN_CHUNK_BYTES);
    if (next instanceof Uint8Array) return answer(next);
    this.onWaiting(true);
    next.then(answer, () => answer(new Uint8Array(0))).finally(() => this.onWaiting(false));
  }

  private finish(running: Running, code: number): void {
    this.running = undefined;
    this.onWaiting(false);
    running.resolve({ stdout: concat(running.stdout), stderr: concat(running.stderr), code });
  }
}
