/**
 * A root file system from a tar archive (`docker export`, a distribution's base tarball) as the initial file system of a guest: the archive's files, with the modules
 * and busybox of a prepared guest beside them. Where there are files, a large one becomes a disk instead (platform/node/guest/import.ts).
 */
import { Budget } from '../boot/unpack/index.js';
import { writeCpio } from './cpio.js';
import { GuestError } from './errors.js';
import type { FileEntry } from './files.js';
import { importedFiles } from './init.js';
import { readTar, type TarEntry } from './tar.js';

/** The entries of an unpacked archive that go into the root, as they come. Device nodes come with devtmpfs, and mount points must be empty. */
export async function* rootEntries(archive: AsyncIterable<Uint8Array>, budget: Budget): AsyncGenerator<TarEntry> {
  for await (const entry of readTar(archive, undefined, budget)) if (!/^(dev|proc|sys)\//.test(entry.path)) yield entry;
}

/** Gives each hard link the contents of the file it is a further name of, by whatever names that has. */
export function resolveHardLinks(entries: TarEntry[], archive: string, budget: Budget): FileEntry[] {
  const contentsOf = followLinks(new Map(entries.map((entry) => [entry.path, entry])));
  return entries.map(({ hardLink, ...entry }) => {
    if (hardLink === undefined) return entry;
    const data = contentsOf(hardLink);
    if (data === undefined) throw new GuestError(`${archive} has a link ${entry.path} to ${hardLink}, which is not in it`, 'Make the archive again.');
    budget.spendBytes(data.length, Infinity);
    return { ...entry, data };
  });
}

/** What a path holds, undefined for a link that leads to nothing or to itself. Each link is followed once, however long their chains. */
function followLinks(byPath: ReadonlyMap<string, TarEntry>): (path: string) => Uint8Array | undefined {
  const known = new Map<string, Uint8Array | undefined>();
  return (path) => {
    const passed: string[] = [];
    let at: string | undefined = path;
    while (at !== undefined && !known.has(at)) {
      const entry = byPath.get(at);
      known.set(at, entry?.data);
      passed.push(at);
      at = entry?.hardLink;
    }
    if (at !== undefined) for (const link of passed) known.set(link, known.get(at));
    else for (const link of passed) known.set(link, known.get(passed.at(-1)!));
    return known.get(path);
  };
}

/** A folder in the archive may be a link to another (`bin -> usr/bin`); a file of ours must not turn it into a folder. */
function modulesHome(entries: FileEntry[]): string {
  return entries.some((entry) => entry.path === 'lib' && entry.kind === 'symlink') ? 'usr/lib/modules' : 'lib/modules';
}

/**
 * What a kernel needs to unpack such an archive, in whole 64 MiB: the archive and the files it becomes are in memory at once, and a root file
 * system in memory may fill half of what is left: 3.1 times the archive was needed where this was measured.
 */
export function memoryFor(kernelBytes: number, archiveBytes: number): number {
  return 2 ** 26 * Math.ceil((2 ** 26 + kernelBytes + 3.1 * archiveBytes) / 2 ** 26);
}

/** The archive to boot of a root's entries and the files of a prepared guest's, which `base` names. Throws GuestError. */
export function rootInMemory(entries: FileEntry[], baseFiles: readonly FileEntry[], base: string, budget: Budget): Uint8Array {
  const busybox = baseFiles.find((entry) => entry.path === 'bin/busybox')?.data;
  if (busybox === undefined) throw new GuestError(`The guest in ${base} has no busybox to start another with`, 'Import with a prepared guest (amd64 or i386).');
  const home = modulesHome(entries);
  const modules = baseFiles
    .filter((entry) => entry.path.startsWith('lib/modules/'))
    .map((entry) => ({ ...entry, path: entry.path.replace('lib/modules', home) }));
  return writeCpio([...entries, ...modules, ...importedFiles(busybox)], budget);
}
