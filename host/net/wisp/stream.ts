/**
 * The client's end of one stream: a StreamSocket over a connection (client.ts).
 *
 *     opening --CONTINUE--> open --(our END, its END)--> over          what fails, a CLOSE or a reset: over
 *
 * What the guest has sent and the relay has not granted waits in `outgoing`, and what has arrived while the guest does not read in `arrived`:
 * at most STREAM_BYTES where the relay keeps to grants; beyond FOREIGN_BYTES, from one that knows none, the stream is reset.
 */

import { ByteQueue } from '../byte-queue.js';
import { SocketError, type StreamEvents, type StreamSocket } from '../provider.js';
import { closePacket, continuePacket, dataPacket, endPacket } from './packet.js';
import { CLOSE, codeOfReason, PACKET_BYTES, STREAM_BYTES } from './spec.js';

const WRITE_ROOM = 256 << 10;
const FOREIGN_BYTES = 4 << 20;

/** What a stream needs of its connection. */
export interface StreamHost {
  /** Both sides speak what is added to version 1. */
  readonly own: boolean;
  send(bytes: Uint8Array): void;
  forget(id: number): void;
}

export class WispStream implements StreamSocket {
  private events: StreamEvents | undefined;
  private opening: { resolve(socket: StreamSocket): void; reject(error: Error): void } | undefined;
  private readonly outgoing = new ByteQueue();
  private readonly arrived = new ByteQueue();
  /** Packets that may be sent. */
  private credit: number;
  /** Bytes that were read and not granted anew. */
  private consumed = 0;
  private flowing = false;
  private ours: 'open' | 'ending' | 'ended' = 'open';
  private theirs: 'open' | 'ended' | 'told' = 'open';
  private failure: string | undefined;
  private over = false;

  constructor(private readonly host: StreamHost, readonly id: number, credit: number) {
    this.credit = host.own ? 0 : credit;
  }

  /** Resolves when the relay has connected, or at once where it would not say. */
  opened(signal: AbortSignal): Promise<StreamSocket> {
    return new Promise((resolve, reject) => {
      if (!this.host.own) return resolve(this);
      this.opening = { resolve, reject };
      signal.addEventListener('abort', () => {
        if (this.opening === undefined) return;
        this.opening = undefined;
        this.reset();
        reject(new SocketError('ECANCELED', 'connecting was given up'));
      }, { once: true });
    });
  }

  // -- From the relay -------------------------------------------------------------------------------------------------------------------

  granted(packets: number): void {
    this.credit = packets;
    this.opening?.resolve(this);
    this.opening = undefined;
    this.pump();
    this.events?.room();
  }

  received(bytes: Uint8Array): void {
    if (this.theirs !== 'open') return;
    this.arrived.push(bytes);
    if (this.arrived.length > (this.host.own ? STREAM_BYTES : FOREIGN_BYTES)) {
      this.host.send(closePacket(this.id, CLOSE.CLIENT));
      return this.fail('ECONNRESET');
    }
    this.giveOut();
  }

  peerEnded(): void {
    if (this.theirs === 'open') this.theirs = 'ended';
    this.giveOut();
  }

  /** A CLOSE, or the connection's end. */
  closed(reason: number): void {
    if (reason !== CLOSE.VOLUNTARY || this.opening !== undefined) return this.fail(codeOfReason(reason));
    // What version 1 has in place of both sides' ends: what is still to be sent has nowhere to go.
    this.outgoing.clear();
    this.ours = 'ended';
    this.peerEnded();
  }

  fail(code: string): void {
    if (this.over) return;
    this.finish();
    this.opening?.reject(new SocketError(code, 'the relay did not connect'));
    this.opening = undefined;
    this.failure = code;
    this.events?.failed(code);
  }

  // -- StreamSocket ---------------------------------------------------------------------------------------------------------------------

  listen(events: StreamEvents): void {
    this.events = events;
    // What failed before anybody listened is told, but not from inside this call.
    if (this.failure !== undefined) queueMicrotask(() => events.failed(this.failure!));
  }

  room(): number {
    return Math.max(0, WRITE_ROOM - this.outgoing.length);
  }

  write(bytes: Uint8Array): void {
    if (this.over || this.ours !== 'open') return;
    this.outgoing.pushCopy(bytes);
    this.pump();
  }

  end(): void {
    if (this.ours !== 'open') return;
    this.ours = 'ending';
    this.pump();
  }

  reset(): void {
    if (this.over) return;
    this.host.send(closePacket(this.id, CLOSE.UNKNOWN));
    this.finish();
  }

  pause(): void {
    this.flowing = false;
  }

  resume(): void {
    this.flowing = true;
    queueMicrotask(() => this.giveOut());
  }

  // -- Both ways ------------------------------------------------------------------------------------------------------------------------

  /** Sends what is granted; then the end, if that is what is left. */
  private pump(): void {
    while (this.credit > 0 && this.outgoing.length > 0) {
      this.credit--;
      this.host.send(dataPacket(this.id, this.take(Math.min(PACKET_BYTES, this.outgoing.length))));
    }
    if (this.ours !== 'ending' || this.outgoing.length > 0 || (this.host.own && this.opening !== undefined)) return;
    this.ours = 'ended';
    // Version 1 has no half-close: the stream ends with its other side.
    if (this.host.own) this.host.send(endPacket(this.id));
    this.maybeOver();
  }

  private take(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.outgoing.copy(bytes, 0, 0, count);
    this.outgoing.drop(count);
    return bytes;
  }

  private giveOut(): void {
    const { events } = this;
    if (events === undefined || this.over) return;
    while (this.flowing && this.arrived.length > 0) {
      const bytes = this.arrived.shift()!;
      this.consumed += bytes.length;
      events.data(bytes);
    }
    this.grant();
    if (!this.flowing || this.arrived.length > 0 || this.theirs !== 'ended') return;
    this.theirs = 'told';
    events.ended();
    this.maybeOver();
  }

  private grant(): void {
    if (!this.host.own || this.consumed < STREAM_BYTES / 4 || this.theirs !== 'open') return;
    this.host.send(continuePacket(this.id, this.consumed));
    this.consumed = 0;
  }

  private maybeOver(): void {
    if (this.ours !== 'ended' || this.theirs !== 'told' || this.over) return;
    if (!this.host.own) this.host.send(closePacket(this.id, CLOSE.VOLUNTARY));
    this.finish();
  }

  private finish(): void {
    this.over = true;
    this.outgoing.clear();
    this.arrived.clear();
    this.host.forget(this.id);
  }
}
