/** Pages that the remapping unit keeps, and whether the guest's tables still say so. */

import { UnitLook } from '../../assembly/surface/iommu.js';
import type { ModuleInstance } from '../rings/instance.js';
import { lookAll } from './iommu-look.js';
import { leadsTo, type MappedDevice, type Place, type ReadWord } from './iommu-tables.js';

export interface KeptPage {
  domain: number;
  /** Of a first stage's page. */
  pasid?: number;
  iova: bigint;
  base: bigint;
  rights: number;
}

export function keptPages(instance: ModuleInstance): KeptPage[] {
  return lookAll(instance, UnitLook.PAGE).filter(([bits]) => bits !== 0n).map(([, iova, base, meta]) => ({
    domain: Number(meta! >> 2n & 0xffffn), iova: iova!, base: base!, rights: Number(meta! & 3n), ...((meta! >> 18n & 1n) === 1n ? { pasid: Number(meta! >> 32n & 0xfffffn) } : {}),
  }));
}

/** A device whose requests find the page. */
export function ownerOf(devices: readonly MappedDevice[], { domain, pasid }: KeptPage): MappedDevice | undefined {
  return devices.find((device) => device.domain === domain && device.stages.length > 0 && (device.stages[0]!.kind === 'first') === (pasid !== undefined) && (pasid === undefined || device.pasid === pasid));
}

/** Where the page's address leads by the tables of now. */
export function placeNow(read: ReadWord, owner: MappedDevice | undefined, { iova }: KeptPage): Place | undefined {
  return owner === undefined ? undefined : leadsTo(read, owner.stages, iova);
}

/** A first stage's page is kept without the right to write until it is dirty. */
export function standsAs(now: Place | undefined, { base, rights, pasid }: KeptPage): boolean {
  return now !== undefined && now.gpa === base && (pasid === undefined ? now.rights === rights : (rights & ~now.rights) === 0);
}
