/**
 * Ports forwarded both ways: `hostfwd`, a listening socket of the host whose connections and datagrams go to the guest, and `guestfwd`, an
 * address of the network that leads to one place on the host. Both are the will of who started the machine, so the policy for the guest does
 * not apply, and both work when it is restricted.
 */

import { addressKey, formatAddress } from '../address.js';
import { NetworkError } from '../errors.js';
import type { Endpoint, Listener, StreamSocket } from '../provider.js';
import type { HostForward } from './config.js';
import type { NatContext } from './context.js';
import type { TcpTable } from './tcp/table.js';
import type { UdpTable } from './udp.js';
import { UdpForward } from './udp-forward.js';

interface Open {
  port: number;
  close(): Promise<void> | void;
}

export class Forwarder {
  private readonly open: Open[] = [];
  private readonly services: Map<string, (signal: AbortSignal) => Promise<StreamSocket>>;
  private readonly served: Set<string>;

  constructor(
    private readonly context: NatContext,
    private readonly tcp: TcpTable,
    private readonly udp: UdpTable,
  ) {
    const { guestForwards } = context.config;
    this.services = new Map(guestForwards.map(({ server, target }) => [keyOf(server), (signal) => this.connect(target, signal)]));
    this.served = new Set(guestForwards.map(({ server }) => addressKey(server.address)));
  }

  async listen(): Promise<void> {
    for (const forward of this.context.config.hostForwards) {
      try {
        this.open.push(forward.protocol === 'tcp' ? await this.listenTcp(forward) : await this.listenUdp(forward));
      } catch (error) {
        const { address, port } = forward.host;
        throw new NetworkError(`hostfwd: cannot listen on ${forward.protocol} ${formatAddress(address)} port ${port}: ${String(error)}`, { cause: error });
      }
    }
  }

  ports(): number[] {
    return this.open.map(({ port }) => port);
  }

  /** How to connect to a service of the network, if that is one. */
  findGuestForward(remote: Endpoint): ((signal: AbortSignal) => Promise<StreamSocket>) | undefined {
    return this.services.get(keyOf(remote));
  }

  servesAddress(address: Uint8Array): boolean {
    return this.served.size > 0 && this.served.has(addressKey(address));
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map(async (open) => open.close()));
  }

  private listenTcp({ host, guest }: HostForward): Promise<Listener> {
    const share = this.tcp.createForwardShare();
    return this.context.provider.listenTcp(host, (socket) => this.tcp.openToGuest(socket, guest, this.gatewayFor(guest), undefined, share));
  }

  private async listenUdp({ host, guest }: HostForward): Promise<Open> {
    let forward: UdpForward | undefined;
    const socket = await this.context.provider.bindUdp(host, {
      message: (bytes, from) => forward && this.udp.receiveForwarded(forward, bytes, from),
      failed: () => undefined,
    });
    forward = new UdpForward(this.udp, socket, guest, this.gatewayFor(guest));
    const { close } = forward;
    return { port: socket.port, close: close.bind(forward) };
  }

  private gatewayFor({ address }: Endpoint): Uint8Array {
    return address.length === 4 ? this.context.config.gateway : this.context.config.gateway6;
  }

  private connect(target: Endpoint | { path: string }, signal: AbortSignal): Promise<StreamSocket> {
    const { provider } = this.context;
    if (!('path' in target)) return provider.connectTcp(target, signal);
    if (!provider.connectPath) return Promise.reject(new NetworkError(`guestfwd: this platform has no UNIX sockets for ${target.path}`));
    return provider.connectPath(target.path, signal);
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${addressKey(address)} ${port}`;
}
