/** Stateless DHCPv6 (RFC 8415, 6.1): answers an Information-request with the name server and search list; gives no addresses. */

import { equalBytes, get16 } from '../bytes.js';
import type { NatContext } from './context.js';
import { PROTOCOL } from './spec.js';
import { buildUdp, type UdpDatagram } from './udp-header.js';

const SERVER_PORT = 547;
const CLIENT_PORT = 546;
const TYPE = { REPLY: 7, INFORMATION_REQUEST: 11 } as const;
const OPTION = { CLIENT_ID: 1, SERVER_ID: 2, DNS_SERVERS: 23 } as const;
/** RFC 8415, 11.1: a DUID's longest form. */
const MAX_DUID = 130;

export function receiveDhcp6(context: NatContext, { source, payload }: UdpDatagram): void {
  if (payload.length < 4) return context.counts.add('malformed');
  if (payload[0] !== TYPE.INFORMATION_REQUEST) return;
  const options = readOptions(payload);
  const serverId = ownDuid(context);
  if (!options) return context.counts.add('malformed');
  if (options.serverId && !equalBytes(options.serverId, serverId)) return;
  const to = context.findMac(source.address, context.config.linkLocal6);
  if (!to) return;
  const answer = [TYPE.REPLY, payload[1]!, payload[2]!, payload[3]!];
  putOption(answer, OPTION.SERVER_ID, serverId);
  if (options.clientId) putOption(answer, OPTION.CLIENT_ID, options.clientId);
  if (!context.config.restrict) putOption(answer, OPTION.DNS_SERVERS, context.config.dns6);
  const route = { to, source: context.config.linkLocal6, destination: source.address.slice() };
  context.counts.add('leases');
  context.output.sendDatagram(route, PROTOCOL.UDP, buildUdp(SERVER_PORT, CLIENT_PORT, Uint8Array.from(answer)), 6);
}

/** DUID-LL (RFC 8415, 11.4): our MAC. */
function ownDuid({ config }: NatContext): Uint8Array {
  return Uint8Array.from([0, 3, 0, 1, ...config.mac]);
}

function putOption(out: number[], code: number, value: Uint8Array): void {
  out.push(code >> 8, code & 255, value.length >> 8, value.length & 255, ...value);
}

function readOptions(payload: Uint8Array): { clientId?: Uint8Array; serverId?: Uint8Array } | undefined {
  const found: { clientId?: Uint8Array; serverId?: Uint8Array } = {};
  for (let at = 4; at < payload.length; ) {
    if (at + 4 > payload.length) return undefined;
    const next = at + 4 + get16(payload, at + 2);
    if (next > payload.length) return undefined;
    const value = payload.subarray(at + 4, next);
    if (value.length <= MAX_DUID && get16(payload, at) === OPTION.CLIENT_ID) found.clientId = value;
    if (value.length <= MAX_DUID && get16(payload, at) === OPTION.SERVER_ID) found.serverId = value;
    at = next;
  }
  return found;
}
