// What it costs to bring a command's output out, and its input in: CPU of whole processes, less that of a guest that starts and does
// nothing. `head -c` of busybox takes bytes one by one, so what it costs is mostly its own.

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { root } from "../support/build.mjs";

const BYTES = 100_000_000;
const CASES = {
  out: { command: ["dd", "if=/dev/zero", "bs=1000000", "count=100"], input: 0, output: BYTES },
  "out, by head -c": { command: ["head", "-c", `${BYTES}`, "/dev/zero"], input: 0, output: BYTES },
  in: { command: ["dd", "of=/dev/null", "bs=1000000"], input: BYTES, output: 0 },
};

/** CPU seconds of a child, as its parent's shell counts them. */
function cpuOf(command, input) {
  const script = `{ TIMEFORMAT='%U %S'; time "$@" 2>/dev/null; } 2>&1 >&4`;
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", script, "bash", process.execPath, join(root, "bin/pintail.mjs"), "run", "--", ...command], { stdio: ["pipe", "pipe", "ignore", "ignore", "pipe"] });
    const sum = createHash("sha256");
    let [bytes, times] = [0, ""];
    child.stdio[4].on("data", (data) => {
      bytes += data.length;
      sum.update(data);
    });
    child.stdout.on("data", (data) => (times += data));
    child.on("error", reject);
    child.on("close", () => resolve({ bytes, sha256: sum.digest("hex"), cpuSeconds: times.trim().split(" ").reduce((total, word) => total + Number(word), 0) }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

const zeros = (bytes) => createHash("sha256").update(Buffer.alloc(bytes)).digest("hex");

async function measure(name, { command, input, output }, idle) {
  const { cpuSeconds, bytes, sha256 } = await cpuOf(command, input > 0 ? randomBytes(input) : "");
  if (bytes !== output || sha256 !== zeros(output)) throw new Error(`bench: ${name}: ${bytes} bytes came instead of ${output}, or others.`);
  const seconds = Math.max(cpuSeconds - idle, 0.001);
  return { name, bytes: input + output, cpuSeconds: seconds, megabytesPerCpuSecond: (input + output) / 1e6 / seconds };
}

export async function benchBulk({ json, only }) {
  const { cpuSeconds: idle } = await cpuOf(["true"], "");
  const rows = [];
  for (const [name, one] of Object.entries(CASES)) if (only === undefined || name.includes(only)) rows.push(await measure(name, one, idle));
  if (json) return void process.stdout.write(`${JSON.stringify({ startCpuSeconds: idle, rows })}\n`);
  process.stdout.write(`a start that does nothing: ${idle.toFixed(1)} s of CPU\n`);
  for (const { name, bytes, cpuSeconds, megabytesPerCpuSecond } of rows) process.stdout.write(`${name}: ${bytes / 1e6} MB in ${cpuSeconds.toFixed(2)} s of CPU more, ${megabytesPerCpuSecond.toFixed(1)} MB a second\n`);
}
