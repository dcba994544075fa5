/** `--stats json`: one line. Counts fit a double exactly for the first 9 * 10^15 instructions. */

import type { Counter, Histogram, Stats, Stop } from '../machine/types.js';

interface Accesses {
  reads: number;
  writes: number;
}

function isAccess(counter: Counter): boolean {
  return counter.unit === 'reads' || counter.unit === 'writes';
}

/** Accesses by device. */
function devicesOf(counters: readonly Counter[]): Record<string, Accesses> {
  const out: Record<string, Accesses> = {};
  for (const counter of counters.filter(isAccess)) {
    const accesses = (out[counter.name] ??= { reads: 0, writes: 0 });
    accesses[counter.unit as keyof Accesses] += Number(counter.value);
  }
  return out;
}

/** By name: the unit, and how often each bucket's numbers were seen, by its first number; empty buckets left out. */
function histogramsOf(histograms: readonly Histogram[]): Record<string, { unit: string; times: Record<string, number> }> {
  return Object.fromEntries(
    histograms.map(({ name, unit, buckets }) => {
      const seen = buckets.filter(({ times }) => times !== 0n);
      return [name, { unit, times: Object.fromEntries(seen.map(({ from, times }) => [from, Number(times)])) }];
    }),
  );
}

export function statsJson(stats: Stats, stop: Stop): string {
  const counters = stats.counters.filter((counter) => !isAccess(counter));
  return JSON.stringify({
    stop: stop.reason,
    instructions: Number(stats.instructions),
    virtualNs: Number(stats.virtualNs),
    boundaries: stats.boundaries,
    yields: stats.yields,
    moduleMs: Math.round(stats.moduleMs),
    counters: Object.fromEntries(counters.map(({ name, value }) => [name, Number(value)])),
    units: Object.fromEntries(counters.map(({ name, unit }) => [name, unit])),
    histograms: histogramsOf(stats.histograms),
    devices: devicesOf(stats.counters),
  });
}
