/** Kills processes whose machines write records, one after the other on one image, and looks each time at what they left. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriveOptions } from 'pintail';
import { openDrive } from '../../../host/disk/open.js';
import { root } from '../../house/sources.js';
import { checkRecords, IMAGE_BYTES, numbersIn, recordWriter } from './record-writer.js';

/** Runs a writer that starts at record `first` and kills it when it has told of `count`; the last number it told. */
function writeAndKill(drive: Partial<DriveOptions>, first: number, count: number): Promise<number> {
  const code = Buffer.from(recordWriter(first, true)).toString('base64');
  const child = spawn(process.execPath, [join(root, 'tests/support/disk-writer.mjs'), JSON.stringify({ code, drive })], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let told = new Uint8Array(0), complaints = '';
  child.stdout.on('data', (bytes: Buffer) => {
    told = Buffer.concat([told, bytes]);
    if (told.length >= 4 * count) child.kill('SIGKILL');
  });
  child.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(numbersIn(told).at(-1) ?? first - 1);
      else reject(new Error(`the writer ended by itself: ${complaints}`));
    });
  });
}

/** What was wrong after each kill, and how many records there are in the end. */
export async function killMany(times: number, seed: number, kind: 'image' | 'overlay'): Promise<{ wrong: string[]; last: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-kill-'));
  const source = join(folder, 'disk.img');
  writeFileSync(source, Buffer.alloc(IMAGE_BYTES));
  const drive: Partial<DriveOptions> = kind === 'image' ? { source } : { source, overlay: join(folder, 'disk.overlay') };
  const wrong: string[] = [];
  let x = seed, last = 0;
  try {
    for (let i = 0; i < times; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      const told = await writeAndKill(drive, last + 1, 1 + ((x >>> 8) % 24));
      const { disk } = await openDrive({ id: 'd', source, ...drive });
      const image = new Uint8Array(IMAGE_BYTES);
      await disk.read(0, image);
      await disk.close();
      const left = checkRecords(image, told);
      last = left.last;
      if (left.wrong !== undefined) wrong.push(`kill ${i} of seed ${seed}: ${left.wrong}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { wrong, last };
}
