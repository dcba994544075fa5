/** The ROM that drives a screen: the one that was given, or the platform's own. */

import { platform } from '#platform';
import { readSource, sourceName } from './bytes.js';
import { OptionError } from './errors.js';
import { findModel } from './models.js';
import { CardKind } from '../../assembly/surface/cards.js';
import type { PlainOptions } from './sources.js';
import type { DeviceOptions } from './types.js';

const isScreen = ({ model }: DeviceOptions): boolean => findModel(model)?.kind === CardKind.VGA;

export const hasScreen = (devices: readonly DeviceOptions[] = []): boolean => devices.some(isScreen);

const MOST_BYTES = 256 << 10;

/** An option ROM (PCI Firmware Specification 3.0, 5.1): its signature, and its size in units of 512 bytes. */
function check(rom: Uint8Array, name: string): Uint8Array {
  if (rom.length < 512 || rom.length > MOST_BYTES || rom[0] !== 0x55 || rom[1] !== 0xaa || rom[2]! * 512 > rom.length) {
    throw new OptionError('devices.romfile', `${name} is no option ROM: it has no 55 AA at its start, or not the size it says. Give a video BIOS, such as vgabios-stdvga.bin of SeaBIOS.`);
  }
  return rom;
}

/** Without one there is a screen that no BIOS can use, and text without a font. */
export async function readVideoRom(options: PlainOptions): Promise<{ rom?: Uint8Array; note: string }> {
  const given = options.devices?.find(isScreen)?.romfile;
  if (given === '') return { note: 'the screen has no video BIOS: romfile is empty' };
  if (given !== undefined) {
    const name = sourceName(given, 'romfile');
    return { rom: check(await readSource('devices.romfile', given), name), note: `${name}: the screen's video BIOS` };
  }
  const { cacheDir, onProgress, signal } = options;
  const own = await platform.videoRom({ ...(cacheDir === undefined ? {} : { cacheDir }), ...(onProgress === undefined ? {} : { onProgress }), ...(signal === undefined ? {} : { signal }) });
  if ('missing' in own) {
    onProgress?.(`the screen has no video BIOS, and text on it no letters: ${own.missing}`);
    return { note: `the screen has no video BIOS: ${own.missing}` };
  }
  return { rom: check(own.rom, own.name), note: `${own.name}: the screen's video BIOS` };
}
