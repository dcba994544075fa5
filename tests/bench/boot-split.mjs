// Where a boot's CPU time goes: one boot with V8's sampling profiler on the machine's thread, and two without it for what the engine's other threads take,
// with and without the optimizing compiler. Each is a process of its own, because flags of the engine are the process's:
//
//   node [FLAGS] boot-split.mjs profiled|plain KERNEL INITRD APPEND MEMORY_MIB PROMPT        one line of JSON: seconds by part

import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../support/build.mjs";

/** Parts of the machine's thread, by where a sampled function's name comes from: the first that fits. */
const PARTS = [
  ["run", /^guest_/], // translated code itself (host/machine/function-names.ts)
  ["enter", /^assembly\/run\/(translations|entering|batches|linking)|^assembly\/translate\/(helpers|regions|learned|live)\//],
  ["translate", /^assembly\/(translate|ir)\//],
  ["interpret", /^assembly\/(run|isa|decode|float)\//],
  ["module", /^assembly\//], // the rest of the processor, memory, devices
  ["link", /^(compile|Instance|Module|instantiate|compileBeside|take|link|serve|nameSection|note|letGo)$/],
];

const partOf = (name) => PARTS.find(([, what]) => what.test(name))?.[0] ?? "host";

/** CPU s of the first thread and of all, as Linux counts them. proc(5): fields 14 and 15. */
function cpuSeconds() {
  const read = (path) => {
    const text = readFileSync(path, "utf8"), fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  return { main: read(`/proc/self/task/${process.pid}/stat`), all: read("/proc/self/stat") };
}

/** Shares of the samples by part. */
function sharesOf({ nodes, samples, timeDeltas }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName])), shares = {};
  let all = 0;
  samples.forEach((id, k) => {
    const name = names.get(id);
    if (name === "(idle)" || name === "(program)") return;
    const part = partOf(name);
    shares[part] = (shares[part] ?? 0) + timeDeltas[k];
    all += timeDeltas[k];
  });
  return Object.fromEntries(Object.entries(shares).map(([part, us]) => [part, us / all]));
}

/** Runs `work` under the profiler; shares of its samples by part. */
async function profiled(work) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  await work();
  return sharesOf((await session.post("Profiler.stop")).profile);
}

async function boot([kernel, initrd, append, memoryMiB, prompt]) {
  const { createMachine } = await import(join(root, "build/host/index.js"));
  const machine = await createMachine({ kernel, initrd, append, memoryMiB: Number(memoryMiB) });
  let seen = "";
  machine.on("console", (bytes) => {
    seen += Buffer.from(bytes).toString("latin1");
    if (seen.includes(prompt)) void machine.pause();
  });
  await machine.run();
  await machine.close();
}

async function main([how, ...given]) {
  const shares = how === "profiled" ? await profiled(() => boot(given)) : {};
  if (how !== "profiled") await boot(given);
  const { main: own, all } = cpuSeconds();
  const parts = Object.fromEntries(Object.entries(shares).map(([part, share]) => [part, share * own]));
  process.stdout.write(`${JSON.stringify({ parts, threads: all - own })}\n`);
}

/** Seconds by part. The profiler costs something itself, and three boots are not one: shares are what counts. */
export async function splitBoot({ kernel, initrd, append }, memoryMiB, prompt) {
  const run = async (how, ...flags) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, fileURLToPath(import.meta.url), how, kernel, initrd, append, `${memoryMiB}`, prompt]);
    return JSON.parse(stdout.trim().split("\n").at(-1));
  };
  const { parts } = await run("profiled"), { threads } = await run("plain"), baseline = (await run("plain", "--no-wasm-tier-up", "--no-wasm-dynamic-tiering")).threads;
  return { ...parts, "baseline compiler, collector": Math.min(baseline, threads), "optimizing compiler": Math.max(0, threads - baseline) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
