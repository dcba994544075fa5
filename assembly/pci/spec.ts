// PCI Local Bus Specification 3.0, chapter 6 (type 0 header), and PCI Express Base Specification 7.2.2 (ECAM).

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
export const enum CapabilityId { POWER = 0x01, MSI = 0x05, VENDOR = 0x09, MSIX = 0x11 }
/** MSI capability, PCI 3.0, 6.8.1. The data, mask and pending registers lie 4 further with a 64-bit address. */
export const enum Msi { CONTROL = 2, ADDRESS = 4, UPPER = 8, DATA = 8, MASK = 12, PENDING = 16 }
export const enum MsiControl { ENABLE = 1, CAPABLE_SHIFT = 1, ENABLED = 0x70, ENABLED_SHIFT = 4, WIDE = 0x80, MASKABLE = 0x100 }
/** Power management capability (PCI Bus Power Management Interface 1.1, 3.2). */
export const enum Power { PMC = 2, PMCSR = 4, DATA = 7, BYTES = 8, STATE = 3, D3 = 3, PME_ENABLE = 0x100, DATA_SELECT = 0x1e00, PME_STATUS = 0x8000 }
/** MSI-X capability and table, PCI 3.0, 6.8.2; offsets in the capability. */
export const enum Msix { CONTROL = 2, TABLE = 4, PBA = 8, BYTES = 12, ENTRY_BYTES = 16, ENTRY_MASKED = 1 }
export const enum MsixControl { ENABLE = 0x8000, MASK_ALL = 0x4000 }
/** Functions this machine has room for. */
@inline export const MAX_FUNCTIONS: u32 = 56;
