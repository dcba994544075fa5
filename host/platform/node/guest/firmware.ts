/**
 * The BIOS that boots a disk and the video BIOS of a screen: SeaBIOS's, from Debian's package, fetched once and kept beside the prepared guests.
 *
 *     CACHE/firmware/seabios-1.16.2-1/bios-256k.bin
 *     CACHE/firmware/seabios-1.16.2-1/vgabios-stdvga.bin
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GuestError, NoPackageClient } from '../../../guest/errors.js';
import type { VideoRom } from '../../platform.js';
import { extractPackage, openPackages } from './packages.js';
import { defaultCacheDir } from './cache-dir.js';
import type { PrepareOptions } from './prepare.js';

const PACKAGE = 'seabios';
/** What of the package is kept. */
const BIOS = 'bios-256k.bin';
const VIDEO_BIOS = 'vgabios-stdvga.bin';
const IMAGES = [BIOS, VIDEO_BIOS];
/** Where the package has them. */
const IN_PACKAGE = 'usr/share/seabios/';

interface Fetched {
  version: string;
  images: Map<string, Uint8Array>;
}

async function findCached(folder: string, image: string): Promise<string | undefined> {
  const newestFirst = (await readdir(folder)).filter((name) => name.startsWith(`${PACKAGE}-`)).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const name of newestFirst) if ((await readdir(join(folder, name))).includes(image)) return join(folder, name, image);
  return undefined;
}

async function fetchImages(work: string, options: PrepareOptions): Promise<Fetched> {
  const { cacheDir: _, ...rest } = options;
  const { signal, onProgress } = options;
  const client = await openPackages({ ...rest, arch: 'amd64', stateDir: join(work, 'apt') });
  const { version } = await client.show(PACKAGE);
  onProgress?.(`fetching ${PACKAGE} ${version}`);
  const [path] = await client.download([PACKAGE], work);
  const files = await extractPackage(path!, (name) => IMAGES.includes(basename(name)) && name === `${IN_PACKAGE}${basename(name)}`, signal);
  const images = new Map(files.flatMap(({ path: name, data }) => (data === undefined ? [] : [[basename(name), data] as const])));
  const missing = IMAGES.find((image) => !images.has(image));
  if (missing !== undefined) throw new GuestError(`The package ${PACKAGE} has no ${IN_PACKAGE}${missing}`, 'Pass an image of your own (-bios FILE, romfile=FILE).');
  return { version, images };
}

/** The same, with the error of what is fetched here. */
async function fetchOrExplain(work: string, options: PrepareOptions): Promise<Fetched> {
  try {
    return await fetchImages(work, options);
  } catch (error) {
    if (!(error instanceof NoPackageClient)) throw error;
    throw new GuestError(`A disk is booted by SeaBIOS from Debian's package ${PACKAGE}, and ${error.reason.replace(/^their/, 'its')}`, 'Pass a BIOS image of your own (-bios FILE), or start again with a network.');
  }
}

/** Puts files in place one by one: another start may have been faster, with the same bytes, or an older one may have kept fewer. */
async function keep(folder: string, work: string, { version, images }: Fetched): Promise<string> {
  const target = join(folder, `${PACKAGE}-${version.replaceAll(/[^\w.+~-]/g, '_')}`);
  await mkdir(target, { recursive: true });
  for (const [name, bytes] of images) {
    await writeFile(join(work, name), bytes);
    await rename(join(work, name), join(target, name));
  }
  return target;
}

async function prepareImage(image: string, options: PrepareOptions): Promise<string> {
  const folder = join(options.cacheDir ?? defaultCacheDir(), 'firmware');
  await mkdir(folder, { recursive: true });
  const cached = await findCached(folder, image);
  if (cached !== undefined) return cached;
  const work = await mkdtemp(join(folder, '.fetch-'));
  try {
    return join(await keep(folder, work, await fetchOrExplain(work, options)), image);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The path of the BIOS, from the cache or fetched now. Throws GuestError where it cannot be had. */
export const prepareFirmware = (options: PrepareOptions = {}): Promise<string> => prepareImage(BIOS, options);

/** Both, by path. */
export const firmwareImages = async (options: PrepareOptions = {}): Promise<string[]> => [await prepareImage(BIOS, options), await prepareImage(VIDEO_BIOS, options)];

/** The screen's: a machine goes without it where it cannot be had. */
export async function videoRom(options: PrepareOptions): Promise<VideoRom> {
  try {
    return { rom: await readFile(await prepareImage(VIDEO_BIOS, options)), name: VIDEO_BIOS };
  } catch (error) {
    options.signal?.throwIfAborted();
    const why = error instanceof NoPackageClient || !(error instanceof GuestError) ? (error as Error).message : `it comes from Debian's package ${PACKAGE}, which cannot be fetched`;
    return { missing: `${why.replace(/\.$/, '')}. Pass one with romfile=FILE.` };
  }
}
