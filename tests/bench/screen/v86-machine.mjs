// A v86 machine as a process: COM1 on stdout, its picture drawn 60 times a second into the memory that its page would show; it draws text by the browser's
// means, which Node has not, so that of text only the characters are kept. After each letter: how many pictures had changed so far.
//
//   node v86-machine.mjs '{"bios":PATH,"vgaBios":PATH,"disk":PATH,"draw":BOOLEAN}'

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { V86 } from "v86";
import { root } from "../../support/build.mjs";

/** What a browser has, as far as v86's screen asks. */
globalThis.ImageData ??= class {
  constructor(data, width, height) {
    Object.assign(this, { data, width, height });
  }
};

const { bios, vgaBios, disk, draw } = JSON.parse(process.argv[2]);
const image = (path) => ({ buffer: new Uint8Array(readFileSync(path)).buffer });
const emulator = new V86({
  wasm_path: join(root, "node_modules/v86/build/v86.wasm"),
  memory_size: 64 * 2 ** 20, vga_memory_size: 16 * 2 ** 20,
  bios: image(bios), vga_bios: image(vgaBios), hda: image(disk),
  disable_keyboard: true, disable_mouse: true, disable_speaker: true, autostart: true,
});
let drawn = 0;
emulator.add_listener("serial0-output-byte", (byte) => process.stdout.write(`${String.fromCharCode(byte)} ${drawn}\n`));
if (draw) {
  emulator.add_listener("emulator-ready", () => {
    const { vga } = emulator.v86.cpu.devices;
    const update = vga.screen.update_buffer;
    vga.screen.update_buffer = (layers) => {
      if (vga.graphical_mode && layers.some((layer) => layer.buffer_height > 0)) drawn++;
      return update?.call(vga.screen, layers);
    };
    setInterval(() => vga.screen_fill_buffer(), 1000 / 60);
  });
}
