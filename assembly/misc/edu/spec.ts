// The educational device of QEMU: docs/specs/edu.rst of its documentation (version 7.2). Offsets and bits alone.

export const enum Id { VENDOR = 0x1234, DEVICE = 0x11e8, CLASS = 0x00_ff00, REVISION = 0x10, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100, BAR_BYTES = 0x10_0000 }

/** Registers below 80h are dwords, those from there on are of 64 bits. */
export const enum Reg {
  IDENTIFICATION = 0x00, LIVENESS = 0x04, FACTORIAL = 0x08, STATUS = 0x20, INTERRUPTS = 0x24, RAISE = 0x60, ACKNOWLEDGE = 0x64,
  SOURCE = 0x80, DESTINATION = 0x88, COUNT = 0x90, COMMAND = 0x98, BYTES = 0xa0,
}
/** Version 1.0, then "edu" as digits. */
@inline export const IDENTITY: u32 = 0x0100_00ed;
export const enum Status { COMPUTING = 0x01, TELL = 0x80 }
export const enum Command { RUN = 1, FROM_DEVICE = 2, TELL = 4, WRITABLE = 7 }
/** Causes in INTERRUPTS that the device raises by itself. */
export const enum Cause { FACTORIAL = 0x001, TRANSFER = 0x100 }
/** Where its buffer lies for transfers. */
export const enum Buffer { FIRST = 0x4_0000, BYTES = 4096 }
