// Runs a command until it has written a text, and says what that cost the processor: CPU time of the process with all its
// threads, from its start, as Linux counts it.

import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const TICKS_A_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const LIMIT_MS = 300_000;

/** User and system time of a process so far, in s. proc(5): fields 14 and 15, counted after the name in brackets. */
function cpuSeconds(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
}

/** {cpuSeconds, wallSeconds, residentBytes} at the moment that `marker` was on stdout; the process is ended then. */
export function runUntil(command, args, marker) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    let seen = "", errors = "", result;
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    child.stderr.on("data", (d) => (errors += d));
    child.stdout.on("data", (d) => {
      seen += d;
      if (result !== undefined || !seen.includes(marker)) return;
      result = { cpuSeconds: cpuSeconds(child.pid), wallSeconds: (performance.now() - started) / 1000, residentBytes: residentBytes(child.pid) };
      child.kill("SIGKILL");
    });
    child.on("error", (error) => { clearTimeout(timer); reject(error); });
    child.on("close", () => {
      clearTimeout(timer);
      if (result !== undefined) resolve(result);
      else reject(new Error(`${command} ended before it wrote "${marker}"\n${seen.slice(-500)}${errors.slice(-500)}`));
    });
  });
}
