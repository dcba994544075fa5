/** The backend that takes every frame and gives none. */

import { ALL_SUPPORT, type NetBackend } from './backend.js';
import { CounterSet } from './counters.js';

export function createNull(name: string): NetBackend {
  const counts = new CounterSet(name, { framesIn: 'frames', bytesIn: 'bytes' });
  return {
    name,
    accepts: ALL_SUPPORT,
    attach: () => undefined,
    send(frame) {
      counts.add('framesIn');
      counts.add('bytesIn', frame.length);
      return true;
    },
    flush: () => undefined,
    roomForDeliver: () => undefined,
    counters: () => counts.list(),
    close: async () => undefined,
  };
}
