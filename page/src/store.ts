/**
 * Machines kept in this browser (the origin's private file system): two files each, NAME.json that says what it is, and NAME.state, a snapshot.
 */

import type { MachineOptions } from 'pintail';

export interface KeptMachine {
  /** Of the files. */
  id: string;
  name: string;
  /** ms since 1970. */
  when: number;
  bytes: number;
  /** How it was made, for its reset. */
  recipe: Recipe;
  /** What its screen showed last. */
  screen: string;
}

/** What of a machine's options can be written down: no files of the person's. */
export type Recipe = Pick<MachineOptions, 'memoryMiB' | 'append' | 'seed' | 'icountShift' | 'jit'> & { guest?: string; devices?: MachineOptions['devices']; netdevs?: string[] };

async function folder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle('machines', { create: true });
  } catch {
    return undefined;
  }
}

async function writeFile(home: FileSystemDirectoryHandle, name: string, content: BlobPart): Promise<void> {
  const stream = await (await home.getFileHandle(name, { create: true })).createWritable();
  await stream.write(content as FileSystemWriteChunkType);
  await stream.close();
}

/** The newest first. */
export async function listKept(): Promise<KeptMachine[]> {
  const home = await folder();
  if (home === undefined) return [];
  const found: KeptMachine[] = [];
  for await (const [name, handle] of home as unknown as AsyncIterable<[string, FileSystemFileHandle]>) {
    if (name.endsWith('.json')) found.push(JSON.parse(await (await handle.getFile()).text()) as KeptMachine);
  }
  return found.sort((a, b) => b.when - a.when);
}

/** The description is written last: a machine without one is not there. Rejected with an Error where there is no room. */
export async function keep(machine: Omit<KeptMachine, 'bytes'>, state: Uint8Array): Promise<void> {
  const home = await folder();
  if (home === undefined) throw new Error('this browser keeps no files for this page (a private window?)');
  await writeFile(home, `${machine.id}.state`, state as BlobPart);
  await writeFile(home, `${machine.id}.json`, JSON.stringify({ ...machine, bytes: state.length }));
}

export async function readState(id: string): Promise<Blob | undefined> {
  try {
    return await (await (await folder())?.getFileHandle(`${id}.state`))?.getFile();
  } catch {
    return undefined;
  }
}

export async function forget(id: string): Promise<void> {
  const home = await folder();
  for (const ending of ['.json', '.state']) await home?.removeEntry(id + ending).catch(() => undefined);
}
