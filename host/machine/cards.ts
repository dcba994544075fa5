/** Cards and what is behind them: from MachineOptions to calls of the module's addCard, and the backends. */

import { Address, CardKind, CardOption } from '../../assembly/run/surface.js';
import { SECTOR_BYTES } from '../disk/sector.js';
import type { Link } from '../chardev/link.js';
import { DiskError } from '../disk/errors.js';
import type { Drive } from '../disk/open.js';
import { DiskPort } from '../disk/port.js';
import type { NetBackend } from '../net/backend.js';
import type { Clock } from '../net/clock.js';
import { FramePort } from '../net/frames.js';
import { withSoftwareOffload } from '../net/gate.js';
import { createNull } from '../net/null.js';
import type { OpenBackend } from '../net/open.js';
import { LAB_MODES, type LabOptions } from '../net/lab.js';
import { parseNetdev, type NetdevSpec } from '../net/netdev.js';
import { connectConsoles, CONSOLE_ONLY, openChardevs, planConsole, writeName, type Chardev, type ConsolePlan } from './consoles.js';
import type { HostPort } from './engine.js';
import { OptionError } from './errors.js';
import type { MachineClock } from './machine-clock.js';
import { addressOf, high, join, low, type ModuleInstance } from './module.js';
import type { DeviceOptions, DriveOptions, NetdevOptions } from './types.js';

/** Feature bits by QEMU's names: those of every virtio card (virtio 1.2, clause 6), and of the network card (5.1.3). */
export const TRANSPORT_FEATURES: Readonly<Record<string, number>> = { indirect_desc: 28, event_idx: 29, any_layout: 27, packed: 34, in_order: 35, queue_reset: 40 };
/** Off unless asked for, as QEMU has it. */
const OFF_BY_DEFAULT: ReadonlySet<string> = new Set(['packed', 'mq', 'in_order']);
export const NET_FEATURES: Readonly<Record<string, number>> = {
  ...TRANSPORT_FEATURES,
  csum: 0, guest_csum: 1, ctrl_guest_offloads: 2, guest_tso4: 7, guest_tso6: 8, guest_ecn: 9, host_tso4: 11, host_tso6: 12, host_ecn: 13,
  mrg_rxbuf: 15, status: 16, ctrl_vq: 17, ctrl_rx: 18, ctrl_vlan: 19, ctrl_rx_extra: 20, guest_announce: 21, mq: 22, ctrl_mac_addr: 23,
};

/** And of the disk (5.2.3). */
export const DISK_FEATURES: Readonly<Record<string, number>> = { ...TRANSPORT_FEATURES, 'config-wce': 11, discard: 13, 'write-zeroes': 14 };

/** Models with a frame port. */
const NETWORK: ReadonlySet<CardKind> = new Set([CardKind.VIRTIO_NET, CardKind.E1000, CardKind.PCNET]);

/** Backends that bring nothing from outside the machine. */
const INWARD: ReadonlySet<NetdevSpec['type']> = new Set(['null', 'lab']);

/** What `model` may be. */
const MODELS: Readonly<Record<DeviceOptions['model'], CardKind>> = {
  'virtio-net': CardKind.VIRTIO_NET,
  'virtio-net-pci': CardKind.VIRTIO_NET,
  'virtio-rng': CardKind.VIRTIO_RNG,
  'virtio-rng-pci': CardKind.VIRTIO_RNG,
  'virtio-blk': CardKind.VIRTIO_BLK,
  'virtio-blk-pci': CardKind.VIRTIO_BLK,
  'virtio-serial': CardKind.VIRTIO_CONSOLE,
  'virtio-serial-pci': CardKind.VIRTIO_CONSOLE,
  e1000: CardKind.E1000,
  pcnet: CardKind.PCNET,
};

/** Options that only virtio cards have. */
const VIRTIO_ONLY = ['features', 'mtu', 'modernOnly', 'legacyOnly', 'vectors', 'queues', 'speed', 'duplex'] as const;
const MAX_PAIRS = 8;
const NOT_VIRTIO: ReadonlySet<CardKind> = new Set([CardKind.E1000, CardKind.PCNET]);

/** A card as the module takes it. */
export interface CardPlan {
  kind: CardKind;
  slot: number;
  mac: bigint;
  masked: bigint;
  mtu: number;
  modernOnly: boolean;
  vectors: number;
  /** CardOption and value, where it is not the module's default. */
  tuning: [CardOption, number][];
  /** Netdev id of a network card. */
  netdev: string | undefined;
  /** Of a disk. */
  drive: string | undefined;
  serial: string;
  disk: DiskPlan | undefined;
  console: ConsolePlan | undefined;
}

/** How a disk shows itself, beside what its drive says. */
interface DiskPlan {
  queues: number;
  writeCache: boolean | undefined;
  /** Powers of two: the logical block over a sector, the physical over the logical. */
  logicalExp: number;
  physicalExp: number;
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

/** The bits not to offer. */
function maskOf(device: DeviceOptions, known: Readonly<Record<string, number>>): bigint {
  const wanted = device.features ?? {};
  const strange = Object.keys(wanted).find((name) => !Object.hasOwn(known, name));
  if (strange !== undefined) throw new OptionError('devices.features', `${device.model} has no feature "${strange}". It has ${Object.keys(known).join(', ')}.`);
  return Object.entries(known).reduce((masked, [name, bit]) => ((wanted[name] ?? !OFF_BY_DEFAULT.has(name)) ? masked : masked | (1n << BigInt(bit))), 0n);
}

function inRange(name: string, value: number, first: number, last: number): number {
  if (Number.isInteger(value) && value >= first && value <= last) return value;
  throw new OptionError(`devices.${name}`, `${value} is not a whole number from ${first} to ${last}.`);
}

/** Pairs of queues. QEMU takes the number from the netdev; ours have none to give. */
function pairsOf(device: DeviceOptions): number {
  const several = device.features?.['mq'] ?? false;
  if (device.queues === undefined) return several ? 2 : 1;
  if (device.queues > 1 && !several) throw new OptionError('devices.queues', 'more than one needs the feature mq (mq=on).');
  return inRange('queues', device.queues, 1, MAX_PAIRS);
}

function planNet(device: DeviceOptions, number: number): Partial<CardPlan> {
  const pairs = pairsOf(device);
  const tuning: [CardOption, number][] = device.legacyOnly ? [[CardOption.LEGACY_ONLY, 1]] : [];
  if (pairs > 1) tuning.push([CardOption.QUEUES, pairs]);
  if (device.speed !== undefined) tuning.push([CardOption.SPEED, inRange('speed', device.speed, 0, 0x7fff_ffff)]);
  if (device.duplex !== undefined) tuning.push([CardOption.DUPLEX, device.duplex === 'full' ? 1 : 0]);
  return {
    tuning,
    ...(device.vectors === undefined && pairs > 1 ? { vectors: 2 * pairs + 2 } : {}),
    mac: parseMac(device.mac ?? defaultMac(number)),
    mtu: device.mtu === undefined ? 0 : inRange('mtu', device.mtu, 68, 65535),
    netdev: device.netdev,
  };
}

const DISK_ONLY = ['drive', 'serial', 'writeCache', 'logicalBlockBytes', 'physicalBlockBytes'] as const;

/** A block size as a power of two over `unit`. */
function blockExp(name: string, bytes: number, unit: number, most: number): number {
  const exp = Math.log2(bytes / unit);
  if (Number.isInteger(exp) && exp >= 0 && bytes <= most) return exp;
  throw new OptionError(`devices.${name}`, `${bytes} is not a power of two from ${unit} to ${most}.`);
}

function planDisk({ model, drive, serial = '', queues = 1, writeCache, logicalBlockBytes = SECTOR_BYTES, physicalBlockBytes = logicalBlockBytes }: DeviceOptions): DiskPlan {
  if (drive === undefined) throw new OptionError('devices.drive', `${model} needs one.`);
  if (new TextEncoder().encode(serial).length > 20) throw new OptionError('devices.serial', `"${serial}" is longer than 20 bytes.`);
  return {
    queues: inRange('queues', queues, 1, 8),
    writeCache,
    logicalExp: blockExp('logicalBlockBytes', logicalBlockBytes, SECTOR_BYTES, 4096),
    physicalExp: blockExp('physicalBlockBytes', physicalBlockBytes, logicalBlockBytes, 65536),
  };
}

/** What virtio/block/block.ts calls a disk's detail. */
function detailOf({ queues, writeCache, logicalExp, physicalExp }: DiskPlan, { disk, writethrough }: Drive): number {
  if (disk.bytes % (SECTOR_BYTES << logicalExp) !== 0) throw new OptionError('devices.logicalBlockBytes', `the disk's ${disk.bytes} bytes are no whole number of blocks of ${SECTOR_BYTES << logicalExp}.`);
  const cached = writeCache ?? !writethrough;
  return Number(disk.readOnly) | (cached ? 0 : 2) | (queues << 8) | (logicalExp << 16) | (physicalExp << 20);
}

/** What virtio/rng/rng.ts takes: bytes, and in the upper half the period in ms. */
function rateOf(device: DeviceOptions, kind: CardKind): bigint {
  const { maxBytes, periodMs } = device;
  if (maxBytes === undefined && periodMs === undefined) return 0n;
  if (kind !== CardKind.VIRTIO_RNG) throw new OptionError('devices.maxBytes', `${device.model} is no source of random numbers.`);
  if (maxBytes === undefined) throw new OptionError('devices.maxBytes', 'periodMs needs it.');
  return BigInt(inRange('maxBytes', maxBytes, 1, 2 ** 31)) | (BigInt(inRange('periodMs', periodMs ?? 65536, 1, 2 ** 31)) << 32n);
}

/** Refuses an id that is not there, or has a card. */
function claim(option: 'netdev' | 'drive' | 'ports.chardev', id: string | undefined, there: readonly { id: string }[], used: Set<string>): void {
  if (id === undefined) return;
  if (!there.some((one) => one.id === id)) throw new OptionError(`devices.${option}`, `no ${option} has the id "${id}".`);
  if (used.has(`${option} ${id}`)) throw new OptionError(`devices.${option}`, `"${id}" has a card already.`);
  used.add(`${option} ${id}`);
}

/** What the options ask for, checked. */
export function planCards(devices: readonly DeviceOptions[], netdevs: readonly Netdev[], drives: readonly DriveOptions[], chardevs: readonly Chardev[]): CardPlan[] {
  let nets = 0;
  const used = new Set<string>();
  return devices.map((device) => {
    const kind = Object.hasOwn(MODELS, device.model) ? MODELS[device.model] : undefined;
    if (kind === undefined) throw new OptionError('devices.model', `there is no "${String(device.model)}". There are ${Object.keys(MODELS).join(', ')}.`);
    const extra = NOT_VIRTIO.has(kind) ? VIRTIO_ONLY.find((name) => device[name] !== undefined) : undefined;
    if (extra !== undefined) throw new OptionError(`devices.${extra}`, `${device.model} has no such option.`);
    if (device.modernOnly && device.legacyOnly) throw new OptionError('devices.legacyOnly', 'a card has the legacy or the modern interface, or both.');
    claim('netdev', device.netdev, netdevs, used);
    claim('drive', device.drive, drives, used);
    for (const { chardev } of device.ports ?? []) claim('ports.chardev', chardev, chardevs, used);
    const isDisk = kind === CardKind.VIRTIO_BLK;
    const isConsole = kind === CardKind.VIRTIO_CONSOLE;
    const strange = isConsole ? undefined : CONSOLE_ONLY.find((name) => device[name] !== undefined);
    if (strange !== undefined) throw new OptionError(`devices.${strange}`, `${device.model} is no console card.`);
    const rate = rateOf(device, kind);
    const consoles = isConsole ? planConsole(device) : undefined;
    const hasQueues = isDisk || kind === CardKind.VIRTIO_NET;
    if (!hasQueues && device.queues !== undefined) throw new OptionError('devices.queues', `${device.model} has no such option.`);
    const foreign = isDisk ? undefined : DISK_ONLY.find((name) => device[name] !== undefined);
    if (foreign !== undefined) throw new OptionError(`devices.${foreign}`, `${device.model} is no disk.`);
    const disk = isDisk ? planDisk(device) : undefined;
    const common: CardPlan = {
      kind,
      slot: device.slot === undefined ? 0 : inRange('slot', device.slot, 1, 30),
      mac: rate,
      masked: NOT_VIRTIO.has(kind) ? 0n : (consoles?.masked ?? 0n) | maskOf(device, kind === CardKind.VIRTIO_NET ? NET_FEATURES : isDisk ? DISK_FEATURES : TRANSPORT_FEATURES),
      mtu: consoles?.detail ?? 0,
      modernOnly: device.modernOnly ?? false,
      tuning: device.legacyOnly ? [[CardOption.LEGACY_ONLY, 1]] : [],
      vectors: device.vectors === undefined ? Math.max(4, (disk?.queues ?? 0) + 1) : inRange('vectors', device.vectors, 0, 32),
      netdev: undefined,
      drive: device.drive,
      serial: device.serial ?? '',
      disk,
      console: consoles,
    };
    return NETWORK.has(kind) ? { ...common, ...planNet(device, nets++) } : common;
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
export function addCards(instance: ModuleInstance, plans: readonly CardPlan[], { drives, labs }: Outside): void {
  for (const plan of plans) {
    const { kind, slot, masked, modernOnly, vectors } = plan;
    const drive = plan.disk === undefined ? undefined : drives.get(plan.drive ?? '');
    const value = drive === undefined ? plan.mac : BigInt(drive.disk.bytes / SECTOR_BYTES);
    const detail = drive === undefined ? plan.mtu : detailOf(plan.disk!, drive);
    const number = instance.exports.addCard(kind, slot, low(value), high(value), low(masked), high(masked), detail, modernOnly ? 1 : 0, vectors);
    if (number < 0) throw new OptionError('devices', slot === 0 ? 'there are more cards than this machine has room for.' : `slot ${slot} is taken.`);
    for (const port of plan.console?.ports ?? []) writeName(instance, instance.exports.portName(number, port.number) >>> 0, port.name);
    for (const [option, setting] of plan.tuning) instance.exports.setCardOption(number, option, setting);
  }
  networkCards(plans).forEach(({ netdev }, port) => {
    const lab = labs.get(netdev ?? '');
    if (lab) instance.exports.setLab(port, LAB_MODES[lab.mode], lab.size, lab.rate, lab.burst, lab.kbits, lab.count);
  });
}

const networkCards = (plans: readonly CardPlan[]): CardPlan[] => plans.filter(({ kind }) => NETWORK.has(kind));

/** What the module has for cards, in words: a snapshot goes on with the cards it was taken with. */
export function describeCards(instance: ModuleInstance): string[] {
  const { listedCards, kindOfCard, slotOfCard, detailOfCard, sectorsOfCardLo, sectorsOfCardHi } = instance.exports;
  const names = Object.entries(MODELS);
  return Array.from({ length: listedCards() }, (_, i) => {
    const kind = kindOfCard(i);
    const sectors = join(sectorsOfCardLo(i), sectorsOfCardHi(i));
    const size = kind === CardKind.VIRTIO_BLK ? ` of ${sectors} sectors` : '';
    const detail = detailOfCard(i) === 0 ? '' : ` (0x${(detailOfCard(i) >>> 0).toString(16)})`;
    return `${names.find(([, model]) => model === kind)?.[0] ?? '?'} in slot ${slotOfCard(i)}${size}${detail}`;
  });
}

/** After `create`: refuses cards whose counters found no room, since what they count would be wrong. */
export function mustBeCounted(instance: ModuleInstance): void {
  const missing = instance.exports.countersMissing();
  if (missing > 0) throw new OptionError('devices', `the cards need ${missing} counters more than there is room for. Use fewer cards or fewer queues.`);
}

/** What a machine's cards are connected to. */
export interface Outside {
  /** By netdev id. */
  backends: Map<string, OpenBackend>;
  /** Peers inside the module, by netdev id. */
  labs: ReadonlyMap<string, LabOptions>;
  /** By drive id. */
  drives: Map<string, Drive>;
  /** By chardev id. */
  links: Map<string, Link>;
  /** Frames or bytes may come from outside the machine at any time. */
  live: boolean;
  /** What its networks' timers live by; undefined: the wall. */
  time: MachineClock | undefined;
  close(): Promise<void>;
}

async function openDrives(options: readonly DriveOptions[]): Promise<Map<string, Drive>> {
  const drives = new Map<string, Drive>();
  if (options.length === 0) return drives;
  const { openDrive } = await import('../disk/open.js');
  try {
    for (const option of options) {
      if (drives.has(option.id)) throw new DiskError(`the id "${option.id}" is given twice.`);
      drives.set(option.id, await openDrive(option));
    }
  } catch (error) {
    await closeDrives(drives);
    throw new OptionError('drives', error instanceof DiskError ? error.message : `cannot be opened: ${String(error)}.`);
  }
  return drives;
}

async function closeDrives(drives: Map<string, Drive>): Promise<void> {
  const all = [...drives.values()];
  drives.clear();
  for (const { disk } of all) await disk.close();
}

async function openNetdevs(netdevs: readonly Netdev[], time?: Clock): Promise<Map<string, OpenBackend>> {
  const backends = new Map<string, OpenBackend>();
  if (netdevs.length === 0) return backends;
  const { createNetContext, openBackends } = await import('../net/open.js');
  const specs = netdevs.flatMap((netdev) => ('spec' in netdev && netdev.spec.type !== 'lab' ? [netdev.spec] : []));
  for (const [id, backend] of await openBackends(specs, createNetContext(time))) backends.set(id, backend);
  for (const netdev of netdevs) if ('backend' in netdev) backends.set(netdev.id, { backend: withSoftwareOffload(netdev.backend), nat: undefined });
  return backends;
}

/**
 * Opens backends, disks and chardevs. What needs Node is loaded only when it is asked for: a page has no sockets. Networks live by `time`,
 * or by the wall.
 */
export async function openOutside({ netdevs, chardevs }: Outward, driveOptions: readonly DriveOptions[], time?: MachineClock): Promise<Outside> {
  const drives = await openDrives(driveOptions);
  const backends = new Map<string, OpenBackend>();
  const links = new Map<string, Link>();
  const close = async (): Promise<void> => {
    await closeDrives(drives);
    await Promise.all([...backends.values()].map(({ backend }) => backend.close()));
    await Promise.all([...links.values()].map((link) => link.close()));
  };
  try {
    for (const [id, backend] of await openNetdevs(netdevs, time)) backends.set(id, backend);
    for (const [id, link] of await openChardevs(chardevs)) links.set(id, link);
  } catch (error) {
    await close();
    throw error;
  }
  const labs = new Map(netdevs.flatMap((netdev) => ('spec' in netdev && netdev.spec.type === 'lab' ? [[netdev.id, netdev.spec.options] as const] : [])));
  const live = netdevs.some((netdev) => !('spec' in netdev) || !INWARD.has(netdev.spec.type)) || chardevs.some((chardev) => !('spec' in chardev) || !['null', 'file'].includes(chardev.spec.type));
  return { backends, labs, drives, links, live, time, close };
}

/** The frame port of the card on a netdev: they are counted over all network cards. */
export function framePortOf(plans: readonly CardPlan[], netdev: string): number {
  const port = networkCards(plans).findIndex((plan) => plan.netdev === netdev);
  if (port < 0) throw new OptionError('netdev', `no card is connected to "${netdev}".`);
  return port;
}

/** What the options connect to the world, read. */
export interface Outward {
  netdevs: readonly Netdev[];
  chardevs: readonly Chardev[];
}

/**
 * What is to be served between slices: frame ports, each with its backend (a card without a netdev is connected to nothing; one with
 * a lab has its peer in the module), and disks.
 */
export function connectCards(instance: ModuleInstance, plans: readonly CardPlan[], outside: Outside, wake: () => void): HostPort[] {
  const rings = addressOf(instance, Address.Rings);
  const ports = networkCards(plans).flatMap(({ netdev }, port) => {
    if (outside.labs.has(netdev ?? '')) return [];
    return [new FramePort(instance, port, rings, outside.backends.get(netdev ?? '')?.backend ?? createNull(`port${port}`), wake)];
  });
  const disks = plans
    .filter(({ kind }) => kind === CardKind.VIRTIO_BLK)
    .flatMap((plan, number) => {
      const drive = outside.drives.get(plan.drive ?? '');
      return drive === undefined ? [] : [new DiskPort(instance, instance.exports.diskTable(number) >>> 0, drive, plan.serial, `drive ${plan.drive}`)];
    });
  return [...ports, ...disks, ...connectConsoles(instance, plans, outside.links, wake)];
}
