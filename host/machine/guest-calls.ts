/** What a machine offers of its guest's agent, over the one thing that differs from thread to worker: how a command is started. */

import type { CommandHandle } from './agent.js';
import { bytesOf } from './bytes.js';
import { listGuestFiles, readGuestFile, writeGuestFile } from './guest-files.js';
import { checkExecKeys, checkSpawnKeys } from './keys.js';
import { spawnCommand } from './spawn.js';
import type { Bytes, ExecOptions, ExecResult, GuestFile, GuestProcess, SpawnOptions } from './types.js';

export abstract class GuestCalls {
  /** Starts a command, or puts it behind others. Throws where there is no agent to run it. */
  abstract startCommand(argv: readonly string[], options: ExecOptions): CommandHandle;

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    checkExecKeys(options);
    return this.startCommand(argv, options).result;
  }

  spawn(argv: readonly string[], options: SpawnOptions = {}): GuestProcess {
    checkSpawnKeys(options);
    return spawnCommand((more) => this.startCommand(argv, more), options);
  }

  readFile(path: string): Promise<Uint8Array> {
    return readGuestFile((argv) => this.exec(argv), path);
  }

  async writeFile(path: string, data: string | Bytes, mode?: number): Promise<void> {
    await writeGuestFile((argv, options) => this.exec(argv, options), path, typeof data === 'string' ? data : bytesOf('writeFile(data)', data), mode);
  }

  list(path: string): Promise<GuestFile[]> {
    return listGuestFiles((argv) => this.exec(argv), path);
  }
}
