// What the virtio tests call in the module: the board's buses and clock, the list of cards, PCI as firmware leaves it.
import { control } from "../../../assembly/base/control";
import { machine } from "../../../assembly/base/machine";
import { RAM } from "../../../assembly/base/layout";
import { attachChipset, resetChipset } from "../../../assembly/chipset/attach";
import { enterVirtualWire } from "../../../assembly/chipset/lapic/lapic";
import { attachPci, resetPci } from "../../../assembly/pci/attach";
import { presetPci } from "../../../assembly/pci/firmware";
import { addToList, attachCards, resetCards, setLink } from "../../../assembly/run/cards";
export { portRead, portWrite, mmioRead, mmioWrite } from "../../../assembly/memory/bus";
export { acknowledge } from "../../../assembly/device/interrupt";
export { nowNs, runTimers, nextDeadlineNs } from "../../../assembly/device/clock";
export { ringAt, serviceRings } from "../../../assembly/device/ring";
export { counterIds, counterAddress, counterName, counterUnit, countersMissing, takeCounters, histogramAddress, histogramIds, histogramName } from "../../../assembly/base/counters";
export { regionBase, regionCount, regionSize } from "../../../assembly/base/regions";
export { diskTable } from "../../../assembly/device/blocks";
export { announceCards, portName, slotOfCard, tuneCard } from "../../../assembly/run/cards";
export { stream } from "../../../assembly/device/bytes";
export function plug(port: u32, up: u32): void { setLink(port, up != 0); }
export { packedRoomLeft } from "../../../assembly/virtio/queue/copies";
export function ramBase(): usize { return RAM; }
export function setTicks(n: u64): void { control.base = n; control.current = 0; control.first = 0; }
export function addCard(kind: u32, slot: u32, mac: u64, masked: u64, mtu: u32, modernOnly: u32, vectors: u32): i32 {
  return addToList(kind, slot, mac, masked, mtu, modernOnly != 0, vectors);
}
export function attachAll(): void { attachChipset(); attachPci(); attachCards(); }
/** Attached, reset and as firmware leaves it, with so much RAM. */
export function make(ramBytes: u64): void {
  machine.ramSize = ramBytes;
  machine.random = 1;
  attachAll();
  resetChipset(); resetPci(); resetCards();
  enterVirtualWire(); presetPci();
  control.until = 1 << 62; machine.boundary = 1 << 62; control.yieldAt = 1 << 62; control.limit = 1 << 62;
}

import { cardAt as e1000At, valuesOf as e1000Values } from "../../../assembly/nic/e1000/state";
/** Where a register's value lies. */
export function e1000Register(i: u32, offset: u32): usize { return e1000Values(e1000At(i)) + offset; }
