/** Cards as the options ask for them, checked: what the module is told of each, by name. */

import { CardKind, CardOption } from '../../assembly/surface/cards.js';
import { SECTOR_BYTES } from '../disk/sector.js';
import type { Drive } from '../disk/open.js';
import type { NetBackend } from '../net/backend.js';
import type { NetdevSpec } from '../net/netdev.js';
import { planConsole, type ConsolePlan } from './consoles.js';
import { OptionError } from './errors.js';
import { iommuOptions } from './iommu-plan.js';
import { isRemovable, seatDrives } from './drive-buses.js';
import { inRange } from './ranges.js';
import { readPlacement, type Placement } from './placement-option.js';
import { numberSlots, onBus, onPort, planPlace, rootPortOptions } from './root-ports.js';
import { findModel, modelOf, MODELS, OFF_BY_DEFAULT, type Model, type ModelOption } from './models.js';
import type { DeviceOptions, DriveOptions, NetdevOptions, ShareOptions } from './types.js';

/** A card as the module takes it. */
export interface CardPlan {
  model: Model;
  /** 0: the lowest that is free. */
  slot: number;
  /** The place of the root port it is behind. */
  behind: number | undefined;
  /** What is not as the module has it by default (assembly/device/card.ts). */
  options: Map<CardOption, bigint>;
  /** Netdev id of a network card. */
  netdev: string | undefined;
  /** Of a disk. */
  drive: string | undefined;
  serial: string;
  /** Of a shared folder. */
  share: string | undefined;
  tag: string;
  writeCache: boolean | undefined;
  console: ConsolePlan | undefined;
  /** Undefined: all its registers are served in the module. */
  placement: Placement | undefined;
}

type Pairs = [CardOption, number | bigint][];
const MAX_PAIRS = 8;
const MOST_MEMBAR = 2 ** 40;

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

/** Pairs of queues. QEMU takes the number from the netdev; ours have none to give. */
function pairsOf(device: DeviceOptions): number {
  const several = device.features?.['mq'] ?? false;
  if (device.queues === undefined) return several ? 2 : 1;
  if (device.queues > 1 && !several) throw new OptionError('devices.queues', 'more than one needs the feature mq (mq=on).');
  return inRange('queues', device.queues, 1, MAX_PAIRS);
}

function netOptions(device: DeviceOptions): Pairs {
  const pairs = pairsOf(device);
  const out: Pairs = [[CardOption.QUEUES, pairs], [CardOption.MTU, device.mtu === undefined ? 0 : inRange('mtu', device.mtu, 68, 65535)]];
  if (device.speed !== undefined) out.push([CardOption.SPEED, inRange('speed', device.speed, 0, 0x7fff_ffff)]);
  if (device.duplex !== undefined) out.push([CardOption.DUPLEX, device.duplex === 'full' ? 1 : 0]);
  if (device.vectors === undefined && pairs > 1) out.push([CardOption.VECTORS, 2 * pairs + 2]);
  return out;
}

/** A block size as a power of two over `unit`. */
function blockExp(name: string, bytes: number, unit: number, most: number): number {
  const exp = Math.log2(bytes / unit);
  if (Number.isInteger(exp) && exp >= 0 && bytes <= most) return exp;
  throw new OptionError(`devices.${name}`, `${bytes} is not a power of two from ${unit} to ${most}.`);
}

function diskOptions({ model, drive, serial = '', queues = 1, vectors, logicalBlockBytes = SECTOR_BYTES, physicalBlockBytes = logicalBlockBytes }: DeviceOptions): Pairs {
  if (drive === undefined) throw new OptionError('devices.drive', `${model} needs one.`);
  if (new TextEncoder().encode(serial).length > 20) throw new OptionError('devices.serial', `"${serial}" is longer than 20 bytes.`);
  return [
    [CardOption.QUEUES, inRange('queues', queues, 1, 8)],
    [CardOption.VECTORS, vectors ?? Math.max(4, queues + 1)],
    [CardOption.LOGICAL_EXP, blockExp('logicalBlockBytes', logicalBlockBytes, SECTOR_BYTES, 4096)],
    [CardOption.PHYSICAL_EXP, blockExp('physicalBlockBytes', physicalBlockBytes, logicalBlockBytes, 65536)],
  ];
}

/** A disk on a controller. */
function hardDiskOptions({ model, drive, serial = '' }: DeviceOptions): Pairs {
  if (drive === undefined) throw new OptionError('devices.drive', `${model} needs one.`);
  return serialOptions(serial);
}
/** An NVMe controller and its namespace. */
function nvmeOptions(device: DeviceOptions): Pairs {
  return [...hardDiskOptions(device), [CardOption.LOGICAL_EXP, blockExp('logicalBlockBytes', device.logicalBlockBytes ?? SECTOR_BYTES, SECTOR_BYTES, 4096)]];
}
function serialOptions(serial: string): Pairs {
  if (!/^[\x20-\x7e]{0,20}$/.test(serial)) throw new OptionError('devices.serial', `"${serial}" is not at most 20 characters of ASCII.`);
  return [];
}

/** What a disk's card is told once its drive is open. */
export function driveOptions({ options, writeCache }: CardPlan, { disk, writethrough }: Drive): Pairs {
  const block = SECTOR_BYTES << Number(options.get(CardOption.LOGICAL_EXP) ?? 0n);
  if (disk.bytes % block !== 0) throw new OptionError('devices.logicalBlockBytes', `the disk's ${disk.bytes} bytes are no whole number of blocks of ${block}.`);
  const cached = writeCache ?? !writethrough;
  return [[CardOption.SECTORS, disk.bytes / SECTOR_BYTES], [CardOption.READ_ONLY, disk.readOnly ? 1 : 0], [CardOption.WRITETHROUGH, cached ? 0 : 1]];
}

function rngOptions({ maxBytes, periodMs }: DeviceOptions): Pairs {
  if (maxBytes === undefined && periodMs === undefined) return [];
  if (maxBytes === undefined) throw new OptionError('devices.maxBytes', 'periodMs needs it.');
  return [[CardOption.MAX_BYTES, inRange('maxBytes', maxBytes, 1, 2 ** 31)], [CardOption.PERIOD_MS, inRange('periodMs', periodMs ?? 65536, 1, 2 ** 31)]];
}

function virtioOptions(device: DeviceOptions, features: Readonly<Record<string, number>>, consoles: ConsolePlan | undefined): Pairs {
  if (device.modernOnly && device.legacyOnly) throw new OptionError('devices.legacyOnly', 'a card has the legacy or the modern interface, or both.');
  const out: Pairs = [[CardOption.MASKED, maskOf(device, features) | (consoles?.masked ?? 0n)]];
  if (device.vectors !== undefined) out.push([CardOption.VECTORS, inRange('vectors', device.vectors, 0, 32)]);
  if (device.modernOnly) out.push([CardOption.MODERN_ONLY, 1]);
  if (device.features?.['iommu_platform']) {
    if (!device.modernOnly) throw new OptionError('devices.features', 'iommu_platform needs a card without the legacy interface (modernOnly, disable-legacy=on).');
    out.push([CardOption.PLATFORM, 1]);
  }
  if (device.legacyOnly) out.push([CardOption.LEGACY_ONLY, 1]);
  return out;
}

/** The module has room for that much. */
const MAX_TAG_BYTES = 63;

function shareOptions({ model, share, tag }: DeviceOptions): Pairs {
  if (share === undefined) throw new OptionError('devices.share', `${model} needs one.`);
  if (tag === undefined || tag === '') throw new OptionError('devices.tag', `${model} needs one: the name the guest mounts it by.`);
  if (new TextEncoder().encode(tag).length > MAX_TAG_BYTES) throw new OptionError('devices.tag', `"${tag}" is longer than ${MAX_TAG_BYTES} bytes.`);
  return [];
}

/** Whole numbers up to 2^53, or a bigint. */
function eduOptions({ dmaMask }: DeviceOptions): Pairs {
  if (dmaMask === undefined) return [];
  const good = typeof dmaMask === 'bigint' ? dmaMask >= 0n && dmaMask < 1n << 64n : Number.isSafeInteger(dmaMask) && dmaMask >= 0;
  if (!good) throw new OptionError('devices.dmaMask', `${dmaMask} is not a mask of an address.`);
  return [[CardOption.DMA_MASK, BigInt(dmaMask)]];
}

/** The module's BARs are of at least 16 bytes. */
function testDevOptions({ membar }: DeviceOptions): Pairs {
  if (membar === undefined || membar === 0) return [];
  if (!Number.isInteger(Math.log2(membar)) || membar < 16 || membar > MOST_MEMBAR) throw new OptionError('devices.membar', `${membar} is not a power of two from 16 to 2^40.`);
  return [[CardOption.MEMBAR, membar]];
}

/** A flash chip: its unit. */
function flashOptions({ model, drive, unit = 0 }: DeviceOptions): Pairs {
  if (drive === undefined) throw new OptionError('devices.drive', `${model} needs one.`);
  return [[CardOption.UNIT, inRange('unit', unit, 0, 1)]];
}

/** What a model's own code takes, by its kind. */
function ownOptions(kind: CardKind, device: DeviceOptions, consoles: ConsolePlan | undefined): Pairs {
  switch (kind) {
    case CardKind.VIRTIO_NET: return netOptions(device);
    case CardKind.VIRTIO_BLK: return diskOptions(device);
    case CardKind.VIRTIO_RNG: return rngOptions(device);
    case CardKind.VIRTIO_CONSOLE: return consoles!.options;
    case CardKind.VIRTIO_9P: return shareOptions(device);
    case CardKind.PFLASH: return flashOptions(device);
    case CardKind.NVME: return nvmeOptions(device);
    case CardKind.IDE_DISK: return hardDiskOptions(device);
    case CardKind.FLOPPY:
    case CardKind.IDE_CD: return serialOptions(device.serial ?? '');
    case CardKind.EDU: return eduOptions(device);
    case CardKind.PCI_TESTDEV: return testDevOptions(device);
    case CardKind.IOMMU: return iommuOptions(device);
    case CardKind.ROOT_PORT: return rootPortOptions(device);
    default: return [];
  }
}

/** Refuses an id that is not there, or has a card. */
function claim(option: 'netdev' | 'drive' | 'share' | 'ports.chardev', id: string | undefined, there: readonly { id: string }[], used: Set<string>): void {
  if (id === undefined) return;
  if (!there.some((one) => one.id === id)) throw new OptionError(`devices.${option}`, `no ${option} has the id "${id}".`);
  if (used.has(`${option} ${id}`)) throw new OptionError(`devices.${option}`, `"${id}" has a card already.`);
  used.add(`${option} ${id}`);
}

/** What a drive that begins empty is called. */
function emptyId({ id }: DeviceOptions, kind: CardKind, drives: readonly DriveOptions[]): string | undefined {
  if (id === undefined || !isRemovable(kind)) return undefined;
  if (drives.some((drive) => drive.id === id)) throw new OptionError('devices.id', `"${id}" is a drive's; write drive=${id}, or give the device another id.`);
  return id;
}

/** The row of a device's model, which takes every option that was given. */
function rowOf(device: DeviceOptions): Model {
  const model = findModel(device.model);
  if (model === undefined) throw new OptionError('devices.model', `there is no "${String(device.model)}". There are ${MODELS.flatMap(({ names }) => names).join(', ')}.`);
  const given = Object.keys(device).filter((key) => key !== 'model' && key !== 'slot' && key !== 'placement' && !(key === 'bus' && onBus(model)) && device[key as ModelOption] !== undefined) as ModelOption[];
  const strange = given.find((key) => !Object.hasOwn(model.options, key));
  if (strange === undefined) return model;
  throw new OptionError(`devices.${strange}`, `${device.model} has no such option. It has ${[...(model.board ? [] : ['slot', 'placement']), ...(onBus(model) && !model.board ? ['bus'] : []), ...Object.keys(model.options)].join(', ')}.`);
}

/** What the options ask for, checked. */
export function planCards(given: readonly DeviceOptions[], netdevs: readonly Netdev[], drives: readonly DriveOptions[], chardevs: readonly { id: string }[], shares: readonly ShareOptions[] = []): CardPlan[] {
  const devices = numberSlots(given).map(onPort);
  let nets = 0;
  const used = new Set<string>();
  if (devices.filter(({ model }) => findModel(model)?.kind === CardKind.VGA).length > 1) throw new OptionError('devices.model', 'a machine has one screen, and there are two of VGA.');
  const plans = devices.map((device, i) => {
    const model = rowOf(device);
    claim('netdev', device.netdev, netdevs, used);
    claim('drive', device.drive, drives, used);
    claim('share', device.share, shares, used);
    for (const { chardev } of device.ports ?? []) claim('ports.chardev', chardev, chardevs, used);
    const consoles = model.kind === CardKind.VIRTIO_CONSOLE ? planConsole(device) : undefined;
    const pairs = ownOptions(model.kind, device, consoles);
    if (model.features !== undefined) pairs.push(...virtioOptions(device, model.features, consoles));
    if (model.network) {
      pairs.push([CardOption.MAC, parseMac(device.mac ?? defaultMac(nets))]);
      nets++;
    }
    return {
      ...planOf(model),
      ...planPlace(devices, i),
      options: new Map(pairs.map(([option, value]) => [option, BigInt(value)])),
      netdev: device.netdev,
      drive: device.drive ?? emptyId(device, model.kind, drives),
      serial: device.serial ?? '',
      share: device.share,
      tag: device.tag ?? '',
      writeCache: device.writeCache,
      console: consoles,
      placement: readPlacement(device.placement),
    };
  });
  checkChips(plans);
  seatDrives(devices, plans, (kind) => planOf(modelOf(kind)!));
  return plans;
}

/** Flash chips: one of a unit. */
function checkChips(plans: readonly CardPlan[]): void {
  const units = plans.filter(({ model }) => model.kind === CardKind.PFLASH).map(({ options }) => Number(options.get(CardOption.UNIT)));
  if (new Set(units).size < units.length) throw new OptionError('devices.unit', `two flash chips are unit ${units[0]}; the firmware is unit 0, its variables are unit 1.`);
}

/** A card of which nothing is said. */
function planOf(model: Model): CardPlan {
  return { model, slot: 0, behind: undefined, options: new Map(), netdev: undefined, drive: undefined, serial: '', share: undefined, tag: '', writeCache: undefined, console: undefined, placement: undefined };
}

/** A netdev option, read. */
export type Netdev = { id: string; spec: NetdevSpec } | { id: string; backend: NetBackend };

/** `parse` reads the texts: parseNetdev, which is large with all it knows of addresses, and not loaded where there are none. */
export function readNetdevs(options: readonly NetdevOptions[], parse: (text: string) => NetdevSpec): Netdev[] {
  const netdevs = options.map((option): Netdev => {
    if (typeof option !== 'string') return option;
    const spec = parse(option);
    return { id: spec.id, spec };
  });
  const twice = netdevs.find(({ id }, i) => netdevs.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) throw new OptionError('netdevs', `the id "${twice.id}" is given twice.`);
  return netdevs;
}
