/** Commands, files and servers in a guest. */

import type { InputSource } from './sources.js';

/** Signals that a command may be sent. */
export type SignalName = 'HUP' | 'INT' | 'QUIT' | 'KILL' | 'USR1' | 'USR2' | 'TERM' | 'CONT' | 'STOP';

/** How a command of the guest runs. */
export interface SpawnOptions {
  /** Absolute path of the folder it runs in; default `/`. */
  cwd?: string;
  /** Variables added to its environment. */
  env?: Readonly<Record<string, string>>;
  /** Aborting it kills the command and all it started; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Wall time in ms after which it is killed, and the promise rejected with MachineError. Such a run does not repeat. */
  timeout?: number;
}

export interface ExecOptions extends SpawnOptions {
  /** Given to the command as its standard input; default none (it reads end of file). */
  stdin?: InputSource;
  /**
   * Called with output as it comes; then the result does not have it. A promise is waited for: until it is settled the machine waits (`icount`),
   * or the guest finds the port not ready (`realtime`). Without them output is collected, at most 64 MiB a stream.
   */
  onStdout?: (bytes: Uint8Array) => unknown;
  onStderr?: (bytes: Uint8Array) => unknown;
}

export interface ExecResult {
  stdout: Uint8Array;
  stderr: Uint8Array;
  /** Exit status of the command, 128 plus the signal's number where a signal ended it. */
  code: number;
}

/** A command of the guest with its streams. What is not read of its output holds the machine, as promises of listeners do. */
export interface GuestProcess {
  readonly stdin: WritableStream<Uint8Array | string>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** Its exit status, as in ExecResult; rejected as exec() is. */
  readonly exited: Promise<number>;
  /** Sends a signal to it and all it started; default TERM. One that waits for its turn does not begin. */
  kill(signal?: SignalName): void;
}

/** An entry of a folder of the guest. */
export interface GuestFile {
  name: string;
  kind: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';
  /** Permission bits. */
  mode: number;
  bytes: number;
  modified: Date;
}

/** A server in the guest. */
export interface ConnectTarget {
  /** TCP port, 1 to 65535. */
  port: number;
  /** The `id` of the user network it is on; may be left out where there is one only. */
  netdev?: string;
}
