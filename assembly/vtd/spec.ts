// Intel Virtualization Technology for Directed I/O, Architecture Specification (D51397), revision 4.1: registers (chapter 11), descriptors of the
// invalidation queue (6.5.2), faults (chapter 7), the structures of legacy mode and of interrupt remapping (chapter 9). Offsets and bits.

@inline export const UNIT_BASE: u64 = 0xfed9_0000;
@inline export const UNIT_BYTES: u64 = 0x1000;

/** 11.4. Those of the IOTLB lie where ECAP says, the fault records where CAP says. */
export const enum Reg {
  VER = 0x00, CAP = 0x08, ECAP = 0x10, GCMD = 0x18, GSTS = 0x1c, RTADDR = 0x20, CCMD = 0x28, FSTS = 0x34, FECTL = 0x38, FEDATA = 0x3c, FEADDR = 0x40, FEUADDR = 0x44,
  PMEN = 0x64, PLMBASE = 0x68, PLMLIMIT = 0x6c, PHMBASE = 0x70, PHMLIMIT = 0x78, IQH = 0x80, IQT = 0x88, IQA = 0x90, ICS = 0x9c,
  IECTL = 0xa0, IEDATA = 0xa4, IEADDR = 0xa8, IEUADDR = 0xac, IQERCD = 0xb0, IRTA = 0xb8, IVA = 0xf0, IOTLB = 0xf8, FRCD = 0x220, BYTES = 0x2a0,
}
/** Registers of an event, from its control register on. */
export const enum EventReg { DATA = 4, ADDRESS = 8, UPPER = 12 }
@inline export const VERSION: u32 = 0x10;
@inline export const FAULT_RECORDS: u32 = 8;
/** Of a fault record: the page or the interrupt's index, then who asked and why. */
@inline export const RECORD_BYTES: u32 = 16;
@inline export const RECORD_HIGH: u32 = 8;

/** CAP: 16 bits of domain id, protected memory below and above 4 GiB, zero-length reads, pages of 2 MiB and 1 GiB, invalidation by page, eight records. */
export const enum Cap { DOMAINS = 6, PROTECTED = 0x60, CACHING = 0x80, SAGAW_SHIFT = 8, MGAW_SHIFT = 16, ZLR = 1 << 22, FRO_SHIFT = 24, SLLPS_SHIFT = 34, PSI_SHIFT = 39, NFR_SHIFT = 40, MAMV_SHIFT = 48, DRAIN_SHIFT = 54 }
@inline export const SAGAW_39: u32 = 2;
@inline export const SAGAW_48: u32 = 4;
@inline export const SAGAW_57: u32 = 8;
/** The largest address mask of an invalidation: 2^18 pages. */
@inline export const MAMV: u32 = 18;
/** ECAP: queued invalidation, interrupt remapping, x2APIC destinations, pass-through, snoop control. */
export const enum Ecap { COHERENT = 1, QI = 2, IR = 8, EIM = 16, PT = 64, SC = 128, IRO_SHIFT = 8, MHMV_SHIFT = 20 }
@inline export const MHMV: u32 = 15;

/** GCMD and GSTS have each command's bit at the same place. */
export const enum Command { TE = 1 << 31, SRTP = 1 << 30, WBF = 1 << 27, QIE = 1 << 26, IRE = 1 << 25, SIRTP = 1 << 24, CFI = 1 << 23 }
@inline export const TABLE_ADDRESS: u64 = ~<u64>0xfff;

/** CCMD and IOTLB: go, granularity asked for and done. */
@inline export const GO: u64 = 1 << 63;
export const enum Ccmd { ASKED_SHIFT = 61, DONE_SHIFT = 59, FM_SHIFT = 32, SID_SHIFT = 16 }
export const enum IotlbReg { ASKED_SHIFT = 60, DONE_SHIFT = 57, DID_SHIFT = 32 }
@inline export const CCMD_WRITABLE: u64 = GO | 3 << 61 | 3 << 32 | 0xffff_ffff;
@inline export const IOTLB_WRITABLE: u64 = GO | 3 << 60 | 3 << 48 | <u64>0xffff << 32;
/** Granularities, of registers and descriptors alike. */
export const enum Granule { GLOBAL = 1, DOMAIN = 2, SELECTED = 3 }
/** IVA, and the second half of an IOTLB descriptor. */
export const enum Iva { AM = 0x3f, IH = 0x40 }

export const enum Fsts { PFO = 1, PPF = 2, IQE = 16, ICE = 32, ITE = 64, FRI_SHIFT = 8, FRI = 0xff00 }
export const enum EventControl { IP = 1 << 30, IM = 1 << 31 }
export const enum Pmen { EPM = 1 << 31, PRS = 1 }
/** Protected memory is so much at a time: the low bits of its registers are 0 in bases and 1 in limits. */
@inline export const PROTECTED_LOW: u64 = 0x1f_ffff;
export const enum Ics { IWC = 1 }
export const enum Irta { SIZE = 15, EIME = 1 << 11 }
/** IQA: pages of descriptors as a power of two, and that they are of 32 bytes (scalable mode). IQH and IQT: bits 18 to 4. */
export const enum Iq { SIZE = 7, WIDE = 0x800, PLACE = 0x7fff0, DESCRIPTOR_BYTES = 16, WIDE_BYTES = 32 }
/** IQERCD: what was wrong with the queue (11.4.9.9). */
export const enum QueueError { NONE, TAIL, FETCH, TYPE, RESERVED }

/** 6.5.2: types of descriptors, and where their fields are. */
export const enum Inv { CONTEXT = 1, IOTLB = 2, INTERRUPT = 4, WAIT = 5, PASID_IOTLB = 6, PASID_CACHE = 7 }
export const enum Desc { GRANULE_SHIFT = 4, DID_SHIFT = 16, SID_SHIFT = 32, FM_SHIFT = 48, IM_SHIFT = 27, IIDX_SHIFT = 32, WAIT_INTERRUPT = 16, WAIT_STATUS = 32, STATUS_SHIFT = 32 }
/** Bits that must be 0, in a descriptor's first and second half. */
@inline export const CONTEXT_RESERVED: u64 = 0xfffc_0000_0000_ffc0;
@inline export const IOTLB_RESERVED: u64 = 0xffff_ffff_0000_ff00;
@inline export const IOTLB_RESERVED_HIGH: u64 = 0xf80;
@inline export const INTERRUPT_RESERVED: u64 = 0xffff_0000_07ff_ffe0;
@inline export const WAIT_RESERVED: u64 = 0xffff_ff80;
@inline export const WAIT_RESERVED_HIGH: u64 = 3;

/** 7.1.3 (legacy mode) and 7.1.4: why a request was refused. */
export const enum Reason {
  NONE, ROOT_ABSENT, CONTEXT_ABSENT, CONTEXT_INVALID, ADDRESS, WRITE, READ, PAGING_ACCESS, ROOT_ACCESS, CONTEXT_ACCESS, ROOT_RESERVED, CONTEXT_RESERVED, PAGING_RESERVED,
  LAST_DMA = 12,
  // Others of DMA, those of scalable mode, are in scalable-spec.ts.
  MESSAGE_RESERVED = 0x20, INDEX, IRTE_ABSENT, IRTE_ACCESS, IRTE_RESERVED, COMPATIBILITY, SOURCE,
  LAST_INTERRUPT = 0x26,
}
/** A record's second half, over the source id: reason, type (read), and that it is one. */
export const enum Frcd { REASON_SHIFT = 32, READ_SHIFT = 62, FAULT_SHIFT = 63, INDEX_SHIFT = 48 }

/** 9.1 and 9.3: entries of 16 bytes; context entries' translation types and address widths (1: 39 bits, 3 levels; 2: 48; 3: 57). */
export const enum Entry { PRESENT = 1, FPD = 2, BYTES = 16, TT_SHIFT = 2, DOMAIN_SHIFT = 8 }
export const enum TranslationType { PAGES, DEVICE_TLB, PASS }
@inline export const ROOT_RESERVED: u64 = 0xffe;
@inline export const CONTEXT_LOW_RESERVED: u64 = 0xff0;
@inline export const CONTEXT_HIGH_RESERVED: u64 = 0xffff_ffff_ff00_0080;
/** The first width, and what each level has. */
@inline export const LEVEL_BITS: u32 = 9;
@inline export const PAGE_BITS: u32 = 12;

/** 9.8: second-stage entries. Bits 61 to 52 and 63 are software's; 62 (TM) is reserved without device TLBs. */
export const enum Pte { READ = 1, WRITE = 2, RIGHTS = 3, LARGE = 0x80, SNOOP = 0x800 }
@inline export const PTE_ADDRESS: u64 = 0x000f_ffff_ffff_f000;
@inline export const PTE_TRANSIENT: u64 = 1 << 62;

/** 5.1.2: an interrupt message in the remappable format, FEExxxxx. */
export const enum Message { HANDLE_SHIFT = 5, HANDLE = 0x7fff, HANDLE_HIGH = 4, SUBHANDLE = 8, REMAPPABLE = 16 }
/** 9.9: interrupt-remapping entries. */
export const enum Irte { LOGICAL = 4, LEVEL = 16, MODE_SHIFT = 5, VECTOR_SHIFT = 16, DESTINATION_SHIFT = 32, XAPIC_SHIFT = 40, SQ_SHIFT = 16, SVT_SHIFT = 18 }
@inline export const IRTE_RESERVED: u64 = 0xff00_f000;
@inline export const IRTE_XAPIC_RESERVED: u64 = 0xffff_00ff_0000_0000;
@inline export const IRTE_HIGH_RESERVED: u64 = 0xffff_ffff_fff0_0000;
export const enum Verify { NONE, SOURCE, BUS }
