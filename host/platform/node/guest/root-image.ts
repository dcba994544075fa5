/** Where the files of an imported root go: into memory while they are few, and onto a disk from when they are many. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Budget } from '../../../boot/unpack/index.js';
import { Ext4Image } from './ext4/image.js';
import { directory } from '../../../guest/files.js';
import type { TarEntry } from '../../../guest/tar.js';

export const ROOT_NAME = 'root.img';
/** Room for the guest to write: as much as it has, and a gigabyte. It is a hole in the file. */
const FREE_BYTES = 2 ** 30;

export interface RootDisk {
  bytes: number;
  uuid: string;
}

/** A root in memory, or on a disk in `dir`. */
export type Root = { entries: TarEntry[] } | { disk: RootDisk };

/** Reads all entries; those of more than `mostInMemory` bytes of contents go to a disk. */
export async function gatherRoot(entries: AsyncIterable<TarEntry>, dir: string, mostInMemory: number, budget: Budget): Promise<Root & { files: number; dataBytes: number }> {
  const kept: TarEntry[] = [];
  let image: Ext4Image | undefined;
  let [files, dataBytes] = [0, 0];
  try {
    for await (const entry of entries) {
      files++;
      dataBytes += entry.data?.length ?? 0;
      if (image === undefined && dataBytes > mostInMemory) image = await startImage(dir, kept.splice(0));
      if (image === undefined) kept.push(entry);
      else await image.add(entry);
      budget.checkTime();
    }
    if (image === undefined) return { entries: kept, files, dataBytes };
    return { disk: await image.finish({ freeBytes: FREE_BYTES + dataBytes, name: 'root' }), files, dataBytes };
  } catch (error) {
    await image?.abandon();
    await rm(join(dir, ROOT_NAME), { force: true });
    throw error;
  }
}

async function startImage(dir: string, entries: readonly TarEntry[]): Promise<Ext4Image> {
  await mkdir(dir, { recursive: true });
  const image = await Ext4Image.create(join(dir, ROOT_NAME));
  // Places to mount at, where the root brings none.
  for (const path of ['dev', 'proc', 'sys', 'run', 'pintail']) await image.add(directory(path));
  await image.add(directory('tmp', 0o1777));
  for (const entry of entries) await image.add(entry);
  return image;
}
