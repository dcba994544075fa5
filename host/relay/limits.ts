/** What a relay grants, one row each: defaults, help and docs read them. Those with an `option` can be changed on the command line. */

export interface LimitRow {
  readonly value: number;
  /** `--NAME` of `pintail relay`. */
  readonly option?: string;
  readonly about: string;
}

export const LIMIT_ROWS = {
  connections: { value: 256, option: 'connections', about: 'WebSockets of all clients together' },
  clientConnections: { value: 16, option: 'client-connections', about: 'WebSockets of one client: an IPv4 address, or 64 bits of an IPv6 one' },
  streams: { value: 256, option: 'streams', about: 'TCP and UDP streams of one WebSocket' },
  rate: { value: 32 << 20, option: 'rate', about: 'bytes a second of one client, both ways together' },
  bytes: { value: 64 * 2 ** 30, option: 'bytes', about: 'bytes of one client in 24 hours, both ways together' },
  connecting: { value: 64, about: 'streams of one WebSocket that wait for their peer' },
  strikes: { value: 20, about: 'wrong tokens and broken messages of one client in a minute; then it is refused until the minute is over' },
  heldBytes: { value: 8 << 20, about: 'bytes of one WebSocket that wait for slow peers; past it nothing more is read from it' },
  bufferedBytes: { value: 1 << 20, about: 'bytes that wait for a slow client; past it nothing more is read for it' },
  switches: { value: 64, about: 'switches with anybody on them' },
  clients: { value: 4096, about: 'clients that are remembered' },
  connectMs: { value: 15_000, about: 'ms for a look-up and a connection' },
  stallMs: { value: 60_000, about: 'ms without progress after which what waits for a slow peer or client is given up' },
  pingMs: { value: 30_000, about: 'ms between questions whether a client is still there; one that has not answered by the next is gone' },
  datagramIdleMs: { value: 120_000, about: 'ms without a datagram after which a UDP stream ends' },
  headMs: { value: 10_000, about: 'ms for the head of a request' },
} as const satisfies Record<string, LimitRow>;

export type RelayLimits = { [name in keyof typeof LIMIT_ROWS]: number };

export const DEFAULT_LIMITS = Object.fromEntries(Object.entries(LIMIT_ROWS).map(([name, { value }]) => [name, value])) as RelayLimits;
