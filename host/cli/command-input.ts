/** The standard input of a command: a file or a pipe is passed on, a terminal or nothing is not. */

import { fstatSync } from 'node:fs';

/** What the command reads, or undefined where there is nothing to read. */
export function openCommandInput(): AsyncIterable<Uint8Array> | undefined {
  try {
    const about = fstatSync(0);
    return about.isFIFO() || about.isFile() || about.isSocket() ? process.stdin : undefined;
  } catch {
    return undefined; // closed
  }
}
