/** The models of `-device`, and what each takes: QEMU's names, and the names of DeviceOptions behind them. Parser, help and completion read the rows. */

import { MODELS, type Model, type ModelOption } from '../machine/models.js';
import type { DeviceOptions } from '../machine/types.js';
import type { Kind, Property } from './words.js';

/** A property, and the option of the API that it sets; a feature is set by its name. */
export interface DeviceProperty extends Property {
  key?: keyof DeviceOptions;
  feature?: true;
}

export interface DeviceModel {
  names: readonly string[];
  about: string;
  properties: readonly DeviceProperty[];
}

function property(name: string, kind: Kind, about: string, key?: keyof DeviceOptions): DeviceProperty {
  return key === undefined ? { name, kind, about } : { name, kind, about, key };
}

const text: Kind = { is: 'text' };
const count: Kind = { is: 'count' };
const onOff: Kind = { is: 'switch' };

const ID = property('id', text, 'a name for it');
/** Of a card in a slot. */
const EVERY: readonly DeviceProperty[] = [
  ID,
  property('addr', { is: 'slot' }, 'PCI device number, 1 to 30; default the lowest that is free; 0 behind a root port', 'slot'),
  property('bus', text, 'the id of the root port it is behind; default pcie.0, the board\'s own', 'bus'),
  property('placement', text, 'where its registers are served: module, hosted (each access a round trip to another thread), or those that are hosted, REG:REG', 'placement'),
  property('bootindex', { is: 'ignored', note: 'disks are tried in the order in which they are given.' }, 'taken: disks are tried in the order in which they are given'),
];

/** Cards that have none. */
const NO_ROM = property('romfile', { is: 'ignored', note: 'cards but the screen have no option ROM.' }, 'taken: cards but the screen have no option ROM');

/** What a property's value is, and what it does, by the API's name for it. */
const OPTIONS: Readonly<Record<Exclude<ModelOption, 'features' | 'ports' | 'id'>, readonly [Kind, string]>> = {
  netdev: [text, 'the id of the network it is connected to'],
  mac: [text, 'its address; default 52:54:00:12:34:56 and up'],
  vectors: [count, 'MSI-X vectors, 0 for none'],
  modernOnly: [onOff, 'without the legacy interface'],
  legacyOnly: [onOff, 'without the modern interface'],
  mtu: [count, 'the largest packet the driver should send'],
  queues: [count, 'queues, 1 to 8; of a network card pairs of them, with mq=on'],
  speed: [count, 'Mb/s that it reports'],
  duplex: [{ is: 'word', of: ['half', 'full'] }, 'what it reports'],
  drive: [text, 'the id of its -drive'],
  bus: [text, 'its controller and port: ide.0 to ide.5 of the board, ID.0 and up of a controller with that id'],
  unit: [count, 'its number on the bus, 0 or 1'],
  share: [text, 'the id of its -fsdev'],
  tag: [text, 'the name the guest mounts it by'],
  serial: [text, 'its serial number, up to 20 bytes'],
  writeCache: [{ is: 'word', of: ['on', 'off', 'auto'] }, 'whether the guest is told of a write cache'],
  logicalBlockBytes: [count, 'bytes, 512 to 4096'],
  physicalBlockBytes: [count, 'bytes, up to 65536'],
  maxPorts: [count, 'how many ports it may have'],
  maxBytes: [count, 'bytes in each period'],
  periodMs: [count, 'ms of virtual time, default 65536'],
  intremap: [onOff, 'whether it remaps interrupts, default on'],
  eim: [onOff, 'whether those go to x2APIC destinations, default as intremap'],
  cachingMode: [onOff, 'whether it keeps what is not present, default off'],
  addressBits: [count, 'bits of its addresses: 39, 48 or 57, default 39'],
  snoopControl: [onOff, 'whether it says that it controls snooping, default off'],
  dmaDrain: [onOff, 'whether it says that it drains DMA, default on'],
  passThrough: [onOff, 'whether devices may be passed through, default on'],
  scalableMode: [onOff, 'whether it has scalable mode: PASIDs and their stages, default off'],
  firstStage: [onOff, 'whether that has first stages and nesting, default as x-scalable-mode'],
  iotlbEntries: [count, 'entries of its IOTLB, a power of two up to 1024, default 256'],
  iotlbWays: [count, 'ways they are in, a power of two up to 16, default 4'],
  tableEntries: [count, 'tables of walks that it keeps, up to 32, default 16'],
  romfile: [text, 'its video BIOS, nothing for none; default SeaBIOS\'s, which is fetched once'],
  slotNumber: [count, 'the number of its slot; default the lowest that is free in its chassis'],
  chassis: [count, 'the chassis its slot is counted in, 0 to 255; default 0'],
  port: [count, 'the number of its link, 0 to 255'],
  membar: [count, 'bytes of its BAR 2, a power of two; default none'],
  dmaMask: [count, 'bits of an address that it reaches, default 0xfffffff'],
};

/** Words of QEMU's that a model takes beside what the API has. */
const TAKEN: Readonly<Partial<Record<Model['names'][0], readonly DeviceProperty[]>>> = {
  'virtio-blk-pci': [
    property('scsi', { is: 'ignored' }, 'taken: there are no SCSI commands'),
    property('iothread', { is: 'ignored' }, 'taken: there are no such threads'),
  ],
  'virtio-rng-pci': [property('rng', text, 'the id of an -object rng-...')],
};

function rowOf({ names, aliases = [], about, board, options, synonyms = {}, absent = {}, features = {} }: Model): DeviceModel {
  const own = Object.entries(options).flatMap(([key, word]) => {
    const option = OPTIONS[key as keyof typeof OPTIONS];
    const words = word === '' ? [] : [word, ...(synonyms[key as ModelOption] ?? [])];
    return words.map((one, i) => property(one, option[0], i === 0 ? option[1] : `the same as ${word}`, key as ModelOption));
  });
  const without = Object.entries(absent).map(([name, why]) => property(name, { is: 'absent', why: `${why}; leave it out.` }, `off: ${why}`));
  const bits = Object.keys(features).map((name): DeviceProperty => ({ name, kind: onOff, about: 'a feature, offered or not', feature: true }));
  const every = EVERY.filter(({ name }) => !own.some((one) => one.name === name));
  return { names: [...names, ...aliases], about, properties: [...own, ...without, ...(board ? [ID] : every), ...('romfile' in options || board ? [] : [NO_ROM]), ...(TAKEN[names[0]] ?? []), ...bits] };
}

export const DEVICE_MODELS: readonly DeviceModel[] = MODELS.map(rowOf);

/** Ports of console cards, and the debug devices: they are no cards of the PCI bus. */
export const PORT_PROPERTIES: readonly Property[] = [
  { name: 'chardev', kind: text, about: 'the id of what it is connected to' },
  { name: 'name', kind: text, about: 'what the guest knows it by: /dev/virtio-ports/NAME' },
  { name: 'nr', kind: count, about: 'its number; default the lowest that is free' },
  { name: 'id', kind: text, about: 'a name for it' },
  { name: 'bus', kind: text, about: 'its card: ID.0' },
];

export const OTHER_MODELS: readonly DeviceModel[] = [
  { names: ['virtconsole'], about: 'a console (hvc0) of a virtio console card', properties: PORT_PROPERTIES },
  { names: ['virtserialport'], about: 'a port of bytes of a virtio console card', properties: PORT_PROPERTIES },
  {
    names: ['isa-debug-exit'],
    about: 'ends the machine with status value * 2 + 1; always there, this moves it',
    properties: [property('iobase', { is: 'count', least: 1, most: 0xfff8 }, 'its port, default 0x501'), property('iosize', { is: 'count', least: 1, most: 8 }, 'how many ports, default 4')],
  },
  {
    names: ['isa-debugcon'],
    about: 'the debug console; always there, this moves it',
    properties: [
      property('iobase', { is: 'count', least: 1, most: 0xffff }, 'its port, default 0xe9'),
      property('chardev', text, 'the id of what it is connected to, as -debugcon chardev:ID says'),
    ],
  },
  { names: ['pc-testdev'], about: 'ports, memory and interrupt lines that test kernels for x86 drive', properties: [] },
];

export const ALL_MODELS: readonly DeviceModel[] = [...DEVICE_MODELS, ...OTHER_MODELS];

/** Every name of a model. */
export const MODEL_NAMES: readonly string[] = ALL_MODELS.flatMap(({ names }) => names);

/** Models of QEMU that are not here, by how their names begin, and what to write instead. */
const INSTEAD: readonly [RegExp, string][] = [
  [/^(e1000e|igb|rtl8139|ne2k_(pci|isa)|vmxnet3|i8\d{4}[a-z]*|tulip|usb-net)$/, 'write e1000, pcnet or virtio-net-pci.'],
  [/^(ide-drive|scsi-hd|scsi-disk|nvme-ns|virtio-blk-device|usb-storage|vhost-user-blk.*)$/, 'write virtio-blk-pci, nvme or ide-hd.'],
  [/^(scsi-cd|usb-cdrom)$/, 'write ide-cd, or -cdrom FILE.'],
  [/^(virtio-scsi.*|lsi.*|megasas.*|piix4-ide)$/, 'leave it out, and write virtio-blk-pci for the disk.'],
  [/^virtio-net-device$/, 'write virtio-net-pci.'],
  [/^virtio-(serial|console)-device$/, 'write virtio-serial-pci.'],
  [/^virtio-rng-device$/, 'write virtio-rng-pci.'],
  [/^(cirrus-vga|qxl.*|bochs-display|virtio-(vga|gpu).*|vmware-svga|ramfb|secondary-vga)$/i, 'the one screen there is: write -vga std.'],
  [/^(usb-|nec-usb|qemu-xhci|piix3-usb|ich9-usb|virtio-(keyboard|mouse|tablet|input))/, 'there is no USB or tablet; leave it out.'],
  [/^(intel-hda|ich9-intel-hda|hda-|AC97|ac97|sb16|es1370|ES1370|adlib|gus|cs4231a|virtio-sound)/, 'there is no sound; leave it out.'],
  [/^(virtio-balloon|virtio-crypto|virtio-mem|virtio-pmem|virtio-iommu|vhost-|ivshmem|tpm-|i6300esb|ib700)/, 'there is none; leave it out.'],
  [/^(virtio-9p-device|vhost-user-fs)/, 'write -virtfs local,path=FOLDER,mount_tag=NAME,security_model=none.'],
  [/^(vfio-|pci-assign|usb-host)/, 'devices of the host cannot be given to a guest; leave it out.'],
  [/^(isa-serial|pci-serial)$/, 'COM1 to COM4 are there; write -serial TO for each.'],
  [/^(pci-bridge|pcie-pci-bridge|pxb|x3130|i82801b11|dmi-to-pci)/, 'write pcie-root-port, with one card behind each.'],
  [/^amd-iommu$/, 'write intel-iommu, which kernels drive with processors of both vendors.'],
];

export function insteadOf(model: string): string | undefined {
  return INSTEAD.find(([pattern]) => pattern.test(model))?.[1];
}
