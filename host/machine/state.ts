/**
 * The machine's state as a list of ranges of the module's memory: what a snapshot holds and what the hash covers. The module says which
 * they are (assembly/base/regions.ts); what can be made again (decoded code), and what its own work left behind, is not among them.
 */

import { platform } from '#platform';
import { RegionKind } from '../../assembly/surface/run.js';
import { readString, type ModuleInstance } from '../rings/instance.js';

const WHOLE = 0xff;
/** Of the module's list the last but one; behind it is the screen's memory. */
export const RAM_REGION = ({ exports }: ModuleInstance): number => exports.regionCount() - 2;

export interface StateRange {
  name: string;
  /** Of what lies in it. */
  version: number;
  base: number;
  bytes: number;
  /** Of every `stride` bytes the first counts under `mask`, the others whole. */
  stride: number;
  mask: number;
}

/** State of processor and devices, in the order of the memory map, and the screen's memory where there is one. RAM is not among them. */
export function stateRanges(instance: ModuleInstance): StateRange[] {
  const { exports } = instance;
  const out: StateRange[] = [];
  for (let i = 0; i < exports.regionCount(); i++) {
    const base = exports.regionBase(i) >>> 0, bytes = exports.regionBytes(i) >>> 0;
    if (exports.regionKind(i) !== RegionKind.STATE || i === RAM_REGION(instance) || (base >= instance.ram && bytes === 0)) continue;
    out.push({ name: readString(instance, exports.regionName(i)), version: exports.regionVersion(i), base, bytes, stride: exports.regionStride(i), mask: exports.regionMask(i) });
  }
  return out;
}

/** What a range holds of the machine's state; not to be written to. */
export function readState(instance: ModuleInstance, { base, bytes, stride, mask }: StateRange): Uint8Array {
  const own = instance.bytes.subarray(base, base + bytes);
  if (mask === WHOLE) return own;
  const out = own.slice();
  for (let at = 0; at < bytes; at += stride) out[at]! &= mask;
  return out;
}

/** SHA-256 in hex of all state and RAM. */
export async function hashState(instance: ModuleInstance, ramBytes: number): Promise<string> {
  const ranges = stateRanges(instance).map((range) => readState(instance, range));
  return platform.sha256([...ranges, instance.bytes.subarray(instance.ram, instance.ram + ramBytes)]);
}
