// What a start costs that goes on from a machine which waits: `run -- true` and the prompt, beside QEMU's cold boot in the same run; a booted Linux as a file; its
// restore in a process of its own; and clones of it in one process.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../support/build.mjs";
import { PROMPT, QEMU, qemuArguments } from "./boot.mjs";
import { runUntil } from "./until-prompt.mjs";

const MEMORY_MIB = 256;
const CLONES = 64;
const command = join(root, "bin/pintail.mjs");

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const MIB = 2 ** 20;

/** CPU seconds of a command with all its threads and children, as the shell's `times` counts them, and seconds of the wall. */
function timed(words) {
  const started = performance.now();
  const text = execFileSync("sh", ["-c", '"$@" >/dev/null 2>&1 </dev/null; times', "sh", ...words], { encoding: "utf8" });
  const wall = (performance.now() - started) / 1000;
  const children = [...text.trim().split("\n").at(-1).matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return { cpu: children[0] + children[1], wall };
}

/** In a terminal, which util-linux's script brings; undefined where that is missing. */
async function toPrompt() {
  try {
    return (await runUntil("script", ["-qec", `${process.execPath} ${command} run`, "/dev/null"], "# ")).wallSeconds;
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}

async function qemuSeconds(guest) {
  try {
    return await runUntil(QEMU, qemuArguments(guest), PROMPT);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}

/** CPU seconds from createMachine to the first instruction, in a fresh process. */
function restoreSeconds(path) {
  const script = `
    const { createMachine } = await import(${JSON.stringify(join(root, "build/host/index.js"))});
    const before = process.cpuUsage();
    const machine = await createMachine({ snapshot: ${JSON.stringify(path)} });
    await machine.step(1);
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1e6);
    await machine.close();`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return Number(stdout);
}

async function clonesOf(machine) {
  const first = await machine.clone({ seed: 1 }); // the shared state, once
  globalThis.gc?.();
  const before = process.memoryUsage.rss(), clones = [first];
  for (let i = 1; i < CLONES; i++) clones.push(await machine.clone({ seed: i + 1 }));
  await Promise.all(clones.map((clone) => clone.exec(["true"])));
  const each = (process.memoryUsage.rss() - before) / CLONES / MIB;
  for (const clone of clones) await clone.close();
  return each;
}

async function asFile(folder, runs) {
  const { createMachine } = await import(join(root, "build/host/index.js"));
  const machine = await createMachine({ guest: "amd64", memoryMiB: MEMORY_MIB, agent: true });
  await machine.exec(["true"]);
  const started = performance.now();
  const packed = await machine.snapshot({ packed: true });
  const packSeconds = (performance.now() - started) / 1000;
  const path = join(folder, "saved");
  writeFileSync(path, await machine.snapshot());
  const restores = Array.from({ length: runs }, () => restoreSeconds(path));
  const cloneMiB = await clonesOf(machine);
  await machine.close();
  return { packedMB: packed.length / 1e6, packSeconds, plainMB: statSync(path).size / 1e6, restoreCpuSeconds: median(restores), cloneMiB };
}

function print(s) {
  const line = (label, value) => process.stdout.write(`${label.padEnd(60)} ${value}\n`);
  const list = (values) => values.map((value) => value.toFixed(2)).join(", ");
  line("Node alone, CPU (median)", `${median(s.node.map(({ cpu }) => cpu)).toFixed(2)} s`);
  line("a later `run -- true`, CPU (median)", `${median(s.later.map(({ cpu }) => cpu)).toFixed(2)} s   of ${list(s.later.map(({ cpu }) => cpu))}`);
  line("  wall (median)", `${median(s.later.map(({ wall }) => wall)).toFixed(2)} s   of ${list(s.later.map(({ wall }) => wall))}`);
  line("a later `run` to the prompt, wall (median)", s.prompt.includes(undefined) ? "no script (util-linux) here" : `${median(s.prompt).toFixed(2)} s   of ${list(s.prompt)}`);
  line("QEMU TCG's cold boot to the prompt, CPU and wall", s.qemu === undefined ? `${QEMU} is not here` : `${s.qemu.cpuSeconds.toFixed(2)} s, ${s.qemu.wallSeconds.toFixed(2)} s`);
  line(`a booted Linux with ${MEMORY_MIB} MiB, packed`, `${s.file.packedMB.toFixed(1)} MB in ${s.file.packSeconds.toFixed(2)} s (not packed: ${s.file.plainMB.toFixed(1)} MB)`);
  line("restored to its first instruction, CPU (median)", `${s.file.restoreCpuSeconds.toFixed(3)} s`);
  line(`${CLONES} clones, each having run true, beyond the shared state`, `${s.file.cloneMiB.toFixed(1)} MiB each`);
}

export async function benchStart({ runs, json }) {
  const { prepareGuest } = await import(join(root, "build/host/guest/index.js"));
  const guest = await prepareGuest("amd64", { onProgress: (text) => process.stderr.write(`${text}\n`) });
  const folder = mkdtempSync(join(tmpdir(), "bench-start-"));
  try {
    timed([process.execPath, command, "run", "--", "true"]); // the first start makes what waits
    const summary = { node: [], later: [], prompt: [] };
    for (let i = 0; i < Math.max(5, runs); i++) {
      summary.node.push(timed([process.execPath, "-e", "0"]));
      summary.later.push(timed([process.execPath, command, "run", "--", "true"]));
      summary.prompt.push(await toPrompt());
    }
    summary.qemu = await qemuSeconds(guest);
    summary.file = await asFile(folder, Math.max(5, runs));
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else print(summary);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
