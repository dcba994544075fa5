/** A command of the guest as three streams: what `machine.spawn` gives, over the same agent as `exec`. */

import type { CommandHandle } from './agent.js';
import type { ExecOptions, ExecResult, GuestProcess, SpawnOptions } from './types.js';

/** What may wait in a stream: of input for the guest, of output for the program. */
const AHEAD = 16 << 10;

interface Output {
  stream: ReadableStream<Uint8Array>;
  take: (bytes: Uint8Array) => Promise<void> | void;
  finish: () => void;
}

/** A stream that holds the machine while nobody reads it; of one that is cancelled the rest is lost. */
function output(): Output {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let resume: (() => void) | undefined;
  let over = false;
  const go = (): void => {
    resume?.();
    resume = undefined;
  };
  const stream = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    pull: go,
    cancel() {
      over = true;
      go();
    },
  }, { highWaterMark: AHEAD, size: (chunk) => chunk.byteLength });
  const take = (bytes: Uint8Array): Promise<void> | void => {
    if (over) return;
    controller.enqueue(bytes);
    if ((controller.desiredSize ?? 0) <= 0) return new Promise((resolve) => (resume = resolve));
  };
  const finish = (): void => {
    if (!over) controller.close();
    over = true;
    go();
  };
  return { stream, take, finish };
}

const text = new TextEncoder();

/** What is written comes out of `chunks`; when nobody wants it any more it is lost, as in a pipe without a reader. */
function input(): { stream: WritableStream<Uint8Array | string>; chunks: AsyncIterable<Uint8Array>; finish: () => void } {
  let over = false;
  const toBytes = (chunk: Uint8Array | string, controller: TransformStreamDefaultController<Uint8Array>): void => {
    if (!over) controller.enqueue(typeof chunk === 'string' ? text.encode(chunk) : chunk.slice());
  };
  const { readable, writable } = new TransformStream({ transform: toBytes }, { highWaterMark: AHEAD, size: (chunk) => chunk.length });
  const reader = readable.getReader();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  }
  const drain = async (): Promise<void> => {
    while (!(await reader.read()).done);
  };
  const finish = (): void => {
    over = true;
    drain().catch(() => undefined);
  };
  return { stream: writable, chunks: chunks(), finish };
}

/** `start` begins the command; the machine runs until it has ended. */
export function spawnCommand(start: (options: ExecOptions) => CommandHandle, options: SpawnOptions): GuestProcess {
  const stdin = input();
  const stdout = output();
  const stderr = output();
  const { result, kill } = start({ ...options, stdin: stdin.chunks, onStdout: stdout.take, onStderr: stderr.take });
  const finish = (): void => {
    for (const one of [stdin, stdout, stderr]) one.finish();
  };
  const exited = result.then(({ code }: ExecResult) => code);
  // Whoever waits is told by `exited`; who reads only is not to bring the process down.
  exited.then(finish, finish);
  return { stdin: stdin.stream, stdout: stdout.stream, stderr: stderr.stream, exited, kill: (name = 'TERM') => kill(name) };
}
