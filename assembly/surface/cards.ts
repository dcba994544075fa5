// Numbers of cards that the module and the host share. No import, no overlay: the host compiles this file too.

/** Models of cards. */
export const enum CardKind { NONE, VIRTIO_NET, VIRTIO_RNG, VIRTIO_BLK, VIRTIO_CONSOLE, E1000, PCNET, EDU, VIRTIO_9P, IOMMU, VGA, AHCI, IDE_DISK, IDE_CD, IDE, FLOPPY, FDC, ROOT_PORT, IOMMU_TESTDEV, PCI_TESTDEV, NVME, PFLASH, COUNT }

/** What a card of the machine's list may have been given, a 64-bit word each; what was not given is 0, but for defaultOptions (card.ts). */
export const enum CardOption {
  /** Network: the address, its first byte lowest. */
  MAC,
  /** virtio-net: the largest packet, 0 for none; pairs of queues (also a disk's queues); Mb/s and 0 half, 1 full that it reports. */
  MTU, QUEUES, SPEED, DUPLEX,
  /** Disks: 512-byte sectors; switches; blocks as powers of two, the logical over a sector and the physical over that. */
  SECTORS, READ_ONLY, WRITETHROUGH, LOGICAL_EXP, PHYSICAL_EXP,
  /** Consoles: how many ports there may be, and a bit each for those that are there and those that are consoles. */
  PORTS, PORTS_THERE, PORTS_CONSOLES,
  /** A random source: bytes a period, 0 for no limit; ms. */
  MAX_BYTES, PERIOD_MS,
  /** virtio: feature bits not to offer; MSI-X vectors; without one of the interfaces. */
  MASKED, VECTORS, MODERN_ONLY, LEGACY_ONLY,
  /** edu: bits of an address that it can reach. */
  DMA_MASK,
  /** virtio: its addresses go through a remapping unit (iommu_platform). */
  PLATFORM,
  /** A remapping unit, always given: its IommuWord, and the geometry of its caches, an IommuCaches. */
  IOMMU, IOMMU_CACHES,
  /** Drives: the controller's place in the list, and which of its ports. */
  CONTROLLER, UNIT,
  /** Root ports: the slot's number, and the link's. */
  SLOT_NUMBER, LINK_PORT,
  /** pci-testdev: bytes of its BAR 2, 0 for none. */
  MEMBAR,
  COUNT,
}

/** In the place of a slot: behind the root port at a place of the list, which is added to this. */
export const enum CardPlace { BEHIND = 0x100 }

/** A remapping unit's switches, and above them the bits of an address. */
export const enum IommuWord { REMAP = 1, EIM = 2, CACHING = 4, SNOOP = 8, DRAIN = 16, PASS = 32, SCALABLE = 64, FIRST = 128, BITS_SHIFT = 8 }
/** Entries and ways of its IOTLB, and tables that it keeps: 16 bits each. */
export const enum IommuCaches { ENTRIES_SHIFT = 0, WAYS_SHIFT = 16, TABLES_SHIFT = 32 }
