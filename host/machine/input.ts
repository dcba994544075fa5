/** Bytes on their way to the serial ports: they wait here while a port's ring is full. */

import type { ModuleInstance } from './module.js';
import { putBytes, roomIn, SERIAL_PORTS } from './rings.js';

export class InputQueue {
  private readonly waiting: Uint8Array[][] = Array.from({ length: SERIAL_PORTS }, () => []);

  push(port: number, data: Uint8Array): void {
    if (data.length > 0) this.waiting[port]?.push(data);
  }

  /** Nothing waits, but for ports whose rings are full until the guest takes from them. */
  settled(instance: ModuleInstance): boolean {
    return this.waiting.every((queue, port) => queue.length === 0 || roomIn(instance, ringOf(port)) === 0);
  }

  clear(): void {
    for (const queue of this.waiting) queue.length = 0;
  }

  /** Moves what fits into the rings; true when anything moved. */
  deliver(instance: ModuleInstance): boolean {
    let moved = 0;
    this.waiting.forEach((queue, port) => (moved += deliverPort(instance, queue, ringOf(port))));
    return moved > 0;
  }
}

/** A port's receive ring. */
function ringOf(port: number): number {
  return port * 2 + 1;
}

function deliverPort(instance: ModuleInstance, queue: Uint8Array[], ring: number): number {
  let moved = 0;
  for (let first = queue[0]; first !== undefined; first = queue[0]) {
    const count = putBytes(instance, ring, first);
    moved += count;
    if (count < first.length) {
      queue[0] = first.subarray(count);
      break;
    }
    queue.shift();
  }
  return moved;
}
