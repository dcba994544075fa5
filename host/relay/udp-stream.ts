/** A UDP stream of a session: datagrams to one peer and back. What finds no room on the way is lost, as datagrams may be. */

import { equalBytes } from '../net/bytes.js';
import { familyOf } from '../net/address.js';
import type { DatagramSocket, Endpoint, SocketProvider } from '../net/provider.js';
import { closePacket, dataPacket } from '../net/wisp/packet.js';
import { CLOSE, reasonOfCode } from '../net/wisp/spec.js';
import type { StreamOwner } from './tcp-stream.js';

const MOST_WAITING = 32;

export class UdpStream {
  private socket: DatagramSocket | undefined;
  private peer: Endpoint | undefined;
  private waiting: Uint8Array[] = [];
  private over = false;
  private usedAt: number;

  constructor(private readonly owner: StreamOwner, private readonly id: number, private readonly abort: AbortController) {
    this.usedAt = owner.now();
  }

  connected(provider: SocketProvider, peer: Endpoint): void {
    if (this.over) return;
    this.peer = peer;
    this.socket = provider.openUdp(familyOf(peer.address), {
      message: (bytes, from) => this.heard(bytes, from),
      failed: (code) => this.close(reasonOfCode(code)),
      unreachable: (_peer, code) => this.close(reasonOfCode(code)),
    });
    for (const bytes of this.waiting.splice(0)) this.socket.send(bytes, peer);
  }

  receive(bytes: Uint8Array): void {
    this.usedAt = this.owner.now();
    if (this.socket !== undefined) this.socket.send(bytes, this.peer!);
    else if (this.waiting.length < MOST_WAITING) this.waiting.push(bytes);
  }

  drop(): void {
    if (this.over) return;
    this.over = true;
    this.abort.abort();
    this.socket?.close();
    this.waiting = [];
    this.owner.forget(this.id);
  }

  close(reason: number): void {
    if (this.over) return;
    this.owner.send(closePacket(this.id, reason));
    this.drop();
  }

  sweep(idleMs: number): void {
    if (this.owner.now() - this.usedAt > idleMs) this.close(CLOSE.VOLUNTARY);
  }

  private heard(bytes: Uint8Array, from: Endpoint): void {
    const { peer } = this;
    if (this.over || this.owner.isHeld || from.port !== peer!.port || !equalBytes(from.address, peer!.address)) return;
    this.usedAt = this.owner.now();
    this.owner.send(dataPacket(this.id, bytes));
  }
}
