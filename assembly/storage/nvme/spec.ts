// NVM Express 1.4 (10 June 2019): registers (3.1), queue entries (4.2, 4.6), admin commands (5), NVM commands (6), and PCI's numbers as QEMU's card has them
// (docs/specs/pci-ids.rst). Offsets and bits alone.

export const enum Id { VENDOR = 0x1b36, DEVICE = 0x0010, CLASS = 0x01_0802, REVISION = 0x02, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100, BAR_BYTES = 0x4000, MSIX_BAR = 4 }

/** 3.1. Doorbells follow at 1000h, a dword each: submission queue y's at 8y, completion queue y's at 8y + 4 (CAP.DSTRD is 0). */
export const enum Reg { CAP = 0x00, VS = 0x08, INTMS = 0x0c, INTMC = 0x10, CC = 0x14, CSTS = 0x1c, NSSR = 0x20, AQA = 0x24, ASQ = 0x28, ACQ = 0x30, BYTES = 0x40, DOORBELLS = 0x1000 }
/** Entries a queue may have, less one; queues are contiguous; 7.5 s to become ready; NVM and admin command sets; host pages of 4 to 64 KiB. */
@inline export const MOST_ENTRIES: u32 = 0x7ff;
@inline export const CAP: u64 = <u64>MOST_ENTRIES | 1 << 16 | 0xf << 24 | <u64>0x81 << 37 | <u64>4 << 52;
@inline export const VERSION: u32 = 0x1_0400;
export const enum Cc { EN = 1, MPS_SHIFT = 7, MPS_MASK = 15, SHN = 0xc000, WRITABLE = 0xff_fff1 }
export const enum Csts { RDY = 1, CFS = 2, SHUT = 8 }
@inline export const MOST_MPS: u32 = 4;

/** A submission queue entry: 64 bytes. FUSE and PSDT are in the flags byte. */
export const enum Sqe { OPCODE = 0, FLAGS = 1, CID = 2, NSID = 4, PRP1 = 24, PRP2 = 32, DW10 = 40, DW11 = 44, DW12 = 48, BYTES = 64, FUSE = 0x03, PSDT = 0xc0 }
/** A completion queue entry: 16 bytes; the phase is bit 16 of the last dword, the status above it. */
export const enum Cqe { RESULT = 0, HEAD = 8, CID = 12, BYTES = 16, PHASE_SHIFT = 16, STATUS_SHIFT = 17 }

export const enum Admin {
  DELETE_SQ = 0x00, CREATE_SQ = 0x01, GET_LOG = 0x02, DELETE_CQ = 0x04, CREATE_CQ = 0x05, IDENTIFY = 0x06, ABORT = 0x08, SET_FEATURES = 0x09, GET_FEATURES = 0x0a, ASYNC_EVENT = 0x0c,
}
export const enum Nvm { FLUSH = 0x00, WRITE = 0x01, READ = 0x02, COMPARE = 0x05, WRITE_ZEROES = 0x08, DSM = 0x09 }
/** Of dword 12: as on the medium before the answer; of WRITE ZEROES: the range may be deallocated. Of DSM's dword 11: deallocate. */
export const enum NvmFlag { FUA = 0x4000_0000, DEAC = 0x0200_0000, DEALLOCATE = 4 }

/** 4.6.1: status codes with their type above them; DNR says that a retry would fail, too. */
export const enum Status {
  OK = 0x000, INVALID_OPCODE = 0x001, INVALID_FIELD = 0x002, TRANSFER_ERROR = 0x004, INVALID_NAMESPACE = 0x00b, SEQUENCE_ERROR = 0x00c, INVALID_PRP_OFFSET = 0x013, WRITE_PROTECTED = 0x020, LBA_RANGE = 0x080,
  INVALID_CQ = 0x100, INVALID_QUEUE = 0x101, QUEUE_SIZE = 0x102, EVENT_LIMIT = 0x105, INVALID_VECTOR = 0x108, INVALID_LOG = 0x109, QUEUE_DELETION = 0x10c, NOT_SAVEABLE = 0x10d, NOT_CHANGEABLE = 0x10e, NOT_OF_NAMESPACE = 0x10f,
  WRITE_FAULT = 0x280, READ_FAULT = 0x281, COMPARE_FAILURE = 0x285, DNR = 0x4000,
}
/** 5.3 and 5.4: a queue's flags. */
export const enum QueueFlag { CONTIGUOUS = 1, INTERRUPTS = 2 }

/** 5.15.1: what IDENTIFY is asked for. */
export const enum Cns { NAMESPACE = 0, CONTROLLER = 1, NAMESPACES = 2, DESCRIPTORS = 3 }
/** 5.15.2.2, figure 247. */
export const enum Controller {
  VID = 0, SSVID = 2, SN = 4, MN = 24, FR = 64, RAB = 72, IEEE = 73, MDTS = 77, CNTLID = 78, VER = 80, CNTRLTYPE = 111, OACS = 256, ACL = 258, AERL = 259, FRMW = 260, LPA = 261, ELPE = 262, NPSS = 263, WCTEMP = 266, CCTEMP = 268,
  SQES = 512, CQES = 513, NN = 516, ONCS = 520, VWC = 525, SGLS = 536, SUBNQN = 768, PSD0 = 2048, SN_BYTES = 20, MN_BYTES = 40, FR_BYTES = 8,
}
/** 5.15.2.1, figure 245. */
export const enum Namespace { NSZE = 0, NCAP = 8, NUSE = 16, NSFEAT = 24, NLBAF = 25, FLBAS = 26, DLFEAT = 33, NSATTR = 99, LBAF0 = 128, LBADS_SHIFT = 16 }
/** COMPARE, DSM, WRITE ZEROES. */
@inline export const ONCS: u32 = 0x0d;

/** 5.21.1. */
export const enum Feature { ARBITRATION = 1, POWER = 2, TEMPERATURE = 4, ERROR_RECOVERY = 5, WRITE_CACHE = 6, QUEUES = 7, COALESCING = 8, VECTOR = 9, ATOMICITY = 10, EVENTS = 11, END }
/** Of dword 10: SAVE of SET FEATURES, SEL of GET FEATURES. */
export const enum Select { SAVE = 0x8000_0000, SHIFT = 8, MASK = 7, CURRENT = 0, CAPABILITIES = 3 }
export const enum Capability { OF_NAMESPACE = 2, CHANGEABLE = 4 }

/** 5.14.1. RAE: the event stays masked. */
export const enum Log { ERRORS = 1, HEALTH = 2, FIRMWARE = 3, EFFECTS = 5, RAE = 0x8000 }
/** 5.14.1.2. */
export const enum Health { TEMPERATURE = 1, SPARE = 3, THRESHOLD = 4, UNITS_READ = 32, UNITS_WRITTEN = 48, READS = 64, WRITES = 80, BYTES = 512 }
/** 5.2.1: types of events, and of error events which register. */
export const enum Event { INVALID_DOORBELL = 0, INVALID_VALUE = 1, INFO_SHIFT = 8, PAGE_SHIFT = 16 }

/** 6.7: a range of DATASET MANAGEMENT. */
export const enum Range { BLOCKS = 4, FIRST = 8, BYTES = 16, MOST = 256 }
@inline export const BROADCAST: u32 = 0xffff_ffff;
/** Namespaces that could be there; number 1 is. */
@inline export const NAMESPACES: u32 = 256;
