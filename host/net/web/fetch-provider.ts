/** A page's own way out, for the NAT (provider.ts): the guest's plain HTTP on port 80 by `fetch`, and nothing else. */

import { formatAddress } from '../address.js';
import { SocketError, type SocketProvider } from '../provider.js';
import { STAND_IN_RANGE, StandIns } from '../stand-in.js';
import type { FetchRules } from './fetch-server.js';

const HTTP = 80;

export function fetchProvider(rules: FetchRules): SocketProvider {
  const names = new StandIns();
  return {
    async connectTcp({ address, port }) {
      if (port !== HTTP) throw new SocketError('ENETUNREACH', 'a page fetches HTTP on port 80, and has no sockets for anything else');
      // Fetched by a page whose guest asks for the first time.
      const [{ createPair }, { serveByFetch }] = await Promise.all([import('../connect.js'), import('./fetch-server.js')]);
      const { stream, socket } = createPair();
      void serveByFetch(stream, names.nameOf(address) ?? formatAddress(address), rules);
      return socket;
    },
    listenTcp: async () => {
      throw new SocketError('EACCES', 'a page cannot listen');
    },
    openUdp: (_family, events) => ({
      port: 0,
      send: (_bytes, to) => events.unreachable?.(to, 'ENETUNREACH'),
      close: () => undefined,
    }),
    bindUdp: async () => {
      throw new SocketError('EACCES', 'a page cannot listen');
    },
    resolvers: () => [],
    resolve: async (name, family) => (family === 4 ? [names.addressOf(name)] : []),
    ownAddresses: () => [],
    standIns: STAND_IN_RANGE,
  };
}
