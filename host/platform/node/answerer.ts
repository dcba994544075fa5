/**
 * A thread that answers while another stands still: a real round trip between two threads, by shared memory. The word holds whose turn it is: 0 nobody's, 1 the answerer's, 2 answered, 3 the end.
 */

import { Worker } from 'node:worker_threads';
import type { Answerer } from '../platform.js';

const enum Turn { IDLE, ASKED, ANSWERED, END }

/** It takes what was asked and gives it back, as a process would that serves a device's registers. */
const SERVER = `
const { workerData } = require('node:worker_threads');
const words = new Int32Array(workerData);
for (;;) {
  Atomics.wait(words, 0, ${Turn.IDLE});
  const turn = Atomics.load(words, 0);
  if (turn === ${Turn.END}) break;
  if (turn !== ${Turn.ASKED}) { Atomics.wait(words, 0, turn); continue; }
  words[2] = words[1];
  Atomics.store(words, 0, ${Turn.ANSWERED});
  Atomics.notify(words, 0);
}
`;

/** An answer that takes longer never comes. */
const PATIENCE_MS = 30_000;

export function startAnswerer(): Answerer {
  const words = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(SERVER, { eval: true, workerData: words.buffer });
  worker.unref();
  const put = (turn: Turn): void => {
    Atomics.store(words, 0, turn);
    Atomics.notify(words, 0);
  };
  return {
    ask: (what) => {
      words[1] = what;
      put(Turn.ASKED);
      // The bell of the answer before may come late, and ring for this question.
      while (Atomics.load(words, 0) === Turn.ASKED) if (Atomics.wait(words, 0, Turn.ASKED, PATIENCE_MS) === 'timed-out') throw new Error('the thread that serves hosted registers does not answer');
      if (words[2] !== what) throw new Error('the thread that serves hosted registers answered another question');
      put(Turn.IDLE);
    },
    close: () => {
      put(Turn.END);
      void worker.terminate();
    },
  };
}
