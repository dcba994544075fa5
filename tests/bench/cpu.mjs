// What a guest's programs cost beside the same program on the host itself, in QEMU's TCG and in v86, in one run. docs/performance.md tells
// what each row is and how it is measured.

import { chooseRows } from "./cpu/rows.mjs";
import { Row, summary } from "./cpu/measure.mjs";
import { means, print } from "./cpu/report.mjs";
import { openSubjects, SUBJECT_NAMES } from "./cpu/subjects.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

/** Costs of one row by machine: all are warmed up, then take turns. */
async function measureRow(row, subjects, { runs, quick }) {
  const taken = [];
  for (const { name, machine } of subjects) {
    const work = new Row(row.name, machine, quick);
    try {
      await work.warmUp();
      taken.push({ name, work });
    } catch (error) {
      say(`${name}: ${row.name}: ${error.message}`);
    }
  }
  for (let run = 0; run < runs; run++) for (const { work } of taken) await work.measure();
  const costs = Object.fromEntries(taken.map(({ name, work }) => [name, summary(work)]));
  say(`${row.name}: ${Object.entries(costs).map(([name, c]) => `${name} ${c.ns.toPrecision(3)} ns`).join(", ")}`);
  const checks = [...new Set(Object.values(costs).map((c) => c.check))];
  if (checks.length > 1) say(`${row.name}: the machines do not agree on what it gives: ${checks.join(", ")}`);
  return { ...row, costs };
}

async function measureWidth(width, options) {
  const subjects = await openSubjects(width, options.names, say);
  try {
    const results = [];
    for (const row of options.rows) results.push(await measureRow(row, subjects, options));
    const names = subjects.map(({ name }) => name);
    return { width, names, results, geometricMeans: means(results, names) };
  } finally {
    for (const { machine } of subjects) await machine.kill();
  }
}

/** `only`: names of machines, parted by commas. */
export async function benchCpu({ runs, json, only, rows, quick, width }) {
  const names = only?.split(",") ?? SUBJECT_NAMES;
  const unknown = names.find((name) => !SUBJECT_NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`"${unknown}" is not one of ${SUBJECT_NAMES.join(", ")}.`);
  const chosen = chooseRows(rows), all = [];
  for (const bits of width === undefined ? [64, 32] : [width]) {
    const result = await measureWidth(bits, { names, rows: chosen, runs, quick });
    all.push(result);
    if (!json) print(result);
  }
  if (json) process.stdout.write(`${JSON.stringify(all)}\n`);
}
