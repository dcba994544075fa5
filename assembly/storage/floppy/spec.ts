// The floppy disk controller 82077AA (Intel 290166) and the DMA controller 8237A (Intel 231466) with its page registers. Offsets and bits alone.

export const enum Port { FIRST = 0x3f0, COUNT = 6, DIR = 0x3f7, LINE = 6 }
/** From FIRST on. */
export const enum Reg { SRA, SRB, DOR, TDR, MSR, FIFO }
export const enum Dor { DRIVE = 0x03, RUN = 0x04, GATE = 0x08, MOTOR0 = 0x10 }
export const enum Msr { BUSY = 0x10, NON_DMA = 0x20, OUTWARD = 0x40, READY = 0x80 }
export const enum Dsr { RESET = 0x80 }
export const enum Dir { CHANGED = 0x80 }
export const enum Command {
  SPECIFY = 0x03, SENSE_DRIVE = 0x04, WRITE = 0x05, READ = 0x06, RECALIBRATE = 0x07, SENSE_INTERRUPT = 0x08, WRITE_DELETED = 0x09, READ_ID = 0x0a, READ_DELETED = 0x0c, FORMAT = 0x0d,
  DUMP = 0x0e, SEEK = 0x0f, VERSION = 0x10, PERPENDICULAR = 0x12, CONFIGURE = 0x13, LOCK = 0x14, VERIFY = 0x16, NUMBER = 0x1f, MULTITRACK = 0x80,
}
/** What VERSION answers; what an unknown command does. */
@inline export const ENHANCED: u32 = 0x90;
@inline export const INVALID: u32 = 0x80;
export const enum St0 { HEAD = 0x04, NOT_READY = 0x08, SEEK_END = 0x20, ABNORMAL = 0x40, POLLED = 0xc0 }
export const enum St1 { NO_ADDRESS_MARK = 0x01, NOT_WRITABLE = 0x02, NO_DATA = 0x04, OVERRUN = 0x10, CRC = 0x20, END_OF_TRACK = 0x80 }
export const enum St3 { HEAD = 0x04, TWO_SIDES = 0x08, TRACK0 = 0x10, READY = 0x20, PROTECTED = 0x40 }

/** The 8237: ports of the first controller, and the page register of channel 2. Channels 4 to 7 have words, at twice the distance. */
export const enum Dma { FIRST = 0x00, FIRST_COUNT = 16, SECOND = 0xc0, SECOND_COUNT = 32, PAGES = 0x81, PAGES_COUNT = 3, HIGH_PAGES = 0x87, HIGH_PAGES_COUNT = 1, MORE_PAGES = 0x89, MORE_PAGES_COUNT = 3, LAST_PAGE = 0x8f }
export const enum DmaReg { STATUS = 8, COMMAND = 8, REQUEST = 9, MASK = 10, MODE = 11, FLIP_FLOP = 12, CLEAR = 13, UNMASK_ALL = 14, MASK_ALL = 15 }
export const enum DmaMode { CHANNEL = 3, KIND = 0x0c, INWARD = 0x04, OUTWARD = 0x08, AUTO = 0x10, DOWN = 0x20 }
@inline export const FLOPPY_CHANNEL: u32 = 2;

/** CMOS: the drives' types, and what is there. */
export const enum Cmos { TYPES = 0x10, EQUIPMENT = 0x14 }
