// The IDE function of PIIX3 (Intel 82371FB/SB, 290550, 2.4 and 2.9), its two channels at their old addresses (ATA/ATAPI-7, 5), and the bus master
// (Programming Interface for Bus Master IDE Controller 1.0). Offsets and bits alone.

export const enum Id { VENDOR = 0x8086, DEVICE = 0x7010, CLASS = 0x01_0180, REVISION = 0, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100 }
export const enum Pci { IDETIM0 = 0x40, IDETIM1 = 0x42, DECODE = 0x8000, PORTS_BAR = 4, PORTS_BYTES = 16 }
export const enum Place { FIRST_TASK = 0x1f0, SECOND_TASK = 0x170, FIRST_CONTROL = 0x3f6, SECOND_CONTROL = 0x376, TASK_BYTES = 8, FIRST_LINE = 14, SECOND_LINE = 15 }
export const enum Reg { DATA, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS }
@inline export const CHANNELS: u32 = 2;
/** The bus master's registers, eight a channel. */
export const enum Master { COMMAND = 0, STATUS = 2, TABLE = 4, BYTES = 8 }
export const enum MasterCommand { START = 1, INWARD = 8, WRITABLE = 9 }
export const enum MasterStatus { ACTIVE = 1, ERROR = 2, INTERRUPT = 4, CAPABLE = 0x60 }
/** A table of PRDs lies in 64 KiB. */
@inline export const MOST_ENTRIES: u32 = 8192;
