// What a video BIOS leaves when a system starts: mode 3, text of 80 by 25 in 720x400, as the tables of IBM's PS/2 BIOS Technical Reference have it, for
// boots that go without firmware. The font is the host's to bring (host/machine/firmware.ts).

import { putVideo32 } from "../../memory/ram";
import { ScreenAt } from "../../surface/screen";
import { SCREEN_STATE } from "../layout";
import { set8 } from "./state";

const SEQUENCER: usize = memory.data<u8>([0x03, 0x00, 0x03, 0x00, 0x02]);
const CRTC: usize = memory.data<u8>([
  0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
]);
const ATTRIBUTE: usize = memory.data<u8>([
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00,
]);
const GRAPHICS: usize = memory.data<u8>([0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff]);
@inline const MISC: u32 = 0x67;
/** The palette is on. */
@inline const SHOWN: u32 = 0x20;
@inline const CELLS: u32 = 80 * 25;
/** Space, light grey on black. */
@inline const BLANK: u32 = 0x0720;

/** Each of the DAC's first 64 colours has a strong and a weak bit for red, green and blue. */
function presetDac(): void {
  for (let colour: u32 = 0; colour < 64; colour++) {
    for (let part: u32 = 0; part < 3; part++) {
      const level = (colour >> (2 - part) & 1) * 42 + (colour >> (5 - part) & 1) * 21;
      set8(ScreenAt.PALETTE + colour * 3 + part, level);
    }
  }
}

/** After reset and before entering a kernel. */
export function presetScreen(): void {
  memory.copy(SCREEN_STATE + ScreenAt.SEQUENCER, SEQUENCER, 5);
  memory.copy(SCREEN_STATE + ScreenAt.CRTC, CRTC, 25);
  memory.copy(SCREEN_STATE + ScreenAt.ATTRIBUTE, ATTRIBUTE, 21);
  memory.copy(SCREEN_STATE + ScreenAt.GRAPHICS, GRAPHICS, 9);
  set8(ScreenAt.MISC, MISC);
  set8(ScreenAt.ATTRIBUTE_INDEX, SHOWN);
  presetDac();
  for (let cell: u32 = 0; cell < CELLS; cell++) putVideo32(cell << 2, BLANK);
}
