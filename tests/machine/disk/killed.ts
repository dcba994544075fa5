/** Kills processes whose machines write records, one after the other on one image, and looks each time at what they left. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceOptions, DriveOptions } from 'pintail';
import { openDrive } from '../../../host/disk/open.js';
import { root } from '../../house/sources.js';
import { checkRecords, IMAGE_BYTES, numbersIn, recordWriter, type Controller } from './record-writer.js';

/** What is killed: a plain image on each controller, an overlay, an image of QEMU's. */
export type Killed = 'image' | 'overlay' | 'qcow2' | 'AHCI' | 'IDE';
const CONTROLLERS: Readonly<Record<Killed, Controller>> = { image: 'virtio', overlay: 'virtio', qcow2: 'virtio', AHCI: 'ahci', IDE: 'ide' };
const DEVICES: Readonly<Record<Controller, DeviceOptions[]>> = {
  virtio: [{ model: 'virtio-blk', drive: 'd', slot: 1 }], ahci: [{ model: 'ide-hd', drive: 'd', bus: 'ide.0' }],
  ide: [{ model: 'piix3-ide', id: 'p', slot: 1 }, { model: 'ide-hd', drive: 'd', bus: 'p.0' }],
};
/** qcow2 images are made and checked by QEMU's tool. */
export const hasImageTool = spawnSync('qemu-img', ['--version']).status === 0;

/** Runs a writer that starts at record `first` and kills it when it has told of `count`; the last number it told. */
function writeAndKill(drive: Partial<DriveOptions>, controller: Controller, first: number, count: number): Promise<number> {
  const code = Buffer.from(recordWriter(first, true, controller)).toString('base64');
  const child = spawn(process.execPath, [join(root, 'tests/support/disk-writer.mjs'), JSON.stringify({ code, drive, devices: DEVICES[controller] })], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
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

function makeImage(path: string, kind: Killed): void {
  if (kind !== 'qcow2') return writeFileSync(path, Buffer.alloc(IMAGE_BYTES));
  // Small clusters, so that tables grow, too.
  const { status, stderr } = spawnSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', path, String(IMAGE_BYTES)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** What QEMU's tool finds wrong but clusters that nobody has (status 3). */
function complaints(path: string): string[] {
  const { status, stdout, stderr } = spawnSync('qemu-img', ['check', '-f', 'qcow2', path], { encoding: 'utf8' });
  return status === 0 || status === 3 ? [] : [`qemu-img check: ${stdout}${stderr}`];
}

/** What was wrong after each kill, and how many records there are in the end. */
export async function killMany(times: number, seed: number, kind: Killed): Promise<{ wrong: string[]; last: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-kill-'));
  const source = join(folder, 'disk.img');
  makeImage(source, kind);
  const drive: Partial<DriveOptions> = { source, ...(kind === 'overlay' ? { overlay: join(folder, 'disk.overlay') } : {}), ...(kind === 'qcow2' ? { format: 'qcow2' } : {}) };
  const wrong: string[] = [];
  let x = seed, last = 0;
  try {
    for (let i = 0; i < times; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      const told = await writeAndKill(drive, CONTROLLERS[kind], last + 1, 1 + ((x >>> 8) % 24));
      if (kind === 'qcow2') wrong.push(...complaints(source));
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
