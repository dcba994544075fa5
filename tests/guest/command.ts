/** Runs the command as a user does, in a process of its own. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../house/sources.js';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

const LIMIT_MS = 280_000;

/** `pintail ...args`; `input` goes to its standard input, which is closed then. */
export function pintail(args: readonly string[], input?: string | Uint8Array): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const main = join(root, 'build/host/cli/main.js');
    const child = spawn(process.execPath, [main, ...args], { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
    child.stdin?.on('error', () => undefined); // the machine may end before it has read everything
    child.stdin?.end(input);
  });
}
