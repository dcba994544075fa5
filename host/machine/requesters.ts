/** What the remapping unit counted by who asked (assembly/vtd/requesters.ts). */

import { UnitLook, UnitRow } from '../../assembly/surface/iommu.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { RequesterCounts } from './types.js';

/** 00:04.0, as lspci writes it. */
export const requesterText = (id: number): string => `${(id >> 8).toString(16).padStart(2, '0')}:${((id >> 3) & 31).toString(16).padStart(2, '0')}.${id & 7}`;

/** In the order in which they came; none without a unit. */
export function readRequesters({ exports, view }: ModuleInstance): RequesterCounts[] {
  const out: RequesterCounts[] = [];
  for (let i = 0; ; i++) {
    const at = exports.lookAtUnit(UnitLook.REQUESTER, i) >>> 0;
    if (at === 0) return out;
    const [tag, hits, misses, walkReads, passed, refused, interrupts, blocked] = Array.from({ length: UnitRow.WORDS }, (_, n) => view.getBigUint64(at + 8 * n, true)) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
    out.push({ requester: tag === BigInt(UnitRow.OTHERS) ? 'others' : requesterText(Number(tag) - 1), lookups: hits + misses, hits, walkReads, passed, refused, interrupts, blocked });
  }
}
