// Packet commands of a CD-ROM drive: SPC-3 and MMC-6 (T10 1836D), carried by ATA/ATAPI-7 volume 2. Offsets and numbers alone.

export const enum Packet {
  TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, INQUIRY = 0x12, MODE_SELECT_6 = 0x15, MODE_SENSE_6 = 0x1a, START_STOP = 0x1b, PREVENT = 0x1e, READ_CAPACITY = 0x25, READ_10 = 0x28, SEEK_10 = 0x2b,
  READ_SUBCHANNEL = 0x42, READ_TOC = 0x43, GET_CONFIGURATION = 0x46, GET_EVENT_STATUS = 0x4a, READ_DISC_INFORMATION = 0x51, READ_TRACK_INFORMATION = 0x52, MODE_SENSE_10 = 0x5a,
  READ_12 = 0xa8, READ_DISC_STRUCTURE = 0xad, SET_CD_SPEED = 0xbb, MECHANISM_STATUS = 0xbd, READ_CD = 0xbe,
}
export const enum SenseKey { NONE = 0, NOT_READY = 2, MEDIUM_ERROR = 3, HARDWARE_ERROR = 4, ILLEGAL_REQUEST = 5, UNIT_ATTENTION = 6 }
/** Additional sense codes, with their qualifiers in the lower byte. */
export const enum SenseCode {
  NONE = 0, READ_ERROR = 0x1100, INVALID_OPCODE = 0x2000, OUT_OF_RANGE = 0x2100, INVALID_FIELD = 0x2400, MEDIUM_CHANGED = 0x2800, SAVING_UNSUPPORTED = 0x3900, NO_MEDIUM = 0x3a00,
  REMOVAL_PREVENTED = 0x5302, ILLEGAL_TRACK_MODE = 0x6400,
}
/** Pages of MODE SENSE. */
export const enum Page { ERROR_RECOVERY = 0x01, AUDIO = 0x0e, CAPABILITIES = 0x2a, ALL = 0x3f }
export const enum PageControl { CURRENT, CHANGEABLE, DEFAULTS, SAVED }
/** Profiles of GET CONFIGURATION. */
export const enum Profile { NONE = 0x0000, CD_ROM = 0x0008, DVD_ROM = 0x0010 }
@inline export const BLOCK_BYTES: u32 = 2048;
/** Sectors of 512 bytes in a block. */
@inline export const BLOCK_SECTORS: u32 = 4;
/** What a CD can hold, in blocks (80 minutes); more is a DVD. */
@inline export const CD_BLOCKS: u32 = 80 * 60 * 75;
/** The first two seconds of a CD, before block 0, in frames. */
@inline export const LEAD_FRAMES: u32 = 150;
