// PCI Local Bus Specification 3.0, chapter 6 (type 0 header), PCI Express Base Specification 3.0, 7.2.2 (ECAM), 7.8 and 7.16, and PCI-to-PCI Bridge Architecture 1.2,
// chapter 3 (type 1 header).

export const enum Config {
  VENDOR = 0x00, DEVICE = 0x02, COMMAND = 0x04, STATUS = 0x06, REVISION = 0x08, CACHE_LINE = 0x0c, LATENCY = 0x0d, HEADER = 0x0e,
  BIST = 0x0f, BAR0 = 0x10, SUBSYSTEM_VENDOR = 0x2c, SUBSYSTEM = 0x2e, CAPABILITIES = 0x34, LINE = 0x3c, PIN = 0x3d,
  FIRST_CAPABILITY = 0x40,
  BYTES = 0x100, EXPRESS_BYTES = 0x1000,
}
export const enum PciCommand { IO = 1, MEMORY = 2, MASTER = 4, PARITY = 0x40, SERR = 0x100, INTX_OFF = 0x400, WRITABLE = 0x547 }
export const enum PciStatus { INTX = 0x08, CAPABILITIES = 0x10, MHZ66 = 0x20, FAST_BACK = 0x80, MEDIUM = 0x200, MASTER_ABORT = 0x2000, ERRORS = 0xf900 }
export const enum BarKind { MEMORY32 = 0, IO = 1, MEMORY64 = 4, PREFETCH = 8 }
export const enum ConfigPort { ADDRESS = 0xcf8, DATA = 0xcfc }
/** CONFIG_ADDRESS: enable, bus, device and function, register. */
export const enum ConfigAddress { ENABLE = 0x8000_0000, BUS_SHIFT = 16, DEVFN_SHIFT = 8, WRITABLE = 0x80ff_fffc }
export const enum CapabilityId { POWER = 0x01, MSI = 0x05, VENDOR = 0x09, SUBSYSTEM = 0x0d, EXPRESS = 0x10, MSIX = 0x11, ADVANCED_FEATURES = 0x13 }
/** MSI capability, PCI 3.0, 6.8.1. The data, mask and pending registers lie 4 further with a 64-bit address. */
export const enum Msi { CONTROL = 2, ADDRESS = 4, UPPER = 8, DATA = 8, MASK = 12, PENDING = 16 }
export const enum MsiControl { ENABLE = 1, CAPABLE_SHIFT = 1, ENABLED = 0x70, ENABLED_SHIFT = 4, WIDE = 0x80, MASKABLE = 0x100 }
/** Power management capability (PCI Bus Power Management Interface 1.1, 3.2). */
export const enum Power { PMC = 2, PMCSR = 4, DATA = 7, BYTES = 8, STATE = 3, D3 = 3, PME_ENABLE = 0x100, DATA_SELECT = 0x1e00, PME_STATUS = 0x8000 }
/** Advanced features (ECN for conventional PCI): that transactions pending are told, and reset of the function. */
export const enum AdvancedFeatures { LENGTH = 2, CAPABILITIES = 3, CONTROL = 4, STATUS = 5, BYTES = 6, PENDING_KNOWN = 1, RESET = 2, INITIATE = 1 }
/** MSI-X capability and table, PCI 3.0, 6.8.2; offsets in the capability. */
export const enum Msix { CONTROL = 2, TABLE = 4, PBA = 8, BYTES = 12, ENTRY_BYTES = 16, ENTRY_MASKED = 1 }
export const enum MsixControl { ENABLE = 0x8000, MASK_ALL = 0x4000 }
/** Type 1 header, what differs. */
export const enum Bridge {
  PRIMARY = 0x18, SECONDARY = 0x19, SUBORDINATE = 0x1a, IO_BASE = 0x1c, IO_LIMIT = 0x1d, SECONDARY_STATUS = 0x1e, MEMORY_BASE = 0x20, MEMORY_LIMIT = 0x22,
  PREFETCH_BASE = 0x24, PREFETCH_LIMIT = 0x26, PREFETCH_UPPER_BASE = 0x28, PREFETCH_UPPER_LIMIT = 0x2c, CONTROL = 0x3e,
}
/** Bridge control: parity, SERR and the secondary bus's reset. */
export const enum BridgeControl { RESET = 0x40, WRITABLE = 0x43 }
/** QEMU's pcie-root-port. */
export const enum PortId { VENDOR = 0x1b36, DEVICE = 0x000c, CLASS = 0x06_0400 }
/** PCI Express capability, offsets in it and bits of what a root port has. */
export const enum Express {
  FLAGS = 2, DEVICE = 4, DEVICE_CONTROL = 8, DEVICE_STATUS = 10, LINK = 12, LINK_CONTROL = 16, LINK_STATUS = 18, SLOT = 20, SLOT_CONTROL = 24, SLOT_STATUS = 26,
  ROOT_CONTROL = 28, ROOT_STATUS = 32, LINK_2 = 44, LINK_CONTROL_2 = 48, BYTES = 60,
  VERSION = 2, ROOT_PORT = 0x40, SLOT_IMPLEMENTED = 0x100, ROLE_BASED = 0x8000,
  LINK_2_5_X1 = 0x11, LINK_ACTIVE_REPORTED = 0x10_0000, LINK_PORT_SHIFT = 24, LINK_CONTROL_WRITABLE = 0x00fb, LINK_ACTIVE = 0x2000,
  SLOT_NO_COMMANDS = 0x4_0000, SLOT_NUMBER_SHIFT = 19, SLOT_PRESENT = 0x40,
}
export const enum ExtendedId { ACS = 0x000d, VERSION_1 = 0x1_0000 }
/** Access control services: source validation, translation blocking, request and completion redirect, upstream forwarding. */
export const enum Acs { CAPABILITIES = 4, CONTROL = 6, ALL = 0x1f }
/** Functions this machine has room for. */
@inline export const MAX_FUNCTIONS: u32 = 56;
