// Sleeps of a guest under realtime: its monotonic clock against the wall over four seconds each, idle, busy, and beside eight threads of 50 us sleeps and
// a timer signal every millisecond; and how far sleeps of a millisecond overrun by the guest's own clock. The program is sleeps.c.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../support/build.mjs";

const MOST_APART_MS = 20, MOST_OVERRUN_MS = 1;

function compile() {
  const folder = mkdtempSync(join(tmpdir(), "pintail-sleeps-"));
  try {
    execFileSync("gcc", ["-O1", "-static", "-pthread", "-o", join(folder, "sleeps"), join(root, "tests/bench/clock/sleeps.c")]);
    return readFileSync(join(folder, "sleeps"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The program's lines, each with the wall's time at which it came. */
async function run({ createMachine }, program) {
  const lines = [];
  let text = "";
  const onCommandOutput = (stream, bytes) => {
    text += Buffer.from(bytes).toString("latin1");
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      lines.push({ words: text.slice(0, end).split(" "), at: performance.now() });
      text = text.slice(end + 1);
    }
  };
  const machine = await createMachine({
    guest: "amd64", memoryMiB: 128, clock: "realtime", add: [{ content: program, guest: "/bin/sleeps", mode: 0o755 }], command: ["sleeps"], onCommandOutput, limits: { wallMs: 300_000 },
  });
  await machine.run();
  await machine.close();
  return lines;
}

export async function sleeps(tools) {
  const program = compile();
  if (program === undefined) return { what: "sleeps", figure: "-", of: "gcc is not here", right: true };
  const lines = await run(tools, program), pairs = new Map();
  let overrun = [NaN, NaN];
  for (const { words: [what, ...numbers], at } of lines) {
    if (what === "overrun") overrun = numbers.map((number) => 1000 * Number(number));
    else if (what !== "signals" && what !== "warm") pairs.set(what, [...(pairs.get(what) ?? []), { guest: 1000 * Number(numbers[0]), at }]);
  }
  const apart = [...pairs].map(([what, [first, last]]) => [what, last.guest - first.guest - (last.at - first.at)]);
  const worst = Math.max(...apart.map(([, ms]) => Math.abs(ms)));
  return {
    what: "monotonic clock over 4 s", figure: `${worst.toFixed(1)} ms`, right: worst < MOST_APART_MS && overrun[0] < MOST_OVERRUN_MS,
    of: `from the wall at worst: ${apart.map(([what, ms]) => `${what} ${ms.toFixed(1)}`).join(", ")}; 1 ms sleeps overrun by ${overrun[0].toFixed(3)} ms on average, ${overrun[1].toFixed(3)} at most`,
  };
}
