/** The module's counters: values of 64 bits in a table, with names and units as string literals (assembly/base/counters.ts). */

import { Address } from '../../assembly/run/surface.js';
import { addressOf, readString, type ModuleInstance } from './module.js';
import type { Counter } from './types.js';

/** Every counter that has a name, in the table's order. A device has two of one name, in `reads` and in `writes`. */
export function readCounters(instance: ModuleInstance): Counter[] {
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
