/**
 * Where a kernel keeps what. Its image is a ROM of 64 KiB that copies itself to IMAGE and runs there: offsets in the segment
 * IMAGE_SEGMENT, linear addresses in flat code. Everything lies below 640 KiB.
 */

export const IMAGE = 0x1_0000;
export const IMAGE_SEGMENT = 0x1000;
export const IMAGE_BYTES = 0x1_0000;

/** Stacks, by their first byte behind: of the program itself, of tests and handlers at CPL 0, of tests at other privileges. */
export const HOME_STACK = 0x7000;
export const RING0_STACK = 0x8000;
export const USER_STACK = 0x9000;
/** For tests that want another stack. */
export const OTHER_STACK = 0xa000;

/** Page tables: PML4, PDPT, directories of the first and the fourth GiB; a kernel's own from TABLES on. */
export const PML4 = 0x2_0000;
export const PDPT = 0x2_1000;
export const TABLES = 0x3_0000;
/** Pages for a kernel's data. */
export const PAGES = 0x4_0000;

/** Selectors of every kernel's GDT. Flat ones unless the name says otherwise; 16-bit code and `imageData` have IMAGE as their base. */
export const SELECTOR = {
  code32: 0x08, data32: 0x10, code16: 0x18, data16: 0x20, code64: 0x28,
  user32: 0x33, userData: 0x3b, user64: 0x43, user16: 0x83, userData16: 0x8b, imageData: 0x90, userImageData: 0x9b,
  ring1: 0x49, ring1Data: 0x51, ring2: 0x5a, ring2Data: 0x62, tss32: 0x68, tss64: 0x70,
} as const;
/** The first selector of a kernel's own descriptors. */
export const OWN_SELECTORS = 0xa0;

/** Vectors that have a gate: exceptions, DONE, and some for software interrupts and timers. */
export const VECTORS = 0x40;
/** INT DONE ends a test that did not fault; ring 3 may use it. */
export const DONE = 0x30;
