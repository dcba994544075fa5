/** `--stats json`: one line. Counts fit a double exactly for the first 9 * 10^15 instructions. */

import type { Histogram, Stats, Stop } from '../machine/types.js';

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
  const { counters } = stats;
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
    devices: Object.fromEntries(Object.entries(stats.devices).map(([name, { reads, writes }]) => [name, { reads: Number(reads), writes: Number(writes) }])),
  });
}
