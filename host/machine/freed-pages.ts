/** Pages that the remapping unit keeps and the guest's tables no longer say: what a card could still reach though it was unmapped. For measuring (host/measure/windows.ts). */

import { UnitLook, UnitOn } from '../../assembly/surface/iommu.js';
import type { GuestMemory } from './guest-memory.js';
import { keptPages, ownerOf, placeNow, standsAs, type KeptPage } from './iommu-kept.js';
import { mappedDevices, type MappedDevice } from './iommu-tables.js';
import { lookOne, wordReader } from './iommu-look.js';

export class FreedPages {
  private devices: MappedDevice[] = [];

  constructor(private readonly memory: GuestMemory) {}

  /** Each by its domain and address. A domain's tables are looked up once: drivers' domains stay. */
  look(): string[] {
    const { instance } = this.memory, [root, , status] = lookOne(instance, UnitLook.TABLES) ?? [0n, 0n, 0n];
    if ((status! >> BigInt(UnitOn.TRANSLATION) & 1n) === 0n) return [];
    const read = wordReader(this.memory);
    return keptPages(instance).filter((page) => !standsAs(placeNow(read, this.ownerOf(page, root!), page), page)).map(({ domain, iova }) => `${domain}:${iova.toString(16)}`);
  }

  private ownerOf(page: KeptPage, root: bigint): MappedDevice | undefined {
    const known = ownerOf(this.devices, page);
    if (known !== undefined) return known;
    this.devices = mappedDevices(wordReader(this.memory), root);
    return ownerOf(this.devices, page);
  }
}
