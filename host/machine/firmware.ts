/** Puts into a fresh module what firmware and fw_cfg's readers find: items from the start of the firmware region, the ROM at its end. */

import { Address } from '../../assembly/surface/run.js';
import { DEFAULT_ORDER, orderNumber } from '../boot/boot-order.js';
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

/** The first two characters of a PC's font of 8x16: nothing, and a face. */
const FONT_START = Uint8Array.of(...new Uint8Array(16), 0, 0, 0x7e, 0x81, 0xa5, 0x81, 0x81, 0xbd, 0x99, 0x81, 0x81, 0x7e, 0, 0, 0, 0);
const FONT_LINES = 16;
const CHARACTERS = 256;

function findFont(rom: Uint8Array): number {
  for (let at = 0; at + CHARACTERS * FONT_LINES <= rom.length; at++) if (FONT_START.every((byte, i) => rom[at + i] === byte)) return at;
  return -1;
}

/** A boot without firmware finds text mode with the font that a video BIOS would have loaded: it is taken out of that, into plane 2. */
function putFont(instance: ModuleInstance, rom: Uint8Array): void {
  const font = findFont(rom), video = addressOf(instance, Address.Video);
  if (font < 0) return;
  for (let character = 0; character < CHARACTERS; character++) {
    for (let line = 0; line < FONT_LINES; line++) instance.bytes[video + (character * 32 + line) * 4 + 2] = rom[font + character * FONT_LINES + line]!;
  }
}

/** After `create`: items for every machine, a ROM where one starts it, and the agent's lines, which take what they have asked for and need no pace. */
export function putFirmware(instance: ModuleInstance, memoryBytes: number, board: Partial<AcpiBoard>, { rom, videoRom, registers, agent, boot }: Pick<MachinePlan, 'rom' | 'videoRom' | 'registers' | 'agent' | 'boot'>): void {
  const screen = addressOf(instance, Address.Screen) === 0 ? undefined : videoRom === undefined ? {} : { rom: videoRom };
  putItems(instance, firmwareItems(memoryBytes, board, screen, boot?.menu));
  if (videoRom !== undefined && registers.rip !== undefined) putFont(instance, videoRom);
  if (rom !== undefined) putRom(instance, rom);
  if (boot !== undefined) {
    const { order = DEFAULT_ORDER, once = order } = boot;
    instance.exports.orderBoot(orderNumber(once), once === order ? 0 : orderNumber(order));
  }
  if (agent) instance.exports.paceSerial(SerialUse.control, 0);
}
