// QEMU's firmware configuration device, docs/specs/fw_cfg: selector, data and DMA ports, keys and DMA control bits.

export const enum FwPort { SELECTOR = 0x510, DATA = 0x511, DMA = 0x514 }
export const enum FwKey { SIGNATURE = 0, ID = 1, FILE_DIRECTORY = 0x19, FIRST_FILE = 0x20 }
/** Bits of the ID item: the ports, and DMA. */
@inline export const FW_ID: u32 = 3;
/** "QEMU" as stored, and "QEMU CFG" as the DMA port reads (big-endian). */
@inline export const FW_SIGNATURE: u32 = 0x554d_4551;
@inline export const FW_DMA_SIGNATURE: u64 = 0x5145_4d55_2043_4647;
export const enum FwDma { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 }
