/** The host's end of the console port that commands' output and input go through (host/guest/protocol.ts): a card of its own. */

import type { Link, LinkEvents } from '../chardev/link.js';
import { AGENT_PORT } from '../guest/protocol.js';
import type { DeviceOptions } from './types.js';

/** Id of the chardev behind the port, which no option can name. */
export const AGENT_CHARDEV = 'the agent\0';
/** Of a machine whose guest runs commands, after the devices that were asked for. */
export const AGENT_CARD: DeviceOptions = { model: 'virtio-serial', ports: [{ name: AGENT_PORT, chardev: AGENT_CHARDEV }] };

/** Promises of whoever takes the output hold the port; the guest then waits, or its machine does. */
export class AgentPort implements Link {
  readonly connected = true;
  private events: LinkEvents | undefined;
  private holds = 0;
  private isFull = false;
  /** What comes from the guest. */
  onBytes: (bytes: Uint8Array) => Promise<unknown> | undefined = () => undefined;
  /** The guest takes more. */
  onRoom: () => void = () => undefined;

  listen(events: LinkEvents): void {
    this.events = events;
    this.isFull = false;
  }

  get room(): boolean {
    return this.holds === 0;
  }

  write(bytes: Uint8Array): void {
    const wait = this.onBytes(bytes);
    if (wait === undefined) return;
    this.holds++;
    const release = (): void => {
      this.holds--;
      this.events?.room();
    };
    wait.then(release, release);
  }

  /** Enough waits for the guest. */
  get full(): boolean {
    return this.isFull;
  }

  send(bytes: Uint8Array): void {
    this.events?.data(bytes);
  }

  /** Takes back what the guest has not had. */
  drop(): void {
    this.events?.drop?.();
  }

  pause(): void {
    this.isFull = true;
  }

  resume(): void {
    this.isFull = false;
    this.onRoom();
  }

  size(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    this.events = undefined;
  }
}
