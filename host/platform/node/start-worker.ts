/** A worker thread, as the floor above knows it. */

import { Worker } from 'node:worker_threads';
import type { WorkerHandle } from '../platform.js';
import { findOwn } from './own-files.js';

const MISSING = 'The script of the worker is not there. In a bundle, pass its path: worker: createRequire(import.meta.url).resolve(\'pintail/worker\').';

export function startWorker(script?: string | URL): WorkerHandle {
  const place = script ?? findOwn('pintail/worker', './worker.js');
  if (place === undefined) throw new Error(MISSING);
  const worker = new Worker(typeof place === 'string' && /^(file|data):/.test(place) ? new URL(place) : place);
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as never),
    onMessage: (listener) => void worker.on('message', listener),
    onError: (listener) => void worker.on('error', (error) => listener(explain(error))),
    onExit: (listener) => void worker.on('exit', listener),
    terminate: async () => void (await worker.terminate()),
  };
}

function explain(error: unknown): Error {
  const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' || (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
  if (missing) return new Error(`${MISSING} (${(error as Error).message.split('\n')[0]})`, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
