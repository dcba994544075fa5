/** What the engine asks of a card's way to the world outside. */

import type { Counter } from './counter.js';

/** A card's way to the world outside, served at boundaries: first what the guest sent, then what it is to get. */
export interface HostPort {
  /** Puts in what has come for the guest. True when the module should look at its rings. */
  beforeSlice(): boolean;
  /** Takes what the guest sent. */
  afterSlice(): void;
  /** What the guest sent cannot be handed on yet: under `icount` the machine waits. */
  readonly blocked?: boolean;
  /** Something waits for the guest: it must not sleep. */
  readonly busy: boolean;
  /** Answers, while the guest's time stands still, what it asked: called while `busy`, before the next instruction. */
  answer?(): void | Promise<void>;
  counters?(): Counter[];
}
