/**
 * The fixed tables: RSDP, RSDT, XSDT, FADT, FACS, MADT, HPET, MCFG, DMAR, and the header that all but two share.
 * Follows ACPI 6.4 (section 5.2; the FADT is the one of ACPI 5.0, revision 5), IA-PC HPET 1.0a, PCI Firmware 3.3, VT-d 4.1 (chapter 8).
 */
import { ECAM_BASE } from '../ram-layout.js';
import { IOAPIC_BUS, IOAPIC_ID, Mmio, Pm, type AcpiBoard } from './board.js';

const OEM_ID = 'PNTAIL';
const OEM_TABLE_ID = 'PINTAIL ';
const CREATOR_ID = 'PNTL';
const HEADER_BYTES = 36;

function put(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Makes all bytes add up to zero. */
function setChecksum(bytes: Uint8Array, at: number, count = bytes.length): void {
  bytes[at] = 0;
  bytes[at] = -bytes.subarray(0, count).reduce((sum, byte) => sum + byte, 0);
}

/** A table with its header (section 5.2.6) around a body. */
export function table(signature: string, revision: number, body: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = viewOf(bytes);
  bytes.set(body, HEADER_BYTES);
  put(bytes, 0, signature);
  view.setUint32(4, bytes.length, true);
  bytes[8] = revision;
  put(bytes, 10, OEM_ID);
  put(bytes, 16, OEM_TABLE_ID);
  view.setUint32(24, 1, true);
  put(bytes, 28, CREATOR_ID);
  view.setUint32(32, 1, true);
  setChecksum(bytes, 9);
  return bytes;
}

/** A body built field by field: [width in bytes, value]. */
function fields(...rows: [width: number, value: number][]): number[] {
  return rows.flatMap(([width, value]) => Array.from({ length: width }, (_, index) => Math.floor(value / 256 ** index) % 256));
}

const SYSTEM_MEMORY = 0;
const SYSTEM_IO = 1;

/** Generic Address Structure (section 5.2.3.2). */
function gas(space: number, bits: number, access: number, address: number): [number, number][] {
  return [[1, space], [1, bits], [1, 0], [1, access], [8, address]];
}

const FADT_REVISION = 5;
/** Fixed feature flags, section 5.2.9 table 5.10. */
const WBINVD = 1 << 0;
const PROC_C1 = 1 << 2;
const SLP_BUTTON = 1 << 5; // no fixed sleep button
const FIX_RTC = 1 << 6; // no RTC wake status in the fixed registers
const TMR_VAL_EXT = 1 << 8;
const RESET_REG_SUP = 1 << 10;
/** IA-PC boot architecture flags, table 5.11. */
const LEGACY_DEVICES = 1 << 0;
const HAS_8042 = 1 << 1;
const VGA_NOT_PRESENT = 1 << 2;
/** Latencies above these mean that the state is not there. */
const NO_C2 = 0x0fff;
const NO_C3 = 0x0fff;
const RTC_CENTURY = 0x32;

export function fadt(board: AcpiBoard, facs: number, dsdt: number): Uint8Array {
  const none = gas(SYSTEM_IO, 0, 0, 0);
  const flags = WBINVD | PROC_C1 | SLP_BUTTON | FIX_RTC | TMR_VAL_EXT | RESET_REG_SUP;
  const bootArch = LEGACY_DEVICES | HAS_8042 | (board.vga ? 0 : VGA_NOT_PRESENT);
  return table('FACP', FADT_REVISION, fields(
    [4, facs], [4, dsdt], [1, 0], [1, 0 /* unspecified profile */], [2, Pm.SCI_IRQ],
    [4, 0], [1, 0], [1, 0], [1, 0], [1, 0], // no SMI_CMD: ACPI mode is always on
    [4, Pm.PM1a_EVT_BLK], [4, 0], [4, Pm.PM1a_CNT_BLK], [4, 0], [4, 0], [4, Pm.PM_TMR_BLK], [4, Pm.GPE0_BLK], [4, 0],
    [1, 4], [1, 2], [1, 0], [1, 4], [1, Pm.GPE0_BYTES], [1, 0], [1, 0], [1, 0],
    [2, NO_C2], [2, NO_C3], [2, 0], [2, 0], [1, 0], [1, 0],
    [1, 0], [1, 0], [1, RTC_CENTURY], [2, bootArch], [1, 0], [4, flags],
    ...gas(SYSTEM_IO, 8, 1, Pm.RESET_PORT), [1, Pm.RESET_VALUE], [2, 0], [1, 0],
    [8, 0], [8, dsdt], // the FACS is given by its 32-bit field alone
    ...gas(SYSTEM_IO, 32, 2, Pm.PM1a_EVT_BLK), ...none,
    ...gas(SYSTEM_IO, 16, 2, Pm.PM1a_CNT_BLK), ...none, ...none,
    ...gas(SYSTEM_IO, 32, 3, Pm.PM_TMR_BLK),
    ...gas(SYSTEM_IO, Pm.GPE0_BYTES * 8, 1, Pm.GPE0_BLK), ...none,
    ...none, ...none,
  ));
}

/** Firmware ACPI Control Structure: no header of the common kind, 64 bytes, in memory that can be written. */
export function facs(): Uint8Array {
  const bytes = new Uint8Array(64);
  put(bytes, 0, 'FACS');
  viewOf(bytes).setUint32(4, bytes.length, true);
  bytes[32] = 2;
  return bytes;
}

const PCAT_COMPAT = 1;
const ENABLED = 1;
/** MPS INTI flags: active high and level-triggered. */
const HIGH_LEVEL = 0x0d;
/** Interrupts that PCI links or the SCI may use keep their number but are level-triggered. */
const LEVEL_LINES = [5, Pm.SCI_IRQ, 10, 11] as const;

export function madt(board: AcpiBoard): Uint8Array {
  const rows: [number, number][] = [[4, Mmio.LAPIC], [4, PCAT_COMPAT]];
  for (let id = 0; id < board.processors; id++) rows.push([1, 0], [1, 8], [1, id], [1, id], [4, ENABLED]);
  rows.push([1, 1], [1, 12], [1, IOAPIC_ID], [1, 0], [4, Mmio.IOAPIC], [4, 0]);
  const override = (source: number, gsi: number, flags: number): void => {
    rows.push([1, 2], [1, 10], [1, 0], [1, source], [4, gsi], [2, flags]);
  };
  override(0, 2, 0); // the PIT comes in at input 2
  for (const line of LEVEL_LINES) override(line, line, HIGH_LEVEL);
  rows.push([1, 4], [1, 6], [1, 0xff], [2, 0], [1, 1]); // NMI at LINT1 of every processor
  return table('APIC', 3, fields(...rows));
}

/** Revision, comparators (3), 64-bit counter, legacy routing, vendor: what the HPET's own capability register says. */
const HPET_BLOCK_ID = 0x8086a201;

export function hpet(): Uint8Array {
  return table('HPET', 1, fields([4, HPET_BLOCK_ID], ...gas(SYSTEM_MEMORY, 64, 0, Mmio.HPET), [1, 0], [2, 0], [1, 0]));
}

export function mcfg(): Uint8Array {
  return table('MCFG', 1, fields([8, 0], [8, ECAM_BASE], [2, 0], [1, 0], [1, 255], [4, 0]));
}

const DRHD = 0;
/** The unit has every PCI device that no other unit names. */
const INCLUDE_PCI_ALL = 1;
const SCOPE_IOAPIC = 3;
const INTR_REMAP = 1;

/** One remapping unit, with the IOAPIC in its scope. */
export function dmar({ addressBits, intremap }: NonNullable<AcpiBoard['iommu']>): Uint8Array {
  return table('DMAR', 1, fields(
    [1, addressBits - 1], [1, intremap ? INTR_REMAP : 0], [8, 0], [2, 0],
    [2, DRHD], [2, 24], [1, INCLUDE_PCI_ALL], [1, 0], [2, 0], [8, Mmio.IOMMU],
    [1, SCOPE_IOAPIC], [1, 8], [2, 0], [1, IOAPIC_ID], [1, IOAPIC_BUS], [1, 0], [1, 0],
  ));
}

export function rsdt(addresses: number[]): Uint8Array {
  return table('RSDT', 1, fields(...addresses.map((address): [number, number] => [4, address])));
}

export function xsdt(addresses: number[]): Uint8Array {
  return table('XSDT', 1, fields(...addresses.map((address): [number, number] => [8, address])));
}

/** Root System Description Pointer, revision 2. */
export function rsdp(rsdtAt: number, xsdtAt: number): Uint8Array {
  const bytes = new Uint8Array(36);
  const view = viewOf(bytes);
  put(bytes, 0, 'RSD PTR ');
  put(bytes, 9, OEM_ID);
  bytes[15] = 2;
  view.setUint32(16, rsdtAt, true);
  view.setUint32(20, bytes.length, true);
  view.setBigUint64(24, BigInt(xsdtAt), true);
  setChecksum(bytes, 8, 20);
  setChecksum(bytes, 32);
  return bytes;
}
