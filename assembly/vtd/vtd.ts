// Intel's remapping unit for DMA and interrupts, as QEMU's intel-iommu places it on a q35: registers at FED90000, no PCI function. Intel Virtualization
// Technology for Directed I/O, revision 4.1, legacy and scalable mode. A card of the machine's list without a slot; one in a machine.
//
//   registers (commands, events)      device/dma --> translate --> context-cache --> legacy, scalable
//        |                                     |
//        |                                     +------> iotlb --> first-walk --> walk --> tables
//        |                            device/interrupt --> interrupt --> entries
//        +--> queue --> invalidate    what is refused --> faults --> events
//
// Its tables lie in the guest's memory and may say anything: reads of them go to RAM alone, their depth is bounded, and a fault costs the same however
// many there are. Caches have a stated geometry, are state, and keep what memory has changed since until they are told.

import { anew } from "../base/anew";
import { Block, guestRead, guestWrite, resetBlock } from "../device/registers";
import { takeTurn, cancelTurn } from "../device/allowance";
import { Card, optionOf, wordOf } from "../device/card";
import { bindTimer } from "../device/clock";
import { VTD_DATA } from "../device/layout";
import { slots } from "../device/slots";
import { mapMmio, Width } from "../memory/bus";
import { CardOption, IommuCaches, IommuWord } from "../surface/cards";
import { nameCounters } from "./counters";
import { MAX_IOTLB, MAX_TABLES_KEPT, REQUESTER_ROWS, UNIT_VALUES } from "./layout";
import { goOn } from "./queue";
import { defineRegisters, placeUnit } from "./registers";
import { CAP_FIRST_1G, CAP_FIRST_5, ECAP_COHERENT_PASIDS, ECAP_FIRST, ECAP_NESTED, ECAP_RID_PASID, ECAP_SCALABLE, ECAP_SECOND, ECAP_SUPERVISOR } from "./scalable-spec";
import { Cap, Ecap, FAULT_RECORDS, MAMV, MHMV, Reg, SAGAW_39, SAGAW_48, SAGAW_57, UNIT_BASE, UNIT_BYTES } from "./spec";
import { STATE_FROM, unit } from "./state";

/** A machine's physical addresses have no more bits. */
@inline const MOST_MEMORY_BITS: u32 = 52;

/** A card of the machine's list. */
export function attachIommu(c: Card): void {
  anew(changetype<usize>(unit), STATE_FROM);
  takeOptions(c);
  nameCounters();
  unit.block = <u32>changetype<usize>(defineRegisters(capabilities(c), extended(c)));
  unit.turn = takeTurn();
  bindTimer(unit.turn, goOnAt.index, 0);
  mapMmio(UNIT_BASE, UNIT_BYTES, 0, readUnit.index, writeUnit.index, "iommu", Width.DWORD | Width.QWORD);
  slots.remappable = unit.remaps;
  placeUnit();
}

function takeOptions(c: Card): void {
  const word = wordOf(c, CardOption.IOMMU), caches = optionOf(c, CardOption.IOMMU_CACHES), width = word >> IommuWord.BITS_SHIFT;
  unit.addressBits = width; unit.memoryBits = min(width, MOST_MEMORY_BITS);
  unit.widths = SAGAW_39 | (width >= 48 ? SAGAW_48 : 0) | (width >= 57 ? SAGAW_57 : 0);
  unit.caching = word & IommuWord.CACHING; unit.snoop = word & IommuWord.SNOOP;
  unit.passes = word & IommuWord.PASS; unit.scalable = word & IommuWord.SCALABLE; unit.firsts = unit.scalable ? word & IommuWord.FIRST : 0;
  unit.remaps = word & IommuWord.REMAP; unit.wideIds = unit.remaps && word & IommuWord.EIM ? 1 : 0;
  const entries = min(max<u32>(<u32>(caches >> IommuCaches.ENTRIES_SHIFT) & 0xffff, 1), MAX_IOTLB);
  unit.ways = min(max<u32>(<u32>(caches >> IommuCaches.WAYS_SHIFT) & 0xffff, 1), entries); unit.sets = entries / unit.ways;
  unit.tables = min(<u32>(caches >> IommuCaches.TABLES_SHIFT) & 0xffff, MAX_TABLES_KEPT);
}

function capabilities(c: Card): u64 {
  return <u64>Cap.DOMAINS | Cap.PROTECTED | (unit.caching ? <u64>Cap.CACHING : 0) | <u64>unit.widths << Cap.SAGAW_SHIFT | <u64>(unit.addressBits - 1) << Cap.MGAW_SHIFT
    | Cap.ZLR | <u64>(Reg.FRCD >> 4) << Cap.FRO_SHIFT | <u64>3 << Cap.SLLPS_SHIFT | <u64>1 << Cap.PSI_SHIFT | <u64>(FAULT_RECORDS - 1) << Cap.NFR_SHIFT
    | <u64>MAMV << Cap.MAMV_SHIFT | (wordOf(c, CardOption.IOMMU) & IommuWord.DRAIN ? <u64>3 << Cap.DRAIN_SHIFT : 0)
    | (unit.firsts ? CAP_FIRST_1G : 0) | (unit.firsts && unit.addressBits >= 57 ? CAP_FIRST_5 : 0);
}

function extended(c: Card): u64 {
  return <u64>Ecap.COHERENT | Ecap.QI | (unit.remaps ? <u64>Ecap.IR : 0) | (unit.wideIds ? <u64>Ecap.EIM : 0) | (unit.passes ? <u64>Ecap.PT : 0)
    | (unit.snoop ? <u64>Ecap.SC : 0) | <u64>(Reg.IVA >> 4) << Ecap.IRO_SHIFT | (unit.remaps ? <u64>MHMV << Ecap.MHMV_SHIFT : 0)
    | (unit.scalable ? ECAP_SCALABLE | ECAP_SECOND | ECAP_SUPERVISOR | ECAP_COHERENT_PASIDS | ECAP_RID_PASID : 0) | (unit.firsts ? ECAP_FIRST | ECAP_NESTED : 0);
}

/** At the machine's reset: off, and its caches empty. */
export function resetIommu(c: Card): void {
  cancelTurn(unit.turn);
  memory.fill(VTD_DATA + STATE_FROM, 0, REQUESTER_ROWS - VTD_DATA - STATE_FROM);
  resetBlock(changetype<Block>(<usize>unit.block), UNIT_VALUES);
  placeUnit();
}

function goOnAt(dev: usize): void { goOn(); }

function readUnit(dev: usize, offset: u32, bytes: u32): u64 {
  return offset < <u32>Reg.BYTES ? guestRead(changetype<Block>(<usize>unit.block), UNIT_VALUES, 0, offset, bytes) : 0;
}
function writeUnit(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (offset < <u32>Reg.BYTES) guestWrite(changetype<Block>(<usize>unit.block), UNIT_VALUES, 0, offset, bytes, value);
}
