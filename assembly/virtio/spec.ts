// Virtio 1.2 (OASIS, 2022): device status, feature bits, virtio-pci structures, split and packed virtqueues. Section numbers are its own.

/** 2.1. */
export const enum Status { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64, FAILED = 128 }

/** Clause 6: reserved feature bits, by number. */
export const enum FeatureBit { NOTIFY_ON_EMPTY = 24, ANY_LAYOUT = 27, INDIRECT_DESC = 28, EVENT_IDX = 29, VERSION_1 = 32, ACCESS_PLATFORM = 33, RING_PACKED = 34, IN_ORDER = 35, RING_RESET = 40 }

/** Clause 5: device ids. */
export const enum DeviceId { NET = 1, BLOCK = 2, CONSOLE = 3, ENTROPY = 4, NINE_P = 9 }

/** 4.1.2, 4.1.2.3. */
export const enum PciId { VENDOR = 0x1af4, MODERN = 0x1040 }

/** 4.1.4: virtio_pci_cap. */
export const enum CapType { COMMON = 1, NOTIFY = 2, ISR = 3, DEVICE = 4, PCI_CFG = 5 }
export const enum Cap { LEN = 2, TYPE = 3, BAR = 4, OFFSET = 8, LENGTH = 12, BYTES = 16, NOTIFY_MULTIPLIER = 16, NOTIFY_BYTES = 20, DATA = 16, CFG_BYTES = 20 }

/** 4.1.4.3: virtio_pci_common_cfg. */
export const enum Common {
  DEVICE_FEATURE_SELECT = 0x00, DEVICE_FEATURE = 0x04, DRIVER_FEATURE_SELECT = 0x08, DRIVER_FEATURE = 0x0c, CONFIG_MSIX_VECTOR = 0x10,
  NUM_QUEUES = 0x12, DEVICE_STATUS = 0x14, CONFIG_GENERATION = 0x15, QUEUE_SELECT = 0x16, QUEUE_SIZE = 0x18, QUEUE_MSIX_VECTOR = 0x1a,
  QUEUE_ENABLE = 0x1c, QUEUE_NOTIFY_OFF = 0x1e, QUEUE_DESC = 0x20, QUEUE_DRIVER = 0x28, QUEUE_DEVICE = 0x30,
  QUEUE_NOTIFY_DATA = 0x38, QUEUE_RESET = 0x3a, BYTES = 0x40,
}
@inline export const NO_VECTOR: u32 = 0xffff;

/** 4.1.4.5. */
export const enum Isr { QUEUE = 1, CONFIG = 2 }

/** 4.1.4.10: the legacy interface's registers, in I/O space; the device's own follow at 20, or 24 with MSI-X. */
export const enum Legacy {
  DEVICE_FEATURES = 0, DRIVER_FEATURES = 4, QUEUE_ADDRESS = 8, QUEUE_SIZE = 12, QUEUE_SELECT = 14, QUEUE_NOTIFY = 16, DEVICE_STATUS = 18,
  ISR_STATUS = 19, CONFIG_VECTOR = 20, QUEUE_VECTOR = 22, CONFIG = 20, CONFIG_WITH_MSIX = 24, BAR_BYTES = 256, ALIGN = 4096,
}

/** 2.7.5: virtq_desc. */
export const enum Desc { ADDR = 0, LEN = 8, FLAGS = 12, NEXT_INDEX = 14, BYTES = 16 }
export const enum DescFlag { NEXT = 1, WRITE = 2, INDIRECT = 4 }
/** 2.7.6 and 2.7.8: flags, idx, ring; the event index after the last entry. */
export const enum Avail { FLAGS = 0, IDX = 2, RING = 4, NO_INTERRUPT = 1 }
export const enum Used { FLAGS = 0, IDX = 2, RING = 4, ENTRY_BYTES = 8, NO_NOTIFY = 1 }

/** 2.8.13: pvirtq_desc; the flags beside DescFlag (2.8.1). */
export const enum Packed { ADDR = 0, LEN = 8, ID = 12, FLAGS = 14, BYTES = 16 }
export const enum PackedFlag { AVAIL = 0x80, USED = 0x8000 }
/** 2.8.14: an event suppression structure: offset and wrap counter, then how it is meant. */
export const enum Suppress { DESC = 0, FLAGS = 2, BYTES = 4 }
export const enum Notify { ENABLE, DISABLE, AT_DESC }
