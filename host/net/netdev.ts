/**
 * Reads `-netdev TYPE,id=ID,key=value,...` as QEMU spells it. Every key is known or an error says which are. A comma inside a value
 * is written twice. What is ours alone: user's `loopback`, `allow`, `resolver`, `relay`, `token`; and on any type `pcap=FILE` and the faults
 * `loss`, `duplicate`, `reorder` (chances 0 to 1), `delay`, `jitter` (milliseconds), `fault-seed`; and the types `lab`, `websocket` and `broadcast`.
 */

import { isInside, parseAddress, parseCidr, parseMac, type Cidr } from './address.js';
import { NetdevError } from './errors.js';
import type { FaultOptions } from './faults.js';
import { readLab, type LabOptions } from './lab.js';
import { defaultNatConfig, type GuestForward, type HostForward, type NatConfig } from './nat/config.js';
import type { Endpoint } from './provider.js';
import type { DgramOptions, StreamOptions } from './link-options.js';
import { parseServer } from './server-address.js';
import { socketAddress } from './web-socket.js';

interface Common {
  id: string;
  pcap: string | undefined;
  faults: FaultOptions | undefined;
}

export type NetdevSpec = Common &
  (
    | { type: 'user'; config: NatConfig; relay: string | undefined }
    | { type: 'stream'; options: StreamOptions }
    | { type: 'dgram'; options: DgramOptions }
    | { type: 'hubport'; hubId: number; netdev: string | undefined }
    | { type: 'websocket'; address: string }
    | { type: 'broadcast'; channel: string }
    /** `replay`: a capture that a source gives, as a file's path. */
    | { type: 'lab'; options: LabOptions; replay: string | undefined }
    | { type: 'null' }
  );

const USER_KEYS = [
  ...['net', 'host', 'dns', 'dhcpstart', 'ipv4', 'ipv6', 'ipv6-net', 'ipv6-host', 'ipv6-dns', 'hostname', 'domainname', 'dnssearch', 'restrict'],
  ...['hostfwd', 'guestfwd', 'mtu', 'mac', 'loopback', 'allow', 'resolver'],
  ...['tftp', 'bootfile', 'tftp-server-name'],
  ...['relay', 'token'],
] as const;
const STREAM_KEYS = ['server', 'addr.type', 'addr.host', 'addr.port', 'addr.path', 'reconnect', 'reconnect-ms'] as const;
const DGRAM_KEYS = ['local.type', 'local.host', 'local.port', 'remote.type', 'remote.host', 'remote.port'] as const;
const LAB_KEYS = ['mode', 'size', 'rate', 'burst', 'count', 'arrivals', 'seed', 'speed', 'fifo', 'start', 'proto', 'ip', 'ip6', 'guest', 'guest6', 'port', 'sport', 'flows', 'replay'] as const;
const COMMON_KEYS = ['id', 'pcap', 'loss', 'duplicate', 'reorder', 'delay', 'jitter', 'fault-seed'] as const;
const REPEATED = new Set(['hostfwd', 'guestfwd', 'dnssearch', 'allow', 'resolver']);

const KEYS: Record<NetdevSpec['type'], readonly string[]> = {
  user: USER_KEYS,
  stream: STREAM_KEYS,
  dgram: DGRAM_KEYS,
  hubport: ['hubid', 'netdev'],
  websocket: ['url', 'token'],
  broadcast: ['channel'],
  lab: LAB_KEYS,
  null: [],
};

/** What a type takes; undefined where there is no such type. */
export function netdevKeys(type: string): readonly string[] | undefined {
  return Object.hasOwn(KEYS, type) ? [...COMMON_KEYS, ...KEYS[type as NetdevSpec['type']]] : undefined;
}

/** Parses one option's text. Throws a NetdevError. */
export function parseNetdev(text: string): NetdevSpec {
  const reader = new Options(text);
  const common = readCommon(reader);
  switch (reader.type) {
    case 'user':
      return { ...common, type: 'user', config: readUser(reader), relay: readRelay(reader) };
    case 'stream':
      return { ...common, type: 'stream', options: readStream(reader) };
    case 'dgram':
      return { ...common, type: 'dgram', options: readDgram(reader) };
    case 'hubport':
      return { ...common, type: 'hubport', hubId: reader.integer('hubid', 0, 0, 2 ** 31), netdev: reader.text('netdev') };
    case 'websocket':
      return { ...common, type: 'websocket', address: readSocketAddress(reader, 'url', '/switch/lan') };
    case 'broadcast':
      return { ...common, type: 'broadcast', channel: readChannel(reader) };
    case 'lab':
      return { ...common, type: 'lab', options: readLab(reader), replay: readReplay(reader, common) };
    case 'null':
      return { ...common, type: 'null' };
  }
}

/** The keys and values of one option. */
class Options {
  readonly type: NetdevSpec['type'];
  private readonly values = new Map<string, string[]>();

  constructor(private readonly source: string) {
    const [type = '', ...pairs] = splitCommas(source);
    if (!(type in KEYS)) this.fail(`unknown type "${type}"; there are ${Object.keys(KEYS).join(', ')}`);
    this.type = type as NetdevSpec['type'];
    for (const pair of pairs) this.add(pair);
  }

  fail(problem: string): never {
    throw new NetdevError(this.source, problem);
  }

  all(key: string): string[] {
    return this.values.get(key) ?? [];
  }

  text(key: string): string | undefined {
    return this.all(key)[0];
  }

  required(key: string): string {
    return this.text(key) ?? this.fail(`${key}= is missing`);
  }

  /** `on` and `off`, as QEMU; a key alone means on. */
  flag(key: string, fallback: boolean): boolean {
    const value = this.text(key);
    if (value === undefined) return fallback;
    if (['on', 'yes', 'true', 'y', ''].includes(value)) return true;
    return ['off', 'no', 'false', 'n'].includes(value) ? false : this.fail(`${key}=${value}: want on or off`);
  }

  integer(key: string, fallback: number, least: number, most: number): number {
    const value = this.text(key);
    if (value === undefined) return fallback;
    if (!/^\d+$/.test(value) || Number(value) < least || Number(value) > most) this.fail(`${key}=${value}: want a number from ${least} to ${most}`);
    return Number(value);
  }

  fraction(key: string): number {
    const value = this.text(key) ?? '0';
    const number = Number(value);
    return value !== '' && number >= 0 && number <= 1 ? number : this.fail(`${key}=${value}: want a chance from 0 to 1`);
  }

  address(key: string, fallback: Uint8Array): Uint8Array {
    const value = this.text(key);
    if (value === undefined) return fallback;
    const address = parseAddress(value);
    return address && address.length === fallback.length ? address : this.fail(`${key}=${value}: want an IPv${fallback.length === 4 ? 4 : 6} address`);
  }

  cidr(key: string, fallback: Cidr): Cidr {
    const value = this.text(key);
    if (value === undefined) return fallback;
    const range = parseCidr(value);
    return range && range.address.length === fallback.address.length ? range : this.fail(`${key}=${value}: want ADDRESS/BITS`);
  }

  private add(pair: string): void {
    const at = pair.indexOf('=');
    const key = at < 0 ? pair : pair.slice(0, at);
    const value = at < 0 ? '' : pair.slice(at + 1);
    const known = [...COMMON_KEYS, ...KEYS[this.type]];
    if (!known.includes(key)) this.fail(`unknown key "${key}"; ${this.type} has ${known.join(', ')}`);
    const before = this.values.get(key) ?? [];
    if (before.length > 0 && !REPEATED.has(key)) this.fail(`${key}= is given twice`);
    this.values.set(key, [...before, value]);
  }
}

function splitCommas(text: string): string[] {
  return text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
}

function readCommon(options: Options): Common {
  const id = options.required('id');
  if (!/^[a-z][a-z0-9._-]*$/i.test(id)) options.fail(`id=${id}: want a letter, then letters, digits, ".", "_" or "-"`);
  const faults: FaultOptions = {
    loss: options.fraction('loss'),
    duplicate: options.fraction('duplicate'),
    reorder: options.fraction('reorder'),
    delayNs: options.integer('delay', 0, 0, 60_000) * 1e6,
    jitterNs: options.integer('jitter', 0, 0, 60_000) * 1e6,
    seed: options.integer('fault-seed', 1, 0, 2 ** 32 - 1),
  };
  const any = [faults.loss, faults.duplicate, faults.reorder, faults.delayNs, faults.jitterNs].some((value) => value !== 0);
  return { id, pcap: options.text('pcap'), faults: any ? faults : undefined };
}

// -- user -------------------------------------------------------------------------------------------------------------------------------

function readUser(options: Options): NatConfig {
  const config = defaultNatConfig();
  readNetwork4(options, config);
  readNetwork6(options, config);
  config.ipv4 = options.flag('ipv4', true);
  config.ipv6 = options.flag('ipv6', true);
  if (!config.ipv4 && !config.ipv6) options.fail('ipv4=off,ipv6=off: nothing is left');
  config.hostname = options.text('hostname') ?? '';
  config.domainName = options.text('domainname') ?? '';
  config.searchDomains = options.all('dnssearch');
  config.tftp = options.text('tftp');
  if (config.tftp === '') options.fail('tftp=: want a folder');
  config.bootFile = readText(options, 'bootfile', 127);
  config.tftpServerName = readText(options, 'tftp-server-name', 63);
  config.restrict = options.flag('restrict', false);
  config.loopback = options.flag('loopback', false);
  config.allow = options.all('allow').map((text) => parseCidr(text) ?? options.fail(`allow=${text}: want ADDRESS/BITS`));
  config.mtu = options.integer('mtu', config.mtu, 1280, 65521);
  config.mac = parseMac(options.text('mac') ?? '52:55:0a:00:02:02') ?? options.fail(`mac=${options.text('mac')}: want six bytes, aa:bb:cc:dd:ee:ff`);
  config.resolvers = readResolvers(options);
  config.hostForwards = options.all('hostfwd').map((text) => readHostForward(options, text, config));
  config.guestForwards = options.all('guestfwd').map((text) => readGuestForward(options, text, config));
  return config;
}

function readText(options: Options, key: string, most: number): string {
  const text = options.text(key) ?? '';
  return new TextEncoder().encode(text).length <= most ? text : options.fail(`${key}=: longer than ${most} bytes`);
}

/** `net` moves the gateway, name server and first lease with it, as QEMU's .2, .3 and .15. */
function readNetwork4(options: Options, config: NatConfig): void {
  const network = options.cidr('net', config.network);
  if (network.bits < 8 || network.bits > 28) options.fail(`net=: want a length from 8 to 28`);
  const at = (host: number): Uint8Array => network.address.map((byte, i) => (i === 3 ? (byte & ~(0xff >>> Math.max(0, network.bits - 24))) | host : byte));
  config.network = network;
  config.gateway = options.address('host', at(2));
  config.dns = options.address('dns', at(3));
  config.firstLease = options.address('dhcpstart', at(network.bits > 27 ? 9 : 15));
  for (const key of ['gateway', 'dns', 'firstLease'] as const) if (!isInside(config[key], network)) options.fail(`${config[key].join('.')} is outside net=`);
}

function readNetwork6(options: Options, config: NatConfig): void {
  const prefix = options.cidr('ipv6-net', config.prefix6);
  if (prefix.bits !== 64) options.fail('ipv6-net=: want a length of 64, which address autoconfiguration needs');
  const at = (host: number): Uint8Array => prefix.address.map((byte, i) => (i < 8 ? byte : i === 15 ? host : 0));
  config.prefix6 = prefix;
  config.gateway6 = options.address('ipv6-host', at(2));
  config.dns6 = options.address('ipv6-dns', at(3));
}

/** `resolver=host`: the platform's look-up. Otherwise servers, with a port or without. */
function readResolvers(options: Options): Endpoint[] | undefined {
  const given = options.all('resolver');
  if (given.length === 0) return undefined;
  if (given.includes('host')) return given.length === 1 ? [] : options.fail('resolver=host goes with no other resolver=');
  return given.map((text) => parseServer(text) ?? options.fail(`resolver=${text}: want ADDRESS, ADDRESS:PORT or host`));
}

/** `[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport`. */
function readHostForward(options: Options, text: string, config: NatConfig): HostForward {
  const match = /^(tcp|udp)?:(\[[^\]]*\]|[^:]*):(\d+)-(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text);
  if (!match) options.fail(`hostfwd=${text}: want [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT`);
  const [, protocol = 'tcp', host = '', hostPort = '', guest = '', guestPort = ''] = match;
  const read = (value: string, fallback: Uint8Array): Uint8Array => (value === '' ? fallback : (parseAddress(value.replace(/^\[|\]$/g, '')) ?? options.fail(`hostfwd=${text}: "${value}" is not an address`)));
  return {
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    // The host's loopback unless an address is given: a guest's server is not for the whole network by accident.
    host: { address: read(host, parseAddress('127.0.0.1')!), port: readPort(options, text, hostPort, 0) },
    guest: { address: read(guest, config.firstLease), port: readPort(options, text, guestPort, 1) },
  };
}

/** `[tcp]:server:port-tcp:host:port` or `-unix:path`. */
function readGuestForward(options: Options, text: string, config: NatConfig): GuestForward {
  const match = /^(?:tcp)?:(\[[^\]]*\]|[^:]+):(\d+)-(.+)$/.exec(text);
  if (!match) options.fail(`guestfwd=${text}: want tcp:SERVER:PORT-tcp:HOST:PORT or tcp:SERVER:PORT-unix:PATH`);
  const [, server = '', port = '', target = ''] = match;
  const address = parseAddress(server.replace(/^\[|\]$/g, ''));
  if (!address || !isInside(address, address.length === 4 ? config.network : config.prefix6)) options.fail(`guestfwd=${text}: ${server} is not an address of the guest's network`);
  return { server: { address, port: readPort(options, text, port, 1) }, target: readTarget(options, text, target) };
}

function readTarget(options: Options, text: string, target: string): GuestForward['target'] {
  if (target.startsWith('unix:') && target.length > 5) return { path: target.slice(5) };
  if (target.startsWith('cmd:')) options.fail(`guestfwd=${text}: cmd: is not supported; run a server and name it with tcp: or unix:`);
  const endpoint = target.startsWith('tcp:') ? parseServer(target.slice(4)) : undefined;
  return endpoint ?? options.fail(`guestfwd=${text}: want tcp:ADDRESS:PORT or unix:PATH after the "-"`);
}

function readPort(options: Options, text: string, digits: string, least: number): number {
  const port = Number(digits);
  return port >= least && port < 65536 ? port : options.fail(`${text}: port ${digits} is not from ${least} to 65535`);
}

// -- stream and dgram ---------------------------------------------------------------------------------------------------------------------

function readStream(options: Options): StreamOptions {
  const server = options.flag('server', false);
  const seconds = options.integer('reconnect', 0, 0, 86_400);
  const reconnectMs = options.integer('reconnect-ms', seconds * 1000, 0, 86_400_000);
  if (server && reconnectMs > 0) options.fail('reconnect= is for a side that connects, not for server=on');
  const type = options.required('addr.type');
  if (type === 'unix') return { server, reconnectMs, address: { path: options.required('addr.path') } };
  if (type !== 'inet') options.fail(`addr.type=${type}: want inet or unix`);
  return { server, reconnectMs, address: { host: options.text('addr.host') ?? '127.0.0.1', port: requirePort(options, 'addr.port', server ? 0 : 1) } };
}

function readDgram(options: Options): DgramOptions {
  for (const key of ['local.type', 'remote.type']) {
    const type = options.text(key) ?? 'inet';
    if (type === 'unix') options.fail(`${key}=unix: this platform has no UNIX datagram sockets; use inet, or -netdev stream over a UNIX socket`);
    if (type !== 'inet') options.fail(`${key}=${type}: want inet`);
  }
  const remote = { host: options.required('remote.host'), port: requirePort(options, 'remote.port', 1) };
  const hasLocal = options.text('local.host') !== undefined || options.text('local.port') !== undefined;
  const local = hasLocal ? { host: options.text('local.host') ?? '127.0.0.1', port: options.integer('local.port', 0, 0, 65535) } : undefined;
  return { remote, local };
}

// -- websocket and broadcast --------------------------------------------------------------------------------------------------------------

/** Where connections go instead of to the platform's own sockets. */
function readRelay(options: Options): string | undefined {
  if (options.text('relay') !== undefined) return readSocketAddress(options, 'relay', '/wisp/');
  return options.text('token') === undefined ? undefined : options.fail('token= is for a relay=');
}

function readSocketAddress(options: Options, key: string, path: string): string {
  const text = options.required(key);
  return socketAddress(text, path, options.text('token')) ?? options.fail(`${key}=${text}: want ws://HOST:PORT${path} or wss://HOST${path}`);
}

function readChannel(options: Options): string {
  const channel = options.text('channel') ?? 'lan';
  return /^[\w.-]{1,64}$/.test(channel) ? channel : options.fail(`channel=${channel}: want letters, digits, ".", "_" or "-"`);
}

/** A replay has its own times and frames. A lab is inside the module, where nothing of the host's makes faults. */
function readReplay(options: Options, { faults }: Common): string | undefined {
  if (faults !== undefined) options.fail('a lab is inside the module, where frames pass no faults (loss=, duplicate=, reorder=, delay=, jitter=)');
  const replay = options.text('replay');
  const useless = ['size', 'rate', 'burst', 'arrivals', 'seed', 'proto'].find((key) => replay !== undefined && options.text(key) !== undefined);
  if (useless !== undefined) options.fail(`${useless}= says nothing beside replay=, whose frames and times are the file's`);
  return replay === '' ? options.fail('replay= needs the name of a pcapng or pcap file') : replay;
}

function requirePort(options: Options, key: string, least: number): number {
  options.required(key);
  return options.integer(key, 0, least, 65535);
}
