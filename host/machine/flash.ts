/** The firmware in flash chips: what is on their drives, as the one ROM that ends at 4 GiB, unit 0 last. */

import { CardKind, CardOption } from '../../assembly/surface/cards.js';
import type { Drive } from '../disk/open.js';
import type { CardPlan } from './card-plan.js';
import { OptionError } from './errors.js';
import { findModel } from './models.js';
import type { DeviceOptions } from './types.js';

/** A chip is a number of blocks; QEMU's boards have room for so much. */
const BLOCK_BYTES = 4096;
const MOST_BYTES = 8 << 20;

/** Whether the machine starts with firmware in flash chips. */
export const hasFlash = (devices: readonly DeviceOptions[] = []): boolean => devices.some(({ model }) => findModel(model)?.kind === CardKind.PFLASH);

/** Undefined without chips. Throws OptionError. */
export async function readFlash(plans: readonly CardPlan[], drives: ReadonlyMap<string, Drive>): Promise<Uint8Array | undefined> {
  const chips = plans.filter(({ model }) => model.kind === CardKind.PFLASH).sort((a, b) => Number(b.options.get(CardOption.UNIT)) - Number(a.options.get(CardOption.UNIT)));
  if (chips.length === 0) return undefined;
  if (Number(chips.at(-1)!.options.get(CardOption.UNIT)) !== 0) throw new OptionError('devices.unit', 'a flash chip is unit 1, and there is no unit 0, which has the firmware.');
  const disks = chips.map(({ drive }) => ({ drive, disk: drives.get(drive ?? '')!.disk }));
  const odd = disks.find(({ disk }) => disk.bytes % BLOCK_BYTES !== 0);
  if (odd !== undefined) throw new OptionError('drives', `"${odd.drive}" has ${odd.disk.bytes} bytes; a flash chip is a whole number of blocks of ${BLOCK_BYTES} bytes.`);
  const bytes = disks.reduce((sum, { disk }) => sum + disk.bytes, 0);
  if (bytes > MOST_BYTES) throw new OptionError('drives', `the flash chips have ${bytes} bytes; the board has room for ${MOST_BYTES}.`);
  const rom = new Uint8Array(bytes);
  let at = 0;
  for (const { disk } of disks) {
    await disk.read(0, rom.subarray(at, at + disk.bytes));
    at += disk.bytes;
  }
  return rom;
}
