// What firmware would have done to PCI before it starts a system: BARs in the windows that the DSDT's _CRS gives the root
// bridge, decoding on, and the interrupt line that the PIRQ stands for. For boots that go without firmware.

import { barBytes, barKind } from "./bars";
import { configRead, configWrite } from "./config";
import { functionAt, functionCount } from "./functions";
import { BarKind, Config, PciCommand } from "./spec";

@inline const FIRST_MEMORY: u64 = 0xc000_0000;
@inline const MEMORY_END: u64 = 0xfec0_0000;
@inline const FIRST_PORT: u64 = 0xc000;
@inline const PORTS_END: u64 = 0x1_0000;
/** The ISA interrupts of PIRQ A to D, as board tables of this family have them. */
@inline function lineOf(pirq: u32): u32 { return pirq & 1 ? 11 : 10; }

/** After reset and before entering a kernel. */
export function presetPci(): void {
  let address = FIRST_MEMORY, port = FIRST_PORT;
  for (let f: u32 = 0; f < functionCount(); f++) {
    let enable: u32 = 0;
    for (let index: u32 = 0; index < 6; index++) {
      const bytes = barBytes(f, index), isIo = (barKind(f, index) & BarKind.IO) != 0;
      if (!bytes) continue;
      const at = ((isIo ? port : address) + bytes - 1) & ~(bytes - 1);
      if (at + bytes > (isIo ? PORTS_END : MEMORY_END)) continue;
      setBar(f, index, at);
      if (isIo) port = at + bytes; else address = at + bytes;
      enable |= isIo ? PciCommand.IO : PciCommand.MEMORY;
    }
    const pin = functionAt(f).pin;
    if (pin) configWrite(0, functionAt(f).devfn, Config.LINE, 1, lineOf((functionAt(f).devfn >> 3) + pin - 1));
    if (enable) configWrite(0, functionAt(f).devfn, Config.COMMAND, 2, configRead(0, functionAt(f).devfn, Config.COMMAND, 2) | enable);
  }
}

function setBar(f: u32, index: u32, at: u64): void {
  const offset = Config.BAR0 + 4 * index;
  configWrite(0, functionAt(f).devfn, offset, 4, <u32>at);
  if (barKind(f, index) & BarKind.MEMORY64) configWrite(0, functionAt(f).devfn, offset + 4, 4, <u32>(at >> 32));
}
