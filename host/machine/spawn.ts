/** A command of the guest as three streams: what `machine.spawn` gives, over the same agent as `exec`. Node only. */

import { PassThrough, Readable } from 'node:stream';
import type { CommandHandle } from './agent.js';
import type { ExecOptions, ExecResult, GuestProcess, SpawnOptions } from './types.js';

/** A stream that holds the machine while nobody reads it. */
function output(): { stream: Readable; take: (bytes: Uint8Array) => Promise<void> | void } {
  let resume: (() => void) | undefined;
  const go = (): void => {
    resume?.();
    resume = undefined;
  };
  const stream = new Readable({ read: go, destroy: (error, done) => (go(), done(error)) });
  const take = (bytes: Uint8Array): Promise<void> | void => {
    if (!stream.destroyed && !stream.push(bytes)) return new Promise((resolve) => (resume = resolve));
  };
  return { stream, take };
}

/** `start` begins the command; the machine runs until it has ended. */
export function spawnCommand(start: (options: ExecOptions) => CommandHandle, options: SpawnOptions): GuestProcess {
  const stdin = new PassThrough();
  const stdout = output();
  const stderr = output();
  const { result, kill } = start({ ...options, stdin, onStdout: stdout.take, onStderr: stderr.take });
  const finish = (): void => {
    for (const { stream } of [stdout, stderr]) if (!stream.destroyed) stream.push(null);
    stdin.destroy();
  };
  const exited = result.then(({ code }: ExecResult) => code);
  // Whoever waits is told by `exited`; who reads only is not to bring the process down.
  exited.then(finish, finish);
  // What is written when the command has gone is lost, as in a pipe without a reader.
  stdin.on('error', () => undefined);
  return { stdin, stdout: stdout.stream, stderr: stderr.stream, exited, kill: (name = 'TERM') => kill(name) };
}
