/**
 * A worse wire around any backend: frames lost, delayed, in line behind others, put out of order and doubled, by a seed, both ways. The time is the clock's.
 * What the dice keep back is copied and bounded in frames and bytes; when a bound is reached the next frame is refused like any other without room.
 */

import { DETACHED, type FrameSink, type NetBackend, type Offload } from './backend.js';
import { PIECE_COST } from './block.js';
import type { Cancel, Clock } from './clock.js';
import { CounterSet } from './counters.js';
import type { Counter } from '../rings/counter.js';
import { seededRandom } from './random.js';

export interface FaultOptions {
  /** Chances from 0 to 1 for each frame. */
  loss?: number;
  duplicate?: number;
  /** A frame that is held until others have overtaken it. */
  reorder?: number;
  /** Every frame takes this long, and up to `jitterNs` more. */
  delayNs?: number;
  jitterNs?: number;
  /** What the wire carries each way, in bits a second: a frame waits until those before it are through. Default: it takes no time. */
  bitsPerSecond?: number;
  seed?: number;
}

/** How long an overtaken frame is held. */
const REORDER_NS = 2_000_000;
const MAX_HELD = 4096;
const MAX_HELD_BYTES = 16 << 20;
const UNITS = { passed: 'frames', lost: 'frames', duplicated: 'frames', reordered: 'frames', delayed: 'frames' } as const;

type Pass = (frame: Uint8Array, offload: Readonly<Offload>) => boolean;

interface Held {
  frame: Uint8Array;
  offload: Offload;
}

/** One direction of the wire. */
class Wire {
  readonly counts: CounterSet<keyof typeof UNITS>;
  private readonly cancels = new Set<Cancel>();
  /** Due, but the receiver had no room. */
  private readonly due: Held[] = [];
  private refused = false;
  /** Bytes of memory of both. */
  private heldBytes = 0;
  /** When the last frame is through. */
  private freeAt = 0;

  constructor(
    name: string,
    private readonly options: FaultOptions,
    private readonly random: () => number,
    private readonly clock: Clock,
    private readonly pass: Pass,
    private readonly signal: () => void,
  ) {
    this.counts = new CounterSet(name, UNITS);
  }

  offer(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (this.isFull) {
      this.refused = true;
      return false;
    }
    const { loss = 0, duplicate = 0, reorder = 0, delayNs = 0, jitterNs = 0 } = this.options;
    const delay = delayNs + (jitterNs > 0 ? this.random() * jitterNs : 0) + this.line(frame.length);
    // Without any fault of time a frame may go on at once, and a refusal is the sender's to handle.
    if (delay === 0 && this.due.length > 0) {
      this.refused = true;
      return false;
    }
    if (this.random() < loss) {
      this.counts.add('lost');
      return true;
    }
    const late = this.random() < reorder ? REORDER_NS : 0;
    const twice = this.random() < duplicate;
    if (delay + late > 0) this.hold(frame, offload, delay + late);
    else if (!this.pass(frame, offload)) return false;
    this.counts.add(late > 0 ? 'reordered' : delay > 0 ? 'delayed' : 'passed');
    if (twice) {
      this.counts.add('duplicated');
      this.hold(frame, offload, delay + late);
    }
    return true;
  }

  /** The receiver has room. */
  resume(): void {
    while (this.due.length > 0 && this.pass(this.due[0]!.frame, this.due[0]!.offload)) this.heldBytes -= costOf(this.due.shift()!);
    this.signalRoom();
  }

  close(): void {
    for (const cancel of this.cancels) cancel();
    this.cancels.clear();
    this.due.length = 0;
    this.heldBytes = 0;
  }

  private get isFull(): boolean {
    return this.cancels.size + this.due.length >= MAX_HELD || this.heldBytes >= MAX_HELD_BYTES;
  }

  /** ns until a frame of so many bytes is through. */
  private line(bytes: number): number {
    const { bitsPerSecond = 0 } = this.options;
    if (bitsPerSecond <= 0) return 0;
    const now = this.clock.now();
    this.freeAt = Math.max(this.freeAt, now) + (bytes * 8e9) / bitsPerSecond;
    return this.freeAt - now;
  }

  private hold(frame: Uint8Array, offload: Readonly<Offload>, delay: number): void {
    const held = { frame: frame.slice(), offload: { ...offload } };
    this.heldBytes += costOf(held);
    const cancel = this.clock.after(delay, () => {
      this.cancels.delete(cancel);
      this.due.push(held);
      if (this.due.length === 1) this.resume();
    });
    this.cancels.add(cancel);
  }

  private signalRoom(): void {
    if (this.due.length > 0 || this.isFull || !this.refused) return;
    this.refused = false;
    this.signal();
  }
}

function costOf({ frame }: Held): number {
  return frame.length + PIECE_COST;
}

/** Wraps a backend. Same seed and same frames at the same times: same faults. */
export function withFaults(inner: NetBackend, options: FaultOptions, clock: Clock): NetBackend {
  const random = seededRandom(options.seed ?? 1);
  let sink: FrameSink = DETACHED;
  const out = new Wire(`${inner.name}.faults.send`, options, random, clock, (frame, offload) => inner.send(frame, offload), () => sink.roomForSend());
  const into = new Wire(`${inner.name}.faults.deliver`, options, random, clock, (frame, offload) => sink.deliver(frame, offload), () => inner.roomForDeliver());
  return {
    name: inner.name,
    accepts: inner.accepts,
    attach(card) {
      sink = card;
      inner.attach({
        get accepts() {
          return card.accepts;
        },
        deliver: (frame, offload) => into.offer(frame, offload),
        roomForSend() {
          out.resume();
          card.roomForSend();
        },
      });
    },
    send: (frame, offload) => out.offer(frame, offload),
    flush: () => inner.flush(),
    roomForDeliver() {
      into.resume();
      inner.roomForDeliver();
    },
    counters: (): Counter[] => [...inner.counters(), ...out.counts.list(), ...into.counts.list()],
    close() {
      out.close();
      into.close();
      return inner.close();
    },
  };
}
