/** A page's sockets: WebSockets, and `fetch` for user networks (net/web/fetch-provider.ts). */

import { NetworkError } from '../../net/errors.js';
import type { SocketProvider } from '../../net/provider.js';
import { shownAddress, type WebSocketLink } from '../../net/web-socket.js';

/** Loaded where a machine has a user network. */
export async function pageSockets(): Promise<SocketProvider> {
  const { fetchProvider } = await import('../../net/web/fetch-provider.js');
  return fetchProvider({ fetch: (address, init) => fetch(address, init), secure: location.protocol === 'https:' });
}

export function openWebSocket(address: string, protocols: readonly string[]): Promise<WebSocketLink> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new NetworkError(`${shownAddress(address)} cannot be reached: ${why}`));
    let socket: WebSocket;
    try {
      socket = new WebSocket(address, [...protocols]);
    } catch (error) {
      return fail((error as Error).message);
    }
    socket.binaryType = 'arraybuffer';
    // A page is not told why.
    socket.onerror = () => fail('nothing answers there, or the relay does not take this page (its --origin) or its token');
    socket.onopen = () => resolve(wrap(socket));
  });
}

function wrap(socket: WebSocket): WebSocketLink {
  return {
    protocol: socket.protocol,
    listen({ message, closed }) {
      socket.onerror = null;
      socket.onmessage = ({ data }: MessageEvent) => data instanceof ArrayBuffer && message(new Uint8Array(data));
      socket.onclose = ({ code, reason }) => closed(reason || `it closed the connection (${code})`);
    },
    send: (bytes) => socket.readyState === WebSocket.OPEN && socket.send(bytes as BufferSource),
    buffered: () => socket.bufferedAmount,
    close: () => socket.close(),
  };
}
