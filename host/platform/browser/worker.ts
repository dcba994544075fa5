/** The script of a web worker: one machine (machine/worker.ts). */

import { serveMachine } from '../../machine/worker.js';

serveMachine({
  post: (message) => self.postMessage(message),
  onMessage: (listener) => self.addEventListener('message', ({ data }: MessageEvent) => listener(data)),
});
