// The table of `npm run bench -- cpu`: costs a row, ratios to the first machine that is there, geometric means a class.

import { KINDS } from "./rows.mjs";

export const geomean = (values) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);

const figure = (value) => (value === undefined || !Number.isFinite(value) ? "-" : value >= 10_000 ? `${(value / 1000).toFixed(0)}k` : value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** `{ [kind]: { "A / B": geometric mean, ... } }` over the rows that both machines have. */
export function means(results, names) {
  const out = {};
  for (const kind of KINDS) {
    const rows = results.filter((r) => r.kind === kind);
    for (const a of names) for (const b of names) {
      const both = rows.filter((r) => r.costs[a]?.ns > 0 && r.costs[b]?.ns > 0);
      if (a !== b && both.length > 0) (out[kind] ??= {})[`${a} / ${b}`] = geomean(both.map((r) => r.costs[a].ns / r.costs[b].ns));
    }
  }
  return out;
}

export function print({ width, names, results, geometricMeans }) {
  const out = (text) => process.stdout.write(`${text}\n`);
  const cells = (values) => values.map((v) => v.padStart(22)).join("");
  out(`\n${width} bits: CPU ns a unit of work (spread of the rounds), and times ${names[0]}'s`);
  out(`${"".padEnd(16)}${cells(names)}`);
  for (const kind of KINDS) {
    for (const { name, costs } of results.filter((r) => r.kind === kind)) {
      const base = costs[names[0]]?.ns;
      out(`${name.padEnd(16)}${cells(names.map((n) => {
        const c = costs[n];
        if (c === undefined) return "-";
        const spread = `${Math.round((c.most / c.least - 1) * 100)}%`;
        return `${figure(c.ns)} (${spread})${n === names[0] ? "" : ` ${figure(c.ns / base)}x`}`;
      }))}`);
    }
    const m = geometricMeans[kind];
    if (m !== undefined) out(`${`= ${kind}`.padEnd(16)}${cells(names.map((n) => (n === names[0] ? "1" : `${figure(m[`${n} / ${names[0]}`])}x`)))}`);
  }
  for (const [kind, all] of Object.entries(geometricMeans)) {
    const ours = Object.entries(all).filter(([pair]) => pair.startsWith("Pintail /"));
    if (ours.length > 0) out(`${kind}: ${ours.map(([pair, v]) => `${pair} ${v.toFixed(2)}`).join(", ")}`);
  }
}
