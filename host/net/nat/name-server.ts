/**
 * The name server at 10.0.2.3 and fec0::3: relays raw, over UDP and TCP, to the host's name servers or those that were given, whatever
 * their address. With none to ask, or told to use the host (`resolver=host`), it answers with the platform's look-up what a look-up can
 * give (dns.ts) and relays the rest to the host's servers, where it has any.
 */

import type { Endpoint, StreamSocket } from '../provider.js';
import type { NatContext } from './context.js';
import { answerQuery, isLookup } from './dns.js';
import { createDnsStream, exchange } from './dns-stream.js';
import { ResolverChoice } from './resolvers.js';
import { PROTOCOL } from './spec.js';
import type { UdpTable } from './udp.js';
import { buildUdp, type UdpDatagram } from './udp-header.js';

const PORT = 53;
/** Queries being looked up by the platform. */
const MAX_LOOKUPS = 64;

export class NameServer {
  private lookups = 0;
  /** That every query goes to; and that those go to which a look-up cannot answer. */
  private readonly resolvers: ResolverChoice;
  private readonly others: ResolverChoice;

  constructor(
    private readonly context: NatContext,
    private readonly udp: UdpTable,
  ) {
    this.resolvers = new ResolverChoice(() => context.config.resolvers ?? context.provider.resolvers());
    this.others = new ResolverChoice(() => context.provider.resolvers());
  }

  /** A query over UDP. */
  receive(datagram: UdpDatagram): void {
    const { counts } = this.context;
    counts.add('dnsQueries');
    const resolver = this.resolvers.chooseFor(datagram) ?? (isLookup(datagram.payload) ? undefined : this.others.chooseFor(datagram));
    if (resolver) return this.udp.send(datagram, resolver);
    const source = { address: datagram.source.address.slice(), port: datagram.source.port };
    const server = { address: datagram.destination.address.slice(), port: PORT };
    void this.lookUp(datagram.payload.slice()).then((answer) => this.sendAnswer(server, source, answer));
  }

  /** A connection over TCP. */
  connect(signal: AbortSignal): Promise<StreamSocket> {
    const resolver = this.resolvers.choose();
    if (resolver) return this.context.provider.connectTcp(resolver, signal);
    return Promise.resolve(createDnsStream((query) => this.answer(query)));
  }

  private answer(query: Uint8Array): Promise<Uint8Array | undefined> {
    this.context.counts.add('dnsQueries');
    const other = isLookup(query) ? undefined : this.others.choose();
    return other ? exchange(this.context, other, query) : this.lookUp(query);
  }

  private async lookUp(query: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.lookups >= MAX_LOOKUPS) return undefined;
    this.lookups++;
    try {
      return await answerQuery(query, this.context.provider);
    } finally {
      this.lookups--;
    }
  }

  private sendAnswer(server: Endpoint, guest: Endpoint, answer: Uint8Array | undefined): void {
    const { context } = this;
    const to = answer && !context.isClosed ? context.findMac(guest.address, server.address) : undefined;
    if (!answer || !to) return context.counts.add('dnsFailed');
    const payload = buildUdp(server.port, guest.port, answer);
    context.output.sendDatagram({ to, source: server.address, destination: guest.address }, PROTOCOL.UDP, payload, 6);
  }
}
