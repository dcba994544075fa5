/** The script of a worker thread: one machine (machine/worker.ts). */

import { parentPort } from 'node:worker_threads';
import { serveMachine } from '../../machine/worker.js';

const port = parentPort;
if (port !== null) serveMachine({ post: (message) => port.postMessage(message), onMessage: (listener) => void port.on('message', listener) });
