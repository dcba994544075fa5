// 82093AA I/O APIC, Intel 290566-001; the EOI register (version 20h) from the ICH9 data sheet (316972), 13.5.

@inline export const IOAPIC_BASE: u64 = 0xfec0_0000;
@inline export const IOAPIC_PINS: u32 = 24;
export const enum IoRegister { IOREGSEL = 0x00, IOWIN = 0x10, EOIR = 0x40 }
export const enum IoIndex { IOAPICID = 0, IOAPICVER = 1, IOAPICARB = 2, IOREDTBL = 0x10 }
@inline export const IOAPICVER_VALUE: u32 = 0x20 | (23 << 16);
/** Bits of a redirection entry's low word. */
export const enum Redirect {
  VECTOR = 0xff, MODE_SHIFT = 8, MODE = 7 << 8, LOGICAL = 1 << 11, STATUS = 1 << 12, LOW_ACTIVE = 1 << 13,
  REMOTE_IRR = 1 << 14, LEVEL = 1 << 15, MASKED = 1 << 16,
  /** Bits software can change. */
  WRITABLE = 0x1afff,
  /** And of its high word: a destination; or an index and its format (VT-d 5.1.5.1). */
  DESTINATION = 0xff00_0000, REMAPPED = 0xffff_0000,
}
