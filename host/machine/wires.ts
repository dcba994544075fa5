/**
 * The wires of a machine that is looked at: behind each card, where a frame is seen as the card has it, a wire that can be made worse while the machine runs.
 * They are put in when somebody first asks, and stay, over a reset, too.
 */

import type { NetBackend } from '../net/backend.js';
import { wallClock } from '../net/clock.js';
import { withFaults, type FaultOptions } from '../net/faults.js';
import { observed } from '../net/observe.js';
import type { Outside } from './cards.js';
import { OptionError } from './errors.js';
import { checkWireKeys } from './keys.js';
import type { SeenFrame, SeenFrames, WireOptions } from './types.js';

const MOST_FRAMES = 4096;
const MOST_BYTES = 16 << 20;
const MOST_NS = 60e9;

export interface WiresOn {
  /** Of cards whose frames the host has. */
  netdevs: Iterable<string>;
  outside: Pick<Outside, 'backends' | 'time'>;
  virtualNs(): bigint;
  /** Puts another backend behind the card on a netdev, between two frames. */
  rewire(netdev: string, backend: NetBackend): void;
}

function checkWire(wire: WireOptions): void {
  checkWireKeys(wire);
  for (const [name, value] of Object.entries(wire) as [keyof WireOptions, number][]) {
    const most = name === 'bitsPerSecond' ? Infinity : name.endsWith('Ns') ? MOST_NS : 1;
    if (!(typeof value === 'number' && value >= 0 && value <= most)) throw new OptionError(`wire.${name}`, `${String(value)} is not from 0 to ${most}.`);
  }
}

export class Wires {
  private readonly faults = new Map<string, FaultOptions>();
  private seen: SeenFrame[] = [];
  private bytes = 0;
  private missed = 0;

  constructor(private readonly on: WiresOn) {
    for (const netdev of on.netdevs) if (on.outside.backends.has(netdev)) this.wire(netdev);
  }

  /** What has passed since the last call. */
  take(): SeenFrames {
    const taken = { frames: this.seen, missed: this.missed };
    this.seen = [];
    this.bytes = this.missed = 0;
    return taken;
  }

  /** Throws OptionError. */
  set(netdev: string, wire: WireOptions): void {
    checkWire(wire);
    const faults = this.faults.get(netdev);
    if (faults === undefined) throw new OptionError('netdev', `"${netdev}" has no wire in the host: its peer is inside the machine.`);
    Object.assign(faults, { loss: 0, duplicate: 0, reorder: 0, delayNs: 0, jitterNs: 0, bitsPerSecond: 0 }, wire);
  }

  private wire(netdev: string): void {
    const { backends, time } = this.on.outside;
    const open = backends.get(netdev)!, faults: FaultOptions = {};
    this.faults.set(netdev, faults);
    const backend = observed(withFaults(open.backend, faults, time ?? wallClock()), {
      note: (frame, offload, toGuest): SeenFrame => ({ netdev, toGuest, virtualNs: this.on.virtualNs(), bytes: frame.slice(), offload: { ...offload } }),
      put: (frame) => this.keep(frame),
    });
    backends.set(netdev, { ...open, backend });
    this.on.rewire(netdev, backend);
  }

  /** The oldest give way. */
  private keep(frame: SeenFrame): void {
    this.seen.push(frame);
    this.bytes += frame.bytes.length;
    while (this.seen.length > MOST_FRAMES || this.bytes > MOST_BYTES) {
      this.bytes -= this.seen.shift()!.bytes.length;
      this.missed++;
    }
  }
}
