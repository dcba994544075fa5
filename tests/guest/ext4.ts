/** Disks with ext4: made on the host, written by Debian's kernel, looked at by e2fsprogs on the host. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMachine, type DeviceOptions, type DriveOptions, type Machine } from 'pintail';
import { root } from '../house/sources.js';

const BYTES = 24 << 20;
/** Not on every user's PATH. */
const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;

function tool(name: string, ...words: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(name, words, { encoding: 'utf8', env: { ...process.env, PATH } });
  return { status, text: `${stdout ?? ''}${stderr ?? ''}` };
}

/** Why there can be no such disk here; undefined where there can. */
export const missing = ['mkfs.ext4', 'fsck.ext4', 'debugfs'].every((name) => tool(name, '-V').status !== null) ? undefined : 'no e2fsprogs here';

export function makeExt4(path: string): void {
  writeFileSync(path, Buffer.alloc(BYTES));
  const { status, text } = tool('mkfs.ext4', '-q', '-F', path);
  if (status !== 0) throw new Error(text);
}

/** What fsck finds wrong, without repairing; empty when nothing is. */
export function findFaults(path: string): string {
  const { status, text } = tool('fsck.ext4', '-fn', path);
  return status === 0 ? '' : text;
}

/** Replays the journal, as a mount would; what is wrong after that. */
export function replay(path: string): string {
  const { status, text } = tool('fsck.ext4', '-p', path);
  return status === 0 || status === 1 ? findFaults(path) : text;
}

export function readFromImage(path: string, file: string): string {
  return spawnSync('debugfs', ['-R', `cat ${file}`, path], { encoding: 'utf8', maxBuffer: 64 << 20, env: { ...process.env, PATH } }).stdout;
}

export const DISK: DeviceOptions = { model: 'virtio-blk', drive: 'd', slot: 1 };

export function bootWith(drive: Omit<DriveOptions, 'id'>, device: Partial<DeviceOptions> = {}): Promise<Machine> {
  return createMachine({ guest: 'amd64', memoryMiB: 128, agent: true, drives: [{ id: 'd', ...drive }], devices: [{ ...DISK, ...device }], limits: { wallMs: 280_000 } });
}

/** Runs a script in the guest; what it wrote. */
export async function runScript(machine: Machine, script: string): Promise<string> {
  const { stdout, stderr, code } = await machine.exec(['sh', '-c', `set -e; ${script}`]);
  const text = Buffer.from(stdout).toString();
  if (code !== 0) throw new Error(`status ${code}: ${text}${Buffer.from(stderr).toString()}`);
  return text;
}

/** Restores the machine in a process of its own and kills it when it has told of `count` files; the last it told of. */
function writeAndKill(snapshot: string, image: string, count: number): Promise<number> {
  const child = spawn(process.execPath, [join(root, 'tests/support/ext4-writer.mjs'), snapshot, image], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '', complaints = '';
  child.stdout.on('data', (bytes: Buffer) => {
    told += bytes.toString();
    if (told.split('\n').length > count) child.kill('SIGKILL');
  });
  child.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(Number(told.split('\n').at(-2) ?? 0));
      else reject(new Error(`the machine ended by itself: ${complaints}`));
    });
  });
}

const contentOf = (n: number): string => `file ${n}\n`.repeat(100);

/** What an image lacks of the files up to `told`; the file written in place may have one write more. */
function lost(image: string, told: number): string[] {
  const wrong: string[] = [];
  for (let n = 2; n <= told; n++) if (readFromImage(image, `f${n}`) !== contentOf(n)) wrong.push(`file ${n} of ${told} is not whole`);
  const over = told - (told % 4);
  const first = readFromImage(image, 'f1');
  const asMany = [over === 0 ? 1 : over, over + 4].map(contentOf);
  // Seven hundred bytes and more in one block: a write in place is there, or not, and sector by sector while it is not told.
  if (!asMany.includes(first) && !/^(file (\d+)\n)*$/.test(first)) wrong.push('the file written in place is damaged');
  return wrong;
}

/** Boots once, then so many times: restores, writes, is killed; the journal is replayed on the host, and the files are compared. */
export async function killMany(times: number, seed: number): Promise<{ wrong: string[]; files: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-ext4-'));
  const [base, image, snapshot] = ['base.img', 'disk.img', 'machine.snapshot'].map((name) => join(folder, name)) as [string, string, string];
  const wrong: string[] = [];
  let x = seed, files = 0;
  try {
    makeExt4(base);
    const machine = await bootWith({ source: base });
    await runScript(machine, 'mount -t ext4 /dev/vda /mnt; sync');
    writeFileSync(snapshot, await machine.snapshot());
    await machine.close();
    for (let i = 0; i < times; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      copyFileSync(base, image);
      const told = await writeAndKill(snapshot, image, 1 + ((x >>> 8) % 20));
      const faults = replay(image);
      if (faults !== '') wrong.push(`kill ${i}: ${faults}`);
      wrong.push(...lost(image, told).map((text) => `kill ${i}: ${text}`));
      files += told;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { wrong, files };
}

