// What the virtio tests call in the module: the board's buses and clock, the list of cards, PCI as firmware leaves it.
import { control, NO_YIELD } from "../../../assembly/base/control";
import { machine } from "../../../assembly/base/machine";
import { RAM } from "../../../assembly/base/layout";
import { SCREEN_STATE } from "../../../assembly/display/layout";
import { ramAt } from "../../../assembly/memory/ram";
import { attachChipset, resetChipset } from "../../../assembly/chipset/attach";
import { enterVirtualWire } from "../../../assembly/chipset/lapic/reset";
import { attachPci, resetPci } from "../../../assembly/pci/attach";
import { presetPci } from "../../../assembly/pci/firmware";
import { addToList, attachCards, giveOption, resetCards, setLink } from "../../../assembly/run/cards";
import { CardKind, CardOption } from "../../../assembly/surface/cards";
export { portRead, portWrite, mmioRead, mmioWrite } from "../../../assembly/memory/bus";
export { acknowledge } from "../../../assembly/device/interrupt";
export { nowNs, runTimers, nextDeadlineNs } from "../../../assembly/device/clock";
export { ringAt, serviceRings } from "../../../assembly/device/ring";
export { counterIds, counterAddress, counterName, counterUnit, countersMissing, takeCounters, histogramAddress, histogramIds, histogramName } from "../../../assembly/base/counters";
export { regionBase, regionCount, regionSize } from "../../../assembly/base/regions";
export { diskTable } from "../../../assembly/device/blocks";
export { announceCards, askCard, changeCard, giveOption, portName, serialOfDrive, slotOfCard } from "../../../assembly/run/cards";
export { setLab } from "../../../assembly/lab/lab";
export { stream } from "../../../assembly/device/bytes";
export function plug(port: u32, up: u32): void { setLink(port, up != 0); }
export { packedRoomLeft } from "../../../assembly/virtio/queue/copies";
/** Linear address of memory at a guest-physical one, 0 where there is none. */
export function hostOf(gpa: u64, bytes: u32): usize { return ramAt(gpa, bytes); }
export function screenState(): usize { return SCREEN_STATE; }
export function ramBase(): usize { return RAM; }
export function setTicks(n: u64): void { control.base = n; control.current = 0; control.first = 0; }
/** `own` is what the kind has in its first words: a MAC, sectors, a rate (bytes, and ms in the upper half); `detail` an MTU, or what makeMachine says of disks and consoles. */
export function addCard(kind: u32, slot: u32, own: u64, masked: u64, detail: u32, modernOnly: u32, vectors: u32): i32 {
  const i = addToList(kind, slot);
  if (i < 0) return i;
  giveOption(i, CardOption.MASKED, masked);
  giveOption(i, CardOption.VECTORS, vectors);
  giveOption(i, CardOption.MODERN_ONLY, modernOnly);
  if (kind == CardKind.VIRTIO_BLK) {
    giveOption(i, CardOption.SECTORS, own);
    giveOption(i, CardOption.READ_ONLY, detail & 1);
    giveOption(i, CardOption.WRITETHROUGH, detail >> 1 & 1);
    giveOption(i, CardOption.QUEUES, max<u32>(detail >> 8 & 0xff, 1));
    giveOption(i, CardOption.LOGICAL_EXP, detail >> 16 & 15);
    giveOption(i, CardOption.PHYSICAL_EXP, detail >> 20 & 15);
  } else if (kind == CardKind.VIRTIO_CONSOLE) {
    giveOption(i, CardOption.PORTS_THERE, detail & 0xff);
    giveOption(i, CardOption.PORTS_CONSOLES, detail >> 8 & 0xff);
    return giveOption(i, CardOption.PORTS, detail >> 16 & 0xff) ? i : -1;
  } else if (kind == CardKind.VIRTIO_RNG) {
    giveOption(i, CardOption.MAX_BYTES, own & 0xffff_ffff);
    giveOption(i, CardOption.PERIOD_MS, own >> 32);
  } else {
    giveOption(i, CardOption.MAC, own);
    giveOption(i, CardOption.MTU, detail);
  }
  return i;
}
export function attachAll(): void { attachChipset(); attachPci(); attachCards(); }
/** Attached, reset and as firmware leaves it, with so much RAM. */
export function make(ramBytes: u64): void {
  machine.ramSize = ramBytes;
  machine.random = 1;
  attachAll();
  resetChipset(); resetPci(); resetCards();
  enterVirtualWire(); presetPci();
  control.until = 1 << 62; machine.boundary = 1 << 62; control.yieldAt = NO_YIELD; control.limit = 1 << 62;
}

import { cardAt as e1000At, valuesOf as e1000Values } from "../../../assembly/nic/e1000/state";
/** Where a register's value lies. */
export function e1000Register(i: u32, offset: u32): usize { return e1000Values(e1000At(i)) + offset; }

export { blockCount, rowsOf, rowCountOf, bytesOf, resetScratch, readScratch, writeScratch } from "../board/register-table-entry";
export { dmaFailed, dmaRead32, dmaWrite32 } from "../../../assembly/device/dma";
import { slots } from "../../../assembly/device/slots";
function moved(requester: u32, address: u64, write: u32): u64 { return requester == 0x0310 ? address + 0x1000 : write ? ~<u64>0 : address; }
/** From here on requester 3:02.0 sees memory a page further, and the others only read. */
export function translateSome(): void { slots.translate = moved.index; }
export { setMaster } from "../../../assembly/device/dma";
export { sendMsi } from "../../../assembly/device/interrupt";
export { driveLine } from "../../../assembly/device/interrupt";
import { lines } from "../../../assembly/device/interrupt";
/** Levels of the interrupt lines, a bit each. */
export function linesUp(): u32 { return lines.levels; }
/** Where an address of a requester leads, all ones where nowhere. */
export function translated(requester: u32, address: u64, write: u32): u64 { return slots.translate ? call_indirect<u64>(slots.translate, requester, address, write) : address; }
export { lookAtUnit } from "../../../assembly/vtd/look";
