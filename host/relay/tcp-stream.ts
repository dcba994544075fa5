/**
 * A TCP stream of a session: what the client sends waits in `inward` for the peer to take it, what the peer sends in `outward` for the client to
 * grant it. Nothing more is granted to either while the other does not read.
 */

import { ByteQueue } from '../net/byte-queue.js';
import type { StreamSocket } from '../net/provider.js';
import { closePacket, continuePacket, dataPacket, endPacket } from '../net/wisp/packet.js';
import { CLOSE, PACKET_BYTES, reasonOfCode, STREAM_BYTES, STREAM_PACKETS } from '../net/wisp/spec.js';

/** Below it the client is granted more. */
const LOW_WATER = 64 << 10;

/** What a stream needs of its session. */
export interface StreamOwner {
  readonly own: boolean;
  readonly isHeld: boolean;
  now(): number;
  send(packet: Uint8Array): void;
  /** Bytes that wait for slow peers have become more or fewer. */
  holds(bytes: number): void;
  forget(id: number): void;
}

export class TcpStream {
  private socket: StreamSocket | undefined;
  private readonly inward = new ByteQueue();
  private readonly outward = new ByteQueue();
  /** Packets since the last grant, and bytes that the client takes. */
  private packets = 0;
  private granted: number;
  private clientEnded = false;
  private peerEnded = false;
  private endSent = false;
  private over = false;
  private movedAt: number;

  constructor(private readonly owner: StreamOwner, private readonly id: number, private readonly abort: AbortController) {
    this.granted = owner.own ? STREAM_BYTES : Infinity;
    this.movedAt = owner.now();
  }

  connected(socket: StreamSocket): void {
    if (this.over) return socket.reset();
    this.socket = socket;
    this.movedAt = this.owner.now();
    socket.listen({ data: (bytes) => this.heard(bytes), ended: () => this.hearEnd(), room: () => this.pump(), failed: (code) => this.close(reasonOfCode(code)) });
    if (this.owner.own) this.owner.send(continuePacket(this.id, STREAM_PACKETS));
    this.packets = 0;
    this.pump();
    this.resume();
  }

  /** From the client. False: more than was granted. */
  receive(bytes: Uint8Array): boolean {
    // A grant crosses what was sent on the one before.
    if (++this.packets > 2 * STREAM_PACKETS || this.clientEnded) return false;
    this.inward.push(bytes);
    this.owner.holds(bytes.length);
    this.pump();
    return true;
  }

  receiveEnd(): void {
    this.clientEnded = true;
    this.pump();
  }

  receiveGrant(bytes: number): void {
    this.granted = Math.min(this.granted + bytes, STREAM_BYTES);
    this.pushOut();
  }

  /** The client wants no more of it. */
  drop(): void {
    if (this.over) return;
    this.socket?.reset();
    this.finish();
  }

  close(reason: number): void {
    if (this.over) return;
    this.owner.send(closePacket(this.id, reason));
    this.drop();
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    if (!this.owner.isHeld && this.outward.length === 0) this.socket?.resume();
  }

  /** Gives up what has waited for too long. */
  sweep(stallMs: number): void {
    if (this.owner.now() - this.movedAt > stallMs && this.inward.length + this.outward.length > 0) this.close(CLOSE.STALLED);
  }

  private pump(): void {
    const { socket } = this;
    if (socket === undefined || this.over) return;
    for (let room = socket.room(); this.inward.length > 0 && room > 0; room = socket.room()) {
      const bytes = this.take(this.inward, Math.min(room, this.inward.length));
      socket.write(bytes);
      this.owner.holds(-bytes.length);
    }
    if (this.packets >= STREAM_PACKETS / 2 && this.inward.length < LOW_WATER && !this.clientEnded) {
      this.packets = 0;
      this.owner.send(continuePacket(this.id, STREAM_PACKETS));
    }
    if (!this.clientEnded || this.inward.length > 0 || this.endSent) return;
    this.endSent = true;
    socket.end();
    this.maybeOver();
  }

  private heard(bytes: Uint8Array): void {
    if (this.over) return;
    this.outward.push(bytes);
    this.pushOut();
  }

  private hearEnd(): void {
    this.peerEnded = true;
    this.pushOut();
  }

  private pushOut(): void {
    if (this.over) return;
    while (this.outward.length > 0 && this.granted > 0) {
      const bytes = this.take(this.outward, Math.min(this.outward.length, this.granted, PACKET_BYTES));
      this.granted -= bytes.length;
      this.owner.send(dataPacket(this.id, bytes));
    }
    if (this.outward.length > 0) return this.pause();
    if (this.peerEnded) return this.sendEnd();
    this.resume();
  }

  private sendEnd(): void {
    // Version 1 has one word for all ends.
    if (!this.owner.own) return this.closeBoth();
    this.owner.send(endPacket(this.id));
    this.maybeOver();
  }

  private closeBoth(): void {
    this.owner.send(closePacket(this.id, CLOSE.VOLUNTARY));
    this.socket!.end();
    this.finish();
  }

  private take(queue: ByteQueue, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    queue.copy(bytes, 0, 0, count);
    queue.drop(count);
    this.movedAt = this.owner.now();
    return bytes;
  }

  private maybeOver(): void {
    if (this.endSent && this.peerEnded && this.outward.length === 0) this.finish();
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.abort.abort();
    this.owner.holds(-this.inward.length);
    this.inward.clear();
    this.outward.clear();
    this.owner.forget(this.id);
  }
}
