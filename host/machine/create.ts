/** createMachine: on this thread or in a worker. */

import { platform } from '#platform';
import { createLocal } from './create-local.js';
import type { Machine, MachineOptions } from './types.js';

/** A page's own thread is to draw and to listen. */
const WORKER_BY_DEFAULT = platform.name === 'browser';

/**
 * Makes a machine, paused. Rejected with OptionError (which option, what is wrong), ImageError (which file), GuestError,
 * SnapshotError, or the signal's reason.
 */
export async function createMachine(options: MachineOptions = {}): Promise<Machine> {
  if (!(options.worker ?? WORKER_BY_DEFAULT)) return createLocal(options);
  const { createRemote } = await import('./remote.js');
  return createRemote(options);
}
