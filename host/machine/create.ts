/** createMachine: on this thread or in a worker. */

import { platform } from '#platform';
import type { Machine, MachineOptions } from './types.js';

/** A page's own thread is to draw and to listen. */
const workerByDefault = (): boolean => platform.name === 'browser';

/**
 * Makes a machine, paused. Rejected with OptionError (which option, what is wrong), ImageError (which file), GuestError,
 * SnapshotError, or the signal's reason.
 */
export async function createMachine(options: MachineOptions = {}): Promise<Machine> {
  // Of the two, a page needs one: the larger is its worker's.
  if (options.worker ?? workerByDefault()) return (await import('./remote.js')).createRemote(options);
  return (await import('./create-local.js')).createLocal(options);
}
