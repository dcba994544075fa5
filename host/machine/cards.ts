/** Cards and what is behind them: from MachineOptions to calls of the module's addCard, and the backends. */

import { Address, CardKind } from '../../assembly/run/surface.js';
import type { NetBackend } from '../net/backend.js';
import { FramePort } from '../net/frames.js';
import { withSoftwareOffload } from '../net/gate.js';
import { createNull } from '../net/null.js';
import type { OpenBackend } from '../net/open.js';
import { parseNetdev, type NetdevSpec } from '../net/netdev.js';
import { OptionError } from './errors.js';
import { addressOf, high, low, type ModuleInstance } from './module.js';
import type { DeviceOptions, NetdevOptions } from './types.js';

/** Feature bits by QEMU's names (virtio 1.2, 5.1.3 and 6). */
const NET_FEATURES: Readonly<Record<string, number>> = {
  csum: 0, guest_csum: 1, ctrl_guest_offloads: 2, guest_tso4: 7, guest_tso6: 8, guest_ecn: 9, host_tso4: 11, host_tso6: 12, host_ecn: 13,
  mrg_rxbuf: 15, status: 16, ctrl_vq: 17, ctrl_rx: 18, ctrl_vlan: 19, ctrl_rx_extra: 20, guest_announce: 21, ctrl_mac_addr: 23,
  indirect_desc: 28, event_idx: 29, any_layout: 27, queue_reset: 40,
};

/** Models with a frame port. */
const NETWORK: ReadonlySet<CardKind> = new Set([CardKind.VIRTIO_NET, CardKind.E1000, CardKind.PCNET]);

/** A card as the module takes it. */
export interface CardPlan {
  kind: CardKind;
  slot: number;
  mac: bigint;
  masked: bigint;
  mtu: number;
  modernOnly: boolean;
  vectors: number;
  /** Netdev id of a network card. */
  netdev: string | undefined;
}

/** QEMU's default addresses: 52:54:00:12:34:56 and up. */
function defaultMac(number: number): string {
  return `52:54:00:12:34:${(0x56 + number).toString(16).padStart(2, '0')}`;
}

/** The address as a number whose lowest byte is the first. */
function parseMac(text: string): bigint {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) throw new OptionError('devices.mac', `"${text}" is not a MAC address such as 52:54:00:12:34:56.`);
  const octets = text.split(':').map((part) => parseInt(part, 16));
  if ((octets[0]! & 1) !== 0) throw new OptionError('devices.mac', `"${text}" is a multicast address.`);
  return octets.reduceRight((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function maskOf(device: DeviceOptions): bigint {
  let masked = 0n;
  for (const [name, on] of Object.entries(device.features ?? {})) {
    const bit = Object.hasOwn(NET_FEATURES, name) ? NET_FEATURES[name] : undefined;
    if (bit === undefined) throw new OptionError('devices.features', `${device.model} has no feature "${name}". It has ${Object.keys(NET_FEATURES).join(', ')}.`);
    if (!on) masked |= 1n << BigInt(bit);
  }
  return masked;
}

function inRange(name: string, value: number, first: number, last: number): number {
  if (Number.isInteger(value) && value >= first && value <= last) return value;
  throw new OptionError(`devices.${name}`, `${value} is not a whole number from ${first} to ${last}.`);
}

function planNet(device: DeviceOptions, number: number): CardPlan {
  return {
    kind: CardKind.VIRTIO_NET,
    slot: device.slot === undefined ? 0 : inRange('slot', device.slot, 1, 30),
    mac: parseMac(device.mac ?? defaultMac(number)),
    masked: maskOf(device),
    mtu: device.mtu === undefined ? 0 : inRange('mtu', device.mtu, 68, 65535),
    modernOnly: device.modernOnly ?? false,
    vectors: device.vectors === undefined ? 4 : inRange('vectors', device.vectors, 0, 32),
    netdev: device.netdev,
  };
}

/** What the options ask for, checked. */
export function planCards(devices: readonly DeviceOptions[], netdevs: readonly Netdev[]): CardPlan[] {
  let nets = 0;
  const used = new Set<string>();
  return devices.map((device) => {
    if (device.model !== 'virtio-net' && device.model !== 'virtio-net-pci') throw new OptionError('devices.model', `there is no "${String(device.model)}". There is virtio-net.`);
    if (device.netdev !== undefined) {
      if (!netdevs.some(({ id }) => id === device.netdev)) throw new OptionError('devices.netdev', `no netdev has the id "${device.netdev}".`);
      if (used.has(device.netdev)) throw new OptionError('devices.netdev', `"${device.netdev}" has a card already.`);
      used.add(device.netdev);
    }
    return planNet(device, nets++);
  });
}

/** A netdev option, read. */
export type Netdev = { id: string; spec: NetdevSpec } | { id: string; backend: NetBackend };

export function readNetdevs(options: readonly NetdevOptions[]): Netdev[] {
  const netdevs = options.map((option): Netdev => {
    if (typeof option !== 'string') return option;
    const spec = parseNetdev(option);
    return { id: spec.id, spec };
  });
  const twice = netdevs.find(({ id }, i) => netdevs.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) throw new OptionError('netdevs', `the id "${twice.id}" is given twice.`);
  return netdevs;
}

/** Tells a fresh module of its cards; before `create`. */
export function addCards(instance: ModuleInstance, plans: readonly CardPlan[]): void {
  for (const { kind, slot, mac, masked, mtu, modernOnly, vectors } of plans) {
    const number = instance.exports.addCard(kind, slot, low(mac), high(mac), low(masked), high(masked), mtu, modernOnly ? 1 : 0, vectors);
    if (number < 0) throw new OptionError('devices', slot === 0 ? 'there are more cards than this machine has room for.' : `slot ${slot} is taken.`);
  }
}

/** What a machine's cards are connected to. */
export interface Network {
  /** By netdev id. */
  backends: Map<string, OpenBackend>;
  /** Frames may come from outside the machine at any time. */
  outside: boolean;
  close(): Promise<void>;
}

const NO_NETWORK: Network = { backends: new Map(), outside: false, close: async () => undefined };

/** Opens the backends. Loaded only when there are any: a page has no sockets. */
export async function openNetwork(netdevs: readonly Netdev[]): Promise<Network> {
  if (netdevs.length === 0) return NO_NETWORK;
  const { createNetContext, openBackends } = await import('../net/open.js');
  const specs = netdevs.filter((netdev) => 'spec' in netdev).map(({ spec }) => spec);
  const backends = await openBackends(specs, createNetContext());
  for (const netdev of netdevs) if ('backend' in netdev) backends.set(netdev.id, { backend: withSoftwareOffload(netdev.backend), nat: undefined });
  return {
    backends,
    outside: netdevs.some((netdev) => !('spec' in netdev) || netdev.spec.type !== 'null'),
    async close() {
      await Promise.all([...backends.values()].map(({ backend }) => backend.close()));
    },
  };
}

/** Frame ports of a module's network cards, each with its backend; a card without a netdev is connected to nothing. */
export function connectCards(instance: ModuleInstance, plans: readonly CardPlan[], network: Network, wake: () => void): FramePort[] {
  const rings = addressOf(instance, Address.Rings);
  return plans
    .filter(({ kind }) => NETWORK.has(kind))
    .map((plan, port) => new FramePort(instance, port, rings, network.backends.get(plan.netdev ?? '')?.backend ?? createNull(`port${port}`), wake));
}
