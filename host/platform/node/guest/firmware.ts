/**
 * The BIOS that boots a disk: SeaBIOS from Debian's package, fetched once and kept beside the prepared guests.
 *
 *     CACHE/firmware/seabios-1.16.2-1/bios-256k.bin
 */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestError, NoPackageClient } from '../../../guest/errors.js';
import { extractPackage, openPackages } from './packages.js';
import { defaultCacheDir } from './cache-dir.js';
import type { PrepareOptions } from './prepare.js';

const PACKAGE = 'seabios';
const IMAGE = 'bios-256k.bin';
/** Where the package has it. */
const IN_PACKAGE = `usr/share/seabios/${IMAGE}`;

async function findCached(folder: string): Promise<string | undefined> {
  const newestFirst = (await readdir(folder)).filter((name) => name.startsWith(`${PACKAGE}-`)).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const name of newestFirst) if ((await readdir(join(folder, name))).includes(IMAGE)) return join(folder, name, IMAGE);
  return undefined;
}

async function fetchImage(work: string, options: PrepareOptions): Promise<{ version: string; image: Uint8Array }> {
  const { cacheDir: _, ...rest } = options;
  const { signal, onProgress } = options;
  const client = await openPackages({ ...rest, arch: 'amd64', stateDir: join(work, 'apt') });
  const { version } = await client.show(PACKAGE);
  onProgress?.(`fetching ${PACKAGE} ${version}`);
  const [path] = await client.download([PACKAGE], work);
  const image = (await extractPackage(path!, (name) => name === IN_PACKAGE, signal))[0]?.data;
  if (image === undefined) throw new GuestError(`The package ${PACKAGE} has no ${IN_PACKAGE}`, 'Pass a BIOS image of your own (-bios FILE).');
  return { version, image };
}

/** The same, with the error of what is fetched here. */
async function fetchOrExplain(work: string, options: PrepareOptions): Promise<{ version: string; image: Uint8Array }> {
  try {
    return await fetchImage(work, options);
  } catch (error) {
    if (!(error instanceof NoPackageClient)) throw error;
    throw new GuestError(`A disk is booted by SeaBIOS from Debian's package ${PACKAGE}, and ${error.reason.replace(/^their/, 'its')}`, 'Pass a BIOS image of your own (-bios FILE), or start again with a network.');
  }
}

/** The path of the image, from the cache or fetched now. Throws GuestError where it cannot be had. */
export async function prepareFirmware(options: PrepareOptions = {}): Promise<string> {
  const folder = join(options.cacheDir ?? defaultCacheDir(), 'firmware');
  await mkdir(folder, { recursive: true });
  const cached = await findCached(folder);
  if (cached !== undefined) return cached;
  const work = await mkdtemp(join(folder, '.fetch-'));
  try {
    const { version, image } = await fetchOrExplain(work, options);
    const made = join(work, 'made');
    await mkdir(made);
    await writeFile(join(made, IMAGE), image);
    const target = join(folder, `${PACKAGE}-${version.replaceAll(/[^\w.+~-]/g, '_')}`);
    // Another start may have been faster: the same bytes are there then.
    await rename(made, target).catch(() => undefined);
    return join(target, IMAGE);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
