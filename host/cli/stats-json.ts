/** `--stats json`: one line. Counts fit a double exactly for the first 9 * 10^15 instructions. */

import type { Counter, Stats, Stop } from '../machine/types.js';

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

export function statsJson(stats: Stats, stop: Stop): string {
  const counters = stats.counters.filter((counter) => !isAccess(counter));
  return JSON.stringify({
    stop: stop.reason,
    instructions: Number(stats.instructions),
    virtualNs: Number(stats.virtualNs),
    slices: stats.slices,
    moduleMs: Math.round(stats.moduleMs),
    counters: Object.fromEntries(counters.map(({ name, value }) => [name, Number(value)])),
    devices: devicesOf(stats.counters),
  });
}
