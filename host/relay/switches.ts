/**
 * Ethernet switches by name: a WebSocket's port (each message a frame), and networks that were put on one at the start (`--join`: QEMU by a stream,
 * a user network). Every client of a name is on one wire, and so is told from others by its name alone.
 */

import type { NetBackend } from '../net/backend.js';
import { Hub } from '../net/hub.js';
import { acceptFrames } from '../net/web/frames.js';
import type { WebSocketLink } from '../net/web-socket.js';

export class Switches {
  private readonly hubs = new Map<string, Hub>();

  constructor(private readonly most: number) {}

  /** A port for a connection; undefined where there are too many switches. */
  accept(name: string, port: string, link: WebSocketLink): NetBackend | undefined {
    return this.find(name)?.join(port, acceptFrames(port, link));
  }

  join(name: string, port: string, backend: NetBackend): NetBackend {
    return this.find(name)!.join(port, backend);
  }

  get size(): number {
    return this.hubs.size;
  }

  private find(name: string): Hub | undefined {
    const known = this.hubs.get(name);
    if (known !== undefined || this.hubs.size >= this.most) return known;
    const hub = new Hub(() => void this.hubs.delete(name));
    this.hubs.set(name, hub);
    return hub;
  }
}
