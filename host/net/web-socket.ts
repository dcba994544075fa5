/**
 * A WebSocket (RFC 6455) of whole binary messages, as networks need it: what a platform opens and a relay accepts. A page's cannot be held
 * back, so whoever speaks over one bounds what its peer may send (wisp/spec.ts), or drops (web/frames.ts).
 */

export interface WebSocketEvents {
  /** A binary message, the receiver's to keep. */
  message(bytes: Uint8Array): void;
  /** Gone; `problem` says why where that is known. Called once. */
  closed(problem: string): void;
}

export interface WebSocketLink {
  /** The subprotocol that the server has chosen; empty: none. */
  readonly protocol: string;
  /** Once, in the turn that the link is given. */
  listen(events: WebSocketEvents): void;
  /** Sends a message; the bytes are copied. Nothing is sent after the end. */
  send(bytes: Uint8Array): void;
  /** Bytes that were sent and are not on their way. */
  buffered(): number;
  close(): void;
}

/** Connects; rejects with a NetworkError that names the address without what follows its `?`. */
export type OpenWebSocket = (address: string, protocols: readonly string[]) => Promise<WebSocketLink>;

/** `http` and `https` are ws and wss; a token goes into the query, where a page can put it. */
export function socketAddress(text: string, path: string, token: string | undefined): string | undefined {
  let url: URL;
  try {
    url = new URL(text.replace(/^http/, 'ws'));
  } catch {
    return undefined;
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') return undefined;
  if (url.pathname === '/') url.pathname = path;
  if (token !== undefined) url.searchParams.set('token', token);
  url.hash = '';
  return url.href;
}

/** An address as it may be shown: without its query, which has the token. */
export const shownAddress = (address: string): string => address.replace(/\?.*$/, '');
