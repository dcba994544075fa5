/** Cards, and what they are connected to. */

import type { TerminalStream } from '../../bytes/streams.js';
import type { NetBackend } from '../../net/backend.js';
import type { FileSource } from './sources.js';

/** A card on the PCI bus. Options have QEMU's names and meanings. */
export interface DeviceOptions {
  model: 'virtio-net' | 'virtio-net-pci' | 'virtio-rng' | 'virtio-rng-pci' | 'virtio-blk' | 'virtio-blk-pci' | 'virtio-serial' | 'virtio-serial-pci' | 'virtio-9p' | 'virtio-9p-pci' | 'e1000' | 'pcnet' | 'edu' | 'iommu-testdev' | 'pci-testdev' | 'intel-iommu' | 'pcie-root-port' | 'VGA' | 'nvme' | 'ich9-ahci' | 'ahci' | 'piix3-ide' | 'ide-hd' | 'ide-cd' | 'isa-fdc' | 'floppy' | 'pflash';
  /** The `id` of the netdev it is connected to; without one, frames go nowhere. */
  netdev?: string;
  /** Default 52:54:00:12:34:56 and up. */
  mac?: string;
  /** PCI device number, 1 to 30; default the lowest that is free. Behind a root port there is 0 alone. */
  slot?: number;
  /**
   * Where its registers are served: `module` (the default), `hosted`, or the names of those that are hosted (`CSR0:RAP`, or a list), as counters have them. An access to a hosted one is a round
   * trip to another thread, for which the processor waits; what the guest sees is the same (docs/measuring.md). In Node.
   */
  placement?: string | readonly string[];
  /** Features not to offer: `{ csum: false, mrg_rxbuf: false }`. */
  features?: Readonly<Record<string, boolean>>;
  /** The largest packet the driver should send (`host_mtu`). */
  mtu?: number;
  /** Without the legacy interface (`disable-legacy=on`). */
  modernOnly?: boolean;
  /** A virtio card without the modern interface (`disable-modern=on`). */
  legacyOnly?: boolean;
  /** MSI-X vectors, 0 for none. Default 4, of a network card with several queues two more than all of them. */
  vectors?: number;
  /** What a virtio network card reports: Mb/s and duplex. Default unknown. */
  speed?: number;
  duplex?: 'half' | 'full';
  /** The `id` of a disk's drive. */
  drive?: string;
  /**
   * Where a drive on a controller is: `ide.0` to `ide.5` of the board's own AHCI, `ID.N` of the controller with that `id`; its unit there. Default the lowest free port.
   * Of another card: the `id` of a root port before it; default `pcie.0`, the board's own bus.
   */
  bus?: string;
  unit?: number;
  /** A controller's or root port's name, for `bus`; that of a drive for CDs or diskettes that begins empty, for `change()`. */
  id?: string;
  /** What a root port (`pcie-root-port`) says of its slot, 0 to 8191 (`slot`), default the lowest number free in its `chassis`, 0 to 255, default 0; and the number of its link (`port`), 0 to 255. */
  slotNumber?: number;
  chassis?: number;
  port?: number;
  /** The `id` of the share that a virtio-9p card has, and the name the guest mounts it by (`mount_tag`), up to 63 bytes. */
  share?: string;
  tag?: string;
  /** A disk's serial number, up to 20 bytes. */
  serial?: string;
  /** A disk's request queues (`num-queues`), default 1; pairs of queues of a virtio network card with the feature `mq`, default 2. 1 to 8. */
  queues?: number;
  /** Whether the guest is told of a write cache (`write-cache`); default by the drive's `cache`. */
  writeCache?: boolean;
  /** A disk's block sizes in bytes, 512 to 4096 and the logical one to 65536 (`logical_block_size`, `physical_block_size`). Default 512. */
  logicalBlockBytes?: number;
  physicalBlockBytes?: number;
  /** A console card's ports (`virtconsole`, `virtserialport`), at most 8 in a machine, and how many there may be (`max_ports`). */
  ports?: readonly PortOptions[];
  maxPorts?: number;
  /** A random source gives at most so many bytes (`max-bytes`) in so many ms of virtual time (`period`, default 65536). */
  maxBytes?: number;
  periodMs?: number;
  /** Bits of an address that an edu card reaches (`dma_mask`); default the lowest 28. */
  dmaMask?: number | bigint;
  /** Bytes of a pci-testdev's BAR 2 (`membar`), a power of two; default none. */
  membar?: number;
  /** A remapping unit (`intel-iommu`, one in a machine): whether it remaps interrupts, default true, and with x2APIC destinations (`eim`), default as `intremap`. */
  intremap?: boolean;
  eim?: boolean;
  /** It keeps what is not present, too (`caching-mode`), default false; bits of its addresses (`aw-bits`), 39, 48 or 57, default 48. */
  cachingMode?: boolean;
  addressBits?: number;
  /** Capabilities that it says it has: `snoop-control`, default false; `dma-drain` and `pt`, default true. */
  snoopControl?: boolean;
  dmaDrain?: boolean;
  passThrough?: boolean;
  /** Scalable mode (`x-scalable-mode`), default false; with first stages and nesting (`x-flts`), default as `scalableMode` where addresses have 48 bits or more. */
  scalableMode?: boolean;
  firstStage?: boolean;
  /** The geometry of its caches, those of no product: IOTLB entries, powers of two up to 1024, default 256, in ways up to 16, default 4; tables of walks it keeps, up to 32, default 16. */
  iotlbEntries?: number;
  iotlbWays?: number;
  tableEntries?: number;
  /** The video BIOS of a VGA (`romfile`), '' for none. Default SeaBIOS's, which is fetched once; a page has none of its own. */
  romfile?: FileSource;
}

/** A port of a console card. */
export interface PortOptions {
  /** The `id` of a chardev; without one nobody is at the other end. */
  chardev?: string;
  /** What the guest knows it by: `/dev/virtio-ports/NAME`. */
  name?: string;
  /** A console (`/dev/hvc0`) and no plain port. */
  console?: boolean;
  /** Default the lowest that is free, from 0 for consoles and from 1 for others. */
  number?: number;
}

/**
 * What a port is connected to: the text of a `-chardev` option, as `socket,id=c0,path=/tmp/s,server=on,wait=off` (docs/consoles.md), or
 * one end of a stream of the program's own (not with `worker`).
 */
export type ChardevOptions = string | { id: string; stream: TerminalStream };

/**
 * What network cards are connected to: the text of a `-netdev` option, as `user,id=n0,loopback=on` (host/net/netdev.ts), or a
 * backend of the program's own (not with `worker`).
 */
export type NetdevOptions = string | { id: string; backend: NetBackend };
