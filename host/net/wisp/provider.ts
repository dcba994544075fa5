/** Sockets through a relay, for the NAT (provider.ts): names go to the relay as they are, by the addresses that stand for them. */

import { formatAddress } from '../address.js';
import { Line } from '../line.js';
import { SocketError, type DatagramEvents, type DatagramSocket, type Endpoint, type SocketProvider } from '../provider.js';
import { STAND_IN_RANGE, StandIns } from '../stand-in.js';
import { WispClient, type DatagramFlow, type DialWisp } from './client.js';
import { codeOfReason } from './spec.js';

/** Flows of one port; who was silent longest gives way. */
const MOST_FLOWS = 64;
/** Datagrams that wait for a flow to open. */
const MOST_WAITING = 32;

const cannotListen = async (): Promise<never> => {
  throw new SocketError('EACCES', 'nobody listens for connections at the other side of a relay');
};

function noName(address: Uint8Array): never {
  throw new SocketError('ENOTFOUND', `${formatAddress(address)} has no name here`);
}

export function relayProvider(dial: DialWisp): SocketProvider {
  const client = new WispClient(dial);
  const names = new StandIns();
  const hostOf = (address: Uint8Array): string => names.nameOf(address) ?? formatAddress(address);
  return {
    connectTcp: ({ address, port }, signal) => client.connectTcp(hostOf(address), port, signal),
    listenTcp: cannotListen,
    openUdp: (_family, events) => new RelayedPort(client, hostOf, events),
    bindUdp: cannotListen,
    resolvers: () => [],
    // A name has one address of IPv4, and none of IPv6: the relay finds out which families there are.
    resolve: async (name, family) => (family === 4 ? [names.addressOf(name)] : []),
    reverse: async (address) => [names.nameOf(address) ?? noName(address)],
    ownAddresses: () => [],
    standIns: STAND_IN_RANGE,
    close: () => client.close(),
  };
}

/** A port that sends: a flow for each peer. */
class RelayedPort implements DatagramSocket {
  readonly port = 0;
  private readonly flows = new Line<string, Flow>();
  private closed = false;

  constructor(private readonly client: WispClient, private readonly hostOf: (address: Uint8Array) => string, private readonly events: DatagramEvents) {}

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.closed) return;
    const key = `${formatAddress(to.address)} ${to.port}`;
    const flow = this.flows.get(key) ?? this.open(key, { address: to.address.slice(), port: to.port });
    this.flows.put(key, flow);
    flow.send(bytes);
  }

  close(): void {
    this.closed = true;
    for (const [, flow] of this.flows) flow.close();
    this.flows.clear();
  }

  private open(key: string, peer: Endpoint): Flow {
    if (this.flows.size >= MOST_FLOWS) {
      const { key: oldest, value } = this.flows.first!;
      value.close();
      this.flows.delete(oldest);
    }
    const gone = (reason: number | undefined): void => {
      if (this.flows.get(key) === flow) this.flows.delete(key);
      if (reason !== undefined && !this.closed) this.events.unreachable?.(peer, codeOfReason(reason));
    };
    const flow: Flow = new Flow((message, closed) => this.client.openUdp(this.hostOf(peer.address), peer.port, { message, closed }), (bytes) => this.events.message(bytes, peer), gone);
    return flow;
  }
}

type OpenFlow = (message: (bytes: Uint8Array) => void, closed: (reason: number) => void) => Promise<DatagramFlow>;

class Flow {
  private inner: DatagramFlow | undefined;
  private waiting: Uint8Array[] = [];
  private closed = false;

  constructor(open: OpenFlow, message: (bytes: Uint8Array) => void, private readonly gone: (reason: number | undefined) => void) {
    open(message, (reason) => this.end(reason)).then((inner) => this.ready(inner), () => this.end(undefined));
  }

  send(bytes: Uint8Array): void {
    if (this.inner !== undefined) this.inner.send(bytes);
    // The view is the guest's memory.
    else if (this.waiting.length < MOST_WAITING) this.waiting.push(bytes.slice());
  }

  close(): void {
    this.closed = true;
    this.inner?.close();
  }

  private ready(inner: DatagramFlow): void {
    if (this.closed) return inner.close();
    this.inner = inner;
    for (const bytes of this.waiting.splice(0)) inner.send(bytes);
  }

  private end(reason: number | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.gone(reason);
  }
}
