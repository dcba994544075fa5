/**
 * Runs the programs a guest is built with (apt-get, apt-cache, dpkg-deb), never through a shell, and ends them on abort.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { GuestError, NoPackageClient } from '../../../guest/errors.js';

export interface ToolOptions {
  cwd?: string;
  signal?: AbortSignal;
  /** Told each line of standard output as it comes. */
  onLine?: (line: string) => void;
}

export interface ToolResult {
  code: number;
  stdout: string;
  stderr: string;
}

function start(command: string, args: readonly string[], options: ToolOptions): ChildProcess {
  options.signal?.throwIfAborted();
  return spawn(command, args, {
    cwd: options.cwd,
    signal: options.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Resolves with the exit code; rejects when the program is not there or when it was aborted. */
function ended(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => reject(cause.code === 'ENOENT' ? new NoPackageClient(`there is no ${command} here`) : cause));
    child.once('close', (code, signal) => (signal ? reject(new GuestError(`${command} was ended by ${signal}`, 'Start again.')) : resolve(code ?? 1)));
  });
}

function collect(stream: NodeJS.ReadableStream | null): { text: string } {
  const sink = { text: '' };
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    sink.text += chunk;
  });
  return sink;
}

function tellLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    lines.forEach(onLine);
  });
}

/** Runs a program to its end; a failing one is reported by its code, not thrown. */
export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const child = start(command, args, options);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  if (options.onLine !== undefined && child.stdout !== null) tellLines(child.stdout, options.onLine);
  const code = await ended(child, command);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The standard output of a program as it comes; throws at its end when the program failed. */
export async function* streamTool(command: string, args: readonly string[], options: ToolOptions = {}): AsyncGenerator<Uint8Array> {
  const child = start(command, args, options);
  const stderr = collect(child.stderr);
  const end = ended(child, command);
  end.catch(() => {}); // reported where it is awaited
  try {
    for await (const chunk of child.stdout!) yield chunk as Uint8Array;
    const code = await end;
    if (code !== 0) throw new GuestError(`${command} failed (${code}): ${lastLine(stderr.text)}`, 'Start again.');
  } finally {
    child.kill();
  }
}

/** The last line that says something: what a tool complained about. */
export function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.reverse().find((line) => line.startsWith('E:')) ?? lines[0] ?? 'it said nothing';
}
