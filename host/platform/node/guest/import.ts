/**
 * Makes a guest of a root file system in a tar archive (`docker export`, a distribution's base tarball): the archive's files, with the
 * kernel, modules and busybox of a prepared guest beside them. A small one becomes the initial file system, a large one a disk, whose root
 * the prepared guest changes over to (`root=`).
 */
import { createReadStream } from 'node:fs';
import { copyFile, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Budget, detectPacking, StreamError, unpack } from '../../../boot/unpack/index.js';
import { readCpio } from '../../../guest/cpio.js';
import { GuestError } from '../../../guest/errors.js';
import type { FileEntry } from '../../../guest/files.js';
import { IMPORTED_INIT_ARGUMENT } from '../../../guest/init-arguments.js';
import { DRIVES_FILE, rowsOf, type Manifest, type ManifestFile } from '../../../guest/manifest.js';
import { inGuestFolder, loadGuest, rememberVerified, sha256OfFile, writeGuestFile, writeManifest, type Guest } from './folder.js';
import { gatherRoot, ROOT_NAME, type RootDisk } from './root-image.js';
import { memoryFor, resolveHardLinks, rootEntries, rootInMemory } from '../../../guest/root.js';
import type { TarEntry } from '../../../guest/tar.js';

export interface ImportOptions {
  /** The guest whose kernel, modules and busybox are used. */
  base: Guest;
  /** Default: the archive's name. */
  name?: string;
  /** Contents, in bytes, from which on the root is a disk. Default MOST_IN_MEMORY. */
  mostInMemory?: number;
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
}

/** Some three times as much memory is needed to boot it. */
export const MOST_IN_MEMORY = 192 << 20;
/** What a large root may hold; a small one is bounded by MOST_IN_MEMORY. */
export const LIMITS = { bytes: 2 ** 36, entries: 2_000_000, pathCharacters: 2 ** 28 };

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function firstBytes(path: string): Promise<Uint8Array> {
  for await (const chunk of createReadStream(path, { end: 15 })) return chunk as Uint8Array;
  return new Uint8Array(0);
}

/** A gzip file's bytes, unpacked as they are wanted and held against what was read for them. */
async function* unpackedGzip(path: string, budget: Budget, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { signal });
  const unpacked = createGunzip();
  source.on('error', (cause) => unpacked.destroy(cause));
  source.pipe(unpacked);
  try {
    for await (const chunk of unpacked) {
      budget.spendBytes((chunk as Uint8Array).length, source.bytesRead);
      yield chunk as Uint8Array;
    }
  } finally {
    source.destroy();
  }
}

/** The archive's bytes, unpacked when it is packed. */
async function openArchive(path: string, budget: Budget, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const packing = detectPacking(await firstBytes(path));
  if (packing === 'none') return createReadStream(path, { signal, highWaterMark: 1 << 20 });
  if (packing === 'gzip') return unpackedGzip(path, budget, signal);
  return oneChunk(unpack(await readFile(path), packing, undefined, budget));
}

/** The entries that go into the root, as they come. */
async function* openedRoot(path: string, budget: Budget, signal?: AbortSignal): AsyncGenerator<TarEntry> {
  yield* rootEntries(await openArchive(path, budget, signal), budget);
}

/** What is wrong with the archive, in its name. */
function explained(path: string, cause: unknown): unknown {
  const { code, path: of } = cause as NodeJS.ErrnoException;
  // Another file's: the guest's that is being written.
  if (of !== undefined && of !== path) return cause;
  if (code === 'ENOENT') return new GuestError(`${path} does not exist`, 'Give a tar archive of a root file system.');
  if (code === 'EISDIR') return new GuestError(`${path} is a folder`, `Give a tar archive of a root file system: tar -C ${path} -cf rootfs.tar . makes one.`);
  const packed = typeof code === 'string' && code.startsWith('Z_');
  if (!(cause instanceof StreamError || packed)) return cause;
  return new GuestError(`${path} ${packed ? 'cannot be unpacked' : (cause as Error).message}`, 'Give a tar archive of a root file system (plain, gzip, xz or zstd).');
}

/** Makes a guest of a root file system's archive in a folder of its own. Throws GuestError. */
export async function importGuest(archive: string, outDir: string, options: ImportOptions): Promise<Guest> {
  try {
    return await importWithin(new Budget({ signal: options.signal, limits: LIMITS }), archive, outDir, options);
  } catch (cause) {
    throw explained(archive, cause);
  }
}

async function importWithin(budget: Budget, archive: string, outDir: string, options: ImportOptions): Promise<Guest> {
  options.onProgress?.(`reading ${archive}`);
  const name = options.name ?? basename(archive).replace(/\.(tar|tgz|tar\..*)$/, '');
  return writeGuest(openedRoot(archive, budget, options.signal), budget, outDir, { ...options, name, source: basename(archive) });
}

export interface RootOptions extends ImportOptions {
  name: string;
  /** Where the root comes from, for the manifest. */
  source: string;
  /** What the root was made of. */
  packages?: Manifest['packages'];
}

/** Makes a guest of a root's entries, by the kernel of `base`. */
export function writeGuest(entries: AsyncIterable<TarEntry>, budget: Budget, outDir: string, options: RootOptions): Promise<Guest> {
  return inGuestFolder(outDir, () => writeInto(outDir, entries, budget, options));
}

async function writeInto(outDir: string, entries: AsyncIterable<TarEntry>, budget: Budget, options: RootOptions): Promise<Guest> {
  const { base, mostInMemory = MOST_IN_MEMORY, onProgress: say = () => {}, signal } = options;
  const root = await gatherRoot(entries, outDir, mostInMemory, budget);
  say(`writing the guest (${root.files} files, ${Math.ceil(root.dataBytes / 2 ** 20)} MiB${'disk' in root ? ', on a disk' : ''})`);
  signal?.throwIfAborted();
  await copyFile(base.kernel, join(outDir, 'kernel'));
  const parts = 'disk' in root ? await diskParts(root.disk, outDir, options) : await memoryParts(resolveHardLinks(root.entries, options.source, budget), budget, outDir, options);
  const manifest = await writeManifest(outDir, {
    ...base.manifest, name: options.name, packages: options.packages ?? base.manifest.packages, kernel: { ...base.manifest.kernel, name: 'kernel' }, others: [], ...parts,
  });
  if ('disk' in root) await rememberVerified(outDir, rowsOf(manifest));
  return loadGuest(outDir);
}

type Parts = Pick<Manifest, 'append' | 'memory' | 'initrd'> & { root?: ManifestFile; others?: Manifest['others'] };

/** The root in the initial file system. */
async function memoryParts(entries: FileEntry[], budget: Budget, outDir: string, { base, source }: RootOptions): Promise<Parts> {
  const initrd = rootInMemory(entries, readCpio(await readFile(base.initrd)), base.dir, budget);
  await rm(join(outDir, ROOT_NAME), { force: true }); // of an earlier import
  return {
    append: `${base.manifest.append} ${IMPORTED_INIT_ARGUMENT}`,
    memory: Math.max(base.manifest.memory, memoryFor(base.manifest.kernel.bytes, initrd.length)),
    initrd: await writeGuestFile(outDir, 'initrd', initrd, `${source}, modules, init`),
  };
}

/** The root on a disk, which the prepared guest's own initial file system finds. */
async function diskParts({ bytes, uuid }: RootDisk, outDir: string, { base, source, signal }: RootOptions): Promise<Parts> {
  await copyFile(base.initrd, join(outDir, 'initrd'));
  // Its initial file system is the prepared guest's, and so is what goes over that: drivers of drives on controllers, and vfio.
  const drives = base.manifest.others.filter(({ name }) => name === DRIVES_FILE);
  for (const { name } of drives) await copyFile(join(base.dir, name), join(outDir, name));
  return {
    append: `${base.manifest.append} root=UUID=${uuid}`,
    memory: base.manifest.memory,
    initrd: { ...base.manifest.initrd, name: 'initrd' },
    others: drives,
    root: { name: ROOT_NAME, bytes, sha256: await sha256OfFile(join(outDir, ROOT_NAME), signal), about: `${source}, as an ext4 file system` },
  };
}
