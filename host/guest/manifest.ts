/**
 * A prepared guest is a folder: kernel, initrd, and a manifest that says what they are and proves that they are whole.
 */
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestError } from './errors.js';

export const MANIFEST_NAME = 'manifest.json';
/** Which files have been held against the manifest, and as they were then. */
const VERIFIED_NAME = '.verified';
/** 2: the command line states no rate of the TSC, which is another now. 3: the agent speaks version 2 of the protocol. */
const FORMAT = 3;

export interface ManifestFile {
  /** Name within the folder. */
  name: string;
  bytes: number;
  sha256: string;
  /** What it is. */
  about: string;
}

export interface Manifest {
  format: typeof FORMAT;
  /** `amd64`, `i386`, or the name of an imported guest. */
  name: string;
  /** Of the kernel. */
  version: string;
  /** Changes when what we put in changes; a cached guest of another recipe is made anew. */
  recipe: string;
  /** The kernel command line it is meant for. */
  append: string;
  /** The least memory, in bytes, that it is sure to start in. */
  memory: number;
  /** Whether it answers on the control port (protocol.ts). */
  agent: boolean;
  packages: { name: string; version: string; sha256: string }[];
  kernel: ManifestFile;
  initrd: ManifestFile;
  /** Files that are not needed to boot. */
  others: ManifestFile[];
}

/** A guest ready to load. */
export interface Guest {
  dir: string;
  /** Path of an ELF kernel or a bzImage. */
  kernel: string;
  /** Path of the initial file system. */
  initrd: string;
  append: string;
  manifest: Manifest;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes a file of a guest and returns its row. */
export async function writeGuestFile(dir: string, name: string, bytes: Uint8Array, about: string): Promise<ManifestFile> {
  await writeFile(join(dir, name), bytes);
  return { name, bytes: bytes.length, sha256: sha256(bytes), about };
}

export async function writeManifest(dir: string, manifest: Omit<Manifest, 'format'>): Promise<Manifest> {
  const whole: Manifest = { format: FORMAT, ...manifest };
  await writeFile(join(dir, MANIFEST_NAME), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

function isFile(value: unknown): value is ManifestFile {
  const row = value as Partial<ManifestFile> | null;
  return (
    typeof row === 'object' && row !== null && typeof row.name === 'string' && /^[^/\\]+$/.test(row.name) && row.name !== '..' &&
    Number.isSafeInteger(row.bytes) && typeof row.sha256 === 'string'
  );
}

function isManifest(value: unknown): value is Manifest {
  const it = value as Partial<Manifest> | null;
  return (
    typeof it === 'object' && it !== null && it.format === FORMAT && typeof it.name === 'string' && typeof it.version === 'string' &&
    typeof it.append === 'string' && typeof it.memory === 'number' && isFile(it.kernel) && isFile(it.initrd)
  );
}

const REBUILD = 'Build it again with `pintail guest build --out DIR`.';

export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, MANIFEST_NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new GuestError(`${dir} holds no guest: there is no ${MANIFEST_NAME}`, `Guests are amd64, i386, builtin, and folders that \`pintail guest build --out DIR\` wrote.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GuestError(`${path} is not JSON`, REBUILD);
  }
  if (!isManifest(value)) throw new GuestError(`${path} is not a guest manifest of format ${FORMAT}`, REBUILD);
  return value;
}

async function verifyFile(dir: string, row: ManifestFile): Promise<void> {
  const path = join(dir, row.name);
  const bytes = await readFile(path).catch(() => {
    throw new GuestError(`${path} is missing`, REBUILD);
  });
  if (bytes.length !== row.bytes) throw new GuestError(`${path} has ${bytes.length} bytes, its manifest says ${row.bytes}`, REBUILD);
  if (sha256(bytes) !== row.sha256) throw new GuestError(`${path} is not what its manifest says (the SHA-256 digest differs)`, REBUILD);
}

/** What of a file changes whenever anything is written to it: the system sets the time of the last change, a program cannot. */
async function fingerprint(dir: string, row: ManifestFile): Promise<string> {
  const it = await stat(join(dir, row.name), { bigint: true }).catch(() => undefined);
  return it === undefined ? '' : `${row.name} ${it.size} ${it.ino} ${it.ctimeNs} ${row.sha256}`;
}

/** Checks digests once, and again when a file has been touched since: reading 40 MB costs 0.1 s a start. */
async function verifyOnce(dir: string, rows: readonly ManifestFile[]): Promise<void> {
  const path = join(dir, VERIFIED_NAME);
  const now = (await Promise.all(rows.map((row) => fingerprint(dir, row)))).join('\n');
  if ((await readFile(path, 'utf8').catch(() => '')) === now) return;
  for (const row of rows) await verifyFile(dir, row);
  await writeFile(path, now).catch(() => undefined); // a cache that cannot be written to is checked every time
}

/** Opens the folder of a guest and checks its files' digests; with `remembered` (our own cache) those of files that were touched since the last time. */
export async function loadGuest(dir: string, options: { remembered?: boolean } = {}): Promise<Guest> {
  const manifest = await readManifest(dir);
  const rows = [manifest.kernel, manifest.initrd];
  if (options.remembered) await verifyOnce(dir, rows);
  else for (const row of rows) await verifyFile(dir, row);
  return { dir, kernel: join(dir, manifest.kernel.name), initrd: join(dir, manifest.initrd.name), append: manifest.append, manifest };
}
