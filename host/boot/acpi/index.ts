/**
 * ACPI tables for direct boots, placed in the BIOS area below 1 MiB, where a kernel also looks for the root pointer by itself.
 * The E820 map reserves that area; it must be RAM (the FACS holds a lock).
 */
import type { Segment } from '../plan.js';
import { BIOS_AREA_BASE, ONE_MIB } from '../ram-layout.js';
import { DEFAULT_BOARD, GENERATION_AT, GENERATION_BYTES, type AcpiBoard } from './board.js';
import { dsdtTerms } from './dsdt.js';
import { dmar, facs, fadt, hpet, madt, mcfg, rsdp, rsdt, table, xsdt } from './tables.js';

export { DEFAULT_BOARD, type AcpiBoard } from './board.js';

/** ACPI tables, placed: where they go and where the root pointer is. */
export interface AcpiImage {
  segments: Segment[];
  /** Guest-physical address of the RSDP. */
  rsdp: number;
}

const AREA_BYTES = ONE_MIB - BIOS_AREA_BASE;
const RSDP_BYTES = 36;
const DSDT_REVISION = 2; // integers are 64 bits wide
const TABLE_ALIGN = 64; // the FACS needs it; the others do not mind

/** The tables of a board, from `base` up. */
export function acpiTables(board: Partial<AcpiBoard> = {}, base = BIOS_AREA_BASE): AcpiImage {
  const whole = { ...DEFAULT_BOARD, ...board };
  const segments: Segment[] = [];
  let next = base + RSDP_BYTES;
  function place(bytes: Uint8Array): number {
    const gpa = Math.ceil(next / TABLE_ALIGN) * TABLE_ALIGN;
    next = gpa + bytes.length;
    if (next > base + AREA_BYTES) throw new RangeError(`the ACPI tables need ${next - base} bytes, there is room for ${AREA_BYTES}`);
    segments.push({ gpa, bytes });
    return gpa;
  }
  // Firmware puts its tables elsewhere, and has no such place.
  const placed = base === BIOS_AREA_BASE;
  if (placed && place(new Uint8Array(GENERATION_BYTES)) !== GENERATION_AT) throw new RangeError('the generation id is not where it should be');
  const facsAt = place(facs());
  const dsdtAt = place(table('DSDT', DSDT_REVISION, dsdtTerms(whole, placed)));
  const listed = [
    place(fadt(whole, facsAt, dsdtAt)),
    place(madt(whole)),
    ...(whole.hpet ? [place(hpet())] : []),
    place(mcfg()),
    ...(whole.iommu === undefined ? [] : [place(dmar(whole.iommu))]),
  ];
  const root = rsdp(place(rsdt(listed)), place(xsdt(listed)));
  segments.unshift({ gpa: base, bytes: root });
  return { segments, rsdp: base };
}
