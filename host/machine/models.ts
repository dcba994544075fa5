/** The models of cards, a row each: the one list that API, command line, help and completion read. The module's rows are in assembly/run/cards.ts. */

import { CardKind } from '../../assembly/surface/cards.js';
import type { DeviceOptions } from './types.js';

export type ModelName = DeviceOptions['model'];
/** What DeviceOptions has beside model, slot and bus, which every card takes. */
export type ModelOption = Exclude<keyof DeviceOptions, 'model' | 'slot' | 'placement'>;

export interface Model {
  kind: CardKind;
  /** QEMU's name first. */
  names: readonly [ModelName, ...ModelName[]];
  /** Names of the command line alone. */
  aliases?: readonly string[];
  about: string;
  /** It has a frame port. */
  network?: true;
  /** It is a part of the board and in no slot. */
  board?: true;
  /** What it takes, by the names of DeviceOptions, and QEMU's word for each; '' where the command line says it in another way. */
  options: Readonly<Partial<Record<ModelOption, string>>>;
  /** Other words of QEMU's for an option, of later versions. */
  synonyms?: Readonly<Partial<Record<ModelOption, readonly string[]>>>;
  /** QEMU's switches for what it has not, and why. */
  absent?: Readonly<Record<string, string>>;
  /** Feature bits of a virtio card, by QEMU's names. */
  features?: Readonly<Record<string, number>>;
}

/** VIRTIO_F_ACCESS_PLATFORM. */
const PLATFORM_BIT = 33;

/** Features of every virtio card (virtio 1.2, clause 6), and those of the network card (5.1.3) and the disk (5.2.3). */
const TRANSPORT_FEATURES: Readonly<Record<string, number>> = { indirect_desc: 28, event_idx: 29, any_layout: 27, iommu_platform: PLATFORM_BIT, packed: 34, in_order: 35, queue_reset: 40 };
const NET_FEATURES: Readonly<Record<string, number>> = {
  ...TRANSPORT_FEATURES,
  csum: 0, guest_csum: 1, ctrl_guest_offloads: 2, guest_tso4: 7, guest_tso6: 8, guest_ecn: 9, host_tso4: 11, host_tso6: 12, host_ecn: 13,
  mrg_rxbuf: 15, status: 16, ctrl_vq: 17, ctrl_rx: 18, ctrl_vlan: 19, ctrl_rx_extra: 20, guest_announce: 21, mq: 22, ctrl_mac_addr: 23,
};
const DISK_FEATURES: Readonly<Record<string, number>> = { ...TRANSPORT_FEATURES, 'config-wce': 11, discard: 13, 'write-zeroes': 14 };
/** Off unless asked for, as QEMU has it. */
export const OFF_BY_DEFAULT: ReadonlySet<string> = new Set(['packed', 'mq', 'in_order', 'iommu_platform']);

const VIRTIO = { vectors: 'vectors', modernOnly: 'disable-legacy', legacyOnly: 'disable-modern', features: '' } as const;
const CARD = { netdev: 'netdev', mac: 'mac' } as const;

export const MODELS: readonly Model[] = [
  {
    kind: CardKind.VIRTIO_NET,
    names: ['virtio-net-pci', 'virtio-net'],
    about: 'virtio network card',
    network: true,
    options: { ...CARD, ...VIRTIO, mtu: 'host_mtu', queues: 'queues', speed: 'speed', duplex: 'duplex' },
    features: NET_FEATURES,
  },
  { kind: CardKind.E1000, names: ['e1000'], aliases: ['e1000-82540em'], about: 'Intel 82540EM network card', network: true, options: CARD },
  { kind: CardKind.PCNET, names: ['pcnet'], about: 'AMD PCnet-PCI II network card', network: true, options: CARD },
  {
    kind: CardKind.VIRTIO_BLK,
    names: ['virtio-blk-pci', 'virtio-blk'],
    about: 'virtio disk, for a -drive with if=none',
    options: {
      drive: 'drive', ...VIRTIO, serial: 'serial', queues: 'num-queues', writeCache: 'write-cache', logicalBlockBytes: 'logical_block_size', physicalBlockBytes: 'physical_block_size',
    },
    features: DISK_FEATURES,
  },
  {
    kind: CardKind.VIRTIO_CONSOLE,
    names: ['virtio-serial-pci', 'virtio-serial'],
    about: 'virtio console card, for virtconsole and virtserialport after it',
    options: { maxPorts: 'max_ports', ports: '', ...VIRTIO },
    features: TRANSPORT_FEATURES,
  },
  {
    kind: CardKind.VIRTIO_RNG,
    names: ['virtio-rng-pci', 'virtio-rng'],
    about: 'random numbers from the machine\'s seed',
    options: { maxBytes: 'max-bytes', periodMs: 'period', ...VIRTIO },
    features: TRANSPORT_FEATURES,
  },
  {
    kind: CardKind.VIRTIO_9P,
    names: ['virtio-9p-pci', 'virtio-9p'],
    about: 'a shared folder, for an -fsdev',
    options: { share: 'fsdev', tag: 'mount_tag', ...VIRTIO },
    features: TRANSPORT_FEATURES,
  },
  { kind: CardKind.VGA, names: ['VGA'], aliases: ['vga'], about: 'a screen: a VGA with modes up to 1920x1080 (-vga std)', options: { romfile: 'romfile' } },
  {
    kind: CardKind.NVME,
    names: ['nvme'],
    about: 'NVMe controller with one namespace, for a -drive with if=none',
    options: { drive: 'drive', serial: 'serial', writeCache: 'write-cache', logicalBlockBytes: 'logical_block_size' },
    absent: { 'use-intel-id': 'it has one vendor', zoned: 'there are no zones', subsys: 'there is one controller' },
  },
  { kind: CardKind.AHCI, names: ['ich9-ahci', 'ahci'], about: 'AHCI controller with six ports; one is there by itself when a drive is on ide.0 to ide.5', options: { id: '' } },
  { kind: CardKind.IDE, names: ['piix3-ide'], about: 'IDE controller with two channels of two drives, at the old ports: ID.0 and ID.1, units 0 and 1', options: { id: '' } },
  { kind: CardKind.PFLASH, names: ['pflash'], about: 'a flash chip with firmware (-drive if=pflash): unit 0 ends at 4 GiB, unit 1 lies below it', board: true, options: { drive: 'drive', unit: 'unit' } },
  { kind: CardKind.FDC, names: ['isa-fdc'], about: 'floppy controller; one is there by itself when a floppy drive is', options: {} },
  { kind: CardKind.FLOPPY, names: ['floppy'], about: 'floppy drive; empty without a drive', options: { drive: 'drive', unit: 'unit', id: '' } },
  { kind: CardKind.IDE_DISK, names: ['ide-hd'], about: 'disk on a controller, for a -drive with if=none', options: { drive: 'drive', bus: 'bus', unit: 'unit', serial: 'serial', writeCache: 'write-cache' } },
  { kind: CardKind.IDE_CD, names: ['ide-cd'], about: 'CD-ROM drive on a controller; empty without a drive', options: { drive: 'drive', bus: 'bus', unit: 'unit', serial: 'serial', id: '' } },
  { kind: CardKind.ROOT_PORT, names: ['pcie-root-port'], aliases: ['ioh3420'], about: 'PCI Express root port with a slot: a bus of its own for the one card that names it by bus=ID', options: { id: '', chassis: 'chassis', slotNumber: 'slot', port: 'port' } },
  { kind: CardKind.EDU, names: ['edu'], about: 'a card to learn writing drivers with', options: { dmaMask: 'dma_mask' } },
  { kind: CardKind.IOMMU_TESTDEV, names: ['iommu-testdev'], about: 'a card whose transfers test a remapping unit', options: {} },
  { kind: CardKind.PCI_TESTDEV, names: ['pci-testdev'], about: 'a card that counts accesses, for tests', options: { membar: 'membar' } },
  {
    kind: CardKind.IOMMU,
    names: ['intel-iommu'],
    about: 'a remapping unit for DMA and interrupts (VT-d)',
    board: true,
    options: {
      intremap: 'intremap', eim: 'eim', cachingMode: 'caching-mode', addressBits: 'aw-bits', snoopControl: 'snoop-control', dmaDrain: 'dma-drain', passThrough: 'pt', scalableMode: 'x-scalable-mode', firstStage: 'x-flts',
      iotlbEntries: 'iotlb-entries', iotlbWays: 'iotlb-ways', tableEntries: 'pwc-entries',
    },
    synonyms: { scalableMode: ['scalable-mode'], firstStage: ['fsts'] },
    absent: { 'device-iotlb': 'cards have no TLB of their own' },
  },
];

/** What a disk or a CD by its file alone is in, as QEMU has it. */
export const PLAIN_DRIVES = { disk: 'ide-hd', cd: 'ide-cd', floppy: 'floppy', nvme: 'nvme', flash: 'pflash' } as const;

export function findModel(name: string): Model | undefined {
  return MODELS.find(({ names }) => names.some((one) => one === name));
}

/** The row of a kind that the module names. */
export function modelOf(kind: CardKind): Model | undefined {
  return MODELS.find((row) => row.kind === kind);
}
