/** The module's counters: values of 64 bits in a table, with names and units as string literals (assembly/base/counters.ts). */

import { Address } from '../../assembly/run/surface.js';
import { addressOf, readString, type ModuleInstance } from './module.js';
import type { Accesses, Counter, Histogram, Stats } from './types.js';

/** Every counter that has a name, in the table's order, with `more` behind; those of accesses, of which a device has two, by device. */
export function readCounters(instance: ModuleInstance, more: readonly Counter[]): Pick<Stats, 'counters' | 'devices'> {
  const all = [...namedCounters(instance), ...more];
  const devices: Stats['devices'] = {};
  for (const { name, unit, value } of all) if (isAccess(unit)) (devices[name] ??= { reads: 0n, writes: 0n })[unit] += value;
  return { counters: all.filter(({ unit }) => !isAccess(unit)), devices };
}

const isAccess = (unit: string): unit is keyof Accesses => unit === 'reads' || unit === 'writes';

function namedCounters(instance: ModuleInstance): Counter[] {
  const { exports, view } = instance;
  const values = addressOf(instance, Address.Counters);
  const out: Counter[] = [];
  for (let id = 0; id < exports.counterIds(); id++) {
    const name = readString(instance, exports.counterName(id));
    if (name === '') continue;
    out.push({ name, unit: readString(instance, exports.counterUnit(id)), value: view.getBigUint64(values + id * 8, true) });
  }
  return out;
}

const BUCKETS = 16;

/** Every histogram that has a name and has seen something. */
export function readHistograms(instance: ModuleInstance): Histogram[] {
  const { exports, view } = instance;
  const out: Histogram[] = [];
  for (let id = 0; id < exports.histogramIds(); id++) {
    const name = readString(instance, exports.histogramName(id));
    if (name === '') continue;
    const at = exports.histogramAddress(id) >>> 0;
    const buckets = Array.from({ length: BUCKETS }, (_, i) => ({ from: i === 0 ? 0 : 2 ** (i - 1), times: view.getBigUint64(at + i * 8, true) }));
    if (buckets.some(({ times }) => times !== 0n)) out.push({ name, unit: readString(instance, exports.histogramUnit(id)), buckets });
  }
  return out;
}
