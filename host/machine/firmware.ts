/** Puts into a fresh module what firmware and fw_cfg's readers find: items from the start of the firmware region, the ROM at its end. */

import { Address } from '../../assembly/surface/run.js';
import { firmwareItems, type AcpiBoard, type FirmwareItem } from '../boot/index.js';
import { SerialUse } from '../guest/protocol.js';
import type { MachinePlan } from './plan.js';
import { MachineError } from './errors.js';
import { addressOf, type ModuleInstance } from '../rings/instance.js';

/** Lists items of fw_cfg. */
function putItems(instance: ModuleInstance, items: readonly FirmwareItem[]): void {
  const base = addressOf(instance, Address.Firmware);
  let offset = 0;
  for (const { key, bytes } of items) {
    instance.bytes.set(bytes, base + offset);
    if (!instance.exports.addFirmwareItem(key, offset, bytes.length)) throw new MachineError(`fw_cfg has no room for item 0x${key.toString(16)}.`);
    offset += Math.ceil(bytes.length / 16) * 16;
  }
}

function putRom(instance: ModuleInstance, rom: Uint8Array): void {
  // The region ends where RAM starts.
  instance.bytes.set(rom, instance.ram - rom.length);
  instance.exports.setFirmware(rom.length);
}

/** After `create`: items for every machine, a ROM where one starts it, and the agent's lines, which take what they have asked for and need no pace. */
export function putFirmware(instance: ModuleInstance, memoryBytes: number, board: Partial<AcpiBoard>, { rom, agent }: Pick<MachinePlan, 'rom' | 'agent'>): void {
  putItems(instance, firmwareItems(memoryBytes, board));
  if (rom !== undefined) putRom(instance, rom);
  if (agent) instance.exports.paceSerial(SerialUse.control, 0);
}
