/** Processes that write a snapshot's file over and over, killed at points of their writing that a seed gives: what is there is always a whole file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../house/sources.js';
import { numbers } from './files.js';

const PARTS = 16, PART_BYTES = 64 << 10;

// Each file is of one byte, the next of another. Who writes says a point before each part, so that the parent kills it in the midst of one; between
// the last part and the name it syncs.
const script = (path: string): string => `
  import { writeSync } from 'node:fs';
  import { writeWhole } from ${JSON.stringify(join(root, 'build/host/platform/node/snapshot-file.js'))};
  for (let n = 1; ; n++) {
    const parts = { *[Symbol.iterator]() { for (let i = 0; i < ${PARTS}; i++) { writeSync(1, '.'); yield new Uint8Array(${PART_BYTES}).fill(n); } writeSync(1, '.'); } };
    writeWhole(${JSON.stringify(path)}, parts);
  }`;

/** After so many kills; which files were not whole, in words. */
export async function killWriters(kills: number, seed: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'killed-')), path = join(folder, 'file'), next = numbers(seed), wrong: string[] = [];
  writeFileSync(path, new Uint8Array(PARTS * PART_BYTES));
  try {
    for (let kill = 0; kill < kills; kill++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script(path)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const last = 1 + next(3 * (PARTS + 1));
      let points = 0;
      for await (const chunk of child.stdout) if ((points += (chunk as Buffer).length) >= last) break;
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const bytes = readFileSync(path);
      if (bytes.length !== PARTS * PART_BYTES || !bytes.every((byte) => byte === bytes[0])) wrong.push(`killed at point ${last}: ${bytes.length} bytes`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return wrong;
}
