/** A page has no sockets: a user network leases addresses and answers for itself, and everything beyond it is unreachable. */

import { SocketError, type SocketProvider } from '../../net/provider.js';

const refuse = async (): Promise<never> => {
  throw new SocketError('ENETUNREACH', 'a page has no sockets');
};

export const noSockets: SocketProvider = {
  connectTcp: refuse,
  listenTcp: async () => {
    throw new SocketError('EACCES', 'a page cannot listen');
  },
  openUdp: (_family, events) => ({
    port: 0,
    send: (_bytes, to) => events.unreachable?.(to, 'ENETUNREACH'),
    close: () => undefined,
  }),
  bindUdp: refuse,
  resolvers: () => [],
  resolve: async (name) => {
    throw new SocketError('ENOTFOUND', `${name}: a page cannot look up names`);
  },
  ownAddresses: () => [],
};
