/** From an open snapshot to a module that goes on with it: what does not match the options is refused before anything is made. */

import { addCards, describeCards, mustBeCounted, videoBytesOf, type Outside } from './cards.js';
import { checkDisks } from './disk-notes.js';
import { SnapshotError } from './errors.js';
import { GENERATION_AT, GENERATION_BYTES } from '../boot/acpi/board.js';
import { writeGuest } from './guest-memory.js';
import { instantiate, type CompiledModule } from './module.js';
import { high, low, type ModuleInstance } from '../rings/instance.js';
import type { Settings } from './options.js';
import { restoreSnapshot, type OpenSnapshot } from './snapshot.js';
import type { ReadOptions } from './sources.js';
import { MIB } from './units.js';

/** Refuses a snapshot of another size or guest than the options ask for. */
export function checkSnapshotOf({ guest: wanted, command }: ReadOptions, { about }: OpenSnapshot, { memoryMiB }: Settings): void {
  const { guest: had, memoryMiB: saved } = about;
  if (saved !== memoryMiB) throw new SnapshotError(`The snapshot has ${saved} MiB of RAM, memoryMiB asks for ${memoryMiB}. Leave memoryMiB out.`);
  if (command !== undefined && !about.agentReady) throw new SnapshotError('The snapshot is of a guest that does not wait for a command. Take one of a machine with agent: true, between commands.');
  if (had !== undefined && wanted !== undefined && had !== wanted) throw new SnapshotError(`The snapshot is one of the guest ${had}, the options ask for ${wanted}.`);
}

/** The cards that the options ask for, in words: what a small module of its own says. */
async function wantedCards(compiled: CompiledModule, { cards }: Settings, outside: Outside): Promise<string[]> {
  if (cards.length === 0) return [];
  const probe = await instantiate(compiled, 1);
  addCards(probe, cards, outside);
  return describeCards(probe);
}

/** A machine as a snapshot has it, with the cards it had. */
export async function restoredInstance(compiled: CompiledModule, settings: Settings, outside: Outside, snapshot: OpenSnapshot): Promise<{ instance: ModuleInstance; notes: string[] }> {
  const [had, wanted] = [snapshot.about.cards, await wantedCards(compiled, settings, outside)].map((cards) => cards.join(', ') || 'none');
  if (had !== wanted) throw new SnapshotError(`The snapshot was taken with these cards: ${had}. The options ask for: ${wanted}. Give the devices and drives it was taken with.`);
  await checkDisks(snapshot.about.disks, outside.drives);
  const instance = await instantiate(compiled, settings.memoryMiB, videoBytesOf(settings.cards), settings.attribute || settings.trace);
  const notes = restoreSnapshot(instance, snapshot);
  mustBeCounted(instance);
  if (!snapshot.touched) snapshot.file.source.close();
  return { instance, notes };
}

/** Makes a machine another one than that which was saved: what is random in it comes from the seed, and a guest that was booted directly is told so. */
export function freshen(instance: ModuleInstance, { seed, memoryMiB }: Settings, { about }: OpenSnapshot): void {
  if (about.generation === true) writeGuest({ instance, ramBytes: memoryMiB * MIB }, BigInt(GENERATION_AT), generationOf(seed), 'physical');
  instance.exports.freshen(low(seed), high(seed));
}

const MASK64 = 0xffff_ffff_ffff_ffffn;

/** 16 bytes that are others for another seed (splitmix64's mix, which can be undone). */
function generationOf(seed: bigint): Uint8Array {
  const out = new DataView(new ArrayBuffer(GENERATION_BYTES));
  [1n, 2n].forEach((step, i) => {
    let z = (seed + step * 0x9e37_79b9_7f4a_7c15n) & MASK64;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK64;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK64;
    out.setBigUint64(i * 8, z ^ (z >> 31n), true);
  });
  return new Uint8Array(out.buffer);
}
