/** What the user network is: QEMU's addresses and names, and the limits that bound its memory. */

import { parseAddress, parseMac, type Cidr } from '../address.js';
import type { Endpoint } from '../provider.js';

/** One end that forwarded connections come from. */
export interface HostForward {
  protocol: 'tcp' | 'udp';
  /** Where the host listens. */
  host: Endpoint;
  /** Where in the guest; its address defaults to the first of DHCP's. */
  guest: Endpoint;
}

/** A service the guest sees at an address of its network. */
export interface GuestForward {
  /** The address and port the guest connects to. */
  server: Endpoint;
  /** Where on the host: chosen by who starts the machine, so outside the policy. */
  target: Endpoint | { path: string };
}

export interface NatConfig {
  ipv4: boolean;
  ipv6: boolean;
  network: Cidr;
  gateway: Uint8Array;
  dns: Uint8Array;
  /** The first address that DHCP gives. */
  firstLease: Uint8Array;
  prefix6: Cidr;
  gateway6: Uint8Array;
  dns6: Uint8Array;
  linkLocal6: Uint8Array;
  mac: Uint8Array;
  mtu: number;
  hostname: string;
  domainName: string;
  searchDomains: string[];
  /** A folder whose files the gateway serves by TFTP. */
  tftp: string | undefined;
  /** Told by DHCP: what to boot, and from where in place of the gateway; empty: not told. */
  bootFile: string;
  tftpServerName: string;
  restrict: boolean;
  loopback: boolean;
  allow: Cidr[];
  hostForwards: HostForward[];
  guestForwards: GuestForward[];
  /** Name servers in place of the platform's; an empty list: answer with the platform's own resolver. */
  resolvers: Endpoint[] | undefined;
  limits: NatLimits;
}

export interface NatLimits {
  /** Connections that the guest opened. */
  tcpFlows: number;
  /** Connections into the guest: each forwarded port has an equal part, and so has the program. */
  tcpForwardedFlows: number;
  /** Connections to the host that have not been answered. */
  tcpConnecting: number;
  /** Bytes of memory held for all flows in one direction, and the most and least for one. */
  tcpBytes: number;
  tcpFlowBytes: number;
  tcpFlowMinimum: number;
  udpSockets: number;
  /** Peers that one guest port may hear from. */
  udpPeers: number;
  udpQueueBytes: number;
  /** Bytes of datagrams waiting for the guest, over all ports. */
  udpTotalBytes: number;
  controlFrames: number;
  neighbors: number;
  fragmentDatagrams: number;
}

function address(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (!bytes) throw new TypeError(`not an address: ${text}`);
  return bytes;
}

export const DEFAULT_LIMITS: NatLimits = {
  tcpFlows: 8192,
  tcpForwardedFlows: 4096,
  tcpConnecting: 1024,
  tcpBytes: 128 << 20,
  tcpFlowBytes: 1 << 20,
  tcpFlowMinimum: 10 << 10,
  udpSockets: 1024,
  udpPeers: 256,
  udpQueueBytes: 256 << 10,
  udpTotalBytes: 16 << 20,
  controlFrames: 512,
  neighbors: 256,
  fragmentDatagrams: 32,
};

/** QEMU's network, with the policy at its strictest. */
export function defaultNatConfig(): NatConfig {
  return {
    ipv4: true,
    ipv6: true,
    network: { address: address('10.0.2.0'), bits: 24 },
    gateway: address('10.0.2.2'),
    dns: address('10.0.2.3'),
    firstLease: address('10.0.2.15'),
    prefix6: { address: address('fec0::'), bits: 64 },
    gateway6: address('fec0::2'),
    dns6: address('fec0::3'),
    linkLocal6: address('fe80::2'),
    mac: parseMac('52:55:0a:00:02:02')!,
    mtu: 1500,
    hostname: '',
    domainName: '',
    searchDomains: [],
    tftp: undefined,
    bootFile: '',
    tftpServerName: '',
    restrict: false,
    loopback: false,
    allow: [],
    hostForwards: [],
    guestForwards: [],
    resolvers: undefined,
    limits: { ...DEFAULT_LIMITS },
  };
}
