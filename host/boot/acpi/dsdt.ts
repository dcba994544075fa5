/**
 * The DSDT's terms: the root bridge with its windows and interrupt routing, the LPC bridge with what sits on ISA, the
 * reserved ranges, and how to turn off. Follows ACPI 6.4 and the PCI Firmware Specification 3.3 (section 4.5, _OSC).
 */
import { BoardPort } from '../../../assembly/surface/board.js';
import { ECAM_BASE, ECAM_BYTES } from '../ram-layout.js';
import * as aml from './aml.js';
import type { Aml } from './aml.js';
import {
  ComPorts, GENERATION_AT, GENERATION_GPE, LINK_LINES, LPC_ADDRESS, Mmio, PCI_PINS, PCI_SLOTS, pciGsi, pciLink, PIRQ_ROUT, Pm, type AcpiBoard,
} from './board.js';

const LINK_NAMES = ['LNKA', 'LNKB', 'LNKC', 'LNKD'] as const;
const PIRQ_NAMES = ['PRQA', 'PRQB', 'PRQC', 'PRQD'] as const;
const PCI_OSC_UUID = '33db4d5b-1ff7-401c-9657-7441c03dd766';
/** _OSC, third DWORD: PME, AER and the capability structure may be the system's; hot plug (bits 0, 1) is not there. */
const OSC_GRANTED = 0b11100;
const OSC_UNKNOWN_REVISION = 8;
const OSC_CAPABILITIES_MASKED = 0x10;
const OSC_UNKNOWN_UUID = 4;
const PRESENT_AND_WORKING = 0x0f;

function isaDevice(at: string, hid: string, resources: Aml, uid?: number): Aml {
  return aml.device(
    at,
    aml.name('_HID', aml.eisaId(hid)),
    ...(uid === undefined ? [] : [aml.name('_UID', aml.integer(uid))]),
    aml.name('_STA', aml.integer(PRESENT_AND_WORKING)),
    aml.name('_CRS', resources),
  );
}

function comPorts(): Aml[] {
  return ComPorts.map(({ port, irq }, index) =>
    isaDevice(`COM${index + 1}`, 'PNP0501', aml.resources(aml.ioPorts(port, 8), aml.isaIrq(irq)), index + 1),
  );
}

/** QEMU's docs/specs/pvpanic.txt: QEMU0001 with its port, and the methods RDPT and WRPT that read and write it. */
function pvpanic(): Aml {
  return aml.device('PEVT',
    aml.name('_HID', aml.string('QEMU0001')),
    aml.name('_STA', aml.integer(PRESENT_AND_WORKING)),
    aml.name('_CRS', aml.resources(aml.ioPorts(BoardPort.PVPANIC, 1))),
    aml.operationRegion('PEOR', aml.RegionSpace.SystemIO, BoardPort.PVPANIC, 1),
    aml.byteFields('PEOR', 'PEPT'),
    aml.method('RDPT', 0, aml.giveBack(aml.path('PEPT'))),
    aml.method('WRPT', 1, aml.store(aml.argument(0), aml.path('PEPT'))),
  );
}

function isaDevices(board: AcpiBoard): Aml[] {
  const { resources, ioPorts, isaIrq } = aml;
  const hpet = isaDevice('HPET', 'PNP0103', resources(aml.fixedMemory(Mmio.HPET, 0x400)));
  return [
    ...comPorts(),
    isaDevice('PIC_', 'PNP0000', resources(ioPorts(0x20, 2), ioPorts(0xa0, 2), isaIrq(2))),
    isaDevice('TIMR', 'PNP0100', resources(ioPorts(0x40, 4), isaIrq(0))),
    isaDevice('RTC_', 'PNP0B00', resources(ioPorts(0x70, 2), isaIrq(8))),
    isaDevice('KBD_', 'PNP0303', resources(ioPorts(0x60, 1), ioPorts(0x64, 1), isaIrq(1))),
    isaDevice('MOU_', 'PNP0F13', resources(isaIrq(12))),
    pvpanic(),
    ...(board.hpet ? [hpet] : []),
    ...(board.floppy === true ? [isaDevice('FDC0', 'PNP0700', resources(ioPorts(0x3f2, 4), ioPorts(0x3f7, 1), isaIrq(6), aml.isaDma(2)))] : []),
  ];
}

/** A PCI interrupt link: its line is what the PIRQ register says. */
function link(index: number): Aml {
  const register = aml.path(`\\_SB.PCI0.LPC_.${PIRQ_NAMES[index]!}`);
  const disabled = 0x80;
  const INTERRUPT_AT = 5; // of the interrupt number, in the descriptor of levelInterrupts
  return aml.device(
    LINK_NAMES[index]!,
    aml.name('_HID', aml.eisaId('PNP0C0F')),
    aml.name('_UID', aml.integer(index + 1)),
    aml.name('_PRS', aml.resources(aml.levelInterrupts(...LINK_LINES))),
    aml.method('_STA', 0,
      aml.when(aml.and(register, aml.integer(disabled)), aml.giveBack(aml.integer(0x09))),
      aml.giveBack(aml.integer(0x0b)),
    ),
    aml.method('_DIS', 0, aml.or(register, aml.integer(disabled), register)),
    aml.serializedMethod('_CRS', 0,
      aml.name('BUF_', aml.resources(aml.levelInterrupts(0))),
      aml.dwordField(aml.path('BUF_'), INTERRUPT_AT, 'LINE'),
      aml.and(register, aml.integer(0x0f), aml.path('LINE')),
      aml.giveBack(aml.path('BUF_')),
    ),
    aml.serializedMethod('_SRS', 1,
      aml.dwordField(aml.argument(0), INTERRUPT_AT, 'LINE'),
      aml.store(aml.path('LINE'), register),
    ),
  );
}

/** One row for each pin of each slot: address, pin, source, index. */
function routing(source: (slot: number, pin: number) => Aml[]): Aml {
  const rows: Aml[] = [];
  for (let slot = 0; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < PCI_PINS; pin++) {
      rows.push(aml.packageOf(aml.integer(slot * 0x10000 + 0xffff), aml.integer(pin), ...source(slot, pin)));
    }
  }
  return aml.packageOf(...rows);
}

/** Grants the system what it may control, as the PCI Firmware Specification asks it to be negotiated. */
function oscMethod(): Aml {
  const [one, three] = [aml.path('CDW1'), aml.path('CDW3')];
  return aml.serializedMethod('_OSC', 4,
    aml.dwordField(aml.argument(3), 0, 'CDW1'),
    aml.when(aml.equal(aml.argument(0), aml.uuid(PCI_OSC_UUID)),
      aml.dwordField(aml.argument(3), 8, 'CDW3'),
      aml.and(three, aml.integer(OSC_GRANTED), aml.local(0)),
      aml.when(aml.not(aml.equal(aml.argument(1), aml.integer(1))), aml.or(one, aml.integer(OSC_UNKNOWN_REVISION), one)),
      aml.when(aml.not(aml.equal(three, aml.local(0))), aml.or(one, aml.integer(OSC_CAPABILITIES_MASKED), one)),
      aml.store(aml.local(0), three),
    ),
    aml.otherwise(aml.or(one, aml.integer(OSC_UNKNOWN_UUID), one)),
    aml.giveBack(aml.argument(3)),
  );
}

function rootBridge(board: AcpiBoard): Aml {
  const vga = board.vga ? [aml.memoryWindow(0xa0000, 0xbffff)] : [];
  return aml.device('PCI0',
    aml.name('_HID', aml.eisaId('PNP0A08')),
    aml.name('_CID', aml.eisaId('PNP0A03')),
    aml.name('_UID', aml.integer(0)),
    aml.name('_SEG', aml.integer(0)),
    aml.name('_BBN', aml.integer(0)),
    aml.name('_CRS', aml.resources(
      aml.busWindow(0, 255),
      aml.ioPorts(0xcf8, 8),
      aml.ioWindow(0, 0xcf7),
      aml.ioWindow(0xd00, 0xffff),
      ...vga,
      aml.memoryWindow(Mmio.PCI_FIRST, Mmio.PCI_LAST),
    )),
    oscMethod(),
    aml.name('PRTA', routing((slot, pin) => [aml.integer(0), aml.integer(pciGsi(slot, pin))])),
    aml.name('PRTP', routing((slot, pin) => [aml.path(LINK_NAMES[pciLink(slot, pin)]!), aml.integer(0)])),
    aml.method('_PRT', 0,
      aml.when(aml.path('\\PICF'), aml.giveBack(aml.path('PRTA'))),
      aml.giveBack(aml.path('PRTP')),
    ),
    aml.device('LPC_',
      aml.name('_ADR', aml.integer(LPC_ADDRESS)),
      aml.operationRegion('PIRQ', aml.RegionSpace.PCI_Config, PIRQ_ROUT, 4),
      aml.byteFields('PIRQ', ...PIRQ_NAMES),
      ...isaDevices(board),
    ),
  );
}

/** What is taken although no device of the tables owns it. */
function motherboard(): Aml {
  return aml.device('MBRD',
    aml.name('_HID', aml.eisaId('PNP0C02')),
    aml.name('_UID', aml.integer(1)),
    aml.name('_CRS', aml.resources(
      aml.fixedMemory(ECAM_BASE, ECAM_BYTES),
      aml.fixedMemory(Mmio.IOAPIC, 0x1000),
      aml.fixedMemory(Mmio.LAPIC, 0x1000),
      aml.ioPorts(Pm.IO_BASE, Pm.IO_BYTES),
    )),
  );
}

function processors(count: number): Aml[] {
  return Array.from({ length: count }, (_, index) =>
    aml.device(`C${index.toString(16).toUpperCase().padStart(3, '0')}`,
      aml.name('_HID', aml.string('ACPI0007')),
      aml.name('_UID', aml.integer(index)),
    ),
  );
}

/** Kernels mix what they find here into their random source when they are notified. */
function generation(): Aml {
  return aml.device('VGEN',
    aml.name('_HID', aml.string('PNTL0001')),
    aml.name('_CID', aml.string('VM_Gen_Counter')),
    aml.name('_DDN', aml.string('VM_Gen_Counter')),
    aml.name('_STA', aml.integer(PRESENT_AND_WORKING)),
    aml.name('ADDR', aml.packageOf(aml.integer(GENERATION_AT), aml.integer(0))),
  );
}

/** `placed`: the tables are where a direct boot has them, and so the generation id is. */
export function dsdtTerms(board: AcpiBoard, placed: boolean): Aml {
  return [
    // SLP_TYPa, SLP_TYPb, two reserved
    aml.name('\\_S5_', aml.packageOf(aml.integer(Pm.S5_SLP_TYP), aml.integer(0), aml.integer(0), aml.integer(0))),
    aml.name('\\PICF', aml.integer(0)),
    aml.method('\\_PIC', 1, aml.store(aml.argument(0), aml.path('\\PICF'))),
    // The links stand before the routing that names them; their methods refer to the LPC bridge only when run.
    aml.scope('\\_SB_', ...processors(board.processors), ...LINK_NAMES.map((_, index) => link(index)), rootBridge(board), motherboard(), placed ? generation() : []),
    placed ? aml.scope('\\_GPE', aml.method(GENERATION_GPE, 0, aml.notify(aml.path('\\_SB.VGEN'), 0x80))) : [],
  ].flat();
}
