/**
 * Regions of interest: what was counted between two moments. A guest marks them by ports (assembly/chipset/roi), a program by
 * `machine.measure`. Regions nest; an end closes the innermost that the guest has open. What is kept is bounded, and what is over is counted,
 * because a guest may mark as often as it likes.
 */

import { RoiCommand } from '../../assembly/surface/roi.js';
import type { AttributionMoment, Attributor } from './attribution.js';
import { MachineError } from './errors.js';
import type { Accesses, Counter, Histogram, Region, RegionMark, Regions, Stats } from './types.js';

/** All that a region keeps the difference of. */
export type Reading = Pick<Stats, 'instructions' | 'virtualNs' | 'counters' | 'devices' | 'histograms'>;

interface Open {
  name: string;
  tag: number;
  within: string[];
  begin: Reading;
  attributed: AttributionMoment | undefined;
  marks: RegionMark[];
}

export interface RoiEvent {
  command: RoiCommand;
  tag: number;
  name: string;
}

/** Finished regions that are kept, marks of one, and how deep a guest may nest. */
const KEPT = 1000;
const MOST_MARKS = 1000;
const DEEPEST = 16;

export class RegionBook {
  private readonly finished: Region[] = [];
  /** What the guest has open, innermost last, and how many deeper than is measured. */
  private readonly guest: Open[] = [];
  private deeper = 0;
  /** What the program has open. */
  private readonly own = new Map<number, Open>();
  private nextId = 1;
  private missed = 0;

  constructor(private readonly read: () => Reading, private readonly attributor: () => Attributor | undefined = () => undefined) {}

  /** What the guest has marked, at the instruction after. */
  take({ command, tag, name }: RoiEvent): void {
    if (command === RoiCommand.BEGIN) this.begin(name, tag);
    else if (command === RoiCommand.END) this.end();
    else if (command === RoiCommand.MARK) this.mark(name, tag);
  }

  private begin(name: string, tag: number): void {
    if (this.guest.length < DEEPEST) this.guest.push(this.start(name, tag));
    else this.deeper++;
  }

  private end(): void {
    const region = this.deeper > 0 ? undefined : this.guest.pop();
    if (region !== undefined) return void this.finish(region);
    if (this.deeper > 0) this.deeper--;
    this.missed++;
  }

  private mark(name: string, tag: number): void {
    const region = this.guest.at(-1) ?? [...this.own.values()].at(-1);
    // Outside a region a mark is for whoever listens to it (lab/).
    if (region === undefined) return;
    if (region.marks.length >= MOST_MARKS) this.missed++;
    else region.marks.push({ name, tag, instructions: this.read().instructions - region.begin.instructions });
  }

  private start(name: string, tag: number): Open {
    const around = [...this.own.values(), ...this.guest].map((region) => region.name);
    return { name, tag, within: around, begin: this.read(), attributed: this.attributor()?.begin(), marks: [] };
  }

  private finish({ name, tag, within, begin, attributed, marks }: Open): Region {
    const attribution = attributed === undefined ? undefined : this.attributor()?.end(attributed);
    const region: Region = { name, tag, within, beginInstructions: begin.instructions, marks, ...difference(begin, this.read()), ...(attribution === undefined ? {} : { attribution }) };
    if (this.finished.length < KEPT) this.finished.push(region);
    else this.missed++;
    return region;
  }

  /** Begins a region of the program's; its number. */
  open(name: string): number {
    this.own.set(this.nextId, this.start(name, 0));
    return this.nextId++;
  }

  close(id: number): Region {
    const region = this.own.get(id);
    this.own.delete(id);
    if (region === undefined) throw new MachineError('measure(): the machine was reset before the region ended.');
    return this.finish(region);
  }

  /** The machine starts anew: what is open has no end. */
  reset(): void {
    this.missed += this.guest.length + this.deeper + this.own.size;
    this.guest.length = 0;
    this.deeper = 0;
    this.own.clear();
  }

  get all(): Regions {
    return { finished: [...this.finished], missed: this.missed };
  }
}

/** What measure() does, over a machine on this thread or in a worker. */
export async function measureWith<T>(
  machine: { openRegion: (name: string) => Promise<number>; closeRegion: (id: number) => Promise<Region> }, name: string, work: () => Promise<T> | T,
): Promise<{ result: T; region: Region }> {
  const id = await machine.openRegion(name);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // The region is over, too; what became of the work is what matters.
    await machine.closeRegion(id).catch(() => undefined);
    throw error;
  }
  return { result, region: await machine.closeRegion(id) };
}

// --- Differences ---

/** What has changed between two readings of one machine; what has not is left out. */
export function difference(before: Reading, after: Reading): Reading {
  return {
    instructions: after.instructions - before.instructions,
    virtualNs: after.virtualNs - before.virtualNs,
    counters: counterDifference(before.counters, after.counters),
    devices: deviceDifference(before.devices, after.devices),
    histograms: histogramDifference(before.histograms, after.histograms),
  };
}

function counterDifference(before: readonly Counter[], after: readonly Counter[]): Counter[] {
  const old = new Map(before.map(({ name, value }) => [name, value]));
  return after.map((counter) => ({ ...counter, value: counter.value - (old.get(counter.name) ?? 0n) })).filter(({ value }) => value !== 0n);
}

function deviceDifference(before: Stats['devices'], after: Stats['devices']): Stats['devices'] {
  const changed = Object.entries(after).map(([name, { reads, writes }]): [string, Accesses] => {
    const old = before[name] ?? { reads: 0n, writes: 0n };
    return [name, { reads: reads - old.reads, writes: writes - old.writes }];
  });
  return Object.fromEntries(changed.filter(([, { reads, writes }]) => reads !== 0n || writes !== 0n));
}

function histogramDifference(before: readonly Histogram[], after: readonly Histogram[]): Histogram[] {
  const old = new Map(before.map(({ name, buckets }) => [name, buckets]));
  const changed = after.map(({ name, unit, buckets }) => ({
    name, unit, buckets: buckets.map(({ from, times }, i) => ({ from, times: times - (old.get(name)?.[i]?.times ?? 0n) })),
  }));
  return changed.filter(({ buckets }) => buckets.some(({ times }) => times !== 0n));
}
