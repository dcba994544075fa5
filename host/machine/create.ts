/** createMachine: on this thread or in a worker. */

import { createLocal } from './local.js';
import type { Machine, MachineOptions } from './types.js';

/**
 * Makes a machine, paused. Rejected with OptionError (which option, what is wrong), ImageError (which file), GuestError,
 * SnapshotError, or the signal's reason.
 */
export async function createMachine(options: MachineOptions = {}): Promise<Machine> {
  if (!options.worker) return createLocal(options);
  const { createRemote } = await import('./remote.js');
  return createRemote(options);
}
