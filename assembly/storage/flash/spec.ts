// Flash memory as QEMU's cfi.pflash01 has it: the Common Flash Interface (JESD68.01), command set 0001h (Intel's). One chip of bytes, in blocks of 4 KiB.

export const enum Cmd {
  ARRAY = 0x00, PROGRAM = 0x10, ERASE = 0x20, ERASE_OTHER = 0x28, PROGRAM_OTHER = 0x40, CLEAR_STATUS = 0x50, LOCK = 0x60, STATUS = 0x70, ID = 0x90, QUERY = 0x98, BUFFER = 0xe8,
  LOCKED = 0x01, CONFIRM = 0xd0, AMD_RESET = 0xf0, RESET = 0xff,
}
/** The status register: ready; an erasure, a program failed. */
export const enum Status { READY = 0x80, ERASE_ERROR = 0x20, PROGRAM_ERROR = 0x10 }
@inline export const BLOCK_BYTES: u32 = 4096;
/** What a write to the buffer may hold. */
@inline export const BUFFER_BYTES: u32 = 2048;
/** The query's table (JESD68.01, 4.2): where it begins, its parts, and where it ends. */
export const enum Query { Q = 0x10, COMMAND_SET = 0x13, TABLE = 0x15, VCC_LEAST = 0x1b, VCC_MOST = 0x1c, PROGRAM_TIME = 0x1f, BUFFER_TIME = 0x20, ERASE_TIME = 0x21, SIZE = 0x27, BUFFER = 0x2a, REGIONS = 0x2c, BLOCKS = 0x2d, BLOCK = 0x2f, P = 0x31 }
@inline export const MOST_CHIPS: u32 = 2;
