// What an access to a device's register costs served in the module (B1) and hosted (B3, a round trip to another thread), and beside them an instruction: wall time of pktlab's frames through a
// pcnet whose registers are placed here or there, in turns in one run.

import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { root } from "../support/build.mjs";

const FRAMES = 4000, ACCESSES = 12;

/** ns of wall time a frame took in the program's region. */
async function time({ createMachine, image }, placement) {
  const machine = await createMachine({ kernel: image, append: `card=pcnet form=replay count=${FRAMES} warmup=500`, memoryMiB: 32, netdevs: ["lab,id=n0,mode=sink"], devices: [{ model: "pcnet", netdev: "n0", slot: 4, placement }], jit: "off" });
  const begun = performance.now();
  await machine.run();
  const took = performance.now() - begun, { instructions } = await machine.stats();
  await machine.close();
  return { ns: (took * 1e6) / (FRAMES + 500), instructions: Number(instructions) / (FRAMES + 500) };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function benchPlacement({ runs, json }) {
  const [{ createMachine }, { pktlab }] = await Promise.all(["build/host/index.js", "build/guest/pktlab/index.js"].map((path) => import(pathToFileURL(join(root, path)).href)));
  const image = pktlab(), rows = [];
  for (let k = 0; k < runs; k++) {
    // As many instructions are in both; with one register hosted the rest of a frame is known.
    const inside = await time({ createMachine, image }, "module"), hosted = await time({ createMachine, image }, "hosted");
    const instructionNs = inside.ns / inside.instructions, hostedNs = (hosted.ns - inside.ns) / ACCESSES + instructionNs;
    rows.push({ instructionNs, hostedNs, ratio: instructionNs / hostedNs, instructionsAnAccess: hostedNs / instructionNs });
  }
  const out = Object.fromEntries(Object.keys(rows[0]).map((key) => [key, median(rows.map((row) => row[key]))]));
  if (json) return void process.stdout.write(`${JSON.stringify(out)}\n`);
  process.stdout.write(`an access served in the module, with its instruction: ${out.instructionNs.toFixed(1)} ns at most (the mean of pktlab's instructions)\na hosted access: ${out.hostedNs.toFixed(0)} ns, as long as ${out.instructionsAnAccess.toFixed(0)} instructions\nmodule over hosted: ${out.ratio.toFixed(4)}   (2001: less than 1/10)\n`);
}
