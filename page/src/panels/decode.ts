/**
 * A frame in one line, and layer by layer: Ethernet II, ARP (RFC 826), IPv4 and IPv6 with ICMP, UDP, TCP, and of these DHCP and DNS by name. What is not known is said
 * by its number; nothing here trusts a length.
 */

export interface Decoded {
  from: string;
  to: string;
  protocol: string;
  /** The rest of the line. */
  about: string;
  /** `Ethernet 52:54:… > …`, a line a layer. */
  layers: string[];
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;
const ICMP: Readonly<Record<number, string>> = { 0: 'echo reply', 3: 'unreachable', 5: 'redirect', 8: 'echo request', 11: 'time exceeded' };
const ICMP6: Readonly<Record<number, string>> = { 1: 'unreachable', 2: 'too big', 3: 'time exceeded', 128: 'echo request', 129: 'echo reply', 133: 'router solicitation', 134: 'router advertisement', 135: 'neighbour solicitation', 136: 'neighbour advertisement', 143: 'group membership' };
const DHCP: Readonly<Record<number, string>> = { 1: 'discover', 2: 'offer', 3: 'request', 4: 'decline', 5: 'ack', 6: 'nak', 7: 'release' };
const ETHER: Readonly<Record<number, string>> = { 0x8808: 'PAUSE', 0x88cc: 'LLDP', 0x8100: 'VLAN' };

class Bytes {
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  has(at: number, length: number): boolean {
    return at + length <= this.bytes.length;
  }

  byte = (at: number): number => this.view.getUint8(at);
  word = (at: number): number => this.view.getUint16(at);
  long = (at: number): number => this.view.getUint32(at);
  mac = (at: number): string => Array.from(this.bytes.subarray(at, at + 6), (byte) => hex(byte, 2)).join(':');
  ip4 = (at: number): string => this.bytes.subarray(at, at + 4).join('.');

  /** RFC 5952: the longest run of zeros is left out. */
  ip6(at: number): string {
    const words = Array.from({ length: 8 }, (_, i) => this.word(at + 2 * i).toString(16)).join(':');
    const runs = [...words.matchAll(/(?:^|:)(?:0(?::|$)){2,}/g)].sort((a, b) => b[0].length - a[0].length);
    return runs[0] === undefined ? words : `${words.slice(0, runs[0].index)}::${words.slice(runs[0].index + runs[0][0].length)}`;
  }
}

/** Of `www.debian.org A`, as the question says it. */
function dnsQuestion(frame: Bytes, at: number): string {
  const labels: string[] = [];
  let place = at + 12;
  while (frame.has(place, 1) && frame.byte(place) > 0 && frame.byte(place) < 64 && frame.has(place, 1 + frame.byte(place))) {
    labels.push(new TextDecoder().decode(frame.bytes.subarray(place + 1, place + 1 + frame.byte(place))));
    place += 1 + frame.byte(place);
  }
  const type = frame.has(place, 3) ? frame.word(place + 1) : 0;
  return `${labels.join('.')} ${({ 1: 'A', 28: 'AAAA', 12: 'PTR', 5: 'CNAME', 15: 'MX', 16: 'TXT', 33: 'SRV' } as Record<number, string>)[type] ?? type}`;
}

function dhcpKind(frame: Bytes, at: number): string {
  for (let option = at + 240; frame.has(option, 3); option += frame.byte(option) === 0 ? 1 : 2 + frame.byte(option + 1)) {
    if (frame.byte(option) === 53) return DHCP[frame.byte(option + 2)] ?? 'message';
    if (frame.byte(option) === 255) break;
  }
  return 'message';
}

function udp(frame: Bytes, at: number, layers: string[]): Pick<Decoded, 'protocol' | 'about'> {
  const [from, to, length] = [frame.word(at), frame.word(at + 2), frame.word(at + 4)];
  layers.push(`UDP ${from} > ${to}, ${length} bytes, sum 0x${hex(frame.word(at + 6), 4)}`);
  const data = at + 8, isPort = (port: number): boolean => from === port || to === port;
  if (isPort(53) && frame.has(data, 12)) {
    const answer = (frame.word(data + 2) & 0x8000) !== 0;
    return { protocol: 'DNS', about: `${answer ? `answer (${frame.word(data + 6)})` : 'query'} ${dnsQuestion(frame, data)}` };
  }
  if ((isPort(67) || isPort(68)) && frame.has(data, 240)) return { protocol: 'DHCP', about: `${dhcpKind(frame, data)} ${frame.ip4(data + 16)}` };
  return { protocol: 'UDP', about: `${from} > ${to}, ${Math.max(0, length - 8)} bytes` };
}

function tcp(frame: Bytes, at: number, end: number, layers: string[]): Pick<Decoded, 'protocol' | 'about'> {
  const [from, to, sequence, acknowledged] = [frame.word(at), frame.word(at + 2), frame.long(at + 4), frame.long(at + 8)];
  const header = (frame.byte(at + 12) >> 4) * 4, bits = frame.byte(at + 13), window = frame.word(at + 14);
  const flags = TCP_FLAGS.filter((_, i) => (bits & (1 << i)) !== 0).join(' ');
  layers.push(`TCP ${from} > ${to}, seq ${sequence}, ack ${acknowledged}, ${flags}, window ${window}, header ${header} bytes`);
  return { protocol: 'TCP', about: `${from} > ${to} [${flags}] seq ${sequence}${(bits & 16) === 0 ? '' : ` ack ${acknowledged}`}, ${Math.max(0, end - at - header)} bytes` };
}

function transport(frame: Bytes, number: number, at: number, end: number, layers: string[]): Pick<Decoded, 'protocol' | 'about'> {
  if (number === 17 && frame.has(at, 8)) return udp(frame, at, layers);
  if (number === 6 && frame.has(at, 20)) return tcp(frame, at, end, layers);
  const names = number === 1 ? ICMP : number === 58 ? ICMP6 : undefined;
  if (names === undefined || !frame.has(at, 8)) return { protocol: `IP ${number}`, about: `${Math.max(0, end - at)} bytes` };
  const type = frame.byte(at), isEcho = /^echo/.test(names[type] ?? '');
  layers.push(`${number === 1 ? 'ICMP' : 'ICMPv6'} type ${type}, code ${frame.byte(at + 1)}${isEcho ? `, id ${frame.word(at + 4)}, seq ${frame.word(at + 6)}` : ''}`);
  return { protocol: number === 1 ? 'ICMP' : 'ICMPv6', about: `${names[type] ?? `type ${type}`}${isEcho ? ` ${frame.word(at + 6)}` : ''}` };
}

function ip4(frame: Bytes, layers: string[]): Omit<Decoded, 'layers'> {
  const header = (frame.byte(14) & 15) * 4, end = 14 + frame.word(16), number = frame.byte(23), [from, to] = [frame.ip4(26), frame.ip4(30)];
  layers.push(`IPv4 ${from} > ${to}, ttl ${frame.byte(22)}, id ${frame.word(18)}, ${frame.word(16)} bytes, protocol ${number}`);
  const offset = frame.word(20) & 0x1fff;
  if (offset !== 0) return { from, to, protocol: 'IPv4', about: `fragment at ${offset * 8}` };
  return { from, to, ...transport(frame, number, 14 + header, end, layers) };
}

/** Extension headers that a node may meet before the transport's (RFC 8200, 4.1). */
function ip6(frame: Bytes, layers: string[]): Omit<Decoded, 'layers'> {
  const [from, to] = [frame.ip6(22), frame.ip6(38)], end = 54 + frame.word(18);
  let number = frame.byte(20), at = 54;
  layers.push(`IPv6 ${from} > ${to}, hop limit ${frame.byte(21)}, ${frame.word(18)} bytes, next header ${number}`);
  while ([0, 43, 60].includes(number) && frame.has(at, 2)) [number, at] = [frame.byte(at), at + 8 + frame.byte(at + 1) * 8];
  return { from, to, ...transport(frame, number, at, end, layers) };
}

function arp(frame: Bytes, layers: string[]): Omit<Decoded, 'layers'> {
  const isReply = frame.word(20) === 2, [from, to] = [frame.ip4(28), frame.ip4(38)];
  layers.push(`ARP ${isReply ? 'reply' : 'request'}: ${from} is at ${frame.mac(22)}; ${to}`);
  return { from, to, protocol: 'ARP', about: isReply ? `${from} is at ${frame.mac(22)}` : `who has ${to}?` };
}

export function decode(bytes: Uint8Array): Decoded {
  const frame = new Bytes(bytes);
  if (!frame.has(0, 14)) return { from: '', to: '', protocol: '?', about: `${bytes.length} bytes, no Ethernet header`, layers: [] };
  const type = frame.word(12), layers = [`Ethernet ${frame.mac(6)} > ${frame.mac(0)}, type 0x${hex(type, 4)}`];
  if (type === 0x0800 && frame.has(14, 20)) return { ...ip4(frame, layers), layers };
  if (type === 0x86dd && frame.has(14, 40)) return { ...ip6(frame, layers), layers };
  if (type === 0x0806 && frame.has(14, 28)) return { ...arp(frame, layers), layers };
  return { from: frame.mac(6), to: frame.mac(0), protocol: ETHER[type] ?? `0x${hex(type, 4)}`, about: `${bytes.length - 14} bytes`, layers };
}
