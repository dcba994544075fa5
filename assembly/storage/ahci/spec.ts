// Serial ATA AHCI 1.3.1, chapters 3 to 5, and the function of ICH9 that has it (316972, chapter 15). Offsets and bits alone.

export const enum Id { VENDOR = 0x8086, DEVICE = 0x2922, CLASS = 0x01_0601, REVISION = 2, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100 }
export const enum Pci { MAP = 0x90, MSI_AT = 0x80, SATA_AT = 0xa8, SATA_ID = 0x12, SATA_BYTES = 8, SATA_REVISION = 0x10, SATA_PLACE = 0x48, MEMORY_BAR = 5, PORTS_BAR = 4, MEMORY_BYTES = 4096, PORTS_BYTES = 32 }
/** In BAR 4: an offset in the memory, and what is there. */
export const enum Pair { INDEX = 0x10, DATA = 0x14 }

@inline export const PORTS: u32 = 6;
@inline export const SLOTS: u32 = 32;

export const enum Hba { CAP = 0x00, GHC = 0x04, IS = 0x08, PI = 0x0c, VS = 0x10, CCC_CTL = 0x14, CCC_PORTS = 0x18, EM_LOC = 0x1c, EM_CTL = 0x20, CAP2 = 0x24, BOHC = 0x28, FIRST_PORT = 0x100, PORT_BYTES = 0x80, BYTES = 0x400 }
/** Six ports, 32 slots, generation 1, AHCI alone, native queuing, 64-bit addresses. */
@inline export const CAP: u32 = 0xc014_1f05;
@inline export const VERSION: u32 = 0x0001_0000;
export const enum Ghc { HR = 1, IE = 2, AE = 0x8000_0000 }
export const enum Px { CLB = 0x00, CLBU = 0x04, FB = 0x08, FBU = 0x0c, IS = 0x10, IE = 0x14, CMD = 0x18, TFD = 0x20, SIG = 0x24, SSTS = 0x28, SCTL = 0x2c, SERR = 0x30, SACT = 0x34, CI = 0x38, SNTF = 0x3c, FBS = 0x40 }
export const enum Cmd { ST = 0x01, SUD = 0x02, POD = 0x04, CLO = 0x08, FRE = 0x10, CCS = 0x1f00, CCS_SHIFT = 8, FR = 0x4000, CR = 0x8000, WRITABLE = 0x0f00_0017, ATAPI = 0x0100_0000 }
/** PxIS: what has come and what has gone wrong. */
export const enum Is { DHRS = 0x01, PSS = 0x02, DSS = 0x04, SDBS = 0x08, UFS = 0x10, OFS = 0x0100_0000, HBFS = 0x2000_0000, TFES = 0x4000_0000, CLEARS = 0xfd80_00af, ENABLES = 0xfdc0_00ff }
/** PxSSTS: a device, at generation 1, awake. */
@inline export const LINK_UP: u32 = 0x113;
@inline export const NO_SIGNATURE: u32 = 0xffff_ffff;
/** PxTFD until the device has sent its first FIS. */
@inline export const NO_STATUS: u32 = 0x7f;
export const enum Fis { HOST_TO_DEVICE = 0x27, DEVICE_TO_HOST = 0x34, SET_BITS = 0xa1, PIO_SETUP = 0x5f, BYTES = 64, IS_COMMAND = 0x80, INTERRUPT = 0x40, INWARD = 0x20 }
/** Where received FISes go. */
export const enum Received { PIO_SETUP = 0x20, DEVICE_TO_HOST = 0x40, SET_BITS = 0x58 }
/** A command's header of 32 bytes and its table. */
export const enum Header { BYTES = 32, PACKET = 0x20, WRITE = 0x40, CLEAR_BUSY = 0x400, ENTRIES_SHIFT = 16, MOVED = 4, TABLE = 8 }
export const enum Table { PACKET = 0x40, LIST = 0x80 }
