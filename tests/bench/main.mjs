// Benchmarks: ratios against a peer in the same run, never a timed assertion.
//
//   npm run bench -- boot [--runs N] [--json]
//   npm run bench -- attribution [--runs N] [--json]   what attributing instructions to functions costs
//   npm run bench -- cpu [--rows A,B] [--only native,QEMU,v86,Pintail] [--width 64|32] [--quick] [--runs N] [--json]
//   npm run bench -- bulk [--only TEXT] [--json]
//   npm run bench -- iommu [--runs N] [--json]         what the remapping unit costs the host, off and on
//   npm run bench -- net [--only TEXT] [--json]
//   npm run bench -- page [--runs N] [--json]          the page in Chromium: to the answer of a command, bytes, echo, frames, cold beside Node
//   npm run bench -- placement [--runs N] [--json]   an access to a register that is hosted, beside one in the module
//   npm run bench -- slice [--only TEXT] [--json]     the longest that a guest keeps the host waiting
//   npm run bench -- screen [--runs N] [--json]       text scrolled and pictures blitted, frames a second and CPU, beside v86
//   npm run bench -- share [--quick] [--rows FOLDER] [--json]   a shared folder by 9p, beside QEMU's, with a kernel's source tree; or a folder of it, or without
//   npm run bench -- start [--runs N] [--json]        later starts, a booted Linux as a file, and clones of it
//   npm run bench -- clock [--only TEXT] [--json]     how well the one clock keeps time on a busy host

import { benchAttribution } from "./attribution.mjs";
import { benchBoot } from "./boot.mjs";
import { benchBulk } from "./bulk.mjs";
import { benchClock } from "./clock.mjs";
import { benchCpu } from "./cpu.mjs";
import { benchIommu } from "./iommu.mjs";
import { benchNet } from "./net.mjs";
import { benchPage } from "./page.mjs";
import { benchPlacement } from "./placement.mjs";
import { benchScreen } from "./screen.mjs";
import { benchShare } from "./share.mjs";
import { benchSlice } from "./slice.mjs";
import { benchStart } from "./start.mjs";
import { build } from "../support/build.mjs";

const BENCHES = { attribution: benchAttribution, boot: benchBoot, bulk: benchBulk, clock: benchClock, cpu: benchCpu, iommu: benchIommu, net: benchNet, page: benchPage, placement: benchPlacement, screen: benchScreen, share: benchShare, slice: benchSlice, start: benchStart };

function refuse(text) {
  process.stderr.write(`bench: ${text}\n`);
  process.exit(2);
}

const [name = "boot", ...words] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) refuse(`"${name}" is not one of ${Object.keys(BENCHES).join(", ")}.`);
const valueOf = (option) => (words.includes(option) ? words[words.indexOf(option) + 1] : undefined);
const runs = Number(valueOf("--runs") ?? 3);
if (!Number.isInteger(runs) || runs < 1) refuse(`--runs ${valueOf("--runs")} is not a whole number.`);
const width = valueOf("--width");
if (![undefined, "64", "32"].includes(width)) refuse(`--width ${width} is neither 64 nor 32.`);
await build("release");
try {
  await bench({
    runs, json: words.includes("--json"), only: valueOf("--only"), rows: valueOf("--rows"), quick: words.includes("--quick"),
    ...(width === undefined ? {} : { width: Number(width) }),
  });
} catch (error) {
  refuse(error.message);
}
