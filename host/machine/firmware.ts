/** Puts firmware into a fresh module: items from the start of the firmware region, the ROM at its end. */

import { Address } from '../../assembly/run/surface.js';
import type { FirmwareItem, FirmwarePlan } from '../boot/index.js';
import { MachineError } from './errors.js';
import { addressOf, type ModuleInstance } from './module.js';

/** After `create`: lists items of fw_cfg. */
export function putItems(instance: ModuleInstance, items: readonly FirmwareItem[]): void {
  const base = addressOf(instance, Address.Firmware);
  let offset = 0;
  for (const { key, bytes } of items) {
    instance.bytes.set(bytes, base + offset);
    if (!instance.exports.addFirmwareItem(key, offset, bytes.length)) throw new MachineError(`fw_cfg has no room for item 0x${key.toString(16)}.`);
    offset += Math.ceil(bytes.length / 16) * 16;
  }
}

/** After `create`. */
export function putFirmware(instance: ModuleInstance, plan: FirmwarePlan): void {
  putItems(instance, plan.items);
  // The region ends where RAM starts.
  instance.bytes.set(plan.rom, instance.ram - plan.rom.length);
  instance.exports.setFirmware(plan.rom.length);
}
