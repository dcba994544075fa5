import type { Segment } from '../plan.js';

/** ACPI tables, placed: where they go and where the root pointer is. */
export interface AcpiImage {
  segments: Segment[];
  /** Guest-physical address of the RSDP. */
  rsdp: number;
}
