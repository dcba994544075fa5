// What firmware would have done to PCI before it starts a system: bus numbers, BARs and bridges' windows in the windows that the DSDT's _CRS gives the root
// bridge, decoding on, and the interrupt line that the PIRQ stands for. For boots that go without firmware.

import { barBytes, barKind } from "./bars";
import { configReadOf, configWriteOf } from "./config";
import { functionAt, functionCount } from "./functions";
import { pirqOf } from "./intx";
import { BarKind, Bridge, Config, PciCommand } from "./spec";

@inline const FIRST_MEMORY: u64 = 0xc000_0000;
@inline const MEMORY_END: u64 = 0xfec0_0000;
@inline const FIRST_PORT: u64 = 0xc000;
@inline const PORTS_END: u64 = 0x1_0000;
/** Ports behind bridges lie below those of bus 0, a window each. */
@inline const FIRST_BRIDGED: u64 = 0x1000;
@inline const PORT_WINDOW: u64 = 0x1000;
@inline const MEMORY_WINDOW: u64 = 0x10_0000;
/** The ISA interrupts of PIRQ A to D, as board tables of this family have them. */
@inline function lineOf(pirq: u32): u32 { return pirq & 1 ? 11 : 10; }
@inline function upTo(at: u64, unit: u64): u64 { return (at + unit - 1) & ~(unit - 1); }

/** After reset and before entering a kernel. */
export function presetPci(): void {
  let address = FIRST_MEMORY, port = FIRST_PORT;
  for (let f: u32 = 0; f < functionCount(); f++) {
    if (functionAt(f).parent) continue;
    const ports = placeAll(f, true, port, PORTS_END), memory = placeAll(f, false, address, MEMORY_END);
    if (ports) port = ports;
    if (memory) address = memory;
    enable(f, (ports ? PciCommand.IO : 0) | (memory ? PciCommand.MEMORY : 0));
  }
  presetBridges(address);
}

/** Places a function's BARs of one kind from `at` up, each at a multiple of its size; the end of the last, 0 when there is none or none fits. */
function placeAll(f: u32, isIo: bool, at: u64, end: u64): u64 {
  let last: u64 = 0;
  for (let index: u32 = 0; index < 6; index++) {
    const bytes = barBytes(f, index);
    if (!bytes || ((barKind(f, index) & BarKind.IO) != 0) != isIo) continue;
    const base = upTo(at, bytes);
    if (base + bytes > end) continue;
    setBar(f, index, base);
    at = base + bytes; last = at;
  }
  return last;
}

function enable(f: u32, decoding: u32): void {
  if (functionAt(f).pin) configWriteOf(f, Config.LINE, 1, lineOf(pirqOf(f)));
  if (decoding) configWriteOf(f, Config.COMMAND, 2, configReadOf(f, Config.COMMAND, 2) | decoding);
}

function setBar(f: u32, index: u32, at: u64): void {
  const offset = Config.BAR0 + 4 * index;
  configWriteOf(f, offset, 4, <u32>at);
  if (barKind(f, index) & BarKind.MEMORY64) configWriteOf(f, offset + 4, 4, <u32>(at >> 32));
}

// --- Bridges: numbered in their order, each with windows around what is behind it ---

function presetBridges(address: u64): void {
  let bus: u32 = 0, port = FIRST_BRIDGED;
  for (let f: u32 = 0; f < functionCount(); f++) {
    if ((configReadOf(f, Config.HEADER, 1) & 0x7f) != 1) continue;
    bus++;
    configWriteOf(f, Bridge.SECONDARY, 1, bus);
    configWriteOf(f, Bridge.SUBORDINATE, 1, bus);
    address = upTo(address, MEMORY_WINDOW);
    const child = functionAt(f).child, from = address, ports = child ? placeAll(child - 1, true, port, FIRST_PORT) : 0, memory = child ? placeAll(child - 1, false, address, MEMORY_END) : 0;
    openWindows(f, port, ports, from, memory);
    if (ports) port = upTo(ports, PORT_WINDOW);
    if (memory) address = upTo(memory, MEMORY_WINDOW);
    if (child) enable(child - 1, (ports ? PciCommand.IO : 0) | (memory ? PciCommand.MEMORY : 0));
    enable(f, PciCommand.IO | PciCommand.MEMORY | PciCommand.MASTER);
  }
}

/** Ends of 0 close a window: its base lies above its limit. */
function openWindows(f: u32, port: u64, ports: u64, from: u64, memory: u64): void {
  configWriteOf(f, Bridge.IO_BASE, 1, ports ? <u32>(port >> 8) : 0xf0);
  configWriteOf(f, Bridge.IO_LIMIT, 1, ports ? <u32>(ports - 1 >> 8) : 0);
  configWriteOf(f, Bridge.MEMORY_BASE, 2, memory ? <u32>(from >> 16) : 0xfff0);
  configWriteOf(f, Bridge.MEMORY_LIMIT, 2, memory ? <u32>(memory - 1 >> 16) : 0);
  configWriteOf(f, Bridge.PREFETCH_BASE, 2, 0xfff0);
  configWriteOf(f, Bridge.PREFETCH_LIMIT, 2, 0);
}
