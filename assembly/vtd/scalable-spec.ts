// VT-d 4.1, scalable mode: the structures from a requester to its PASID's entry (9.2, 9.4 to 9.6), first-stage paging entries (9.7), descriptors of the queue by
// PASID (6.5.2), reasons for faults (7.1.3). Offsets and bits.

/** RTADDR: translation table mode. */
export const enum Ttm { SHIFT = 10, MASK = 3, LEGACY = 0, SCALABLE = 1 }
@inline export const TTM_BITS: u64 = 0xc00;

/** ECAP, and CAP's bits of the first stage. */
@inline export const ECAP_NESTED: u64 = 1 << 26;
@inline export const ECAP_SUPERVISOR: u64 = 1 << 31;
@inline export const ECAP_SCALABLE: u64 = 1 << 43;
@inline export const ECAP_SECOND: u64 = 1 << 46;
@inline export const ECAP_FIRST: u64 = 1 << 47;
@inline export const ECAP_COHERENT_PASIDS: u64 = 1 << 48;
@inline export const ECAP_RID_PASID: u64 = 1 << 49;
@inline export const CAP_FIRST_1G: u64 = 1 << 56;
@inline export const CAP_FIRST_5: u64 = 1 << 60;

/** 9.2: a root entry's halves lead to contexts of functions 0 to 7f and 80 to ff, 32 bytes each. */
export const enum ScalableRoot { HALF = 0x80, CONTEXT_BYTES = 32 }
@inline export const HALF_RESERVED: u64 = 0xffe;
/** 9.4: size of the PASID directory, the PASID of requests that have none, and that those are privileged. */
export const enum ScalableContext { PDTS_SHIFT = 9, PDTS = 7, RID_PASID = 0xf_ffff, RID_PRIVILEGED = 0x10_0000 }
/** Without device TLBs, PASIDs and page requests their switches are reserved. */
@inline export const SCALABLE_CONTEXT_RESERVED: u64 = 0x1fc;
@inline export const SCALABLE_CONTEXT_HIGH_RESERVED: u64 = 0xffff_ffff_ffe0_0000;

/** 9.5: of a PASID, the bits that choose its entry in a table; a directory has 2^(PDTS + 7) entries. */
export const enum Pasid { TABLE_BITS = 6, DIRECTORY_LEAST = 7, BYTES = 64, BITS = 0xf_ffff }
@inline export const DIRECTORY_RESERVED: u64 = 0xffc;
/** 9.6: translation type and the second stage's width; domain; the first stage's switches. */
export const enum PasidEntry { WIDTH_SHIFT = 2, TYPE_SHIFT = 6, DOMAIN = 0xffff, SUPERVISOR = 1, LEVELS_SHIFT = 2, PROTECTS = 16 }
export const enum PasidType { FIRST = 1, SECOND = 2, NESTED = 3, PASS = 4 }
/** Bits of its first three words that must be 0: no A/D bits in the second stage, no memory types, no execution, no extended access. */
@inline export const PASID_LOW_RESERVED: u64 = 0xe20;
@inline export const PASID_MID_RESERVED: u64 = 0xffff_ffff_fe7f_0000;
@inline export const PASID_FIRST_RESERVED: u64 = 0xf82;

/** 9.7: as the processor's. Bits 62 to 52 are software's, 63 is ignored without requests to execute. */
export const enum Fte { PRESENT = 1, WRITE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40, LARGE = 0x80, PAT_LARGE = 0x1000 }

/** Descriptors by PASID: granularities, and where the PASID is. */
export const enum PasidInv { CACHE_DOMAIN = 0, CACHE_PASID = 1, CACHE_GLOBAL = 3, PAGES_PASID = 2, PAGES_SELECTED = 3, PASID_SHIFT = 32 }
@inline export const PASID_CACHE_RESERVED: u64 = 0xfff0_0000_0000_ffc0;
@inline export const PASID_PAGES_RESERVED: u64 = 0xfff0_0000_0000_ffc0;

/** 7.1.3: why a request was refused. */
export const enum ScalableReason {
  TABLE_MODE = 0x30, ROOT_ACCESS = 0x38, ROOT_ABSENT, ROOT_RESERVED, CONTEXT_ACCESS = 0x40, CONTEXT_ABSENT, CONTEXT_RESERVED, RID_PASID = 0x48,
  DIRECTORY_ACCESS = 0x50, DIRECTORY_ABSENT, DIRECTORY_RESERVED, PASID_ACCESS = 0x58, PASID_ABSENT, PASID_RESERVED, PASID_INVALID, SUPERVISOR = 0x5d,
  FIRST_ACCESS = 0x70, FIRST_ABSENT, FIRST_RESERVED, FIRST_ROOT_ACCESS, FIRST_BEYOND, SECOND_ACCESS = 0x78, SECOND_RIGHTS, SECOND_RESERVED, SECOND_ROOT_ACCESS,
  NOT_CANONICAL = 0x80, FIRST_USER, ADDRESS = 0x83, OUTPUT_BEYOND, WRITE, READ,
}
