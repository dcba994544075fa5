/** `-nic`, `-netdev` and `-net`: networks, and the cards on them. */

import { didYouMean } from '../words/near.js';
import { NetdevError } from '../net/errors.js';
import { parseNetdev } from '../net/netdev.js';
import type { Given, Parsed } from './arguments.js';
import { DEVICE_MODELS } from './device-models.js';
import { readDeviceOptions, type DeviceContext, type TypedDevice } from './devices.js';
import type { Faults } from './faults.js';
import { splitWords, type Pair } from './words.js';

/** A network, as text for the machine, and the words it was asked for with. */
export interface TypedNetdev {
  argument: string;
  text: string;
}

export interface Networks {
  netdevs: TypedNetdev[];
  cards: TypedDevice[];
}

export const NETDEV_TYPES: readonly [name: string, about: string][] = [
  ['user', 'a network of the host\'s own sockets: restrict=on, loopback=on, allow=RANGE, hostfwd=tcp::8080-:80; relay=ws://HOST:PORT: of a relay\'s'],
  ['stream', 'frames over a stream to another program: addr.type=inet|unix, addr.host=, addr.port=, addr.path=, server=on'],
  ['dgram', 'frames as datagrams: remote.host=, remote.port=, local.port='],
  ['hubport', 'a port of a switch: hubid=N'],
  ['websocket', 'a port of a relay\'s switch: url=ws://HOST:PORT/switch/NAME, token='],
  ['broadcast', 'a wire between the machines of this process: channel=NAME'],
  ['lab', 'a source, sink or echo inside the machine: mode=, size=, rate='],
  ['null', 'nobody'],
];

/** Networks of QEMU that are not here. */
const INSTEAD: Readonly<Record<string, string>> = {
  tap: 'there are no tap devices; write user, or stream to a program that has one (passt).',
  bridge: 'there are no bridges; write user, or stream to a program that has one (passt).',
  socket: 'write stream (listen=H:P: stream,server=on,addr.type=inet,addr.host=H,addr.port=P; connect= the same without server) or dgram for mcast= and udp=.',
  vde: 'there is no VDE; write stream or dgram.', l2tpv3: 'there is no L2TPv3; write dgram.', netmap: 'there is no netmap; write user.',
  'vhost-user': 'there is no vhost; write user.', 'vhost-vdpa': 'there is no vhost; write user.', passt: 'write stream,addr.type=unix,addr.path=SOCKET to a passt that runs.',
};

function typeKnown(argument: string, type: string, faults: Faults): boolean {
  const names = NETDEV_TYPES.map(([name]) => name);
  if (names.includes(type)) return true;
  const instead = INSTEAD[type];
  if (type === '') faults.add(argument, `needs a type first: ${names.join(', ')}.`);
  else faults.add(argument, instead === undefined ? `there is no network "${type}".${didYouMean(type, names) || ` There are ${names.join(', ')}.`}` : `${type}: ${instead}`);
  return false;
}

/** Reads it as the machine will, so that what is wrong is told with the option as typed. */
export function checkNetdev({ argument, text }: TypedNetdev, faults: Faults): boolean {
  try {
    parseNetdev(text);
    return true;
  } catch (error) {
    if (!(error instanceof NetdevError)) throw error;
    const problem = error.message.slice(`-netdev ${text}: `.length);
    const unknown = /^unknown key "([^"]*)"; (\S+) has (.*)$/.exec(problem);
    const near = unknown === null ? '' : didYouMean(unknown[1]!, unknown[3]!.split(', '));
    faults.add(argument, unknown === null ? `${problem}.` : `${unknown[2]} has no "${unknown[1]}".${near === '' ? ` It has ${unknown[3]}.` : near}`);
    return false;
  }
}

const joinPairs = (pairs: readonly Pair[]): string => pairs.map(({ name, value }) => `,${name}=${value.replaceAll(',', ',,')}`).join('');

/** QEMU's shorter names of card models. */
const MODEL_ALIASES: Readonly<Record<string, string>> = { virtio: 'virtio-net-pci', 'virtio-net': 'virtio-net-pci' };
export const CARD_MODELS: readonly string[] = DEVICE_MODELS.filter(({ properties }) => properties.some(({ key }) => key === 'netdev')).flatMap(({ names }) => names);

/** A card by `model=`, `mac=` and what else belongs to it. */
function readCard(argument: string, netdev: string | undefined, pairs: readonly Pair[], context: DeviceContext): TypedDevice[] {
  const find = (wanted: string): string | undefined => pairs.find(({ name }) => name === wanted)?.value;
  const model = MODEL_ALIASES[find('model') ?? 'virtio'] ?? find('model')!;
  const words = [model, ...(netdev === undefined ? [] : [`netdev=${netdev}`])];
  for (const [from, to] of [['mac', 'mac'], ['macaddr', 'mac'], ['addr', 'addr'], ['vectors', 'vectors']] as const) if (find(from) !== undefined) words.push(`${to}=${find(from)}`);
  return readDeviceOptions([{ argument, value: words.join(',') }], { ...context, globals: new Map() }).cards;
}

const CARD_WORDS = ['id', 'model', 'mac', 'macaddr', 'addr', 'vectors', 'name'];

/** `-nic TYPE,model=...,mac=...` and what the type's `-netdev` takes; nothing for `none`. */
function readNic(option: Given, number: number, context: DeviceContext, out: Networks): void {
  const { argument, head, pairs } = splitWords(option);
  if (head === 'none' || !typeKnown(argument, head, context.faults)) return;
  const id = pairs.find(({ name }) => name === 'id')?.value ?? `nic${number}`;
  const netdev = { argument, text: `${head},id=${id}${joinPairs(pairs.filter(({ name }) => !CARD_WORDS.includes(name)))}` };
  if (checkNetdev(netdev, context.faults)) out.netdevs.push(netdev);
  out.cards.push(...readCard(argument, id, pairs, context));
}

function readNetdevOption(option: Given, faults: Faults, out: Networks): void {
  const { argument, value } = option;
  const plain = value.replace(/^type=/, '');
  const { head } = splitWords({ argument, value: plain });
  const netdev = { argument, text: plain };
  if (typeKnown(argument, head, faults) && checkNetdev(netdev, faults)) out.netdevs.push(netdev);
}

/** `-net nic` and `-net user`: each is on one hub; a card and a network alone are joined directly. */
function readOldNet(options: readonly Given[], context: DeviceContext, out: Networks): void {
  const split = options.map(splitWords).filter(({ head }) => head !== 'none');
  const nics = split.filter(({ head }) => head === 'nic');
  const networks = split.filter(({ head, argument }) => head !== 'nic' && typeKnown(argument, head, context.faults));
  const direct = nics.length === 1 && networks.length === 1;
  networks.forEach(({ argument, head, pairs }, i) => {
    const own = { argument, text: `${head},id=net${i}${joinPairs(pairs.filter(({ name }) => !['vlan', 'name', 'id'].includes(name)))}` };
    if (!checkNetdev(own, context.faults)) return;
    out.netdevs.push(own);
    if (!direct) out.netdevs.push({ argument, text: `hubport,id=net${i}hub,hubid=0,netdev=net${i}` });
  });
  nics.forEach(({ argument, pairs }, i) => {
    if (!direct) out.netdevs.push({ argument, text: `hubport,id=nic${i}hub,hubid=0` });
    const given = pairs.find(({ name }) => name === 'netdev')?.value;
    out.cards.push(...readCard(argument, given ?? (direct ? 'net0' : `nic${i}hub`), pairs, context));
  });
}

/** All networks of the command line, and the cards that -nic and -net make. */
export function readNetworks(parsed: Parsed, context: DeviceContext): Networks {
  const out: Networks = { netdevs: [], cards: [] };
  for (const option of parsed.all('netdev')) readNetdevOption(option, context.faults, out);
  parsed.all('nic').forEach((option, number) => readNic(option, number, context, out));
  readOldNet(parsed.all('net'), context, out);
  return out;
}

/** The card and network that a machine has by default. */
export function defaultNetwork(context: DeviceContext): Networks {
  const out: Networks = { netdevs: [], cards: [] };
  readNic({ argument: 'the default network', value: 'user' }, 0, context, out);
  return out;
}

/** A device that is a network card. */
export function isNetworkModel(model: string): boolean {
  return CARD_MODELS.includes(model);
}
