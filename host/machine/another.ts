/**
 * What makes a restored machine another one than that which was saved, from its seed: the module's random numbers, the generation id by which a guest's
 * kernel is told (VMGENID), and addresses of its network cards. The cards keep theirs until the guest's agent, if it has one, is told: a driver
 * has read its card's address when it began, and asks no more.
 */

import { GENERATION_AT, GENERATION_BYTES } from '../boot/acpi/board.js';
import type { CardAddress } from '../guest/protocol.js';
import { high, low, type ModuleInstance } from '../rings/instance.js';
import { writeGuest } from './guest-memory.js';
import { modelOf } from './models.js';
import type { Settings } from './options.js';
import type { OpenSnapshot } from './snapshot.js';
import { MIB } from './units.js';

export function freshen(instance: ModuleInstance, { seed, memoryMiB }: Settings, { about }: OpenSnapshot): void {
  if (about.generation === true) writeGuest({ instance, ramBytes: memoryMiB * MIB }, BigInt(GENERATION_AT), generationOf(seed), 'physical');
  instance.exports.freshen(low(seed), high(seed));
}

const MASK64 = 0xffff_ffff_ffff_ffffn;

/** 64 bits that are others for another seed or step (splitmix64's mix, which can be undone). */
function mixed(seed: bigint, step: bigint): bigint {
  let z = (seed + step * 0x9e37_79b9_7f4a_7c15n) & MASK64;
  z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK64;
  z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK64;
  return z ^ (z >> 31n);
}

function generationOf(seed: bigint): Uint8Array {
  const out = new DataView(new ArrayBuffer(GENERATION_BYTES));
  [1n, 2n].forEach((step, i) => out.setBigUint64(i * 8, mixed(seed, step), true));
  return new Uint8Array(out.buffer);
}

/** The slot and the address of each network card: QEMU's prefix, and three bytes that the seed decides. */
export function freshAddresses({ exports }: ModuleInstance, { seed }: Settings): CardAddress[] {
  const listed = Array.from({ length: exports.listedCards() }, (_, i) => i);
  return listed.filter((i) => modelOf(exports.kindOfCard(i))?.network === true).map((i, port) => {
    const bytes = mixed(seed, BigInt(3 + port)).toString(16).padStart(16, '0').slice(0, 6).match(/../g)!;
    return { slot: exports.slotOfCard(i), mac: `52:54:00:${bytes.join(':')}` };
  });
}
