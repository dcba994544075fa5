/** The models of `-device`, and what each takes: QEMU's names, and the names of DeviceOptions behind them. Parser, help and completion read the rows. */

import { DISK_FEATURES, NET_FEATURES, TRANSPORT_FEATURES } from '../machine/cards.js';
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

const EVERY: readonly DeviceProperty[] = [
  property('id', text, 'a name for it'),
  property('addr', { is: 'slot' }, 'PCI device number, 1 to 30; default the lowest that is free', 'slot'),
  property('bus', { is: 'ignored' }, 'taken: there is one PCI bus'),
  property('bootindex', { is: 'ignored', note: 'disks are tried in the order in which they are given.' }, 'taken: disks are tried in the order in which they are given'),
  property('romfile', { is: 'ignored', note: 'cards have no option ROM.' }, 'taken: cards have no option ROM'),
];

const VIRTIO: readonly DeviceProperty[] = [
  property('vectors', count, 'MSI-X vectors, 0 for none', 'vectors'),
  property('disable-legacy', onOff, 'without the legacy interface', 'modernOnly'),
  property('disable-modern', onOff, 'without the modern interface', 'legacyOnly'),
];

const CARD: readonly DeviceProperty[] = [
  property('netdev', text, 'the id of the network it is connected to', 'netdev'),
  property('mac', text, 'its address; default 52:54:00:12:34:56 and up', 'mac'),
];

function features(table: Readonly<Record<string, number>>): DeviceProperty[] {
  return Object.keys(table).map((name) => ({ name, kind: onOff, about: 'a feature, offered or not', feature: true }));
}

export const DEVICE_MODELS: readonly DeviceModel[] = [
  {
    names: ['virtio-net-pci', 'virtio-net'],
    about: 'virtio network card',
    properties: [
      ...CARD, ...EVERY, ...VIRTIO,
      property('host_mtu', count, 'the largest packet the driver should send', 'mtu'),
      property('queues', count, 'pairs of queues, with mq=on', 'queues'),
      property('speed', count, 'Mb/s that it reports', 'speed'),
      property('duplex', { is: 'word', of: ['half', 'full'] }, 'what it reports', 'duplex'),
      ...features(NET_FEATURES),
    ],
  },
  { names: ['e1000', 'e1000-82540em'], about: 'Intel 82540EM network card', properties: [...CARD, ...EVERY] },
  { names: ['pcnet'], about: 'AMD PCnet-PCI II network card', properties: [...CARD, ...EVERY] },
  {
    names: ['virtio-blk-pci', 'virtio-blk'],
    about: 'virtio disk, for a -drive with if=none',
    properties: [
      property('drive', text, 'the id of its -drive', 'drive'),
      ...EVERY, ...VIRTIO,
      property('serial', text, 'its serial number, up to 20 bytes', 'serial'),
      property('num-queues', count, 'request queues, 1 to 8', 'queues'),
      property('write-cache', { is: 'word', of: ['on', 'off', 'auto'] }, 'whether the guest is told of a write cache', 'writeCache'),
      property('logical_block_size', count, 'bytes, 512 to 4096', 'logicalBlockBytes'),
      property('physical_block_size', count, 'bytes, up to 65536', 'physicalBlockBytes'),
      property('scsi', { is: 'ignored' }, 'taken: there are no SCSI commands'),
      property('iothread', { is: 'ignored' }, 'taken: there are no such threads'),
      ...features(DISK_FEATURES),
    ],
  },
  {
    names: ['virtio-serial-pci', 'virtio-serial'],
    about: 'virtio console card, for virtconsole and virtserialport after it',
    properties: [property('max_ports', count, 'how many ports it may have', 'maxPorts'), ...EVERY, ...VIRTIO, ...features(TRANSPORT_FEATURES)],
  },
  {
    names: ['virtio-rng-pci', 'virtio-rng'],
    about: 'random numbers from the machine\'s seed',
    properties: [
      property('max-bytes', count, 'bytes in each period', 'maxBytes'),
      property('period', count, 'ms of virtual time, default 65536', 'periodMs'),
      property('rng', text, 'the id of an -object rng-...'),
      ...EVERY, ...VIRTIO, ...features(TRANSPORT_FEATURES),
    ],
  },
];

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
  [/^(ide-hd|ide-drive|scsi-hd|scsi-disk|nvme|virtio-blk-device|usb-storage|vhost-user-blk.*)$/, 'write virtio-blk-pci.'],
  [/^(ide-cd|scsi-cd|usb-cdrom)$/, 'there is no CD drive; write -cdrom FILE, which is a virtio disk.'],
  [/^(ahci|ich9-ahci|virtio-scsi.*|lsi.*|megasas.*|piix[34]-ide)$/, 'leave it out, and write virtio-blk-pci for the disk.'],
  [/^virtio-net-device$/, 'write virtio-net-pci.'],
  [/^virtio-(serial|console)-device$/, 'write virtio-serial-pci.'],
  [/^virtio-rng-device$/, 'write virtio-rng-pci.'],
  [/^(VGA|cirrus-vga|qxl.*|bochs-display|virtio-(vga|gpu).*|vmware-svga|ramfb)$/i, 'there is no display; leave it out.'],
  [/^(usb-|nec-usb|qemu-xhci|piix3-usb|ich9-usb|virtio-(keyboard|mouse|tablet|input))/, 'there is no USB or tablet; leave it out.'],
  [/^(intel-hda|ich9-intel-hda|hda-|AC97|ac97|sb16|es1370|ES1370|adlib|gus|cs4231a|virtio-sound)/, 'there is no sound; leave it out.'],
  [/^(virtio-balloon|virtio-crypto|virtio-mem|virtio-pmem|virtio-iommu|vhost-|ivshmem|tpm-|i6300esb|ib700)/, 'there is none; leave it out.'],
  [/^(virtio-9p|vhost-user-fs)/, 'folders of the host are not shared; write --add FOLDER:/GUEST/FOLDER with a prepared guest.'],
  [/^(vfio-|pci-assign|usb-host)/, 'devices of the host cannot be given to a guest; leave it out.'],
  [/^(isa-serial|pci-serial)$/, 'COM1 to COM4 are there; write -serial TO for each.'],
  [/^(pcie-root-port|pci-bridge|ioh3420|pxb|x3130)/, 'there is one PCI bus; leave it out.'],
  [/^intel-iommu$/, 'there is no IOMMU yet; leave it out.'],
];

export function insteadOf(model: string): string | undefined {
  return INSTEAD.find(([pattern]) => pattern.test(model))?.[1];
}
