/**
 * Frames to the guest, built in one buffer that the card copies from.
 *
 * Two ways out. A flow at its turn builds a frame and offers it at once (`openIp`, then `offerTransport`): when the guest has no room
 * nothing is kept, the flow does it again later. Control frames (ARP, DHCP, ICMP, resets) have no flow to wait in: they are copied to a
 * short queue that stands in the scheduler like a flow, and past its bound they are dropped and counted, as any of them may be lost.
 */

import { put16, put32 } from '../bytes.js';
import { GsoType, MAX_FRAME, NO_OFFLOAD, OffloadFlag, type FrameSink, type Offload } from '../backend.js';
import { addWords, finish, fold, pseudoHeader } from '../checksum.js';
import { ETHERNET_BYTES, ETHERTYPE, IPV4_BYTES, IPV6_BYTES, PROTOCOL } from './spec.js';
import type { FrameSource, Scheduler } from './scheduler.js';

export interface Route {
  /** The guest's MAC. */
  to: Uint8Array;
  source: Uint8Array;
  destination: Uint8Array;
}

const HOP_LIMIT = 64;
const FRAGMENT_HEADER = 8;

export class Output implements FrameSource {
  /** The frame in the making. */
  readonly buffer = new Uint8Array(MAX_FRAME);
  private readonly control: Uint8Array[] = [];
  private readonly offload: Offload = { ...NO_OFFLOAD };
  private nextId = 1;

  constructor(
    private readonly sink: () => FrameSink,
    private readonly scheduler: Scheduler,
    private readonly mac: Uint8Array,
    private readonly mtu: number,
    private readonly controlFrames: number,
    private readonly count: (event: 'frames' | 'bytes' | 'refused' | 'controlDropped', by?: number) => void,
  ) {}

  get accepts(): FrameSink['accepts'] {
    return this.sink().accepts;
  }

  takeTurn(): 'more' | 'done' | 'blocked' {
    const frame = this.control[0];
    if (!frame) return 'done';
    if (!this.offer(frame, NO_OFFLOAD)) return 'blocked';
    this.control.shift();
    return this.control.length > 0 ? 'more' : 'done';
  }

  /** Queues a whole frame. The bytes are copied. */
  sendControl(frame: Uint8Array): void {
    this.queueControl(frame.slice());
  }

  /** Writes the Ethernet header; returns where the payload goes. */
  openEthernet(to: Uint8Array, type: number): number {
    this.buffer.set(to);
    this.buffer.set(this.mac, 6);
    put16(this.buffer, 12, type);
    return ETHERNET_BYTES;
  }

  /** Writes Ethernet and IP headers for a payload; returns where the transport's header goes. */
  openIp({ to, source, destination }: Route, protocol: number, length: number, hopLimit = HOP_LIMIT): number {
    if (source.length === 4) {
      const ip = this.openEthernet(to, ETHERTYPE.IPV4);
      this.writeIpv4(ip, source, destination, protocol, length, 0);
      return ip + IPV4_BYTES;
    }
    const ip = this.openEthernet(to, ETHERTYPE.IPV6);
    this.writeIpv6(ip, source, destination, protocol, length, hopLimit);
    return ip + IPV6_BYTES;
  }

  /** Sums the transport, or leaves that to a guest that takes partial sums, and offers the frame. `segment` > 0: a large TCP frame. */
  offerTransport(route: Route, protocol: number, start: number, end: number, sumAt: number, segment: number): boolean {
    const { buffer, offload } = this;
    const pseudo = pseudoHeader(route.source, route.destination, protocol, end - start);
    offload.flags = 0;
    offload.gsoType = GsoType.None;
    offload.gsoSize = 0;
    offload.hdrLen = 0;
    if (this.accepts.csum) {
      put16(buffer, start + sumAt, fold(pseudo));
      offload.flags = OffloadFlag.NeedsChecksum;
      offload.csumStart = start;
      offload.csumOffset = sumAt;
    } else {
      put16(buffer, start + sumAt, 0);
      put16(buffer, start + sumAt, finish(addWords(buffer, start, end, pseudo)));
    }
    if (segment > 0) {
      offload.gsoType = route.source.length === 4 ? GsoType.Tcp4 : GsoType.Tcp6;
      offload.gsoSize = segment;
      offload.hdrLen = start + (buffer[start + 12]! >> 4) * 4;
    }
    return this.offer(buffer.subarray(0, end), offload);
  }

  /** Frames of a datagram whose transport header and payload are `payload`, cut to the MTU, as new buffers. `sumAt` < 0: summed already. */
  buildDatagram(route: Route, protocol: number, payload: Uint8Array, sumAt: number, hopLimit = HOP_LIMIT): Uint8Array[] {
    if (sumAt >= 0) {
      put16(payload, sumAt, 0);
      const sum = finish(addWords(payload, 0, payload.length, pseudoHeader(route.source, route.destination, protocol, payload.length)));
      put16(payload, sumAt, sum === 0 ? 0xffff : sum);
    }
    const room = this.mtu - (route.source.length === 4 ? IPV4_BYTES : IPV6_BYTES);
    if (payload.length <= room) {
      const start = this.openIp(route, protocol, payload.length, hopLimit);
      this.buffer.set(payload, start);
      return [this.buffer.slice(0, start + payload.length)];
    }
    return this.buildFragments(route, protocol, payload, room);
  }

  /** Queues a datagram as control frames. */
  sendDatagram(route: Route, protocol: number, payload: Uint8Array, sumAt: number, hopLimit = HOP_LIMIT): void {
    if (!this.takesControl()) return;
    for (const frame of this.buildDatagram(route, protocol, payload, sumAt, hopLimit)) this.queueControl(frame);
  }

  /** Offers a frame to the guest. */
  offer(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (!this.sink().deliver(frame, offload)) {
      this.count('refused');
      return false;
    }
    this.count('frames');
    this.count('bytes', frame.length);
    return true;
  }

  /** Whether there is room for a control frame; one for which there is none is counted, and need not be built. */
  takesControl(): boolean {
    if (this.control.length < this.controlFrames) return true;
    this.count('controlDropped');
    return false;
  }

  private queueControl(frame: Uint8Array): void {
    if (!this.takesControl()) return;
    this.control.push(frame);
    this.scheduler.join(this);
  }

  private buildFragments(route: Route, protocol: number, payload: Uint8Array, room: number): Uint8Array[] {
    const frames: Uint8Array[] = [];
    const isV4 = route.source.length === 4;
    const step = (isV4 ? room : room - FRAGMENT_HEADER) & ~7;
    const id = this.takeId();
    for (let from = 0; from < payload.length; from += step) {
      const to = Math.min(from + step, payload.length);
      const start = isV4 ? this.openFragment4(route, protocol, id, from, to, payload.length) : this.openFragment6(route, protocol, id, from, to, payload.length);
      this.buffer.set(payload.subarray(from, to), start);
      frames.push(this.buffer.slice(0, start + to - from));
    }
    return frames;
  }

  private openFragment4({ to, source, destination }: Route, protocol: number, id: number, from: number, end: number, total: number): number {
    const ip = this.openEthernet(to, ETHERTYPE.IPV4);
    this.writeIpv4(ip, source, destination, protocol, end - from, (from >> 3) | (end < total ? 0x2000 : 0), id & 0xffff);
    return ip + IPV4_BYTES;
  }

  private openFragment6(route: Route, protocol: number, id: number, from: number, end: number, total: number): number {
    const at = this.openIp(route, PROTOCOL.FRAGMENT, FRAGMENT_HEADER + end - from);
    this.buffer[at] = protocol;
    this.buffer[at + 1] = 0;
    put16(this.buffer, at + 2, from | (end < total ? 1 : 0));
    put32(this.buffer, at + 4, id);
    return at + FRAGMENT_HEADER;
  }

  private writeIpv4(ip: number, source: Uint8Array, destination: Uint8Array, protocol: number, length: number, fragment: number, id = this.takeId() & 0xffff): void {
    const { buffer } = this;
    put16(buffer, ip, 0x4500);
    put16(buffer, ip + 2, IPV4_BYTES + length);
    put16(buffer, ip + 4, id);
    put16(buffer, ip + 6, fragment);
    buffer[ip + 8] = HOP_LIMIT;
    buffer[ip + 9] = protocol;
    put16(buffer, ip + 10, 0);
    buffer.set(source, ip + 12);
    buffer.set(destination, ip + 16);
    put16(buffer, ip + 10, finish(addWords(buffer, ip, ip + IPV4_BYTES, 0)));
  }

  private writeIpv6(ip: number, source: Uint8Array, destination: Uint8Array, protocol: number, length: number, hopLimit: number): void {
    const { buffer } = this;
    put32(buffer, ip, 0x60000000);
    put16(buffer, ip + 4, length);
    buffer[ip + 6] = protocol;
    buffer[ip + 7] = hopLimit;
    buffer.set(source, ip + 8);
    buffer.set(destination, ip + 24);
  }

  private takeId(): number {
    this.nextId = (this.nextId + 1) >>> 0;
    return this.nextId;
  }
}
