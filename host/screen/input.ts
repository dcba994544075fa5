/**
 * What is typed and moved, on its way to the guest. It enters at boundaries, a key when the guest has read the one before, so that text pasted is not
 * lost in a keyboard's small buffer; movements of the mouse add up while they wait. A key that is held stays down for so long of the guest's time.
 */

import { join, type ModuleInstance } from '../rings/instance.js';
import type { HostPort } from '../rings/port.js';
import { keyTyping, SHIFT } from './keys.js';

export interface MouseMove {
  /** To the right and down. */
  dx?: number;
  dy?: number;
  /** The wheel, toward the user. */
  wheel?: number;
  /** Buttons that are down: 1 left, 2 right, 4 middle, 8 and 16 beside. Default as they were. */
  buttons?: number;
}

type Event = { key: number; down: boolean } | { mouse: Required<MouseMove> } | { holdNs: bigint };

/** A keyboard that is never read (a guest without a driver) takes no more. */
const MOST_WAITING = 1 << 16;

export class InputPort implements HostPort {
  private readonly waiting: Event[] = [];
  private buttons = 0;
  /** When the key that is held goes up. */
  private heldUntil: bigint | undefined;

  constructor(private readonly instance: ModuleInstance, private readonly wake: () => void) {}

  /** False: too much waits already, and this is lost. */
  private push(event: Event): boolean {
    if (this.waiting.length >= MOST_WAITING) return false;
    this.waiting.push(event);
    this.wake();
    return true;
  }

  key(number: number, down: boolean): boolean {
    return this.push({ key: number, down });
  }

  /** Types text as on a US keyboard; the characters that no key types are left out, and returned. */
  type(text: string): string {
    let left = '';
    for (const character of text) {
      const typed = keyTyping(character);
      if (typed === undefined) left += character;
      else this.tap(typed.shift ? [SHIFT, typed.number] : [typed.number]);
    }
    return left;
  }

  /** Keys down one after the other, and up again, `holdMs` of virtual time later. */
  tap(numbers: readonly number[], holdMs = 0): void {
    for (const number of numbers) this.key(number, true);
    if (holdMs > 0) this.push({ holdNs: BigInt(holdMs) * 1_000_000n });
    for (const number of [...numbers].reverse()) this.key(number, false);
  }

  mouse({ dx = 0, dy = 0, wheel = 0, buttons = this.buttons }: MouseMove): void {
    const last = this.waiting.at(-1);
    if (last !== undefined && 'mouse' in last && buttons === this.buttons) {
      last.mouse.dx += dx;
      last.mouse.dy += dy;
      last.mouse.wheel += wheel;
      return;
    }
    this.buttons = buttons;
    this.push({ mouse: { dx, dy, wheel, buttons } });
  }

  get busy(): boolean {
    return this.waiting.length > 0 && this.canEnter(this.waiting[0]!);
  }

  private canEnter(event: Event): boolean {
    if ('holdNs' in event) return this.isOver(event.holdNs);
    return 'mouse' in event || this.instance.exports.keyRoom() === 1;
  }

  private get nowNs(): bigint {
    return join(this.instance.exports.nowNsLo(), this.instance.exports.nowNsHi());
  }

  /** Where the guest sleeps and time follows the wall, it is woken to see that it is. */
  private isOver(ns: bigint): boolean {
    if (this.heldUntil === undefined) {
      this.heldUntil = this.nowNs + ns;
      setTimeout(this.wake, Number(ns / 1_000_000n) + 1);
    }
    return this.nowNs >= this.heldUntil;
  }

  beforeSlice(): boolean {
    let moved = false;
    for (let next = this.waiting[0]; next !== undefined && this.canEnter(next); next = this.waiting[0]) {
      this.waiting.shift();
      moved = true;
      this.heldUntil = undefined;
      if ('key' in next) this.instance.exports.pressKey(next.key, next.down ? 1 : 0);
      else if ('mouse' in next) this.instance.exports.moveMouse(...limited(next.mouse));
    }
    return moved;
  }

  afterSlice(): void {
    // The guest sends nothing.
  }
}

const whole = (value: number): number => Math.max(-0x4000, Math.min(0x4000, Math.round(value)));

function limited({ dx, dy, wheel, buttons }: Required<MouseMove>): [number, number, number, number] {
  return [whole(dx), whole(dy), whole(wheel), buttons & 31];
}
