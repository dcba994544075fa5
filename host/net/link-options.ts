/** What `-netdev stream` and `-netdev dgram` are told: which sockets carry the frames. The platform opens them. */

export type StreamAddress = { host: string; port: number } | { path: string };

export interface StreamOptions {
  address: StreamAddress;
  server: boolean;
  /** Wait before connecting again; 0: never. */
  reconnectMs: number;
}

export interface DgramOptions {
  /** Where to listen; with a multicast remote, the interface to join on. */
  local: { host: string; port: number } | undefined;
  remote: { host: string; port: number };
}
