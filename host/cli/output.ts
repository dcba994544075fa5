/**
 * Standard output and standard error as the machine writes to them: a reader that is slow holds the machine up, and one that is gone, or a
 * disk that is full, ends it with a message and a status, not with a stack.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { meaningOf } from '../words/errno.js';

/** An output that takes no more. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  constructor(
    readonly output: string,
    readonly code: string,
  ) {
    super(`${output}: ${meaningOf(code)}.`);
  }
}

/** As a shell reports a process that SIGPIPE ended. */
const STATUS_PIPE = 141;

export const statusOf = (error: OutputError): number => (error.code === 'EPIPE' ? STATUS_PIPE : 1);

/** Until a machine runs: an output that fails ends the process. */
function endWith(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  const told = new OutputError('standard output', code ?? String(error));
  if (code !== 'EPIPE') process.stderr.write(`pintail: ${told.message}\n`);
  process.exit(statusOf(told));
}

/** Whoever read our output has gone (`| head`), or its disk is full: never a stack. Where messages go nowhere, nothing can be said of it. */
export function watchOutputs(): void {
  process.stdout.on('error', endWith);
  process.stderr.on('error', () => undefined);
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** The first error of any output; who asks to be told is told once. */
export class Outputs {
  error: OutputError | undefined;
  private tell: (() => void) | undefined;

  constructor() {
    process.stdout.off('error', endWith).on('error', (error) => this.fail('standard output', error));
  }

  /** `tell` is called at the first error, at once if there has been one. */
  onError(tell: () => void): void {
    this.tell = tell;
    if (this.error !== undefined) tell();
  }

  fail(output: string, error: unknown): void {
    if (this.error !== undefined) return;
    this.error = new OutputError(output, codeOf(error));
    this.tell?.();
  }

  /** Writes; a promise while the stream has had enough. Nothing is written behind an error. */
  write(stream: Writable, bytes: Uint8Array): Promise<void> | void {
    if (this.error !== undefined || stream.destroyed) return;
    if (stream.write(bytes)) return;
    return new Promise((resolve) => {
      const done = (): void => {
        for (const event of ['drain', 'close', 'error'] as const) stream.off(event, done);
        resolve();
      };
      for (const event of ['drain', 'close', 'error'] as const) stream.on(event, done);
    });
  }

  /** A file that is written from its start; `name` is the option that asked for it. Throws where it cannot be opened. */
  file(path: string, name: string): { write(bytes: Uint8Array): void; close(): void } {
    const fd = openSync(path, 'w');
    return {
      write: (bytes) => {
        try {
          for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        } catch (error) {
          this.fail(name, error);
        }
      },
      close: () => closeSync(fd),
    };
  }
}
