/** Files of one folder, for a guest to read: no name leads out of it, neither by `..` nor by a link. */

import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { SocketError, type ReadableFile } from '../../../net/provider.js';

/** Opens a plain file by a name that the guest chose. Throws a SocketError: ENOENT, or EACCES for what is not to be read. */
export async function openFile(folder: string, name: string): Promise<ReadableFile> {
  // Boot loaders write names from the root, and some write them as DOS does.
  const parts = name.replaceAll('\\', '/').split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..')) throw new SocketError('EACCES', `${name}: not a file of the folder`);
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, ...parts));
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) throw new SocketError('EACCES', `${name}: leads out of the folder`);
    return await openPlain(path);
  } catch (error) {
    throw error instanceof SocketError ? error : new SocketError(codeOf(error), `${name}: ${String(error)}`);
  }
}

async function openPlain(path: string): Promise<ReadableFile> {
  // The last part was a link's end a moment ago; a pipe would be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const status = await file.stat().catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  if (!status.isFile()) {
    await file.close();
    throw new SocketError('EACCES', `${path}: not a plain file`);
  }
  return {
    bytes: status.size,
    async read(at, length) {
      const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

/** What leads through a file, is too long or has a zero in it is not there either. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
  return ['ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE', 'ELOOP'].includes(code) ? 'ENOENT' : code;
}
