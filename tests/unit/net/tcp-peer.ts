/**
 * A guest's TCP for tests, simple on purpose and apart from the code under test: it keeps every byte in arrays, acknowledges everything,
 * keeps early segments, and sends again from the first unacknowledged byte when its timer fires.
 */

import { NO_OFFLOAD, OffloadFlag, type Offload } from '../../../host/net/backend.js';
import type { Clock, Cancel } from '../../../host/net/clock.js';
import type { Guest } from './guest.js';
import { be16, be32, ethernet, GATEWAY, GUEST, ipv4, isSummed, NAT_MAC, onesSum, parseIp, withSum } from './packets.js';

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

export interface Segment {
  from: number;
  to: number;
  seq: number;
  ack: number;
  flags: number;
  window: number;
  options: number[];
  payload: Uint8Array;
}

export function parseTcp(payload: Uint8Array): Segment {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const header = (payload[12]! >> 4) * 4;
  return {
    from: view.getUint16(0),
    to: view.getUint16(2),
    seq: view.getUint32(4),
    ack: view.getUint32(8),
    flags: payload[13]!,
    window: view.getUint16(14),
    options: [...payload.subarray(20, header)],
    payload: payload.slice(header),
  };
}

export interface SegmentFields {
  from: number;
  to: number;
  seq: number;
  ack?: number;
  flags: number;
  window?: number;
  options?: number[];
  payload?: Uint8Array;
  urgent?: number;
}

export function tcpBytes({ from, to, seq, ack = 0, flags, window = 65535, options = [], payload = new Uint8Array(0), urgent = 0 }: SegmentFields): number[] {
  return [...be16(from), ...be16(to), ...be32(seq >>> 0), ...be32(ack >>> 0), ((20 + options.length) / 4) << 4, flags, ...be16(window), 0, 0, ...be16(urgent), ...options, ...payload];
}

export function tcpFrame(fields: SegmentFields, destination: number[], source = GUEST): Uint8Array {
  return ethernet(NAT_MAC, 0x0800, ipv4(destination, 6, withSum(tcpBytes(fields), 16, source, destination, 6), { source }));
}

/** A large segment with its sum left to the receiver, as a card with offloads sends it. Built fast: these are 64 KiB. */
export function largeFrame(fields: SegmentFields, destination: number[], segment: number): { frame: Uint8Array; offload: Offload } {
  const head = tcpBytes({ ...fields, payload: undefined });
  const length = head.length + (fields.payload?.length ?? 0);
  const pseudo = onesSum([...GUEST, ...destination, 0, 6, ...be16(length)]);
  head[16] = pseudo >> 8;
  head[17] = pseudo & 255;
  const shell = ipv4(destination, 6, head);
  shell.splice(2, 2, ...be16(20 + length));
  shell.splice(10, 2, 0, 0);
  shell.splice(10, 2, ...be16(~onesSum(shell.slice(0, 20)) & 0xffff));
  const start = ethernet(NAT_MAC, 0x0800, shell);
  const frame = new Uint8Array(start.length + length - head.length);
  frame.set(start);
  if (fields.payload) frame.set(fields.payload, start.length);
  return { frame, offload: { ...NO_OFFLOAD, flags: OffloadFlag.NeedsChecksum, gsoType: segment > 0 ? 1 : 0, gsoSize: segment, hdrLen: start.length, csumStart: 34, csumOffset: 16 } };
}

type State = 'closed' | 'synSent' | 'synReceived' | 'open';

export class TcpPeer {
  state: State = 'closed';
  received: Uint8Array[] = [];
  receivedBytes = 0;
  peerEnded = false;
  wasReset = false;
  refused = false;
  /** Window offered; the program under it takes everything at once unless this is small. */
  window = 1 << 20;
  onEnd: () => void = () => undefined;
  /** Segments seen, with and without text. */
  segments = 0;
  largest = 0;
  badSums = 0;
  finAcked = false;
  peerWindow = 0;
  private readonly iss: number;
  private out = new Uint8Array(0);
  private una = 0;
  private nxt = 0;
  private ended = false;
  private rcvNxt = 0;
  private early = new Map<number, Segment>();
  private timer: Cancel | undefined;
  private readonly scale = 7;
  private peerScale = 0;

  constructor(
    private readonly guest: Guest,
    private readonly clock: Clock,
    readonly port: number,
    readonly remotePort: number,
    readonly remote = GATEWAY,
    private readonly mss = 1460,
    /** Send frames of this size with segmentation left to the receiver. */
    private readonly large = 0,
  ) {
    this.iss = (port * 7919) >>> 0;
  }

  connect(): void {
    this.state = 'synSent';
    this.sendSyn(SYN);
  }

  /** Answers a SYN from the network. */
  acceptSyn(segment: Segment): void {
    this.state = 'synReceived';
    this.rcvNxt = (segment.seq + 1) >>> 0;
    this.takeOptions(segment);
    this.sendSyn(SYN | ACK);
  }

  write(bytes: Uint8Array): void {
    this.out = Buffer.concat([this.out.subarray(this.una), bytes]);
    this.nxt -= this.una;
    this.base += this.una;
    this.una = 0;
    this.pump();
  }

  end(): void {
    this.ended = true;
    this.pump();
  }

  reset(): void {
    this.send({ flags: RST | ACK, seq: this.seqOf(this.nxt) });
    this.state = 'closed';
  }

  /** A window probe or update. */
  sendAck(): void {
    this.send({ flags: ACK, seq: this.seqOf(this.nxt) });
  }

  get all(): Buffer {
    return Buffer.concat(this.received);
  }

  receive(segment: Segment): void {
    this.segments++;
    this.largest = Math.max(this.largest, segment.payload.length);
    if ((segment.flags & RST) !== 0) {
      this.refused = this.state === 'synSent';
      this.wasReset = true;
      this.state = 'closed';
      this.timer?.();
      return;
    }
    if (this.state === 'closed') return;
    if (this.state === 'synSent') return this.receiveSynAck(segment);
    if (this.state === 'synReceived' && segment.ack === (this.iss + 1) >>> 0) this.open();
    this.receiveAck(segment);
    this.receiveText(segment);
  }

  /** Bytes of `out` before this one, over the whole connection. */
  private base = 0;

  private seqOf(offset: number): number {
    return (this.iss + 1 + this.base + offset) >>> 0;
  }

  private sendSyn(flags: number): void {
    this.send({ flags, seq: this.iss, options: [2, 4, ...be16(this.mss), 1, 3, 3, this.scale] });
    this.restart(1e9, () => this.sendSyn(flags));
  }

  private receiveSynAck(segment: Segment): void {
    if ((segment.flags & (SYN | ACK)) !== (SYN | ACK) || segment.ack !== (this.iss + 1) >>> 0) return;
    this.rcvNxt = (segment.seq + 1) >>> 0;
    this.takeOptions(segment);
    this.peerWindow = segment.window;
    this.open();
    this.sendAck();
    this.pump();
  }

  private open(): void {
    this.state = 'open';
    this.timer?.();
    this.timer = undefined;
  }

  private takeOptions({ options }: Segment): void {
    const at = options.indexOf(3, 4);
    this.peerScale = at >= 0 ? options[at + 2]! : 0;
  }

  private receiveAck({ ack, window, flags }: Segment): void {
    if ((flags & ACK) === 0) return;
    this.peerWindow = window * 2 ** ((flags & SYN) !== 0 ? 0 : this.peerScale);
    const advance = (ack - this.seqOf(this.una)) | 0;
    if (advance > 0) {
      this.una += advance;
      this.nxt = Math.max(this.nxt, this.una);
      if (this.una > this.out.length) this.finAcked = true;
      this.timer?.();
      this.timer = undefined;
    }
    this.pump();
  }

  private receiveText(segment: Segment): void {
    const { seq, payload, flags } = segment;
    if (payload.length === 0 && (flags & (FIN | SYN)) === 0) return;
    const late = (this.rcvNxt - seq) | 0;
    if (late < 0) {
      if (this.early.size < 2000) this.early.set(seq, segment);
      return this.sendAck();
    }
    this.take(segment, late);
    for (let next = this.findEarly(); next; next = this.findEarly()) this.take(next, (this.rcvNxt - next.seq) | 0);
    this.sendAck();
  }

  private findEarly(): Segment | undefined {
    for (const [seq, segment] of this.early) {
      if (((this.rcvNxt - seq) | 0) < 0) continue;
      this.early.delete(seq);
      return segment;
    }
    return undefined;
  }

  private take({ payload, flags }: Segment, late: number): void {
    if (this.peerEnded) return;
    const bytes = payload.subarray(late);
    if (late <= payload.length) {
      this.received.push(bytes);
      this.receivedBytes += bytes.length;
      this.rcvNxt = (this.rcvNxt + bytes.length) >>> 0;
      if ((flags & FIN) !== 0) {
        this.rcvNxt = (this.rcvNxt + 1) >>> 0;
        this.peerEnded = true;
        this.onEnd();
      }
    }
  }

  private pump(): void {
    if (this.state !== 'open') return;
    const size = Math.max(this.mss, this.large);
    while (this.nxt < this.out.length && this.nxt - this.una < this.peerWindow) {
      const to = Math.min(this.nxt + size, this.out.length, this.una + this.peerWindow);
      const last = to === this.out.length;
      const payload = this.out.subarray(this.nxt, to);
      const seq = this.seqOf(this.nxt);
      this.nxt = to;
      this.send({ flags: ACK | (last ? PSH : 0), seq, payload });
      // Sending may have been answered from inside.
      if (this.state !== 'open') return;
    }
    if (this.ended && this.nxt === this.out.length) {
      this.nxt++;
      this.send({ flags: ACK | FIN, seq: this.seqOf(this.nxt - 1) });
    }
    const waits = this.nxt > this.una || (this.una < this.out.length && this.peerWindow === 0);
    if (waits && !this.timer) this.restart(4e8, () => this.timeOut());
  }

  private timeOut(): void {
    if (this.state !== 'open') return;
    this.timer = undefined;
    this.nxt = this.una;
    // One byte past a shut window asks whether it has opened.
    if (this.peerWindow === 0 && this.nxt < this.out.length) {
      this.nxt++;
      this.send({ flags: ACK, seq: this.seqOf(this.una), payload: this.out.subarray(this.una, this.una + 1) });
      this.nxt = this.una;
    }
    this.pump();
    if (!this.timer && (this.nxt > this.una || this.una < this.out.length)) this.restart(4e8, () => this.timeOut());
  }

  private restart(ns: number, callback: () => void): void {
    this.timer?.();
    this.timer = this.clock.after(ns, callback);
  }

  private send(fields: { flags: number; seq: number; options?: number[]; payload?: Uint8Array }): void {
    const window = (fields.flags & SYN) !== 0 ? Math.min(65535, this.window) : this.window >> this.scale;
    const full = { ...fields, from: this.port, to: this.remotePort, ack: this.rcvNxt, window };
    if (this.large > 0 && (fields.payload?.length ?? 0) > 0) {
      const { frame, offload } = largeFrame(full, this.remote, fields.payload!.length > this.mss ? this.mss : 0);
      return this.guest.send(frame, offload);
    }
    this.guest.send(tcpFrame(full, this.remote));
  }
}

/** Hands the guest's TCP frames to its peers by port; `onSyn` makes a peer for one that is new. */
export function dispatchTcp(guest: Guest, peers: Map<number, TcpPeer>, onSyn?: (segment: Segment) => TcpPeer): void {
  guest.onFrame = (frame, offload) => {
    const packet = parseIp(frame);
    if (packet?.protocol !== 6) return;
    const segment = parseTcp(packet.payload);
    let peer = peers.get(segment.to * 65536 + segment.from) ?? peers.get(segment.to);
    if ((offload.flags & 1) === 0 && !isSummed(packet) && peer) peer.badSums++;
    if (!peer && onSyn && (segment.flags & (SYN | ACK)) === SYN) {
      peer = onSyn(segment);
      peers.set(segment.to * 65536 + segment.from, peer);
      return peer.acceptSyn(segment);
    }
    peer?.receive(segment);
  };
}
