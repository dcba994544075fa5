/** What the protocols of one user network share. */

import type { CounterSet } from '../counters.js';
import type { Endpoint, SocketProvider, StreamSocket } from '../provider.js';
import type { NatConfig } from './config.js';
import type { Neighbors } from './neighbors.js';
import type { Output } from './output.js';
import type { Scheduler } from './scheduler.js';
import type { TimerQueue } from './timers.js';

export const NAT_COUNTERS = {
  framesIn: 'frames',
  bytesIn: 'bytes',
  framesOut: 'frames',
  bytesOut: 'bytes',
  deliverRefused: 'frames',
  controlDropped: 'frames',
  malformed: 'frames',
  badSum: 'frames',
  notForUs: 'frames',
  denied: 'flows',
  fragmentsDropped: 'datagrams',
  tcpOpened: 'flows',
  tcpForwarded: 'flows',
  tcpRefused: 'flows',
  tcpPutOff: 'segments',
  tcpEvicted: 'flows',
  /** To make room, or because a neighbour was learned. */
  tcpLooked: 'flows',
  tcpResets: 'segments',
  tcpRetransmitted: 'segments',
  tcpTimeouts: 'events',
  udpOpened: 'sockets',
  udpEvicted: 'sockets',
  udpOut: 'datagrams',
  udpIn: 'datagrams',
  udpDropped: 'datagrams',
  udpStranger: 'datagrams',
  pings: 'echoes',
  pingsUnanswered: 'echoes',
  icmpErrors: 'messages',
  tftpFiles: 'files',
  leases: 'answers',
  dnsQueries: 'queries',
  dnsFailed: 'queries',
} as const;

export type NatCounts = CounterSet<keyof typeof NAT_COUNTERS>;

export interface NatContext {
  readonly config: NatConfig;
  readonly provider: SocketProvider;
  readonly timers: TimerQueue;
  readonly scheduler: Scheduler;
  readonly output: Output;
  readonly neighbors: Neighbors;
  readonly counts: NatCounts;
  readonly isClosed: boolean;
  /** Numbers in [0, 1). */
  random(): number;
  /** The MAC of a guest address; when it is not known, asks the guest in the name of `asker`. */
  findMac(guest: Uint8Array, asker: Uint8Array): Uint8Array | undefined;
  /** How to connect to where the guest wants; undefined: the policy says no. */
  routeTcp(remote: Endpoint): ((signal: AbortSignal) => Promise<StreamSocket>) | undefined;
  /** Where a datagram goes; undefined: the policy says no. */
  routeAddress(remote: Uint8Array): Uint8Array | undefined;
}
