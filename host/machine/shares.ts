/** Shared folders as the options have them, opened. */

import { platform } from '#platform';
import { DiskError } from '../disk/errors.js';
import type { ShareSession } from '../share/session.js';
import { meaningOf } from '../words/errno.js';
import { OptionError } from './errors.js';
import type { ShareOptions } from './types.js';

/** By id. */
export type Shares = Map<string, ShareSession>;

/** Into `shares`, so that what was opened before a failure can be closed. Throws OptionError. */
export async function openShares(options: readonly ShareOptions[], shares: Shares): Promise<void> {
  if (options.length === 0) return;
  // The protocol, for machines that have a folder.
  const { ShareSession: Session } = await import('../share/session.js');
  for (const { id, source, readOnly = false } of options) {
    if (shares.has(id)) throw new OptionError('shares', `the id "${id}" is given twice.`);
    try {
      shares.set(id, new Session(typeof source === 'string' ? await platform.openFolder(source) : source, readOnly));
    } catch (error) {
      if (error instanceof DiskError) throw new OptionError('shares.source', error.message);
      const { code } = error as { code?: string };
      throw new OptionError('shares.source', `cannot open the folder ${String(source)}: ${code === undefined ? String(error) : meaningOf(code)}.`);
    }
  }
}
