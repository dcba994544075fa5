// A v86 machine as a process: its first serial port on stdin and stdout, its card, if it has one, before the same user network as ours.
//
//   node v86-machine.mjs '{"bios":PATH,"vgaBios":PATH,"kernel":PATH,"initrd":PATH,"append":TEXT,"card"?:"virtio"|"ne2k","netdev"?:TEXT}'

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { V86 } from "v86";
import { root } from "../../support/build.mjs";

const { createNetContext, openBackend } = await import(join(root, "build/host/net/open.js"));
const { withSoftwareOffload } = await import(join(root, "build/host/net/gate.js"));
const { NO_OFFLOAD, NO_SUPPORT } = await import(join(root, "build/host/net/backend.js"));
const { parseNetdev } = await import(join(root, "build/host/net/netdev.js"));

/** v86 has no word for "no room" either way: a frame it cannot take is lost, as it is with v86's own networks. */
function connect(emulator, backend) {
  backend.attach({
    accepts: NO_SUPPORT,
    deliver(frame) {
      emulator.bus.send("net0-receive", frame.slice());
      return true;
    },
    roomForSend() {},
  });
  let pending = false;
  emulator.add_listener("net0-send", (frame) => {
    backend.send(frame, NO_OFFLOAD);
    if (pending) return;
    pending = true;
    setImmediate(() => {
      pending = false;
      backend.flush();
    });
  });
}

const options = JSON.parse(process.argv[2]);
const image = (path) => ({ buffer: new Uint8Array(readFileSync(path)).buffer });
const emulator = new V86({
  wasm_path: join(root, "node_modules/v86/build/v86.wasm"),
  memory_size: 256 * 2 ** 20,
  bios: image(options.bios),
  vga_bios: image(options.vgaBios),
  bzimage: image(options.kernel),
  initrd: image(options.initrd),
  cmdline: options.append,
  ...(options.card === undefined ? {} : { net_device: { type: options.card } }),
  disable_keyboard: true,
  disable_mouse: true,
  disable_speaker: true,
  autostart: true,
});
emulator.add_listener("serial0-output-byte", (byte) => process.stdout.write(Uint8Array.of(byte)));
process.stdin.on("data", (data) => emulator.serial0_send(data.toString("latin1")));
if (options.netdev !== undefined) {
  const { backend } = await openBackend(parseNetdev(options.netdev), createNetContext());
  connect(emulator, withSoftwareOffload(backend));
}
