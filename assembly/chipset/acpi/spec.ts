// ACPI power management registers as ICH9 lays them out (316972, 13.8), with ACPI 6.5 section 4.8 for their meaning.
// Offsets are from PMBASE. APM ports: ICH9 13.7.5. The PM timer is 32 bits wide, as the FADT's TMR_VAL_EXT says (ICH9 has 24).

export const enum Pm {
  PM1_STS = 0x00, PM1_EN = 0x02, PM1_CNT = 0x04, PM1_TMR = 0x08, GPE0_STS = 0x20, GPE0_EN = 0x28, SMI_EN = 0x30, SMI_STS = 0x34,
  BYTES = 0x80,
}
export const enum Pm1 { TMR = 0x0001, BM = 0x0010, GBL = 0x0020, PWRBTN = 0x0100, SLPBTN = 0x0200, RTC = 0x0400, WAK = 0x8000 }
export const enum Pm1Cnt { SCI_EN = 1, BM_RLD = 2, SLP_TYP_SHIFT = 10, SLP_TYP = 7 << 10, SLP_EN = 1 << 13 }
/** Bits of SMI_EN: SMIs by APM_CNT, and SMIs at all. */
@inline export const SMI_READY: u64 = 0x21;
/** What the DSDT's \_S5 gives for SLP_TYP. */
@inline export const SLP_TYP_S5: u32 = 0;
@inline export const PM_TIMER_HZ: u64 = 3_579_545;
@inline export const PM_TIMER_BITS: u64 = 32;
@inline export const SCI_LINE: u32 = 9;
@inline export const PM_BASE: u32 = 0x600;
/** APM_CNT (FADT SMI_CMD) and its values for ACPI_ENABLE and ACPI_DISABLE. */
export const enum Apm { CNT = 0xb2, STS = 0xb3, ACPI_ENABLE = 2, ACPI_DISABLE = 3 }
/** The general-purpose event of the DSDT's VM generation device (host/boot/acpi/dsdt.ts). */
@inline export const GENERATION_EVENT: u32 = 5;
