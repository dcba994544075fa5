/**
 * Makes a guest of a root file system in a tar archive (`docker export`, a distribution's base tarball): the archive's
 * files, with the kernel, modules and busybox of a prepared guest beside them.
 */
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Budget, detectPacking, StreamError, unpack } from '../../../boot/unpack/index.js';
import { readCpio, writeCpio } from '../../../guest/cpio.js';
import { GuestError } from '../../../guest/errors.js';
import type { FileEntry } from '../../../guest/files.js';
import { IMPORTED_INIT_ARGUMENT, importedFiles } from '../../../guest/init.js';
import { loadGuest, writeGuestFile, writeManifest, type Guest } from './folder.js';
import { readTar, type TarEntry } from '../../../guest/tar.js';

export interface ImportOptions {
  /** The guest whose kernel, modules and busybox are used. */
  base: Guest;
  /** Default: the archive's name. */
  name?: string;
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
}

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

/** Gives each hard link the contents of the file it is a second name of. */
function resolveHardLinks(entries: TarEntry[], archive: string, budget: Budget): FileEntry[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  return entries.map(({ hardLink, ...entry }) => {
    if (hardLink === undefined) return entry;
    const first = byPath.get(hardLink);
    if (first?.data === undefined) throw new GuestError(`${archive} has a link ${entry.path} to ${hardLink}, which is not in it`, 'Make the archive again.');
    budget.spendBytes(first.data.length, Infinity);
    return { ...entry, data: first.data };
  });
}

async function readArchive(path: string, budget: Budget, signal?: AbortSignal): Promise<FileEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readTar(await openArchive(path, budget, signal), undefined, budget)) entries.push(entry);
  return resolveHardLinks(entries, path, budget);
}

/** What is wrong with the archive, in its name. */
function explained(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new GuestError(`${path} does not exist`, 'Give a tar archive of a root file system.');
  if (code === 'EISDIR') return new GuestError(`${path} is a folder`, `Give a tar archive of a root file system: tar -C ${path} -cf rootfs.tar . makes one.`);
  const packed = typeof code === 'string' && code.startsWith('Z_');
  if (!(cause instanceof StreamError || packed)) return cause;
  return new GuestError(`${path} ${packed ? 'cannot be unpacked' : (cause as Error).message}`, 'Give a tar archive of a root file system (plain, gzip, xz or zstd).');
}

/** Device nodes come with devtmpfs, and mount points must be empty. */
function isKept(entry: FileEntry): boolean {
  return !/^(dev|proc|sys)\//.test(entry.path);
}

/** A folder in the archive may be a link to another (`bin -> usr/bin`); a file of ours must not turn it into a folder. */
function modulesHome(entries: FileEntry[]): string {
  return entries.some((entry) => entry.path === 'lib' && entry.kind === 'symlink') ? 'usr/lib/modules' : 'lib/modules';
}

/** Makes a guest of a root file system's archive in a folder of its own. Throws GuestError. */
export async function importGuest(archive: string, outDir: string, options: ImportOptions): Promise<Guest> {
  try {
    return await importWithin(new Budget({ signal: options.signal }), archive, outDir, options);
  } catch (cause) {
    throw explained(archive, cause);
  }
}

/**
 * What a kernel needs to unpack such an archive, in whole 64 MiB: the archive and the files it becomes are in memory at once, and a root file
 * system in memory may fill half of what is left: 3.1 times the archive was needed where this was measured.
 */
export function memoryFor(kernelBytes: number, archiveBytes: number): number {
  return 2 ** 26 * Math.ceil((2 ** 26 + kernelBytes + 3.1 * archiveBytes) / 2 ** 26);
}

async function importWithin(budget: Budget, archive: string, outDir: string, options: ImportOptions): Promise<Guest> {
  const { base, signal } = options;
  const say = options.onProgress ?? (() => {});
  say(`reading ${archive}`);
  const entries = (await readArchive(archive, budget, signal)).filter(isKept);
  const baseFiles = readCpio(await readFile(base.initrd));
  const busybox = baseFiles.find((entry) => entry.path === 'bin/busybox')?.data;
  if (busybox === undefined) throw new GuestError(`The guest in ${base.dir} has no busybox to start another with`, 'Import with a prepared guest (amd64 or i386).');
  const home = modulesHome(entries);
  const modules = baseFiles
    .filter((entry) => entry.path.startsWith('lib/modules/'))
    .map((entry) => ({ ...entry, path: entry.path.replace('lib/modules', home) }));

  say(`writing the guest (${entries.length} files)`);
  signal?.throwIfAborted();
  const initrd = writeCpio([...entries, ...modules, ...importedFiles(busybox)], budget);
  await mkdir(outDir, { recursive: true });
  const { manifest } = base;
  await copyFile(base.kernel, join(outDir, 'kernel'));
  const row = await writeGuestFile(outDir, 'initrd', initrd, `${basename(archive)}, modules, init`);
  await writeManifest(outDir, {
    ...manifest,
    name: options.name ?? basename(archive).replace(/\.(tar|tgz|tar\..*)$/, ''),
    append: `${manifest.append} ${IMPORTED_INIT_ARGUMENT}`,
    memory: Math.max(manifest.memory, memoryFor(manifest.kernel.bytes, initrd.length)),
    kernel: { ...manifest.kernel, name: 'kernel' },
    initrd: row,
    others: [],
  });
  return loadGuest(outDir);
}
