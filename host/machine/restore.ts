/** From an open snapshot to a module that goes on with it: what does not match the options is refused before anything is made. */

import { addCards, describeCards, mustBeCounted, labPorts, videoBytesOf, type Outside } from './cards.js';
import { placeLabs } from './labs.js';
import { checkDisks } from './disk-notes.js';
import { SnapshotError } from './errors.js';
import { instantiate, type CompiledModule } from './module.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { Settings } from './options.js';
import { closeSnapshot, restoreSnapshot, type OpenSnapshot } from './snapshot.js';
import type { ReadOptions } from './sources.js';

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

/** A machine as a snapshot has it, with the cards it had. `sameCards`: it was made with these very options, so they need not be asked what they come to. */
export async function restoredInstance(compiled: CompiledModule, settings: Settings, outside: Outside, snapshot: OpenSnapshot, sameCards = false): Promise<{ instance: ModuleInstance; notes: string[] }> {
  const [had, wanted] = [snapshot.about.cards, sameCards ? snapshot.about.cards : await wantedCards(compiled, settings, outside)].map((cards) => cards.join(', ') || 'none');
  if (had !== wanted) throw new SnapshotError(`The snapshot was taken with these cards: ${had}. The options ask for: ${wanted}. Give the devices and drives it was taken with.`);
  await checkDisks(snapshot.about.disks.filter(({ id }) => snapshot.served?.has(id) !== true), outside.drives);
  const instance = await instantiate(compiled, settings.memoryMiB, videoBytesOf(settings.cards), settings.attribute || settings.trace, outside.labs);
  const notes = restoreSnapshot(instance, snapshot);
  mustBeCounted(instance);
  placeLabs(instance, labPorts(settings.cards, outside), outside.labs);
  if (!snapshot.touched) closeSnapshot(snapshot);
  return { instance, notes };
}
