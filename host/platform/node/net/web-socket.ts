/** WebSockets that a program of Node opens, by `ws`. */

import { WebSocket } from 'ws';
import { NetworkError } from '../../../net/errors.js';
import { shownAddress, type WebSocketLink } from '../../../net/web-socket.js';

/** A frame of 64 KiB, and headers. */
export const MOST_MESSAGE = 72 << 10;

export function openWebSocket(address: string, protocols: readonly string[]): Promise<WebSocketLink> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, [...protocols], { perMessageDeflate: false, maxPayload: MOST_MESSAGE, handshakeTimeout: 15_000 });
    const fail = (why: string): void => reject(new NetworkError(`${shownAddress(address)} cannot be reached: ${why}`));
    socket.once('error', (error) => fail(error.message));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      socket.terminate();
      fail(`it answers ${response.statusCode ?? ''} ${response.statusMessage ?? ''}`.trim());
    });
    socket.once('open', () => {
      // What comes at once waits for who listens.
      socket.pause();
      resolve(wrapWebSocket(socket));
    });
  });
}

function wrapWebSocket(socket: WebSocket): WebSocketLink {
  let problem = '';
  socket.on('error', (error) => (problem = error.message));
  return {
    protocol: socket.protocol,
    listen({ message, closed }) {
      socket.on('message', (data: Buffer, isBinary: boolean) => isBinary && message(data));
      socket.resume();
      socket.on('close', (code, reason) => closed(problem || reason.toString() || `it closed the connection (${code})`));
    },
    send: (bytes) => {
      // The view is the guest's memory.
      if (socket.readyState === WebSocket.OPEN) socket.send(Uint8Array.from(bytes), () => undefined);
    },
    buffered: () => socket.bufferedAmount,
    close: () => socket.close(),
  };
}
