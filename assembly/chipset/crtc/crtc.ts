// The registers of a display controller that programs touch without asking whether there is a display: the CRT controller's
// (index 3D4h, data 3D5h) and the input status register 1 (3DAh). IBM VGA, as in Intel's OpenSource HD Graphics PRM, "VGA Registers".
//
// It stands in where the machine has no screen (display/vga): nothing is shown. The CRTC's registers keep what is written, among them the cursor's place (0E, 0F), which small kernels read back as where
// the next character goes; text memory at B8000h is RAM. Polling loops wait for the retrace to begin or to end: bits 0
// and 3 of 3DAh change with every read, so that both kinds end.

import { mapPorts, Width } from "../../memory/bus";
import { hasCard } from "../../device/card";
import { CardKind } from "../../surface/cards";
import { CRTC_BYTES, CRTC_STATE } from "../layout";

@unmanaged class CrtcState { index: u32; status: u32; }
@inline const crtc = changetype<CrtcState>(CRTC_STATE);
@inline const REGISTERS_AT: usize = CRTC_STATE + 16;
/** Registers 00h to 18h. */
@inline const REGISTER_COUNT: u32 = 0x19;
const enum CrtcPort { INDEX = 0x3d4, STATUS = 0x3da }
/** Display enable (inverted) and vertical retrace. */
@inline const RETRACE: u32 = 0x09;

export function resetCrtc(): void { memory.fill(CRTC_STATE, 0, CRTC_BYTES); }

export function attachCrtc(): void {
  if (hasCard(CardKind.VGA)) return;
  mapPorts(CrtcPort.INDEX, 2, 0, readCrtc.index, writeCrtc.index, "crtc", Width.BYTE);
  mapPorts(CrtcPort.STATUS, 1, 0, readStatus.index, writeStatus.index, "input status", Width.BYTE);
}

function readCrtc(dev: usize, offset: u32, bytes: u32): u64 {
  if (offset == 0) return crtc.index;
  return crtc.index < REGISTER_COUNT ? load<u8>(REGISTERS_AT + crtc.index) : 0xff;
}

function writeCrtc(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (offset == 0) crtc.index = <u32>value & 0xff;
  else if (crtc.index < REGISTER_COUNT) store<u8>(REGISTERS_AT + crtc.index, <u8>value);
}

function readStatus(dev: usize, offset: u32, bytes: u32): u64 {
  crtc.status ^= RETRACE;
  return crtc.status;
}
/** The feature control register of a colour display, which has no feature connector. */
function writeStatus(dev: usize, offset: u32, bytes: u32, value: u64): void {}
