/** Bytes on their way to the serial ports: they wait here while a port's ring is full, and who writes is told when there is enough. */

import type { ModuleInstance } from '../rings/instance.js';
import { putBytes, roomIn, SERIAL_PORTS } from '../rings/bytes.js';

/** From so many bytes on a port has enough waiting; at half of it there is room again. */
export const INPUT_ENOUGH = 64 << 10;

export class InputQueue {
  private readonly waiting: Uint8Array[][] = Array.from({ length: SERIAL_PORTS }, () => []);
  private readonly bytes: number[] = Array.from({ length: SERIAL_PORTS }, () => 0);
  private readonly full: boolean[] = Array.from({ length: SERIAL_PORTS }, () => false);

  /** `onTaken`: so many bytes have gone into the guest's port; `onRoom`: a port that had enough has room again. */
  constructor(
    private readonly onTaken: (port: number, bytes: number) => void = () => undefined,
    private readonly onRoom: (port: number) => void = () => undefined,
  ) {}

  /** False: the port has enough; more is kept all the same. */
  push(port: number, data: Uint8Array): boolean {
    const queue = this.waiting[port];
    if (queue === undefined || data.length === 0) return true;
    queue.push(data);
    this.bytes[port]! += data.length;
    if (this.bytes[port]! >= INPUT_ENOUGH) this.full[port] = true;
    return !this.full[port];
  }

  /** Nothing waits, but for ports whose rings are full until the guest takes from them. */
  settled(instance: ModuleInstance): boolean {
    return this.waiting.every((queue, port) => queue.length === 0 || roomIn(instance, ringOf(port)) === 0);
  }

  clear(): void {
    this.waiting.forEach((queue, port) => {
      queue.length = 0;
      this.bytes[port] = 0;
    });
  }

  /** Moves what fits into the rings; true when anything moved. */
  deliver(instance: ModuleInstance): boolean {
    let moved = 0;
    this.waiting.forEach((queue, port) => {
      const count = deliverPort(instance, queue, ringOf(port));
      if (count > 0) this.take(port, count);
      moved += count;
    });
    return moved > 0;
  }

  private take(port: number, count: number): void {
    this.bytes[port]! -= count;
    this.onTaken(port, count);
    if (!this.full[port] || this.bytes[port]! > INPUT_ENOUGH / 2) return;
    this.full[port] = false;
    this.onRoom(port);
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
