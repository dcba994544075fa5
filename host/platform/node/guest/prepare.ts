/**
 * Prepared guests in the user's cache folder: made at the first start, found there at every later one, without a network.
 *
 *     CACHE/guests/amd64-6.1.192-2-1a2b3c4d5e6f/   kernel, initrd, vmlinuz, manifest.json
 *     CACHE/guests/.build-PID-xxxxxx/              one being made; renamed when it is whole
 */
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir } from './cache-dir.js';
import { recipeOf, type DebianGuestName } from './recipe.js';
import { GuestError } from '../../../guest/errors.js';
import { inGuestFolder, loadGuest, writeManifest, type Guest } from './folder.js';

export interface PrepareOptions {
  /** Default: $XDG_CACHE_HOME/pintail, or ~/.cache/pintail. */
  cacheDir?: string;
  /** A line at each step. */
  onProgress?: (line: string) => void;
  /** Told how far a download is, in bytes. */
  onTransfer?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes what interrupted starts left: build folders whose process is gone. */
async function removeLeftovers(guests: string): Promise<void> {
  for (const name of await readdir(guests)) {
    const match = /^\.build-(\d+)-/.exec(name);
    if (match && !processIsAlive(Number(match[1]))) await rm(join(guests, name), { recursive: true, force: true });
  }
}

/** The newest whole guest of this name and of today's recipe. */
async function findCached(guests: string, name: DebianGuestName): Promise<Guest | undefined> {
  const suffix = `-${recipeOf(name)}`;
  const names = (await readdir(guests)).filter((entry) => entry.startsWith(`${name}-`) && entry.endsWith(suffix));
  const newestFirst = names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const entry of newestFirst) {
    try {
      return await loadGuest(join(guests, entry), { remembered: true });
    } catch (cause) {
      if (!(cause instanceof GuestError)) throw cause; // a damaged one is made again
    }
  }
  return undefined;
}

/** Moves a finished build into place; when another process was faster, or a damaged one is in the way, the right one stays. */
async function install(build: string, target: string): Promise<Guest> {
  try {
    await rename(build, target);
  } catch {
    const other = await loadGuest(target).catch(() => undefined);
    if (other) {
      await rm(build, { recursive: true, force: true });
      return other;
    }
    await rm(target, { recursive: true, force: true });
    await rename(build, target);
  }
  return loadGuest(target, { remembered: true });
}

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** Removes guests of the same name that another recipe or version made a week ago or more: younger ones may be another checkout's. */
async function removeSuperseded(guests: string, kept: Guest): Promise<void> {
  const prefix = `${kept.manifest.name}-`;
  for (const entry of await readdir(guests)) {
    const path = join(guests, entry);
    if (!entry.startsWith(prefix) || path === kept.dir) continue;
    if (Date.now() - (await stat(path)).mtimeMs > WEEK_MS) await rm(path, { recursive: true, force: true });
  }
}

/** A prepared guest, from the cache or made now. Throws NoPackageClient where it cannot be made, GuestError when it fails. */
export async function prepareGuest(name: DebianGuestName, options: PrepareOptions = {}): Promise<Guest> {
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const guests = join(cacheDir, 'guests');
  await mkdir(guests, { recursive: true });
  const cached = await findCached(guests, name);
  if (cached) return cached;

  await removeLeftovers(guests);
  options.onProgress?.(`preparing the ${name} guest (once; later starts use the cache)`);
  const build = await mkdtemp(join(guests, `.build-${process.pid}-`));
  try {
    const { buildDebianGuest } = await import('./debian.js');
    const manifest = await buildDebianGuest(name, build, options);
    const guest = await install(build, join(guests, `${name}-${manifest.version}-${manifest.recipe}`));
    await removeSuperseded(guests, guest);
    return guest;
  } finally {
    await rm(build, { recursive: true, force: true });
  }
}

/** Writes a guest into a folder of its own, for a web server or a machine without a package client: kernel, initrd, manifest. */
export async function buildGuest(name: DebianGuestName, outDir: string, options: PrepareOptions = {}): Promise<Guest> {
  const guest = await prepareGuest(name, options);
  const { kernel, initrd } = guest.manifest;
  return inGuestFolder(outDir, async () => {
    await copyFile(guest.kernel, join(outDir, kernel.name));
    await copyFile(guest.initrd, join(outDir, initrd.name));
    const { format: _, ...rest } = guest.manifest;
    await writeManifest(outDir, { ...rest, others: [] });
    return loadGuest(outDir);
  });
}
