/**
 * Sockets and names, as the NAT needs them: what a platform supplies. Node's is platform/node/net/provider.ts; a page's
 * is fetch, or a relay (web/, wisp/).
 *
 * Addresses are bytes (4 or 16), already through the policy: a provider never resolves a name to connect to it.
 */

import type { Cidr } from './address.js';

export interface Endpoint {
  readonly address: Uint8Array;
  readonly port: number;
}

/** A failure with the platform's code, such as ECONNREFUSED or ENETUNREACH. */
export class SocketError extends Error {
  override readonly name = 'SocketError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface StreamEvents {
  /** Bytes from the peer, the receiver's to keep. */
  data(bytes: Uint8Array): void;
  /** The peer sends no more. */
  ended(): void;
  /** What was written has gone home: `room()` may have grown. */
  room(): void;
  /** Gone, both ways: by a reset or an error. Not called after both sides have ended, nor after `reset`. */
  failed(code: string): void;
}

/** A connected byte stream. It starts paused. */
export interface StreamSocket {
  /** Once, before `resume`. */
  listen(events: StreamEvents): void;
  /** Bytes that `write` takes now. Only writes make it smaller. */
  room(): number;
  /** Takes all of `bytes` (a borrowed view, at most `room()` long): from now on they are the socket's to bring home. */
  write(bytes: Uint8Array): void;
  /** Ends our side, after what was written. */
  end(): void;
  /** Aborts both ways. */
  reset(): void;
  pause(): void;
  resume(): void;
}

export interface DatagramSocket {
  /** Sends a datagram; the bytes are borrowed. */
  send(bytes: Uint8Array, to: Endpoint): void;
  /** Where it is bound: port 0 was asked for a free one. */
  readonly port: number;
  close(): void;
}

export interface DatagramEvents {
  message(bytes: Uint8Array, from: Endpoint): void;
  failed(code: string): void;
  /** What was sent to a peer went nowhere: ECONNREFUSED, EHOSTUNREACH and so on. Platforms that cannot know do not say. */
  unreachable?(peer: Endpoint, code: string): void;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** A file of a folder that the guest may read. */
export interface ReadableFile {
  readonly bytes: number;
  /** Fewer bytes than asked for: the end. */
  read(at: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface SocketProvider {
  connectTcp(to: Endpoint, signal: AbortSignal): Promise<StreamSocket>;
  /** A UNIX stream socket, where there are any. */
  connectPath?(path: string, signal: AbortSignal): Promise<StreamSocket>;
  listenTcp(at: Endpoint, accepted: (socket: StreamSocket, from: Endpoint) => void): Promise<Listener>;
  /** A free port of every interface, for datagrams that go out to addresses of one family. */
  openUdp(family: 4 | 6, events: DatagramEvents): DatagramSocket;
  bindUdp(at: Endpoint, events: DatagramEvents): Promise<DatagramSocket>;
  /** Name servers that queries are forwarded to; empty: answer with `resolve`. */
  resolvers(): Endpoint[];
  resolve(name: string, family: 4 | 6): Promise<Uint8Array[]>;
  /** Names of an address, where the platform can tell; throws with ENOTFOUND for one that has none. */
  reverse?(address: Uint8Array): Promise<string[]>;
  /** Addresses of this host's interfaces, which the policy treats as its loopback. */
  ownAddresses(): Uint8Array[];
  /** A plain file of a folder, by a name of the guest's; where there are files. Rejects with a SocketError: ENOENT, EACCES. */
  openFile?(folder: string, name: string): Promise<ReadableFile>;
  /** One echo to an address; undefined where the platform cannot. */
  ping?(address: Uint8Array, payload: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** Addresses that `resolve` gives in place of real ones: the guest may go there, and whoever carries the connection holds the name against its policy. */
  readonly standIns?: Cidr;
  /** Gives back what the provider holds for this network alone. */
  close?(): void;
}
