/** Work of a command that takes a while: its progress is shown, and Ctrl-C ends it and lets it clean up. */

import { UsageError } from './faults.js';
import { openProgress, type Progress } from './progress.js';

/** `command`: what the message says was interrupted. Rejected with what `work` is. */
export async function interruptible<T>(command: string, work: (signal: AbortSignal, progress: Progress) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const progress = openProgress();
  const onSignal = (): void => controller.abort(new UsageError(command, 'interrupted.'));
  process.once('SIGINT', onSignal);
  try {
    return await work(controller.signal, progress);
  } finally {
    process.off('SIGINT', onSignal);
    progress.done();
  }
}
