/** What `-netdev user` may be told, from words to the NAT's configuration. */

import { parseAddress, parseCidr } from './address.js';
import { defaultNatConfig, type HostForward, type NatConfig } from './nat/config.js';

/** The options of `-netdev user`, with QEMU's names where it has them. */
export interface UserNetOptions {
  /** The guest reaches nothing but what is forwarded. */
  restrict?: boolean;
  /** 10.0.2.2 is the host's loopback. Default false. */
  loopback?: boolean;
  /** Private ranges the guest may reach, as `192.168.1.0/24`. */
  allow?: readonly string[];
  ipv6?: boolean;
  /** Ports of the host that lead into the guest: `tcp:127.0.0.1:8080-:80`, or `tcp::8080-:80`, which listens on 127.0.0.1. */
  hostForwards?: readonly string[];
}

/** Says what is wrong with the text of an option. */
export type Complain = (option: string, problem: string) => Error;

const FORWARD = /^(tcp|udp):([^:]*):(\d+)-([^:]*):(\d+)$/;

function portOf(text: string, first: number): number | undefined {
  const port = Number(text);
  return port >= first && port <= 65535 ? port : undefined;
}

function readForward(text: string, config: NatConfig, complain: Complain): HostForward {
  const wrong = (): Error => complain('hostForwards', `"${text}" is not a forward such as tcp::8080-:80.`);
  const match = FORWARD.exec(text);
  if (match === null) throw wrong();
  const [, protocol, hostText, hostPort, guestText, guestPort] = match as unknown as [string, 'tcp' | 'udp', string, string, string, string];
  const host = parseAddress(hostText === '' ? '127.0.0.1' : hostText);
  const guest = guestText === '' ? config.firstLease : parseAddress(guestText);
  const [from, to] = [portOf(hostPort, 0), portOf(guestPort, 1)];
  if (host === undefined || guest === undefined || from === undefined || to === undefined) throw wrong();
  return { protocol, host: { address: host, port: from }, guest: { address: guest, port: to } };
}

export function natConfigOf(options: UserNetOptions, complain: Complain): NatConfig {
  const config = defaultNatConfig();
  config.restrict = options.restrict ?? false;
  config.loopback = options.loopback ?? false;
  config.ipv6 = options.ipv6 ?? true;
  config.allow = (options.allow ?? []).map((text) => {
    const range = parseCidr(text);
    if (range === undefined) throw complain('allow', `"${text}" is not a range such as 192.168.1.0/24.`);
    return range;
  });
  config.hostForwards = (options.hostForwards ?? []).map((text) => readForward(text, config, complain));
  return config;
}
