// Configuration mechanism 1 (PCI 3.0, 3.2.2.3.2) at cf8h and cfch, and among its bytes the reset control register of
// ICH9 at cf9h (316972, 13.7.5): only a whole dword at cf8h is CONFIG_ADDRESS, a byte at cf9h is the other.

import { mapPorts, Width } from "../memory/bus";
import { requestReset } from "../device/power";
import { configRead, configWrite } from "./config";
import { root } from "./functions";
import { ConfigAddress, ConfigPort } from "./spec";

const enum ResetControl { SYS_RST = 2, RST_CPU = 4, WRITABLE = 0x0e }

export function attachPorts(): void {
  mapPorts(ConfigPort.ADDRESS, 8, 0, readPorts.index, writePorts.index, "pci config", Width.UP_TO_DWORD);
}

@inline function busOf(): u32 { return root.address >> ConfigAddress.BUS_SHIFT & 0xff; }
@inline function devfnOf(): u32 { return root.address >> ConfigAddress.DEVFN_SHIFT & 0xff; }

function readPorts(dev: usize, offset: u32, bytes: u32): u64 {
  if (offset >= 4) {
    if (!(root.address & ConfigAddress.ENABLE)) return 0xffff_ffff;
    return configRead(busOf(), devfnOf(), (root.address & 0xfc) + offset - 4, bytes);
  }
  if (bytes == 4) return root.address;
  return offset == 1 && bytes == 1 ? root.resetControl : 0xffff_ffff;
}

function writePorts(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const v = <u32>value;
  if (offset >= 4) {
    if (root.address & ConfigAddress.ENABLE) configWrite(busOf(), devfnOf(), (root.address & 0xfc) + offset - 4, bytes, v);
  } else if (bytes == 4) root.address = v & ConfigAddress.WRITABLE;
  else if (offset == 1 && bytes == 1) writeReset(v);
}

/** Setting RST_CPU resets, whether the processor alone or all; here both are the machine. */
function writeReset(v: u32): void {
  const rises = v & ~root.resetControl & ResetControl.RST_CPU;
  root.resetControl = v & ResetControl.WRITABLE;
  if (rises) requestReset();
}
