// Where each chipset device keeps its state, inside the CHIPSET region.

import { CHIPSET } from "../base/layout";

@inline export const PIC_STATE: usize = CHIPSET;
@inline export const PIC_BYTES: usize = 256;
@inline export const PIT_STATE: usize = PIC_STATE + PIC_BYTES;
@inline export const PIT_BYTES: usize = 256;
@inline export const RTC_STATE: usize = PIT_STATE + PIT_BYTES;
@inline export const RTC_BYTES: usize = 512;
@inline export const LAPIC_STATE: usize = RTC_STATE + RTC_BYTES;
@inline export const LAPIC_BYTES: usize = 2048;
@inline export const IOAPIC_STATE: usize = LAPIC_STATE + LAPIC_BYTES;
@inline export const IOAPIC_BYTES: usize = 1024;
@inline export const HPET_STATE: usize = IOAPIC_STATE + IOAPIC_BYTES;
@inline export const HPET_BYTES: usize = 2048;
@inline export const ACPI_STATE: usize = HPET_STATE + HPET_BYTES;
@inline export const ACPI_BYTES: usize = 512;
/** Four UARTs. */
@inline export const UART_STATE: usize = ACPI_STATE + ACPI_BYTES;
@inline export const UART_BYTES: usize = 256;
@inline export const I8042_STATE: usize = UART_STATE + 4 * UART_BYTES;
@inline export const I8042_BYTES: usize = 1024;
@inline export const DEBUG_STATE: usize = I8042_STATE + I8042_BYTES;
@inline export const DEBUG_BYTES: usize = 256;
@inline export const FWCFG_STATE: usize = DEBUG_STATE + DEBUG_BYTES;
@inline export const FWCFG_BYTES: usize = 2048;
@inline export const CRTC_STATE: usize = FWCFG_STATE + FWCFG_BYTES;
@inline export const CRTC_BYTES: usize = 64;
@inline export const ROI_STATE: usize = CRTC_STATE + CRTC_BYTES;
@inline export const ROI_BYTES: usize = 128;
/** The registers of pc-testdev, and behind them its 64 KiB of memory (testdev/testdev.ts): the region's second half. */
@inline export const TESTDEV_STATE: usize = CHIPSET + 64 * 1024;
@inline export const TESTDEV_BYTES: usize = 64 * 1024 + 64;
