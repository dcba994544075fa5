/** Files for a guest's initial file system, as an archive to append. Owners become root. */

import { platform } from '#platform';
import { writeCpio } from './cpio.js';
import { directory, file, type FileEntry } from './files.js';
import { relativePath } from './paths.js';

/** By its path on this machine, or by its content; with its absolute path in the guest. */
export type Addition = { host: string; guest: string } | { content: Uint8Array; guest: string; mode?: number };

/** The kernel sets the mode of each folder an archive names, also of one that is there: /tmp must keep its own. */
function parentsOf(entries: FileEntry[]): FileEntry[] {
  return entries.some((entry) => entry.path.startsWith('tmp/')) ? [directory('tmp', 0o1777)] : [];
}

/** The archive of all additions, below `folder` of it; a later one wins where two name the same path. */
export async function addFiles(additions: readonly Addition[], folder = ''): Promise<Uint8Array> {
  const entries: FileEntry[] = [];
  for (const addition of additions) {
    if ('content' in addition) entries.push(file(relativePath(addition.guest), addition.content, addition.mode));
    else entries.push(...(await platform.readAddition(addition)));
  }
  if (folder !== '') return writeCpio(entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` })));
  return writeCpio([...parentsOf(entries), ...entries]);
}
