/** What went wrong on the host, as the guest is to see it. */

import { Errno, TreeError } from './tree.js';

/** The errno of anything that a tree threw: Node's errors by their code, the rest EIO. */
export function errnoOf(error: unknown): number {
  if (error instanceof TreeError) return error.errno;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && Object.hasOwn(Errno, code) ? Errno[code as keyof typeof Errno] : Errno.EIO;
}
