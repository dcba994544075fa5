// What the board's tests call in the module: the buses, the clock, lines, MSRs and rings, with raw ticks for time.
import { control } from "../../../assembly/base/control";
export { portRead, portWrite, mmioRead, mmioWrite } from "../../../assembly/memory/bus";
export { sendMsi, acknowledge, apicHasMsr, apicReadMsr, apicWriteMsr, readCr8, writeCr8 } from "../../../assembly/device/interrupt";
export { attachChipset, resetChipset } from "../../../assembly/chipset/attach";
export { attachPci, resetPci } from "../../../assembly/pci/attach";
export { nowNs, runTimers, nextDeadline, nextDeadlineNs, jumpTo, setRate, readTsc, writeTsc, charge } from "../../../assembly/device/clock";
export { ringAt, serviceRings } from "../../../assembly/device/ring";
export { dmaRead32, dmaWrite32, dmaFailed } from "../../../assembly/device/dma";
export { regionCount, regionBase, regionSize, regionKind, regionName } from "../../../assembly/base/regions";
export { counterIds, counterAddress, counterName, counterUnit } from "../../../assembly/base/counters";
export { enterVirtualWire } from "../../../assembly/chipset/lapic/lapic";
import { setLine } from "../../../assembly/device/interrupt";
export function drive(gsi: u32, level: u32): void { setLine(gsi, level != 0); }
export function setTicks(n: u64): void { control.base = n; control.current = 0; control.first = 0; }
export function events(): u32 { return control.events; }
export function clearEvents(): void { control.events = 0; }
export function stopReason(): u32 { return control.stop; }
export function exitCode(): u32 { return control.exitCode; }
export function limit(): u64 { return control.limit; }
export function setSlice(end: u64): void { control.sliceEnd = end; control.limit = end; }
export function setRamSize(n: u64): void { control.ramSize = n; }
