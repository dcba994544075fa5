/** What this process's JavaScript holds, collected first. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of objects and of buffers outside the heap. */
export function heldBytes(): number {
  // Buffers of the first collection are freed at the second.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * Bytes that something holds: of several makings the middle one, because the process has other things to keep (compiled code, what ran before
 * and is given back late) in either direction. That is tens of kilobytes, so what is asked about must be well above them.
 */
export function heldBy(make: () => object): number {
  const rounds = [1, 2, 3, 4, 5].map(() => {
    const before = heldBytes();
    const made = [make()];
    const held = heldBytes() - before;
    // Still reachable while it was measured.
    made.pop();
    return held;
  });
  return rounds.sort((a, b) => a - b)[2]!;
}
