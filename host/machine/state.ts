/**
 * The machine's state as a list of ranges of the module's memory: what a snapshot holds and what the hash covers. Regions
 * that can be rebuilt (decoded code) are left out; the module says which.
 */

import { sha256, type ModuleInstance } from './module.js';

/** RegionKind.STATE of assembly/base/regions.ts. */
const KIND_STATE = 0;

export interface StateRange {
  base: number;
  bytes: number;
}

/** State of processor and devices, in the order of the memory map. RAM is not among them. */
export function stateRanges(instance: ModuleInstance): StateRange[] {
  const { exports } = instance;
  const out: StateRange[] = [];
  for (let i = 0; i < exports.regionCount(); i++) {
    const base = exports.regionBase(i) >>> 0;
    if (exports.regionKind(i) === KIND_STATE && base < instance.ram) out.push({ base, bytes: exports.regionBytes(i) >>> 0 });
  }
  return out;
}

/** SHA-256 in hex of all state and RAM. */
export async function hashState(instance: ModuleInstance, ramBytes: number): Promise<string> {
  const ranges = [...stateRanges(instance), { base: instance.ram, bytes: ramBytes }];
  return sha256(ranges.map(({ base, bytes }) => instance.bytes.subarray(base, base + bytes)));
}
