/** Numbers of the protocols: IANA's registries, in the spelling of the RFCs. */

export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806, VLAN: 0x8100, IPV6: 0x86dd } as const;
export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17, ROUTING: 43, FRAGMENT: 44, ICMPV6: 58, NONE: 59, DESTINATION: 60, HOP_BY_HOP: 0 } as const;

export const ETHERNET_BYTES = 14;
export const IPV4_BYTES = 20;
export const IPV6_BYTES = 40;
export const UDP_BYTES = 8;
export const TCP_BYTES = 20;

export const BROADCAST_MAC = new Uint8Array([255, 255, 255, 255, 255, 255]);

export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

/** RFC 792 and RFC 1812. */
export const ICMP = { ECHO_REPLY: 0, UNREACHABLE: 3, QUENCH: 4, REDIRECT: 5, ECHO: 8, TIME_EXCEEDED: 11, PARAMETER: 12 } as const;
/** RFC 4443 and RFC 4861. Types below `ECHO` are errors. */
export const ICMPV6 = {
  UNREACHABLE: 1,
  TIME_EXCEEDED: 3,
  ECHO: 128,
  ECHO_REPLY: 129,
  ROUTER_SOLICITATION: 133,
  ROUTER_ADVERTISEMENT: 134,
  NEIGHBOR_SOLICITATION: 135,
  NEIGHBOR_ADVERTISEMENT: 136,
} as const;

/** Errors by what they say: type and code of either version. */
export const ICMP_ERROR = {
  network: { 4: [ICMP.UNREACHABLE, 0], 6: [ICMPV6.UNREACHABLE, 0] },
  host: { 4: [ICMP.UNREACHABLE, 1], 6: [ICMPV6.UNREACHABLE, 3] },
  port: { 4: [ICMP.UNREACHABLE, 3], 6: [ICMPV6.UNREACHABLE, 4] },
  prohibited: { 4: [ICMP.UNREACHABLE, 13], 6: [ICMPV6.UNREACHABLE, 1] },
  expired: { 4: [ICMP.TIME_EXCEEDED, 0], 6: [ICMPV6.TIME_EXCEEDED, 0] },
} as const;
