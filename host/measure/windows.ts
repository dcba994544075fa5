/**
 * How long a page that was unmapped can still be reached: the machine is stopped every few thousand ticks, and each page that the remapping unit keeps is held against
 * the guest's tables. One that is found at one look alone is being unmapped; its window begins there and is over when it is not found any more. The guest does not notice.
 */

import type { LocalMachine } from '../machine/local.js';
import type { Variant } from './variant.js';

/** Ticks between two looks: a strict unmapping takes some hundreds. */
const LOOK_TICKS = 5_000;
/** Between looks at whether the warming up is over. */
const WAIT_TICKS = 500_000;

export interface Windows {
  /** Pages that were found twice or more. */
  pages: number;
  /** From the first to the last look that found one, in us of virtual time. */
  meanUs: number;
  longestUs: number;
  /** How many by powers of two of us: the first number of each bucket. */
  histogram: Record<string, number>;
}

interface Seen {
  first: bigint;
  last: bigint;
}

export function windowsOf(closed: readonly Seen[]): Windows {
  const lengths = closed.filter(({ first, last }) => last > first).map(({ first, last }) => Number(last - first) / 1000);
  const histogram: Record<string, number> = {};
  for (const us of lengths) {
    const from = String(2 ** Math.floor(Math.log2(Math.max(us, 1))));
    histogram[from] = (histogram[from] ?? 0) + 1;
  }
  return { pages: lengths.length, meanUs: lengths.length === 0 ? 0 : lengths.reduce((sum, us) => sum + us, 0) / lengths.length, longestUs: Math.max(0, ...lengths), histogram };
}

/** Keeps what is open from look to look. */
export class WindowBook {
  private readonly open = new Map<string, Seen>();
  readonly closed: Seen[] = [];

  note(freed: readonly string[], nowNs: bigint): void {
    const now = new Set(freed);
    for (const [page, seen] of this.open) {
      if (now.has(page)) continue;
      this.closed.push(seen);
      this.open.delete(page);
    }
    for (const page of now) {
      const seen = this.open.get(page);
      if (seen === undefined) this.open.set(page, { first: nowNs, last: nowNs });
      else seen.last = nowNs;
    }
  }
}

/** Runs a machine of one variant from its warming up to its last frame. */
export async function watchWindows(machine: LocalMachine, { direction, count, warmUp }: Variant, signal?: AbortSignal): Promise<Windows> {
  const name = direction === 'tx' ? 'lab0 frames taken' : 'lab0 frames given', freed = machine.lookForFreedPages(), book = new WindowBook();
  const frames = async (): Promise<number> => Number((await machine.stats()).counters.find((counter) => counter.name === name)?.value ?? 0n);
  const go = async (ticks: number): Promise<boolean> => { signal?.throwIfAborted(); return (await machine.step(ticks)).reason === 'paused'; };
  while ((await frames()) < warmUp) if (!(await go(WAIT_TICKS))) return windowsOf([]);
  for (let looks = 1; await go(LOOK_TICKS); looks++) {
    book.note(freed.look(), machine.virtualNs);
    if (looks % 100 === 0 && (await frames()) >= warmUp + count) break;
  }
  return windowsOf(book.closed);
}
