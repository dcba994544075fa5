/**
 * A prepared guest is a folder: kernel, initrd, and a manifest that says what they are and proves that they are whole.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestError } from '../../../guest/errors.js';
import { checkDigest, checkLength, FORMAT, MANIFEST_NAME, parseManifest, REBUILD, rowsOf, type Manifest, type ManifestFile } from '../../../guest/manifest.js';

/** Which files have been held against the manifest, and as they were then. */
const VERIFIED_NAME = '.verified';

/** A guest ready to load. */
export interface Guest {
  dir: string;
  /** Path of an ELF kernel or a bzImage. */
  kernel: string;
  /** Path of the initial file system. */
  initrd: string;
  /** Path of the disk with the root file system. */
  root?: string;
  append: string;
  manifest: Manifest;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The same of a file that may be larger than memory. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) sum.update(chunk as Uint8Array);
  return sum.digest('hex');
}

/** Makes a guest's folder and what goes into it. Where that fails, what of the folder was not there before is not there afterwards. */
export async function inGuestFolder<Made>(dir: string, make: () => Promise<Made>): Promise<Made> {
  const first = await mkdir(dir, { recursive: true });
  try {
    return await make();
  } catch (error) {
    if (first !== undefined) await rm(first, { recursive: true, force: true });
    throw error;
  }
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

export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, MANIFEST_NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new GuestError(`${dir} holds no guest: there is no ${MANIFEST_NAME}`, `Guests are amd64, i386, builtin, and folders that \`pintail guest build --out DIR\` wrote.`);
  }
  return parseManifest(text, path);
}

async function verifyFile(dir: string, row: ManifestFile): Promise<void> {
  const path = join(dir, row.name);
  const { size } = await stat(path).catch(() => {
    throw new GuestError(`${path} is missing`, REBUILD);
  });
  checkLength(path, row, size);
  checkDigest(path, row, await sha256OfFile(path));
}

/** What of a file changes whenever anything is written to it: the system sets the time of the last change, a program cannot. */
async function fingerprint(dir: string, row: ManifestFile): Promise<string> {
  const it = await stat(join(dir, row.name), { bigint: true }).catch(() => undefined);
  return it === undefined ? '' : `${row.name} ${it.size} ${it.ino} ${it.ctimeNs} ${row.sha256}`;
}

const fingerprints = async (dir: string, rows: readonly ManifestFile[]): Promise<string> => (await Promise.all(rows.map((row) => fingerprint(dir, row)))).join('\n');

/** Takes files that were written just now as checked. */
export async function rememberVerified(dir: string, rows: readonly ManifestFile[]): Promise<void> {
  await writeFile(join(dir, VERIFIED_NAME), await fingerprints(dir, rows)).catch(() => undefined);
}

/** Checks digests once, and again when a file has been touched since: reading 40 MB costs 0.1 s a start. */
async function verifyOnce(dir: string, rows: readonly ManifestFile[]): Promise<void> {
  const path = join(dir, VERIFIED_NAME);
  const now = await fingerprints(dir, rows);
  if ((await readFile(path, 'utf8').catch(() => '')) === now) return;
  for (const row of rows) await verifyFile(dir, row);
  await writeFile(path, now).catch(() => undefined); // a cache that cannot be written to is checked every time
}

/** Opens the folder of a guest and checks its files' digests; with `remembered` (our own cache), or where one is a disk, those of files that were touched since the last time. */
export async function loadGuest(dir: string, options: { remembered?: boolean } = {}): Promise<Guest> {
  const manifest = await readManifest(dir);
  const { kernel, initrd, root, append } = manifest;
  const rows = rowsOf(manifest);
  if (options.remembered || root !== undefined) await verifyOnce(dir, rows);
  else for (const row of rows) await verifyFile(dir, row);
  return { dir, kernel: join(dir, kernel.name), initrd: join(dir, initrd.name), ...(root === undefined ? {} : { root: join(dir, root.name) }), append, manifest };
}
