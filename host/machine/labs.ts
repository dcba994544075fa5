/** Labs of a machine (assembly/lab), seen from the host: what they are told, what they replay, and captures of what passes them. */

import { CaptureAt, CaptureBit, LabAt, LabStart, ReplayFrame, TrafficAt } from '../../assembly/surface/lab.js';
import type { LabChanges, LabOptions } from '../net/lab.js';
import { LAB_ARRIVALS, LAB_MODES, LAB_PROTOS } from '../net/lab-names.js';
import type { NetdevSpec } from '../net/netdev.js';
import { OptionError } from './errors.js';
import type { Clock } from '../net/clock.js';
import { interfaceBlock, packetBlock, type Capture } from '../net/pcap.js';
import type { ModuleInstance } from '../rings/instance.js';

/** A lab with what it needs from outside. */
export interface OpenLab {
  options: LabOptions;
  /** Frames of a replay as the module reads them. */
  replay?: Uint8Array;
  /** Where its frames go to, and its interface there. */
  capture?: { file: Capture; interface: number };
}

const INBOUND = 1, OUTBOUND = 2;
/** Eight addresses. */
const TABLE_BYTES = 64;
const up = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Opens files. Throws NetworkError and what the platform says. */
export async function openLabs(specs: readonly (NetdevSpec & { type: 'lab' })[], clock: Clock | undefined): Promise<Map<string, OpenLab>> {
  const labs = new Map<string, OpenLab>();
  for (const { id, options, replay, pcap } of specs) {
    labs.set(id, { options, ...(replay === undefined ? {} : { replay: await openReplay(replay) }), ...(pcap === undefined ? {} : { capture: await openCapture(id, pcap, clock) }) });
  }
  return labs;
}

async function openReplay(path: string): Promise<Uint8Array> {
  const [{ platform }, { readCapture }, { NetworkError }] = await Promise.all([import('#platform'), import('../net/pcap-read.js'), import('../net/errors.js')]);
  const bytes = await platform.readFile(path).catch((error: unknown) => {
    throw new NetworkError(`replay=${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  return packReplay(readCapture(bytes, `replay=${path}`));
}

async function openCapture(id: string, path: string, clock: Clock | undefined): Promise<{ file: Capture; interface: number }> {
  const [{ joinCapture }, { wallClock }] = await Promise.all([import('../net/captures.js'), import('../net/clock.js')]);
  const file = await joinCapture(path, clock ?? wallClock()), own = file.interfaces++;
  file.writer.write(interfaceBlock(id));
  return { file, interface: own };
}

/** Frames by their times, the first at 0 (surface/lab.ts, ReplayFrame). */
export function packReplay(frames: readonly { ns: bigint; bytes: Uint8Array }[]): Uint8Array {
  const inOrder = [...frames].sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0)), start = inOrder[0]?.ns ?? 0n;
  const padded = (bytes: number): number => ReplayFrame.HEADER + ((bytes + 15) & ~15);
  const out = new Uint8Array(inOrder.reduce((sum, { bytes }) => sum + padded(bytes.length), 0)), view = new DataView(out.buffer);
  let at = 0;
  for (const { ns, bytes } of inOrder) {
    view.setBigUint64(at + ReplayFrame.NS, ns - start, true);
    view.setUint32(at + ReplayFrame.BYTES, bytes.length, true);
    out.set(bytes, at + ReplayFrame.HEADER);
    at += padded(bytes.length);
  }
  return out;
}

// --- Room behind RAM ---

const isCaptured = (labs: Iterable<OpenLab>): boolean => [...labs].some(({ capture }) => capture !== undefined);

/** Bytes that labs want there. */
export function labRoom(captureBytes: number, labs: ReadonlyMap<string, OpenLab>): number {
  const replays = [...labs.values()].reduce((sum, { replay }) => sum + up(replay?.length ?? 0), 0);
  return (replays === 0 ? 0 : TABLE_BYTES + replays) + (isCaptured(labs.values()) ? up(captureBytes) : 0);
}

/** Puts it there. `ports`: the lab of each frame port. Throws OptionError where a snapshot's lab replays something else. */
export function placeLabs(instance: ModuleInstance, ports: readonly (OpenLab | undefined)[], labs: ReadonlyMap<string, OpenLab>): void {
  let next = instance.labsAt ?? 0;
  if (isCaptured(labs.values())) {
    instance.exports.placeCapture(next);
    next += up(instance.exports.captureBytes() >>> 0);
  }
  const table = next;
  if (ports.some((lab) => lab?.replay !== undefined)) instance.exports.placeReplays(table);
  next += TABLE_BYTES;
  ports.forEach((lab, port) => {
    const words = (instance.exports.trafficAt(port) >>> 0) + TrafficAt.REPLAY_BYTES, had = instance.view.getUint32(words, true), length = lab?.replay?.length ?? 0;
    if (had !== 0 && had !== length) throw new OptionError('netdevs', 'the snapshot is amid a replay of another capture. Give the replay=FILE that it was taken with.');
    if (lab?.replay === undefined) return;
    instance.view.setUint32(words, length, true);
    instance.view.setUint32(table + 4 * port, next, true);
    instance.bytes.set(lab.replay, next);
    next += up(length);
  });
}

// --- What a lab is told ---

const STARTS = { listen: LabStart.LISTEN, mark: LabStart.SILENT, now: LabStart.NOW } as const;

/** Before the machine is made, or while it is paused. `start`: a LabStart where it is to stay what it is. */
export function writeLab({ exports, view, bytes }: ModuleInstance, port: number, lab: LabOptions, start: LabStart = STARTS[lab.start]): void {
  const at = exports.trafficAt(port) >>> 0;
  const words: [TrafficAt, number][] = [[TrafficAt.PROTO, LAB_PROTOS[lab.proto]], [TrafficAt.FLOWS, lab.flows], [TrafficAt.PORT, lab.port], [TrafficAt.SOURCE_PORT, lab.sourcePort], [TrafficAt.ARRIVALS, LAB_ARRIVALS[lab.arrivals]]];
  for (const [offset, value] of words) view.setUint32(at + offset, value, true);
  view.setBigUint64(at + TrafficAt.SEED, BigInt(lab.seed), true);
  bytes.set(lab.ip, at + TrafficAt.IP);
  bytes.set(lab.guest, at + TrafficAt.GUEST_IP);
  bytes.set(lab.ip6, at + TrafficAt.IP6);
  bytes.set(lab.guest6, at + TrafficAt.GUEST_IP6);
  exports.setLab(port, LAB_MODES[lab.mode], lab.size, lab.rate, lab.burst, lab.kbits, lab.count, lab.fifo, start);
}

function nameOf<T extends string>(names: Readonly<Record<T, number>>, value: number, fallback: T): T {
  return (Object.keys(names) as T[]).find((name) => names[name] === value) ?? fallback;
}

/** What a lab is now: a snapshot goes on with what its lab was. */
export function labNow({ exports, view, bytes }: ModuleInstance, port: number): LabOptions {
  const own = exports.labAt(port) >>> 0, at = exports.trafficAt(port) >>> 0, word = (offset: LabAt): number => view.getUint32(own + offset, true), of = (offset: TrafficAt): number => view.getUint32(at + offset, true);
  const start = word(LabAt.START), address = (offset: TrafficAt, length: number): Uint8Array => bytes.slice(at + offset, at + offset + length);
  return {
    mode: nameOf(LAB_MODES, word(LabAt.MODE), 'sink'), size: word(LabAt.SIZE), rate: word(LabAt.RATE), burst: word(LabAt.BURST), count: Number(view.getBigUint64(own + LabAt.LIMIT, true)),
    arrivals: nameOf(LAB_ARRIVALS, of(TrafficAt.ARRIVALS), 'even'), seed: Number(view.getBigUint64(at + TrafficAt.SEED, true)), kbits: word(LabAt.KBITS), fifo: exports.labFifo(port) >>> 0,
    start: start === LabStart.LISTEN ? 'listen' : start === LabStart.NOW ? 'now' : 'mark', proto: nameOf(LAB_PROTOS, of(TrafficAt.PROTO), 'raw'),
    ip: address(TrafficAt.IP, 4), ip6: address(TrafficAt.IP6, 16), guest: address(TrafficAt.GUEST_IP, 4), guest6: address(TrafficAt.GUEST_IP6, 16),
    port: of(TrafficAt.PORT) || 7, sourcePort: of(TrafficAt.SOURCE_PORT) || 49152, flows: Math.max(of(TrafficAt.FLOWS), 1),
  };
}

/** Changes a lab while its machine is paused: its source's times begin anew, and its count where it is given one. Rejected with NetdevError in the words of -netdev. */
export async function changeLab(instance: ModuleInstance, port: number, id: string, changes: LabChanges): Promise<void> {
  const [{ changedText }, { parseNetdev }] = await Promise.all([import('../net/lab.js'), import('../net/netdev.js')]);
  const spec = parseNetdev(changedText(id, labNow(instance, port), changes)), start = instance.view.getUint32((instance.exports.labAt(port) >>> 0) + LabAt.START, true);
  if (spec.type !== 'lab') return;
  writeLab(instance, port, spec.options, changes.start === undefined ? start : STARTS[spec.options.start]);
  instance.exports.changeLab(port, changes.count === undefined ? 0 : 1);
}


// --- Captures ---

/** For an instance with labs that are captured. */
export function capturesOf(instance: ModuleInstance, ports: readonly (OpenLab | undefined)[]): LabCaptures | undefined {
  return ports.some((lab) => lab?.capture !== undefined) ? new LabCaptures(instance, instance.labsAt ?? 0, ports) : undefined;
}

/** Takes what the module has copied of frames that passed labs; between runs. */
export class LabCaptures {
  /** `at`: where the room is. */
  constructor(private readonly instance: ModuleInstance, private readonly at: number, private readonly ports: readonly (OpenLab | undefined)[]) {}

  drain(): void {
    const { view } = this.instance, head = view.getUint32(this.at + CaptureAt.HEAD, true);
    let tail = view.getUint32(this.at + CaptureAt.TAIL, true);
    while (tail !== head) tail = this.take(tail);
    view.setUint32(this.at + CaptureAt.TAIL, tail, true);
  }

  /** Frames for which there was no room. */
  get missed(): number {
    return this.instance.view.getUint32(this.at + CaptureAt.MISSED, true);
  }

  private take(tail: number): number {
    const { view } = this.instance, ring = this.at + CaptureAt.RING, record = ring + (tail & (CaptureAt.RING_BYTES - 1));
    const ns = view.getBigUint64(record + CaptureAt.NS, true), length = view.getUint32(record + CaptureAt.BYTES, true), port = view.getUint32(record + CaptureAt.PORT, true);
    const capture = this.ports[port & 0xff]?.capture;
    if (capture !== undefined) capture.file.writer.write(packetBlock(this.frame(tail + CaptureAt.RECORD, length), Number(ns), port & CaptureBit.TO_GUEST ? INBOUND : OUTBOUND, capture.interface));
    return (tail + CaptureAt.RECORD + ((length + 15) & ~15)) >>> 0;
  }

  private frame(from: number, length: number): Uint8Array {
    const { bytes } = this.instance, ring = this.at + CaptureAt.RING, place = from & (CaptureAt.RING_BYTES - 1), first = Math.min(length, CaptureAt.RING_BYTES - place), out = new Uint8Array(length);
    out.set(bytes.subarray(ring + place, ring + place + first));
    out.set(bytes.subarray(ring, ring + length - first), first);
    return out;
  }
}
