/** `--stats json`: one line. Counts fit a double exactly for the first 9 * 10^15 instructions. */

import type { Counter, Histogram, Region, Regions, Stats, Stop, TranslationStats } from '../machine/types.js';

/** By name: the unit, and how often each bucket's numbers were seen, by its first number; empty buckets left out. */
function histogramsOf(histograms: readonly Histogram[]): Record<string, { unit: string; times: Record<string, number> }> {
  return Object.fromEntries(
    histograms.map(({ name, unit, buckets }) => {
      const seen = buckets.filter(({ times }) => times !== 0n);
      return [name, { unit, times: Object.fromEntries(seen.map(({ from, times }) => [from, Number(times)])) }];
    }),
  );
}

type Counted = Pick<Stats, 'counters' | 'histograms' | 'devices'>;

/** What is said of counters, by name, where it is said. */
const said = <Key extends 'owner' | 'crossing' | 'queue'>(counters: readonly Counter[], key: Key): object =>
  Object.fromEntries(counters.flatMap((counter) => (counter[key] === undefined ? [] : [[counter.name, counter[key]]])));

/** Counters with their units, whose they are, what they cross and their queue; histograms, accesses by device. */
export function countsOf({ counters, histograms, devices }: Counted): Record<string, unknown> {
  return {
    counters: Object.fromEntries(counters.map(({ name, value }) => [name, Number(value)])),
    units: Object.fromEntries(counters.map(({ name, unit }) => [name, unit])),
    owners: said(counters, 'owner'), crossings: said(counters, 'crossing'), queues: said(counters, 'queue'),
    histograms: histogramsOf(histograms),
    devices: Object.fromEntries(Object.entries(devices).map(([name, { reads, writes }]) => [name, { reads: Number(reads), writes: Number(writes) }])),
  };
}

/** A region in the same form. */
export function regionJson(region: Region): Record<string, unknown> {
  const { name, tag, within, beginInstructions, instructions, virtualNs, marks } = region;
  return {
    name, tag, within, beginInstructions: Number(beginInstructions), instructions: Number(instructions), virtualNs: Number(virtualNs),
    marks: marks.map((mark) => ({ ...mark, instructions: Number(mark.instructions) })), ...countsOf(region),
  };
}

/** With the share of instructions that ran in translated code, and in the interpreter. */
function translationOf(translation: TranslationStats, instructions: number): object {
  const { ticks, compileMs, ...counts } = translation, share = instructions === 0 ? 0 : ticks / instructions;
  return { ...counts, compileMs: Math.round(compileMs), instructions: { translated: ticks, interpreted: instructions - ticks }, share: Number(share.toFixed(4)) };
}

/** How a run ended, and the process's status. */
export function endJson({ stop, panicked }: { stop: Stop; panicked: boolean }, status: number): string {
  return JSON.stringify({ end: { stop: stop.reason, ...(stop.limit === undefined ? {} : { limit: stop.limit }), panicked, instructions: Number(stop.instructions), status } });
}

export function statsJson(stats: Stats, stop: Stop, regions: Regions): string {
  return JSON.stringify({
    stop: stop.reason,
    instructions: Number(stats.instructions),
    virtualNs: Number(stats.virtualNs),
    boundaries: stats.boundaries,
    yields: stats.yields,
    moduleMs: Math.round(stats.moduleMs),
    ...(stats.translation === undefined ? {} : { translation: translationOf(stats.translation, Number(stats.instructions)) }),
    ...countsOf(stats),
    ...(stats.requesters.length === 0 ? {} : { requesters: Object.fromEntries(stats.requesters.map(({ requester, ...counts }) => [requester, Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, Number(n)]))])) }),
    regions: regions.finished.map(regionJson),
    regionsMissed: regions.missed,
  });
}
