// How long the module keeps the host waiting: under programs that make it work much for few instructions, the worst turn in
// units of work (assembly/base/control.ts) and in ms. A turn is meant to be 2 ms, and must not be over 20.

import { join } from "node:path";
import { root } from "../support/build.mjs";
import { EXPENSIVE, expensiveMachine, watchTurns } from "../support/expensive.mjs";

const INSTRUCTIONS = 3_000_000;
const WALL_MS = 2000;

async function measure(name, createMachine) {
  const machine = await createMachine({ ...expensiveMachine(name), limits: { instructions: INSTRUCTIONS, wallMs: WALL_MS } });
  await machine.step(20_000); // baseline code first
  const seen = watchTurns(machine);
  const stop = await machine.run();
  await machine.close();
  return { name, stop: stop.reason, instructions: Number(stop.instructions), ...seen, nsAUnit: seen.units ? (seen.ms * 1e6) / seen.units : 0 };
}

export async function benchSlice({ json, only }) {
  const { createMachine } = await import(join(root, "build/host/index.js"));
  const rows = [];
  for (const name of EXPENSIVE) if (only === undefined || name.includes(only)) rows.push(await measure(name, createMachine));
  if (json) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  process.stdout.write("the worst turn:    units      ms   ns a unit  turns\n");
  for (const { name, worstUnits, worstMs, nsAUnit, turns, stop } of rows) {
    process.stdout.write(`${String(worstUnits).padStart(24)} ${worstMs.toFixed(1).padStart(7)} ${nsAUnit.toFixed(1).padStart(11)} ${String(turns).padStart(6)}  ${name}${stop === "limit" ? "" : ` (${stop})`}\n`);
  }
  const worst = rows.reduce((a, b) => (b.worstMs > a.worstMs ? b : a));
  process.stdout.write(`worst of all: ${worst.worstMs.toFixed(1)} ms, ${worst.name}\n`);
}
