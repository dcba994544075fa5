/**
 * What is typed and moved, on its way to the guest. It enters at boundaries, a key when the guest has read the one before, so that text pasted is not
 * lost in a keyboard's small buffer; a movement or click when the mouse has told the one before, so that a click is where the mouse was, and movements add up while they wait. A key that is held stays down for so long of the guest's time.
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

type Event = { key: number; down: boolean } | { holdNs: bigint };

/** A movement, or buttons that change while the mouse stands. */
interface Motion extends Required<MouseMove> {
  presses: boolean;
}

/** A keyboard that is never read (a guest without a driver) takes no more. */
const MOST_WAITING = 1 << 16;
/** What is kept of a way, and what enters of it at once. */
const MOST_WAY = 0x4000;
const MOST_AT_ONCE = 2000;

const within = (value: number, most: number): number => Math.max(-most, Math.min(most, value));
/** Of a fraction nothing is told. */
const isTold = ({ dx, dy, wheel }: Motion): boolean => [dx, dy, wheel].every((left) => Math.abs(left) <= 0.5);

export class InputPort implements HostPort {
  private readonly waiting: Event[] = [];
  /** The mouse's have a queue of their own: a guest may read the one and not the other. */
  private readonly moves: Motion[] = [];
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
    if (dx !== 0 || dy !== 0 || wheel !== 0) this.move(dx, dy, wheel);
    if (buttons === this.buttons || this.moves.length >= MOST_WAITING) return;
    this.buttons = buttons;
    this.moves.push({ dx: 0, dy: 0, wheel: 0, buttons, presses: true });
    this.wake();
  }

  private move(dx: number, dy: number, wheel: number): void {
    let last = this.moves.at(-1);
    if (last === undefined || last.presses) {
      last = { dx: 0, dy: 0, wheel: 0, buttons: this.buttons, presses: false };
      this.moves.push(last);
    }
    [last.dx, last.dy, last.wheel] = [within(last.dx + dx, MOST_WAY), within(last.dy + dy, MOST_WAY), within(last.wheel + wheel, MOST_WAY)];
    this.wake();
  }

  get busy(): boolean {
    return (this.waiting.length > 0 && this.canEnter(this.waiting[0]!)) || (this.moves.length > 0 && this.canMove);
  }

  private get canMove(): boolean {
    return this.instance.exports.mouseRoom() === 1;
  }

  private canEnter(event: Event): boolean {
    if ('holdNs' in event) return this.isOver(event.holdNs);
    return this.instance.exports.keyRoom() === 1;
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
    }
    for (let next = this.moves[0]; next !== undefined && this.canMove; next = this.moves[0], moved = true) this.enter(next);
    return moved;
  }

  /** A movement, or a part of a long one: the module keeps so much of what it has not told yet. */
  private enter(next: Motion): void {
    const [dx, dy, wheel] = [next.dx, next.dy, next.wheel].map((way) => Math.round(within(way, MOST_AT_ONCE))) as [number, number, number];
    [next.dx, next.dy, next.wheel] = [next.dx - dx, next.dy - dy, next.wheel - wheel];
    if (isTold(next)) this.moves.shift();
    this.instance.exports.moveMouse(dx, dy, wheel, next.buttons & 31);
  }

  afterSlice(): void {
    // The guest sends nothing.
  }
}
