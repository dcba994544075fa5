/**
 * A qtest client, for our command and for QEMU alike: it listens on a UNIX socket that the emulator connects to, as QEMU's own test
 * library does, and on another that a card's frames come over in the framing of `-netdev stream`.
 *
 * QEMU is started with its processor halted in a ROM of HLT instructions: a stopped machine would hold back frames. Its clock then
 * follows the wall, so nothing here depends on time with it; a command that a timer must come before is asked again.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from '../../house/sources.js';

export type Emulator = 'pintail' | 'qemu';

const QEMU = 'qemu-system-x86_64';
export const hasQemu = spawnSync(QEMU, ['--version']).status === 0;

const COMMAND: Readonly<Record<Emulator, string[]>> = {
  pintail: [process.execPath, join(root, 'build/host/cli/main.js'), 'qtest'],
  qemu: [QEMU, '-machine', 'q35', '-display', 'none', '-serial', 'none', '-monitor', 'none', '-qtest-log', 'none'],
};
const START_MS = 60_000;
const ROM_BYTES = 65536;
const HLT = 0xf4;

/** What is on a wire inside one host for so long is lost. */
const FRAME_MS = 20_000;
/** The same of an answer. */
const ANSWER_MS = 60_000;

export class FrameLost extends Error {}

interface Waiting {
  resolve(answer: string): void;
  reject(error: Error): void;
}

async function accept(path: string): Promise<{ server: Server; client: Promise<Socket> }> {
  const server = createServer();
  const client = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { server, client };
}

export class Client {
  /** Lines as they were told: pin to level. */
  readonly lines = new Map<number, boolean>();
  /** Everything told of lines, in order. */
  readonly edges: string[] = [];
  /** Frames that the card has sent. */
  readonly frames: Uint8Array[] = [];
  private readonly waiting: Waiting[] = [];
  private rest = '';
  private wire: Socket | undefined;
  private wireRest = Buffer.alloc(0);
  private onFrame: (() => void) | undefined;

  constructor(readonly emulator: Emulator, private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const lines = (this.rest + chunk).split('\n');
      this.rest = lines.pop()!;
      for (const line of lines) this.take(line);
    });
    socket.on('close', () => this.waiting.splice(0).forEach(({ reject }) => reject(new Error(`${emulator} has ended`))));
    socket.on('error', () => undefined);
  }

  /** One command, one answer. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.emulator}: "${command}" is not answered`)), ANSWER_MS);
      const settle = <T>(then: (value: T) => void) => (value: T): void => {
        clearTimeout(timer);
        then(value);
      };
      this.waiting.push({ resolve: settle(resolve), reject: settle(reject) });
      this.socket.write(`${command}\n`);
    });
  }

  /** A command that must be answered OK; what stands behind it. */
  async ok(command: string): Promise<string> {
    const answer = await this.ask(command);
    if (answer !== 'OK' && !answer.startsWith('OK ')) throw new Error(`${this.emulator}: "${command}" is answered "${answer}"`);
    return answer.slice(3);
  }

  async number(command: string): Promise<number> {
    return Number(await this.ok(command));
  }
  in(port: number, bytes: 1 | 2 | 4): Promise<number> {
    return this.number(`in${letter(bytes)} ${hex(port)}`);
  }
  async out(port: number, bytes: 1 | 2 | 4, value: number): Promise<void> {
    await this.ok(`out${letter(bytes)} ${hex(port)} ${hex(value)}`);
  }
  load(gpa: number, bytes: 1 | 2 | 4 = 4): Promise<number> {
    return this.number(`read${letter(bytes)} ${hex(gpa)}`);
  }
  async store(gpa: number, value: number, bytes: 1 | 2 | 4 = 4): Promise<void> {
    await this.ok(`write${letter(bytes)} ${hex(gpa)} ${hex(value)}`);
  }
  async read(gpa: number, bytes: number): Promise<Uint8Array> {
    return Buffer.from((await this.ok(`read ${hex(gpa)} ${bytes}`)).slice(2), 'hex');
  }
  async write(gpa: number, data: Uint8Array | number[]): Promise<void> {
    await this.ok(`write ${hex(gpa)} ${data.length} 0x${Buffer.from(data).toString('hex')}`);
  }

  /** Asks until the answer is what is wanted; frames and QEMU's timers take their time. */
  async until(question: () => Promise<boolean>, what: string): Promise<void> {
    for (let tries = 0; tries < 2000; tries++) {
      if (await question()) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new Error(`${this.emulator}: ${what} has not come`);
  }

  /** The card's wire. */
  connect(wire: Socket): void {
    this.wire = wire;
    wire.on('error', () => undefined);
    wire.on('data', (chunk: Buffer) => {
      this.wireRest = Buffer.concat([this.wireRest, chunk]);
      for (;;) {
        const length = this.wireRest.length < 4 ? Infinity : this.wireRest.readUInt32BE(0);
        if (this.wireRest.length < 4 + length) return;
        this.frames.push(new Uint8Array(this.wireRest.subarray(4, 4 + length)));
        this.wireRest = this.wireRest.subarray(4 + length);
        this.onFrame?.();
      }
    });
  }

  /** Sends a frame to the card. */
  give(frame: Uint8Array | number[]): void {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(frame.length);
    this.wire!.write(Buffer.concat([head, Buffer.from(frame)]));
  }

  /** The next frame that the card sends, or has sent. Throws FrameLost when none comes. */
  async frame(): Promise<Uint8Array> {
    const deadline = Date.now() + FRAME_MS;
    while (this.frames.length === 0) {
      if (Date.now() >= deadline) throw new FrameLost(`${this.emulator}: no frame has come`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, FRAME_MS);
        this.onFrame = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.frames.shift()!;
  }

  private take(line: string): void {
    const edge = /^IRQ (raise|lower) (\d+)$/.exec(line);
    if (edge === null) {
      this.waiting.shift()?.resolve(line);
      return;
    }
    this.edges.push(line.slice(4));
    this.lines.set(Number(edge[2]), edge[1] === 'raise');
  }
}

const letter = (bytes: 1 | 2 | 4): string => ({ 1: 'b', 2: 'w', 4: 'l' })[bytes];
const hex = (value: number): string => `0x${(value >= 0 ? value : value >>> 0).toString(16)}`;

export interface StartOptions {
  /** Words behind the command; `WIRE` stands for the netdev's id, which is there when asked for. */
  args?: readonly string[];
  /** A `-netdev stream,id=wire` whose other end is this client. */
  wire?: boolean;
  /** In QEMU, leave the machine stopped. */
  stopped?: boolean;
}

/** Starts an emulator and waits until it has connected. It is ended with the test. */
export async function start(emulator: Emulator, options: StartOptions = {}): Promise<Client> {
  const dir = mkdtempSync(join(tmpdir(), 'qtest-'));
  let child: ChildProcess | undefined;
  const opened: Server[] = [];
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of opened) server.close();
    child?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  const protocol = await accept(join(dir, 'qtest'));
  const wire = options.wire ? await accept(join(dir, 'wire')) : undefined;
  opened.push(protocol.server, ...(wire === undefined ? [] : [wire.server]));
  writeFileSync(join(dir, 'hlt.rom'), Buffer.alloc(ROM_BYTES, HLT));
  const [program, ...words] = COMMAND[emulator];
  const own = emulator === 'qemu' ? ['-bios', join(dir, 'hlt.rom'), ...(options.stopped ? ['-S'] : [])] : [];
  const net = wire === undefined ? [] : ['-netdev', `stream,id=wire,server=off,addr.type=unix,addr.path=${join(dir, 'wire')}`];
  const args = [...words, ...own, '-nodefaults', '-m', '64', '-qtest', `unix:${join(dir, 'qtest')}`, ...net, ...(options.args ?? [])];
  child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const ended = new Promise<never>((_, reject) => child!.on('exit', (code) => reject(new Error(`${emulator} ended with status ${code}: ${complaint}`))));
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`${emulator} has not connected: ${complaint}`)), START_MS);
    onTestFinished(() => clearTimeout(timer));
  });
  ended.catch(() => undefined);
  late.catch(() => undefined);
  const socket = await Promise.race([protocol.client, ended, late]);
  sockets.push(socket);
  const client = new Client(emulator, socket);
  if (wire !== undefined) {
    const end = await Promise.race([wire.client, ended, late]);
    sockets.push(end);
    client.connect(end);
  }
  return client;
}
