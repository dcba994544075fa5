/** A web worker, as the floor above knows it. */

import type { WorkerHandle } from '../platform.js';

const MISSING = 'its script could not be loaded. Serve the package\'s pintail/worker with all that it imports (bundled), and pass its address: worker: new URL(...)';

/** The words have to stand like this for bundlers to bring the script along. */
const ownWorker = (): Worker => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'pintail' });

export function startWorker(script?: string | URL): WorkerHandle {
  const worker = script === undefined ? ownWorker() : new Worker(script, { type: 'module', name: 'pintail' });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) => worker.addEventListener('message', ({ data }: MessageEvent) => listener(data)),
    onError: (listener) => worker.addEventListener('error', ({ message }: ErrorEvent) => listener(new Error(message || MISSING))),
    // A web worker does not end by itself.
    onExit: () => undefined,
    terminate: async () => worker.terminate(),
  };
}
