/**
 * Variants that pktlab measures (guest/pktlab): no system, a driver that makes the accesses of a paper's. One machine a variant, which takes less than a second to start; the image says by regions
 * what a prepared guest's script says.
 */

import { createHash } from 'node:crypto';
import { pktlab } from '../../guest/pktlab/index.js';
import { createLocal } from '../machine/create-local.js';
import type { MachineOptions, Region } from '../machine/types.js';
import { machineCharges, tableOf } from './charge.js';
import { MeasureError } from './errors.js';
import { offsetUs } from './script.js';
import type { Variant } from './variant.js';

const MEMORY_MIB = 32;
const MOST_INSTRUCTIONS = 2_000_000_000;

let image: Uint8Array | undefined;
const imageOnce = (): Uint8Array => (image ??= pktlab());

export function pktlabDigest(): string {
  return createHash('sha256').update(imageOnce()).digest('hex');
}

/** Its command line. `index` is the variant's place, which its regions are named by. */
export function pktlabLine({ card, direction, size, count, warmUp, burst, pktlab: settings = {} }: Variant, index: number, phases: number): string {
  const words = { card, mode: direction, size, count, warmup: warmUp, burst, phases, offset: offsetUs(1), variant: index, ...settings };
  return Object.entries(words).map(([name, value]) => `${name}=${value}`).join(' ');
}

/** The regions of a variant's run, on a machine with that card and lab. Throws MeasureError with the program's last words. */
export async function runPktlab(variant: Variant, index: number, phases: number, outside: Pick<MachineOptions, 'netdevs' | 'devices'>, options: { signal?: AbortSignal }): Promise<{ regions: Region[]; build: string }> {
  const charges = variant.charge === undefined ? {} : { charges: machineCharges(tableOf(variant.charge)) };
  const machine = await createLocal({ ...options, ...outside, ...charges, kernel: imageOnce(), append: pktlabLine(variant, index, phases), memoryMiB: MEMORY_MIB, limits: { instructions: MOST_INSTRUCTIONS } });
  let console = '';
  machine.on('console', (bytes) => void (console += new TextDecoder().decode(bytes)));
  try {
    const stop = await machine.run();
    if (stop.reason !== 'debug-exit' || stop.code !== 1) throw new MeasureError(variant.name, `pktlab came to no good end (${stop.reason}). It said: ${console.trimEnd() || 'nothing'}`);
    return { regions: (await machine.regions()).finished, build: machine.build };
  } finally {
    await machine.close();
  }
}
