// Our machine as a process: COM1 on stdout, its picture drawn 60 times a second. After each letter: how many pictures had changed so far.
//
//   node pintail-machine.mjs '{"bios":PATH,"vgaBios":PATH,"disk":PATH,"draw":BOOLEAN}'

import { join } from "node:path";
import { root } from "../../support/build.mjs";

const { createMachine } = await import(join(root, "build/host/index.js"));
const { bios, vgaBios, disk, draw } = JSON.parse(process.argv[2]);
const machine = await createMachine({
  bios, memoryMiB: 64, devices: [{ model: "VGA", romfile: vgaBios }, { model: "ide-hd", drive: "disk" }], drives: [{ id: "disk", source: disk, readOnly: true }],
});
let drawn = 0;
machine.on("console", (bytes) => process.stdout.write(`${Buffer.from(bytes).toString("latin1")} ${drawn}\n`));
if (draw) setInterval(async () => void ((await machine.screenFrame()) !== undefined && drawn++), 1000 / 60);
await machine.run();
