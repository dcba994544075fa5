// CPU time from process start to the shell's prompt: ours, interpreted, and QEMU's TCG, turn about in one run. Both enter the
// same uncompressed kernel by PVH, with the same initial file system, command line and memory.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/build.mjs";
import { splitBoot } from "./boot-split.mjs";
import { runUntil } from "./until-prompt.mjs";

export const PROMPT = "/ # ";
const MEMORY_MIB = 256;
export const QEMU = "qemu-system-x86_64";

function ours(guest) {
  const main = join(root, "bin/pintail.mjs"); // the command itself: it has flags of the engine that what it loads has not
  return [main, "run", "--icount", "-m", `${MEMORY_MIB}`, "-serial", "stdio", "-kernel", guest.kernel, "-initrd", guest.initrd, "-append", guest.append];
}

export function qemuArguments(guest) {
  return [
    "-accel", "tcg,thread=single", "-cpu", "qemu64", "-M", "q35", "-m", `${MEMORY_MIB}`, "-nodefaults", "-display", "none", "-serial", "stdio",
    "-kernel", guest.kernel, "-initrd", guest.initrd, "-append", guest.append,
  ];
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Instructions to the prompt, and figures of the module, from one run through the API. */
async function inspect(guest) {
  const { createMachine } = await import(join(root, "build/host/index.js"));
  const started = performance.now();
  const bare = await createMachine({ bare: { code: Uint8Array.from([0x90]) }, memoryMiB: MEMORY_MIB });
  await bare.step();
  const firstInstructionMs = performance.now() - started;
  await bare.close();
  const machine = await createMachine({ kernel: guest.kernel, initrd: guest.initrd, append: guest.append, memoryMiB: MEMORY_MIB });
  let seen = "";
  machine.on("console", (bytes) => {
    seen += Buffer.from(bytes).toString("latin1");
    if (seen.includes(PROMPT)) void machine.pause();
  });
  const cpu = process.cpuUsage();
  await machine.run();
  const used = process.cpuUsage(cpu);
  const { instructions } = await machine.stats();
  await machine.close();
  return { firstInstructionMs, instructions: Number(instructions), runCpuSeconds: (used.user + used.system) / 1e6 };
}

/** The module's memory that is not guest RAM: state, caches and static data. */
async function memoryBeyondRam() {
  const { compileModule, instantiate } = await import(join(root, "build/host/machine/module.js"));
  return (await instantiate(await compileModule(), 1)).ram;
}

async function measure(guest, runs) {
  const results = { ours: [], qemu: [] };
  for (let i = 0; i < runs; i++) {
    results.ours.push(await runUntil(process.execPath, ours(guest), PROMPT));
    try {
      results.qemu.push(await runUntil(QEMU, qemuArguments(guest), PROMPT));
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
      return results;
    }
  }
  return results;
}

function summarise(results, about, beyondRam, split) {
  const cpu = (list) => (list.length > 0 ? median(list.map((r) => r.cpuSeconds)) : null);
  const [own, peer] = [cpu(results.ours), cpu(results.qemu)];
  return {
    runs: results.ours.length,
    cpuSeconds: { pintail: own, qemuTcg: peer },
    ratio: peer === null ? null : own / peer,
    instructions: about.instructions,
    mips: about.instructions / about.runCpuSeconds / 1e6,
    moduleBytes: statSync(join(root, "build/pintail.wasm")).size,
    firstInstructionMs: about.firstInstructionMs,
    memoryBeyondRamMiB: beyondRam / 2 ** 20,
    processResidentMiB: median(results.ours.map((r) => r.residentBytes)) / 2 ** 20,
    split,
    all: { pintail: results.ours.map((r) => r.cpuSeconds), qemuTcg: results.qemu.map((r) => r.cpuSeconds) },
  };
}

function print(s) {
  const line = (label, value) => process.stdout.write(`${label.padEnd(44)} ${value}\n`);
  line("CPU time to the prompt, Pintail (median)", `${s.cpuSeconds.pintail.toFixed(2)} s   of ${s.all.pintail.map((v) => v.toFixed(2)).join(", ")}`);
  if (s.ratio === null) {
    line("CPU time to the prompt, QEMU TCG", `${QEMU} is not here; install QEMU's x86 system emulator (on Debian: apt-get install qemu-system-x86)`);
  } else {
    line("CPU time to the prompt, QEMU TCG (median)", `${s.cpuSeconds.qemuTcg.toFixed(2)} s   of ${s.all.qemuTcg.map((v) => v.toFixed(2)).join(", ")}`);
    line("ratio", s.ratio.toFixed(2));
  }
  line("guest instructions to the prompt", `${(s.instructions / 1e6).toFixed(1)} million`);
  line("guest instructions a CPU second", `${s.mips.toFixed(1)} million`);
  line("module", `${(s.moduleBytes / 1e6).toFixed(3)} MB`);
  line("load to first instruction", `${s.firstInstructionMs.toFixed(0)} ms`);
  line("memory of the module beyond guest RAM", `${s.memoryBeyondRamMiB.toFixed(1)} MiB`);
  line("CPU s by part (docs/performance.md)", Object.entries(s.split).map(([part, v]) => `${part} ${v.toFixed(2)}`).join(", "));
  line("resident memory of the process at the prompt", `${s.processResidentMiB.toFixed(0)} MiB with ${MEMORY_MIB} MiB of guest RAM`);
}

export async function benchBoot({ runs, json }) {
  const { prepareGuest } = await import(join(root, "build/host/guest/index.js"));
  const { kernel, initrd, append } = await prepareGuest("amd64", { onProgress: (text) => process.stderr.write(`${text}\n`) });
  const guest = { kernel, initrd, append };
  readFileSync(kernel); // warm for both
  const results = await measure(guest, runs);
  const summary = summarise(results, await inspect(guest), await memoryBeyondRam(), await splitBoot(guest, MEMORY_MIB, PROMPT));
  if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else print(summary);
}
