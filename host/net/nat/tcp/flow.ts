/**
 * One TCP connection between the guest and a socket of the host.
 *
 *   guest's SYN:  connecting --host connected--> synReceived --ACK--> open
 *   ours:         synSent ----------SYN-ACK from the guest----------> open
 *   open: each direction ends by itself; both ended and ours acknowledged -> timeWait (if ours was first) or closed
 *   a reset from either side, or too many retransmissions -> closed, and the other side is reset
 *
 * Back-pressure. Toward the host: the window offered is room in the host's socket. Toward the guest: bytes are read from the host's
 * socket only while what is kept is less than the guest's window and a little more. A frame is built when the flow's turn comes.
 */

import { SECOND } from '../../clock.js';
import type { Endpoint, StreamEvents, StreamSocket } from '../../provider.js';
import type { Output } from '../output.js';
import type { FrameSource, Scheduler } from '../scheduler.js';
import { TCP_BYTES, TCP_FLAG } from '../spec.js';
import { Timer, type TimerQueue } from '../timers.js';
import { offerSegment } from './build.js';
import { Receiver } from './receiver.js';
import { segmentLength, type TcpSegment } from './segment.js';
import { Sender, type Sending } from './sender.js';
import { seqAdd } from './sequence.js';
import type { FlowShare } from './share.js';

export type FlowState = 'connecting' | 'synSent' | 'synReceived' | 'open' | 'timeWait' | 'closed';

/** What the opener of a connection into the guest waits for. */
export interface Opening {
  opened(): void;
  failed(code: string): void;
}

const CONNECT_TIMEOUT = 60 * SECOND;
const TIME_WAIT = 10 * SECOND;
const SYN_RETRIES = 6;
const RETRIES = 12;
/** Bytes read ahead of the guest's window. */
const READ_AHEAD = 64 << 10;
const OUR_SCALE = 7;
/** A connection without anything in it: objects here and of the socket. */
const FLOW_COST = 4096;
/** Duplicate acknowledgements that stand for a run of early segments: what a sender needs to see. */
const MAX_OWED = 4;

/** What a flow needs of its surroundings. */
export interface TcpHost {
  readonly scheduler: Scheduler;
  readonly timers: TimerQueue;
  readonly output: Output;
  readonly mtu: number;
  /** Bytes that one flow may keep in each direction now. */
  share(): number;
  randomSequence(): number;
  findMac(guest: Uint8Array, asker: Uint8Array): Uint8Array | undefined;
  /** Where to send it is not known: the flow is told when it is. */
  awaitMac(flow: TcpFlow): void;
  sendReset(guest: Endpoint, remote: Endpoint, seq: number, ack: number): void;
  remove(flow: TcpFlow): void;
  count(event: 'retransmitted' | 'timeouts'): void;
}

export class TcpFlow implements FrameSource {
  state: FlowState;
  lastActive: number;
  socket: StreamSocket | undefined;
  readonly abort = new AbortController();
  private readonly sender: Sender;
  private readonly receiver = new Receiver();
  private readonly timer = new Timer(() => this.onTimer());
  /** A SYN or SYN-ACK is to be sent. */
  private synDue = false;
  private acksOwed = 0;
  /** The timer fired: something is to be sent even into a shut window. */
  private probeDue = false;
  private reading = false;
  /** Room in the socket while it holds nothing. */
  private emptyRoom = 0;
  private opening: Opening | undefined;
  private readonly ownMss: number;

  constructor(
    private readonly host: TcpHost,
    readonly key: string,
    readonly guest: Endpoint,
    /** The far end as the guest sees it. */
    readonly remote: Endpoint,
    state: 'connecting' | 'synSent',
    /** Whose connection it is. */
    readonly share: FlowShare<TcpFlow>,
  ) {
    this.state = state;
    this.sender = new Sender(host.randomSequence());
    this.ownMss = host.mtu - TCP_BYTES - (guest.address.length === 4 ? 20 : 40);
    this.lastActive = host.timers.now();
  }

  /** Bytes of memory that it holds, as far as they grow. */
  get held(): number {
    return FLOW_COST + this.sender.buffer.held + this.receiver.held + (this.socket ? Math.max(0, this.emptyRoom - this.socket.room()) : 0);
  }

  /** The guest's highest number: what a new SYN on the same ports must be past. */
  get lastSeq(): number {
    return this.receiver.nxt;
  }

  // -- Opening ------------------------------------------------------------------------------------------------------------------------

  /** The guest's SYN: the host is asked first, so that the guest hears the truth. */
  startFromGuest(syn: TcpSegment): void {
    this.takeSyn(syn);
    this.host.timers.arm(this.timer, CONNECT_TIMEOUT);
  }

  /** The host has connected: answer the guest. */
  connected(socket: StreamSocket): void {
    if (this.state !== 'connecting') return socket.reset();
    this.state = 'synReceived';
    this.useSocket(socket);
    this.receiver.widen(this.windowRoom(), 1);
    this.synDue = true;
    this.host.scheduler.join(this);
  }

  /** The host could not connect. */
  refused(): void {
    if (this.state !== 'connecting') return;
    this.sendReset();
    this.finish();
  }

  /** A connection into the guest for a socket of the host. */
  startToGuest(socket: StreamSocket, opening: Opening | undefined): void {
    this.opening = opening;
    this.useSocket(socket);
    this.sendSynAgain();
  }

  /** The guest's MAC has become known, or a time-out: the SYN goes (again). */
  sendSynAgain(): void {
    if (this.state !== 'synSent' && this.state !== 'synReceived') return;
    this.synDue = true;
    this.host.scheduler.join(this);
  }

  private takeSyn(syn: TcpSegment): void {
    const { receiver, sender } = this;
    receiver.start(syn.seq);
    sender.mss = Math.min(Math.max(syn.mss ?? 536, 64), this.ownMss);
    if (syn.windowScale !== undefined) {
      sender.scale = syn.windowScale;
      receiver.scale = OUR_SCALE;
    }
    // The window of a SYN is never scaled.
    sender.openWindow(syn.window, syn.seq);
  }

  private useSocket(socket: StreamSocket): void {
    this.socket = socket;
    this.emptyRoom = socket.room();
    const events: StreamEvents = {
      data: (bytes) => this.onData(bytes),
      ended: () => this.onEnded(),
      room: () => this.onRoom(),
      failed: (code) => this.fail(code),
    };
    socket.listen(events);
    this.updateReading();
  }

  private becomeOpen(segment: TcpSegment): void {
    this.state = 'open';
    this.sender.retries = 0;
    this.sender.openWindow(segment.window * 2 ** ((segment.flags & TCP_FLAG.SYN) !== 0 ? 0 : this.sender.scale), segment.seq);
    this.host.timers.cancel(this.timer);
    this.opening?.opened();
    this.opening = undefined;
    this.updateReading();
    this.host.scheduler.join(this);
  }

  // -- From the guest -----------------------------------------------------------------------------------------------------------------

  receive(segment: TcpSegment): void {
    this.lastActive = this.host.timers.now();
    if (this.state === 'closed') return;
    if (this.state === 'connecting') return this.receiveConnecting(segment);
    if (this.state === 'synSent') return this.receiveSynSent(segment);
    if (this.state === 'synReceived' && (segment.flags & TCP_FLAG.SYN) !== 0 && seqAdd(segment.seq, 1) === this.receiver.nxt) return this.sendSynAgain();
    if (!this.receiver.isAcceptable(segment.seq, segmentLength(segment))) return this.refuseSegment(segment);
    if ((segment.flags & TCP_FLAG.RST) !== 0) return this.receiveReset(segment);
    // RFC 5961, 4: a SYN inside the window proves nothing.
    if ((segment.flags & TCP_FLAG.SYN) !== 0) return this.oweAck();
    if ((segment.flags & TCP_FLAG.ACK) === 0) return;
    this.receiveAcceptable(segment);
  }

  private receiveConnecting({ flags }: TcpSegment): void {
    if ((flags & TCP_FLAG.RST) !== 0) this.finish();
  }

  private receiveSynSent(segment: TcpSegment): void {
    const { flags, ack } = segment;
    const acknowledges = (flags & TCP_FLAG.ACK) !== 0 && ack === this.sender.una;
    if ((flags & TCP_FLAG.RST) !== 0) {
      if (acknowledges) this.fail('ECONNREFUSED');
      return;
    }
    // A SYN without ACK would be a simultaneous open: the guest's port cannot know ours before we speak.
    if ((flags & TCP_FLAG.SYN) === 0 || !acknowledges) return;
    this.takeSyn(segment);
    this.receiver.widen(this.windowRoom(), 1);
    this.becomeOpen(segment);
    this.oweAck();
  }

  private receiveAcceptable(segment: TcpSegment): void {
    const { seq, ack, window, payload, flags } = segment;
    if (this.state === 'synReceived') {
      if (ack !== this.sender.una) return this.sendReset(ack);
      this.becomeOpen(segment);
    }
    const fin = (flags & TCP_FLAG.FIN) !== 0;
    const pure = payload.length === 0 && !fin;
    const before = this.sender.una;
    if (!this.sender.acknowledge(ack, seq, window, pure, this.host.timers.now())) return this.oweAck();
    if (this.state === 'timeWait') return this.oweAck();
    if (!pure) this.receiveText(seq, payload, fin);
    this.updateReading();
    // Progress gives what is still in flight a whole time-out (RFC 6298, 5.3).
    if (this.sender.una !== before) {
      this.probeDue = false;
      this.host.timers.cancel(this.timer);
    }
    this.armTimer();
    if (this.closeIfDone()) return;
    this.host.scheduler.join(this);
  }

  private receiveText(seq: number, payload: Uint8Array, fin: boolean): void {
    const { receiver, socket } = this;
    const hadEnded = receiver.ended;
    const smooth = receiver.accept(seq, payload, fin, this.host.share(), (bytes) => socket?.write(bytes));
    if (receiver.ended && !hadEnded) socket?.end();
    receiver.widen(this.windowRoom(), this.ownMss);
    // Early or late segments are answered one by one: three such answers start a fast retransmission.
    this.acksOwed = smooth ? Math.max(1, this.acksOwed) : Math.min(MAX_OWED, this.acksOwed + 1);
  }

  private refuseSegment({ flags }: TcpSegment): void {
    if ((flags & TCP_FLAG.RST) === 0) this.oweAck();
  }

  private receiveReset({ seq }: TcpSegment): void {
    // RFC 5961, 3: only the exact next number ends the connection.
    if (seq !== this.receiver.nxt) return this.oweAck();
    this.socket?.reset();
    this.finish();
  }

  private oweAck(): void {
    this.acksOwed = Math.max(1, this.acksOwed);
    this.host.scheduler.join(this);
  }

  // -- From the host's socket ---------------------------------------------------------------------------------------------------------

  private onData(bytes: Uint8Array): void {
    if (this.state === 'closed' || this.sender.ended) return;
    this.sender.buffer.push(bytes);
    this.lastActive = this.host.timers.now();
    this.updateReading();
    this.host.scheduler.join(this);
  }

  private onEnded(): void {
    this.sender.ended = true;
    this.host.scheduler.join(this);
  }

  private onRoom(): void {
    if (this.state !== 'open' || this.receiver.ended) return;
    if (this.receiver.widen(this.windowRoom(), this.ownMss)) this.oweAck();
  }

  /** The host's side is gone, or the guest's does not answer. */
  fail(code: string): void {
    if (this.state === 'closed') return;
    if (this.state !== 'timeWait') this.sendReset();
    this.socket?.reset();
    this.finish(code);
  }

  private windowRoom(): number {
    const room = this.socket?.room() ?? 0;
    // What the socket has not brought home is kept for this connection, and counts.
    return Math.min(room, Math.max(0, this.host.share() - (this.emptyRoom - room)));
  }

  private updateReading(): void {
    const limit = Math.min(this.sender.window + READ_AHEAD, this.host.share());
    const wanted = this.state !== 'closed' && !this.sender.ended && this.sender.buffer.held < limit;
    if (wanted === this.reading || !this.socket) return;
    this.reading = wanted;
    if (wanted) this.socket.resume();
    else this.socket.pause();
  }

  // -- To the guest -------------------------------------------------------------------------------------------------------------------

  takeTurn(): 'more' | 'done' | 'blocked' {
    if (this.synDue) return this.sendSyn();
    if (this.state !== 'open' && this.state !== 'timeWait') return 'done';
    const limit = this.segmentLimit();
    const sending = this.sender.next(limit) ?? (this.probeDue && this.sender.waits ? this.sender.probe(limit) : undefined);
    if (sending) return this.send(sending);
    if (this.acksOwed === 0) {
      this.armTimer();
      return 'done';
    }
    if (!this.emit(TCP_FLAG.ACK, this.sender.nxt, undefined)) return 'blocked';
    this.acksOwed--;
    this.armTimer();
    return this.acksOwed > 0 ? 'more' : 'done';
  }

  private segmentLimit(): number {
    const { accepts } = this.host.output;
    const large = accepts.csum && (this.guest.address.length === 4 ? accepts.tso4 : accepts.tso6);
    if (!large) return this.sender.mss;
    const most = 65535 - TCP_BYTES - (this.guest.address.length === 4 ? 20 : 0);
    return most - (most % this.sender.mss);
  }

  private send(sending: Sending): 'more' | 'blocked' {
    const last = sending.offset + sending.length === this.sender.buffer.length;
    const flags = TCP_FLAG.ACK | (sending.fin ? TCP_FLAG.FIN : 0) | (last && sending.length > 0 ? TCP_FLAG.PSH : 0);
    if (!this.emit(flags, sending.seq, sending)) return 'blocked';
    if (sending.again) this.host.count('retransmitted');
    this.sender.sent(sending, this.host.timers.now());
    this.probeDue = false;
    this.acksOwed = 0;
    this.armTimer();
    return 'more';
  }

  private sendSyn(): 'more' | 'blocked' {
    const flags = TCP_FLAG.SYN | (this.state === 'synReceived' ? TCP_FLAG.ACK : 0);
    if (!this.emit(flags, this.sender.iss, undefined)) return 'blocked';
    this.synDue = false;
    this.host.timers.arm(this.timer, this.sender.roundTrip.rto);
    return 'more';
  }

  /** Builds a segment and offers it. A guest whose MAC is unknown is asked for it, and the segment counts as lost. */
  private emit(flags: number, seq: number, text: Sending | undefined): boolean {
    const { guest, remote, receiver, sender } = this;
    const to = this.host.findMac(guest.address, remote.address);
    if (!to) {
      this.host.awaitMac(this);
      return true;
    }
    const isSyn = (flags & TCP_FLAG.SYN) !== 0;
    // In an answer, a window scale goes only to a guest that offered one (RFC 7323, 2.2).
    const scale = this.state === 'synSent' || receiver.scale > 0 ? OUR_SCALE : undefined;
    const window = isSyn ? Math.min(65535, receiver.window) : receiver.field;
    const fields = { from: remote.port, to: guest.port, seq, ack: receiver.nxt, flags, window, options: isSyn ? { mss: this.ownMss, scale } : undefined };
    const route = { to, source: remote.address, destination: guest.address };
    const body = text && { buffer: sender.buffer, offset: text.offset, length: text.length };
    return offerSegment(this.host.output, route, fields, body, sender.mss);
  }

  private sendReset(seq?: number): void {
    // To a guest that has had nothing from us, only the acknowledgement of its SYN makes a reset credible.
    this.host.sendReset(this.guest, this.remote, seq ?? (this.state === 'connecting' ? 0 : this.sender.nxt), this.receiver.nxt);
  }

  // -- Time ---------------------------------------------------------------------------------------------------------------------------

  private armTimer(): void {
    if (this.state !== 'open') return;
    const { timers } = this.host;
    if (!this.sender.waits) return timers.cancel(this.timer);
    if (!this.timer.armed) timers.arm(this.timer, this.sender.roundTrip.rto);
  }

  private onTimer(): void {
    if (this.state === 'timeWait') return this.finish();
    if (this.state === 'connecting') {
      this.abort.abort();
      return this.refused();
    }
    // A guest that takes no frames is not a guest that loses them.
    if (this.host.scheduler.isBlocked) return this.host.timers.arm(this.timer, this.sender.roundTrip.rto);
    const opening = this.state !== 'open';
    if (this.sender.retries >= (opening ? SYN_RETRIES : RETRIES)) return this.fail('ETIMEDOUT');
    if (opening) return this.timeOutSyn();
    this.sender.timeOut();
    this.host.count('timeouts');
    this.probeDue = true;
    this.host.timers.arm(this.timer, this.sender.roundTrip.rto);
    this.host.scheduler.join(this);
    this.host.scheduler.run();
  }

  private timeOutSyn(): void {
    this.sender.retries++;
    this.sender.roundTrip.backOff();
    this.sendSynAgain();
    this.host.timers.arm(this.timer, this.sender.roundTrip.rto);
  }

  // -- The end ------------------------------------------------------------------------------------------------------------------------

  private closeIfDone(): boolean {
    if (!this.receiver.ended || !this.sender.finAcked || this.state !== 'open') return false;
    if (this.acksOwed === 0) {
      this.finish();
      return true;
    }
    // The guest's FIN came after ours: its acknowledgement may get lost, so stay to repeat it.
    this.state = 'timeWait';
    this.share.end(this);
    this.socket = undefined;
    this.host.timers.arm(this.timer, TIME_WAIT);
    return false;
  }

  /** Forgets the connection, and tells nobody but who is still waiting for it to open. */
  finish(code = 'ECONNABORTED'): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.abort.abort();
    this.opening?.failed(code);
    this.opening = undefined;
    this.sender.buffer.clear();
    this.host.timers.cancel(this.timer);
    this.host.scheduler.leave(this);
    this.host.remove(this);
  }
}
