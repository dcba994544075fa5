/**
 * The MP configuration table: processors, buses, the I/O APIC and which of its inputs an interrupt of a bus reaches, for systems that do not read
 * ACPI. Follows Intel's MultiProcessor Specification 1.4, chapter 4; the board is the ACPI tables' (acpi/board.ts).
 */
import { Mmio, PCI_PINS, PCI_SLOTS, pciGsi, Pm, type AcpiBoard } from './acpi/board.js';
import { ascii, concat, little, setChecksum } from './bytes.js';
import type { Segment } from './plan.js';

const enum Bus { PCI = 0, ISA = 1 }
const enum Kind { PROCESSOR = 0, BUS = 1, IOAPIC = 2, IO_INTERRUPT = 3, LOCAL_INTERRUPT = 4 }
const enum Interrupt { INT = 0, NMI = 1, EXTINT = 3 }
/** Polarity and trigger as the bus has them; active high and level-triggered. */
const CONFORMS = 0;
const HIGH_LEVEL = 0x0d;
/** A local APIC's version register, of one that is integrated; CPU flags: enabled, bootstrap. */
const APIC_VERSION = 0x14;
const [ENABLED, BOOTSTRAP] = [1, 2];
const IOAPIC_ID = 0;
const IOAPIC_VERSION = 0x11;
const ALL_APICS = 0xff;
const ISA_LINES = 16;
const CASCADE = 2;
/** Family 6, and an FPU and an APIC on the chip. */
const [SIGNATURE, FEATURES] = [0x600, 0x201];
const POINTER_BYTES = 16;
const HEADER_BYTES = 44;

const field = (width: number) => (value: number): Uint8Array => little(width, value);
const [byte, word, dword] = [field(1), field(2), field(4)];

function processor(id: number): Uint8Array {
  return concat(byte(Kind.PROCESSOR), byte(id), byte(APIC_VERSION), byte(ENABLED | (id === 0 ? BOOTSTRAP : 0)), dword(SIGNATURE), dword(FEATURES), little(8, 0));
}

function bus(id: Bus, name: string): Uint8Array {
  return concat(byte(Kind.BUS), byte(id), ascii(name, 6));
}

function interrupt(kind: Kind, type: Interrupt, flags: number, source: Bus, line: number, apic: number, input: number): Uint8Array {
  return concat(byte(kind), byte(type), word(flags), byte(source), byte(line), byte(apic), byte(input));
}

/** ISA's lines at the inputs of their numbers, but the PIT's, which takes the cascade's place. */
function isaInterrupts(): Uint8Array[] {
  const lines = Array.from({ length: ISA_LINES }, (_, line) => line).filter((line) => line !== CASCADE);
  return lines.map((line) =>
    interrupt(Kind.IO_INTERRUPT, Interrupt.INT, line === Pm.SCI_IRQ ? HIGH_LEVEL : CONFORMS, Bus.ISA, line, IOAPIC_ID, line === 0 ? CASCADE : line));
}

/** Every pin of every slot that can hold a card: the source is the pin in bits 0 and 1 and the slot above them (4.3.4). */
function pciInterrupts(): Uint8Array[] {
  return Array.from({ length: PCI_SLOTS * PCI_PINS }, (_, source) =>
    interrupt(Kind.IO_INTERRUPT, Interrupt.INT, CONFORMS, Bus.PCI, source, IOAPIC_ID, pciGsi(source >> 2, source & 3)));
}

/** The floating pointer at `at`, a multiple of 16, and the table behind it. */
export function mpTable(at: number, board: AcpiBoard): Segment {
  const entries = [
    ...Array.from({ length: board.processors }, (_, id) => processor(id)),
    bus(Bus.PCI, 'PCI'),
    bus(Bus.ISA, 'ISA'),
    concat(byte(Kind.IOAPIC), byte(IOAPIC_ID), byte(IOAPIC_VERSION), byte(ENABLED), dword(Mmio.IOAPIC)),
    ...isaInterrupts(),
    ...pciInterrupts(),
    interrupt(Kind.LOCAL_INTERRUPT, Interrupt.EXTINT, CONFORMS, Bus.ISA, 0, ALL_APICS, 0),
    interrupt(Kind.LOCAL_INTERRUPT, Interrupt.NMI, CONFORMS, Bus.ISA, 0, ALL_APICS, 1),
  ];
  const body = concat(...entries);
  const header = concat(
    ascii('PCMP'), word(HEADER_BYTES + body.length), byte(4), byte(0), ascii('PINTAIL', 8), ascii('Q35', 12),
    dword(0), word(0), word(entries.length), dword(Mmio.LAPIC), word(0), byte(0), byte(0),
  );
  const table = setChecksum(concat(header, body), 7);
  // No default configuration; virtual wire mode, without an IMCR.
  const pointer = setChecksum(concat(ascii('_MP_'), dword(at + POINTER_BYTES), byte(1), byte(4), byte(0), new Uint8Array(5)), 10);
  return { gpa: at, bytes: concat(pointer, table) };
}
