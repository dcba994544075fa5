// QEMU's card for testing remapping units: docs/specs/iommu-testdev.rst of its documentation (version 11). Offsets, values and identity alone.

export const enum Id { VENDOR = 0x1b36, DEVICE = 0x0005, CLASS = 0x00_ff00, REVISION = 0, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100, BAR_BYTES = 0x1000 }

/** Dwords all. */
export const enum Reg { TRIGGER = 0x00, IOVA_LOW = 0x04, IOVA_HIGH = 0x08, LENGTH = 0x0c, RESULT = 0x10, DOORBELL = 0x14, ATTRIBUTES = 0x18, GPA_LOW = 0x1c, GPA_HIGH = 0x20, BYTES = 0x24 }
export const enum Doorbell { ARM = 1 }
/** Of a system with secure memory: that a transfer is secure, and which space it is in (0 secure, 1 not), where the switch says that there is one. */
export const enum Attribute { SECURE = 1, SPACE_SHIFT = 1, SPACE = 3, SPACE_VALID = 8, RESET = 2 }

@inline export const IDLE: u32 = 0xffff_ffff;
@inline export const BUSY: u32 = 0xffff_fffe;
export const enum Outcome { DONE = 0, BAD_LENGTH = 0xdead_0001, WRITE_FAILED = 0xdead_0002, READ_FAILED = 0xdead_0003, MISMATCH = 0xdead_0004, NOT_ARMED = 0xdead_0005, BAD_ATTRIBUTES = 0xdead_0006 }
/** What is written, its lowest byte first, over and over. */
@inline export const PATTERN: u32 = 0x1234_5678;
