/** Pages that the remapping unit keeps and the guest's tables no longer say: what a card could still reach though it was unmapped. For measuring (host/measure/windows.ts). */

import { UnitLook, UnitOn } from '../../assembly/surface/iommu.js';
import type { GuestMemory } from './guest-memory.js';
import { mappedDevices, walkTables, type MappedDevice } from './iommu-tables.js';
import { lookAll, lookOne, wordReader } from './iommu-look.js';

const TABLE_ADDRESS = ~0xfffn;

export class FreedPages {
  private devices: MappedDevice[] = [];

  constructor(private readonly memory: GuestMemory) {}

  /** Each by its domain and address. A domain's first table is looked up once: drivers' domains stay. */
  look(): string[] {
    const { instance } = this.memory, [root, , status] = lookOne(instance, UnitLook.TABLES) ?? [0n, 0n, 0n];
    if ((status! >> BigInt(UnitOn.TRANSLATION) & 1n) === 0n) return [];
    const read = wordReader(this.memory), freed: string[] = [];
    for (const [bits, iova, base, meta] of lookAll(instance, UnitLook.PAGE)) {
      if (bits === 0n) continue;
      const device = this.deviceOf(Number(meta! >> 2n), root! & TABLE_ADDRESS), now = device === undefined ? undefined : walkTables(read, device.table, device.levels, iova!);
      if (now === undefined || now.gpa !== base || now.rights !== Number(meta! & 3n)) freed.push(`${meta! >> 2n}:${iova!.toString(16)}`);
    }
    return freed;
  }

  private deviceOf(domain: number, root: bigint): MappedDevice | undefined {
    const known = this.devices.find((device) => device.domain === domain);
    if (known !== undefined) return known;
    this.devices = mappedDevices(wordReader(this.memory), root);
    return this.devices.find((device) => device.domain === domain);
  }
}
