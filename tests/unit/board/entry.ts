// What the board's tests call in the module: the buses, the clock, lines, MSRs and rings, with raw ticks for time.
import { control, NO_YIELD } from "../../../assembly/base/control";
import { machine } from "../../../assembly/base/machine";
export { portRead, portWrite, mmioRead, mmioWrite } from "../../../assembly/memory/bus";
export { acknowledge, apicHasMsr, apicReadMsr, apicWriteMsr, readCr8, writeCr8 } from "../../../assembly/device/interrupt";
export { attachChipset, resetChipset } from "../../../assembly/chipset/attach";
export { attachPci, resetPci } from "../../../assembly/pci/attach";
export { nowNs, runTimers, nextDeadline, nextDeadlineNs, jumpTo, setRate, setTimer, readTsc, writeTsc, tscToNs, charge } from "../../../assembly/device/clock";
export { shiftRtc } from "../../../assembly/chipset/rtc/rtc";
export { ringAt, serviceRings } from "../../../assembly/device/ring";
export { dmaRead32, dmaWrite32, dmaFailed } from "../../../assembly/device/dma";
export { regionCount, regionBase, regionSize, regionKind, regionName } from "../../../assembly/base/regions";
export { counterIds, counterAddress, counterName, counterUnit } from "../../../assembly/base/counters";
export { setPacing } from "../../../assembly/chipset/uart/uart";
export { keyRoom, mouseRoom, moveMouse, pressKey } from "../../../assembly/chipset/i8042/i8042";
export { placeTestdev } from "../../../assembly/chipset/testdev/testdev";
export { enterVirtualWire } from "../../../assembly/chipset/lapic/reset";
import { sendMsi as message, setLine } from "../../../assembly/device/interrupt";
export function sendMsi(address: u64, data: u32): void { message(0, address, data); }
export function drive(gsi: u32, level: u32): void { setLine(gsi, level != 0); }
export function setTicks(n: u64): void { control.base = n; control.current = 0; control.first = 0; }
export function events(): u32 { return control.events; }
export function clearEvents(): void { control.events = 0; }
export function stopReason(): u32 { return machine.stop; }
export function exitCode(): u32 { return machine.exitCode; }
export function limit(): u64 { return control.limit; }
export function setSlice(end: u64): void { control.until = end; machine.boundary = end; control.yieldAt = NO_YIELD; control.limit = end; }
/** Units of work that have been counted for yields since setSlice. */
export function unitsSpent(): f64 { return <f64>(NO_YIELD - control.yieldAt); }
export function setRamSize(n: u64): void { machine.ramSize = n; }

import { Access, blockCount, define, makeBlock } from "../../../assembly/device/registers";
import { DEVICES, FIRMWARE, RAM } from "../../../assembly/base/layout";
export { blockCount, rowsOf, rowCountOf, bytesOf, resetScratch, readScratch, writeScratch } from "./register-table-entry";
export { addFwItem } from "../../../assembly/chipset/fwcfg/fwcfg";
export function ramBase(): usize { return RAM; }
export function firmwareBase(): usize { return FIRMWARE; }
/** A block with one register of each kind; returns its number. */
export function testBlock(): u32 {
  const b = makeBlock(16, 8);
  define(b, "rw", 0, 4, Access.RW, 0x00bb1234, 0x00ffffff);
  define(b, "rc", 8, 1, Access.RC, 0x7f, 0);
  define(b, "w1c", 9, 1, Access.W1C, 0xff, 0xff);
  define(b, "wo", 10, 1, Access.WO, 0, 0xff);
  return blockCount() - 1;
}

// A function such as a card has: a 32-bit, an I/O and a 64-bit BAR over one little memory, a capability, INTA.
import { addBar } from "../../../assembly/pci/bars";
import { addCapability, setPin, setStatus } from "../../../assembly/pci/header";
import { attachFunction } from "../../../assembly/pci/config";
import { setIntx } from "../../../assembly/pci/intx";
import { BarKind } from "../../../assembly/pci/spec";
import { makeHandler, Width } from "../../../assembly/memory/bus";
@inline const CARD: usize = DEVICES + 64 * 1024;
function readCard(dev: usize, offset: u32, bytes: u32): u64 { return load<u64>(dev + (offset & 0xff)); }
function writeCard(dev: usize, offset: u32, bytes: u32, value: u64): void { store<u8>(dev + (offset & 0xff), <u8>value); }
/** Attaches it at device 3; after attachPci. Returns its number. */
export function attachCard(): u32 {
  const f = attachFunction(3 << 3, 0x1234, 0x5678, 0x02_0000, 1, false, 256);
  addBar(f, 0, 0x1000, BarKind.MEMORY32, makeHandler(CARD, readCard.index, writeCard.index, "card memory", Width.BYTE));
  addBar(f, 1, 0x20, BarKind.IO, makeHandler(CARD, readCard.index, writeCard.index, "card ports", Width.BYTE));
  addBar(f, 2, 0x4000, BarKind.MEMORY64 | BarKind.PREFETCH, makeHandler(CARD, readCard.index, writeCard.index, "card wide", Width.ALL));
  addCapability(f, 9, 8);
  addCapability(f, 5, 10);
  setPin(f, 1);
  return f;
}
export function driveIntx(f: u32, level: u32): void { setIntx(f, level != 0); }

// A function whose interrupts are messages: MSI of 2^log2 at 50h and, when asked for, MSI-X of `vectors` in BAR 0; power management at 80h.
import { addMsi } from "../../../assembly/pci/msi-capability";
import { sendMessage } from "../../../assembly/pci/msi";
import { addMsix, flushVectors, sendVector } from "../../../assembly/pci/msix";
import { addPower } from "../../../assembly/pci/power";
import { functionAt, makeMaster, noteMasterAbort } from "../../../assembly/pci/functions";
export { sendMessage, sendVector, noteMasterAbort };
function countWake(f: u32): void { store<u32>(CARD + 512, load<u32>(CARD + 512) + 1); }
export function wakes(): u32 { return load<u32>(CARD + 512); }
/** Attaches it at device 4; after attachPci. Returns its number. */
export function attachMessenger(log2: u32, kind: u32, vectors: u32): u32 {
  const f = attachFunction(4 << 3, 0x1234, 0x9abc, 0x02_0000, 1, false, 256);
  functionAt(f).onWake = countWake.index;
  const flush: (f: u32) => void = flushVectors;
  functionAt(f).onCommand = flush.index;
  makeMaster(f);
  setStatus(f, 0x220);
  addBar(f, 1, 0x1000, BarKind.MEMORY32, makeHandler(CARD, readCard.index, writeCard.index, "messenger memory", Width.BYTE));
  addMsi(f, 0x50, log2, kind);
  if (vectors) addMsix(f, vectors, 0, "messenger msix");
  addPower(f, 0x80, 0xc822);
  setPin(f, 1);
  return f;
}
export function messengerDmaRead(): u32 { return dmaRead32(4 << 3, 0x1000); }
import { dmaRead32 } from "../../../assembly/device/dma";
