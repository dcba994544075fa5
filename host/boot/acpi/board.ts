/**
 * Where the board's parts are, as the ACPI tables say it: the q35-like map of docs/design.md, section 4.
 */

/** What of a board may differ from machine to machine. */
export interface AcpiBoard {
  /** Processors; the local APIC ids count from 0. */
  processors: number;
  hpet: boolean;
  vga: boolean;
  /** A floppy controller, which kernels load their driver for when they are told of it. */
  floppy?: boolean;
  /** A remapping unit (assembly/vtd). */
  iommu?: { addressBits: number; intremap: boolean };
}

export const DEFAULT_BOARD: AcpiBoard = { processors: 1, hpet: true, vga: false };

export const Pm = {
  SCI_IRQ: 9,
  PM1a_EVT_BLK: 0x600,
  PM1a_CNT_BLK: 0x604,
  PM_TMR_BLK: 0x608,
  GPE0_BLK: 0x620,
  GPE0_BYTES: 16,
  /** What to write to PM1a_CNT.SLP_TYP to turn off. */
  S5_SLP_TYP: 0,
  IO_BASE: 0x600,
  IO_BYTES: 0x80,
  RESET_PORT: 0xcf9,
  RESET_VALUE: 6,
} as const;

export const Mmio = {
  IOAPIC: 0xfec00000,
  HPET: 0xfed00000,
  IOMMU: 0xfed90000,
  LAPIC: 0xfee00000,
  PCI_FIRST: 0xc0000000,
  PCI_LAST: 0xfebfffff,
} as const;

/**
 * The VM generation device (Microsoft's "Virtual Machine Generation ID"): 16 bytes that are others when the machine is another one, at an address that a snapshot
 * can be told by, and the general-purpose event that says so.
 */
export const GENERATION_AT = 0xe0040;
export const GENERATION_BYTES = 16;
/** GENERATION_EVENT of assembly/chipset/acpi/spec.ts. */
export const GENERATION_GPE = '_E05';

/** COM1 to COM4: ports and ISA interrupts. */
export const ComPorts = [
  { port: 0x3f8, irq: 4 },
  { port: 0x2f8, irq: 3 },
  { port: 0x3e8, irq: 4 },
  { port: 0x2e8, irq: 3 },
] as const;

/** Who the IOAPIC is to a remapping unit (IOAPIC_REQUESTER of assembly/device/interrupt.ts): a bus that no bridge has, device and function 0. */
export const IOAPIC_ID = 0;
export const IOAPIC_BUS = 0xff;

export const PCI_SLOTS = 32;
export const PCI_PINS = 4;

/** The IOAPIC input of a slot's pin (INTA is 0): four inputs, turned by one from slot to slot. */
export function pciGsi(slot: number, pin: number): number {
  return 16 + ((slot + pin) & 3);
}

/** For the 8259: which of the links LNKA to LNKD a slot's pin uses; their lines stand in the LPC bridge's PIRQ registers. */
export function pciLink(slot: number, pin: number): number {
  return (slot + pin) & 3;
}

/** The LPC bridge, 00:1f.0, and its PIRQA_ROUT to PIRQD_ROUT: bits 3:0 the line, bit 7 not routed. */
export const LPC_ADDRESS = 0x001f0000;
export const PIRQ_ROUT = 0x60;
/** Lines a link may take. */
export const LINK_LINES = [5, 10, 11] as const;
