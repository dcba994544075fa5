/** What the module tells of its remapping unit (assembly/vtd/look.ts), and the memory that its tables lie in. */

import type { UnitLook } from '../../assembly/surface/iommu.js';
import type { ModuleInstance } from '../rings/instance.js';
import { readGuest, type GuestMemory } from './guest-memory.js';
import type { ReadWord } from './iommu-tables.js';

export function lookOne({ exports, bytes }: ModuleInstance, what: UnitLook, i = 0): bigint[] | undefined {
  const at = exports.lookAtUnit(what, i) >>> 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return at === 0 ? undefined : Array.from({ length: 4 }, (_, n) => view.getBigUint64(at + 8 * n, true));
}

/** Every one of a kind there is. */
export function lookAll(instance: ModuleInstance, what: UnitLook): bigint[][] {
  const out: bigint[][] = [];
  for (let i = 0, words = lookOne(instance, what, 0); words !== undefined; i++, words = lookOne(instance, what, i)) out.push(words);
  return out;
}

export function wordReader(memory: GuestMemory): ReadWord {
  return (gpa) => {
    try {
      const { buffer, byteOffset } = readGuest(memory, gpa, 8, 'physical');
      return new DataView(buffer, byteOffset).getBigUint64(0, true);
    } catch {
      return undefined;
    }
  };
}
