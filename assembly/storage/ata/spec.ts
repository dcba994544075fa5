// ATA/ATAPI-7 (T13 1532D, volume 1) and ATA8-ACS: registers, commands, IDENTIFY's words. Offsets and bits alone.

export const enum Status { ERR = 0x01, DRQ = 0x08, DSC = 0x10, DF = 0x20, DRDY = 0x40, BSY = 0x80 }
/** ERROR; AMNF after a reset or a diagnosis says that the drive passed. */
export const enum Error { AMNF = 0x01, PASSED = 0x01, ABRT = 0x04, IDNF = 0x10, UNC = 0x40, WP = 0x40, ICRC = 0x80 }
export const enum Device { HEAD = 0x0f, SECOND = 0x10, LBA = 0x40, FUA = 0x80, ALWAYS = 0xa0 }
export const enum Control { INTERRUPTS_OFF = 0x02, SRST = 0x04, HOB = 0x80 }
/** The count register of a packet command: command or data, to the host. */
export const enum Reason { COMMAND = 1, INWARD = 2, DONE = 3 }

export const enum Command {
  NOP = 0x00, DATA_SET_MANAGEMENT = 0x06, DEVICE_RESET = 0x08, RECALIBRATE = 0x10,
  READ_SECTORS = 0x20, READ_SECTORS_ONCE = 0x21, READ_SECTORS_EXT = 0x24, READ_DMA_EXT = 0x25, READ_NATIVE_MAX_EXT = 0x27, READ_MULTIPLE_EXT = 0x29, READ_LOG_EXT = 0x2f,
  WRITE_SECTORS = 0x30, WRITE_SECTORS_ONCE = 0x31, WRITE_SECTORS_EXT = 0x34, WRITE_DMA_EXT = 0x35, WRITE_MULTIPLE_EXT = 0x39, WRITE_VERIFY = 0x3c, WRITE_DMA_FUA_EXT = 0x3d,
  VERIFY = 0x40, VERIFY_ONCE = 0x41, VERIFY_EXT = 0x42, READ_FPDMA_QUEUED = 0x60, WRITE_FPDMA_QUEUED = 0x61, SEEK = 0x70, DIAGNOSTIC = 0x90, SET_GEOMETRY = 0x91,
  STANDBY_NOW_OLD = 0x94, IDLE_NOW_OLD = 0x95, STANDBY_OLD = 0x96, IDLE_OLD = 0x97, CHECK_POWER_OLD = 0x98, SLEEP_OLD = 0x99,
  PACKET = 0xa0, IDENTIFY_PACKET = 0xa1,
  READ_MULTIPLE = 0xc4, WRITE_MULTIPLE = 0xc5, SET_MULTIPLE = 0xc6, READ_DMA = 0xc8, READ_DMA_ONCE = 0xc9, WRITE_DMA = 0xca, WRITE_DMA_ONCE = 0xcb,
  WRITE_MULTIPLE_FUA_EXT = 0xce, STANDBY_NOW = 0xe0, IDLE_NOW = 0xe1, STANDBY = 0xe2, IDLE = 0xe3, CHECK_POWER = 0xe5, SLEEP = 0xe6,
  FLUSH = 0xe7, FLUSH_EXT = 0xea, IDENTIFY = 0xec, SET_FEATURES = 0xef, READ_NATIVE_MAX = 0xf8,
}
/** Subcommands of SET FEATURES. */
export const enum Feature {
  CACHE_ON = 0x02, TRANSFER_MODE = 0x03, APM_ON = 0x05, ACOUSTIC_ON = 0x42, LOOK_AHEAD_OFF = 0x55, DEFAULTS_OFF = 0x66, CACHE_OFF = 0x82, APM_OFF = 0x85, LOOK_AHEAD_ON = 0xaa,
  ACOUSTIC_OFF = 0xc2, DEFAULTS_ON = 0xcc,
}
/** Transfer modes: the kind in the upper bits, the number in the lower three. */
export const enum Mode { PIO_DEFAULT = 0, PIO_FLOW = 1, SINGLE_DMA = 2, MULTI_DMA = 4, ULTRA_DMA = 8 }
export const enum Log { DIRECTORY = 0, QUEUED_ERRORS = 0x10 }
/** Signatures in mid and high. */
export const enum Signature { CD_MID = 0x14, CD_HIGH = 0xeb }
/** The most sectors of a block of READ and WRITE MULTIPLE. */
@inline export const MOST_MULTIPLE: u32 = 16;
@inline export const SECTOR_BYTES: u32 = 512;
/** What a BIOS would call such a disk. */
@inline export const HEADS: u32 = 16;
@inline export const TRACK: u32 = 63;
@inline export const MOST_CYLINDERS: u32 = 16383;
