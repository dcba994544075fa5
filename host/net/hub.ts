/**
 * A switch inside the process: several cards, machines and backends on one segment (`-netdev hubport,hubid=N`). The hubs of a process are
 * one list, by number: a machine in a worker has another, so it is refused there (machine/remote.ts).
 *
 * It learns which port a source MAC is behind (IEEE 802.1D's way, the oldest forgotten first) and floods what it does not know. A port is
 * a backend for a card; `join` puts a backend, say the user network, on a port of its own. A frame for one port waits with its sender when
 * that port has no room: real back-pressure. A flooded frame cannot wait for the slowest, so each port has a short queue for those; past
 * that a copy is dropped for this port, counted, as a switch does. Frames to 01:80:c2:00:00:00 to 0f are between neighbours, PAUSE among
 * them, and end here (IEEE 802.1D, 7.12.6).
 */

import { ALL_SUPPORT, DETACHED, type FrameSink, type NetBackend, type Offload } from './backend.js';
import { CounterSet } from './counters.js';
import { FrameQueue } from './frame-queue.js';
import { OffloadGate, sinkTarget } from './gate.js';
import { Line } from './line.js';

const MAX_MACS = 4096;
/** The first of the sixteen link-local group addresses, without its last four bits. */
const LINK_LOCAL = 0x0180_c200_0000 / 16;
const QUEUE_BYTES = 256 << 10;

const UNITS = { framesIn: 'frames', bytesIn: 'bytes', framesOut: 'frames', flooded: 'frames', linkLocal: 'frames', malformed: 'frames', floodDropped: 'frames' } as const;

export class Hub {
  private readonly ports = new Set<HubPort>();
  private readonly macs = new Line<number, HubPort>();
  /** Senders that were refused, by the port that had no room. */
  private readonly waiting = new Map<HubPort, Set<HubPort>>();

  /** The clock of the machines on it; null: each its own. */
  private clock: object | null | undefined;

  /** `emptied`: called when the last port has gone. */
  constructor(private readonly emptied: () => void = () => undefined) {}

  /** A port for a card: what `netdevs: [{ id, backend }]` takes. */
  addPort(name: string): NetBackend {
    const port = new HubPort(this, name);
    this.ports.add(port);
    return port;
  }

  /** @internal For a machine's port: whether those on it have the same clock, which the first decides. */
  isFor(clock: object | undefined): boolean {
    if (this.clock === undefined) this.clock = clock ?? null;
    return this.clock === (clock ?? null);
  }

  /** Puts a backend on the segment: what it delivers is sent into the hub, and the other way round. */
  join(name: string, backend: NetBackend): NetBackend {
    const port = this.addPort(name);
    // What the backend was refused, it offers again when told; so nothing is kept here.
    port.attach({
      get accepts() {
        return backend.accepts;
      },
      // Nobody here knows where a batch ends: the backend's answers wait for the turn of the event loop to end.
      deliver: (frame, offload) => backend.send(frame, offload),
      roomForSend: () => backend.roomForDeliver(),
    });
    backend.attach({
      accepts: ALL_SUPPORT,
      deliver: (frame, offload) => port.send(frame, offload),
      roomForSend: () => port.roomForDeliver(),
    });
    return port;
  }

  /** @internal */
  forward(from: HubPort, frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (frame.length < 14) {
      from.counts.add('malformed');
      return true;
    }
    this.learn(macNumber(frame, 6), from);
    if (Math.floor(macNumber(frame, 0) / 16) === LINK_LOCAL) {
      from.counts.add('linkLocal');
      return true;
    }
    const to = (frame[0]! & 1) !== 0 ? undefined : this.macs.get(macNumber(frame, 0));
    if (!to || !this.ports.has(to)) return this.flood(from, frame, offload);
    // Its own segment's business.
    if (to === from || to.deliver(frame, offload)) return true;
    const senders = this.waiting.get(to) ?? new Set();
    this.waiting.set(to, senders.add(from));
    return false;
  }

  /** @internal A port has room again. */
  wake(port: HubPort): void {
    const senders = this.waiting.get(port);
    this.waiting.delete(port);
    for (const sender of senders ?? []) sender.signalRoom();
  }

  /** @internal */
  remove(port: HubPort): void {
    this.ports.delete(port);
    for (const [mac, owner] of this.macs) if (owner === port) this.macs.delete(mac);
    this.wake(port);
    if (this.ports.size === 0) this.emptied();
  }

  private flood(from: HubPort, frame: Uint8Array, offload: Readonly<Offload>): boolean {
    from.counts.add('flooded');
    for (const port of this.ports) if (port !== from) port.enqueue(frame, offload);
    return true;
  }

  private learn(mac: number, port: HubPort): void {
    // A group address is nobody's source.
    if (Math.floor(mac / 2 ** 40) % 2 === 1) return;
    if (this.macs.get(mac) === port) return;
    if (!this.macs.has(mac) && this.macs.size >= MAX_MACS) this.macs.delete(this.macs.first!.key);
    this.macs.put(mac, port);
  }
}

const hubs = new Map<number, Hub>();

/** The hub of a number (`hubid=`), shared by every machine and program of this thread; made when first asked for, gone with its last port. */
export function findHub(id: number): Hub {
  const known = hubs.get(id);
  if (known) return known;
  const hub = new Hub(() => {
    if (hubs.get(id) === hub) hubs.delete(id);
  });
  hubs.set(id, hub);
  return hub;
}

class HubPort implements NetBackend {
  readonly accepts = ALL_SUPPORT;
  readonly counts: CounterSet<keyof typeof UNITS>;
  private sink: FrameSink = DETACHED;
  private attached = false;
  private gate: OffloadGate;
  private readonly queue = new FrameQueue(QUEUE_BYTES);

  constructor(
    private readonly hub: Hub,
    readonly name: string,
  ) {
    this.counts = new CounterSet(name, UNITS);
    this.gate = new OffloadGate(sinkTarget(this.sink), name);
  }

  attach(sink: FrameSink): void {
    this.sink = sink;
    this.attached = true;
    this.gate = new OffloadGate(sinkTarget(sink), `${this.name}.deliver`);
  }

  send(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (!this.hub.forward(this, frame, offload)) return false;
    this.counts.add('framesIn');
    this.counts.add('bytesIn', frame.length);
    return true;
  }

  deliver(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    // A port nobody is behind is an unplugged cable.
    if (!this.attached) return true;
    // Order: what was flooded earlier goes first.
    if (this.queue.length > 0 || !this.gate.push(frame, offload)) return false;
    this.counts.add('framesOut');
    return true;
  }

  enqueue(frame: Uint8Array, offload: Readonly<Offload>): void {
    if (this.deliver(frame, offload)) return;
    if (!this.queue.push(frame, offload)) this.counts.add('floodDropped');
  }

  flush(): void {}

  roomForDeliver(): void {
    const placed = this.gate.resume() && this.queue.drain((frame, offload) => this.gate.push(frame, offload));
    if (placed) this.hub.wake(this);
  }

  signalRoom(): void {
    this.sink.roomForSend();
  }

  counters() {
    return [...this.counts.list(), ...this.gate.counters()];
  }

  async close(): Promise<void> {
    this.queue.clear();
    this.hub.remove(this);
  }
}

/** Six bytes as a number: a key without allocation. */
function macNumber(frame: Uint8Array, at: number): number {
  let mac = 0;
  for (let i = 0; i < 6; i++) mac = mac * 256 + frame[at + i]!;
  return mac;
}
