/**
 * Software offload in front of a receiver that lacks some: frames it takes pass untouched, others are summed and cut first.
 *
 * Cutting one frame makes up to forty-five, and the receiver may refuse in the middle. The gate then holds the rest of that one frame
 * and refuses what follows until `resume` has placed it: at most one cut frame waits, in order.
 */

import { isAccepted, prepareFrames, type PreparedFrame } from './offload.js';
import { ALL_SUPPORT, type FrameSink, type NetBackend, type Offload, type OffloadSupport } from './backend.js';
import { CounterSet } from './counters.js';
import type { Counter } from '../rings/counter.js';

export interface GateTarget {
  readonly accepts: OffloadSupport;
  push(frame: Uint8Array, offload: Readonly<Offload>): boolean;
}

const UNITS = {
  segmented: 'frames',
  segments: 'frames',
  summed: 'frames',
  malformed: 'frames',
} as const;

export class OffloadGate {
  private waiting: PreparedFrame[] = [];
  private readonly counts: CounterSet<keyof typeof UNITS>;

  constructor(
    private readonly target: GateTarget,
    prefix: string,
  ) {
    this.counts = new CounterSet(prefix, UNITS);
  }

  /** Offers a frame. A malformed one is taken, counted and gone, as a card would do. */
  push(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (this.waiting.length > 0 && !this.resume()) return false;
    const { accepts } = this.target;
    if (isAccepted(offload, accepts)) return this.target.push(frame, offload);
    const frames = prepareFrames(frame, offload);
    if (!frames) {
      this.counts.add('malformed');
      return true;
    }
    if (frames.length === 1 && !this.target.push(frames[0]!.frame, frames[0]!.offload)) return false;
    this.count(frames.length);
    if (frames.length > 1) this.waiting = frames;
    this.resume();
    return true;
  }

  /** Places what waits. True when nothing waits any more. */
  resume(): boolean {
    let placed = 0;
    for (const { frame, offload } of this.waiting) {
      if (!this.target.push(frame, offload)) break;
      placed++;
    }
    this.waiting.splice(0, placed);
    return this.waiting.length === 0;
  }

  counters(): Counter[] {
    return this.counts.list();
  }

  private count(frames: number): void {
    if (frames === 1) return this.counts.add('summed');
    this.counts.add('segmented');
    this.counts.add('segments', frames);
  }
}

/** A backend that takes every offload, whatever the one inside takes, and gives its guest only what that accepts. */
export function withSoftwareOffload(inner: NetBackend): NetBackend {
  const out = new OffloadGate({ accepts: inner.accepts, push: (frame, offload) => inner.send(frame, offload) }, `${inner.name}.send`);
  let into: OffloadGate | undefined;
  return {
    name: inner.name,
    accepts: ALL_SUPPORT,
    attach(sink) {
      const gate = new OffloadGate(sinkTarget(sink), `${inner.name}.deliver`);
      into = gate;
      inner.attach({
        accepts: ALL_SUPPORT,
        deliver: (frame, offload) => gate.push(frame, offload),
        roomForSend: () => {
          if (out.resume()) sink.roomForSend();
        },
      });
    },
    send: (frame, offload) => out.push(frame, offload),
    flush: () => inner.flush(),
    roomForDeliver() {
      if (into?.resume() ?? true) inner.roomForDeliver();
    },
    counters: () => [...inner.counters(), ...out.counters(), ...(into?.counters() ?? [])],
    close: () => inner.close(),
  };
}

/** A card as the target of a gate. */
export function sinkTarget(sink: FrameSink): GateTarget {
  return {
    get accepts() {
      return sink.accepts;
    },
    push: (frame, offload) => sink.deliver(frame, offload),
  };
}
