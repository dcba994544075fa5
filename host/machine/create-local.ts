/** Makes a machine on the calling thread: what its options name is opened, then it is booted or restored. */

import { loadInstruments } from './instruments.js';
import { freshAddresses, freshen } from './another.js';
import { openOutside, type Outside } from './cards.js';
import { freshInstance, setPace } from './fresh.js';
import { checkMachineKeys } from './keys.js';
import { drivesInside } from './inside-disks.js';
import { LocalMachine, makePlan } from './local.js';
import { MachineClock } from './machine-clock.js';
import { compileModule, type CompiledModule } from './module.js';
import { DEFAULT_MEMORY_MIB, MAX_MEMORY_MIB, readSettings, type Settings } from './options.js';
import { NO_PLAN, type MachinePlan } from './plan.js';
import { checkSnapshotOf, restoredInstance } from './restore.js';
import { openSources } from './open-sources.js';
import { readSources, type ReadOptions } from './sources.js';
import type { MachineOptions } from './types.js';
import { showDate } from './wall-time.js';

/** What a guest in a folder brings along: a disk with its root, and how much memory it needs, where that is more than usual and no size was asked for. */
async function withGuest(options: ReadOptions): Promise<ReadOptions> {
  if (options.guest === undefined || options.snapshot !== undefined) return options;
  const { memoryOfGuest, openBefore, withRootDisk } = await import('./guest-image.js');
  const openedGuest = await openBefore(options);
  if (openedGuest === undefined) return options;
  const whole = { ...withRootDisk(options, openedGuest), openedGuest };
  const needed = memoryOfGuest(openedGuest);
  if (options.memoryMiB !== undefined || needed <= DEFAULT_MEMORY_MIB) return whole;
  return { ...whole, memoryMiB: Math.min(needed, MAX_MEMORY_MIB, options.limits?.memoryMiB ?? MAX_MEMORY_MIB) };
}

/** How one that goes on from a snapshot with a seed differs from what createMachine makes. */
export interface Going {
  /** Its network cards keep the addresses they had: it is the only one. */
  keepsAddresses?: boolean;
  /** The snapshot is of a machine that was made with the same devices, by the same build. */
  sameCards?: boolean;
}

/** Makes a machine on this thread. */
export async function createLocal(given: MachineOptions, going: Going = {}): Promise<LocalMachine> {
  checkMachineKeys(given);
  const options = await openSources(await readSources(given));
  try {
    if (options.snapshot !== undefined) options.drives = [...(options.drives ?? []), ...drivesInside(options.snapshot, options.drives ?? [])];
    return await createRead(await withGuest(options), going);
  } catch (error) {
    options.snapshot?.file.source.close();
    throw error;
  }
}

async function createRead(options: ReadOptions, going: Going): Promise<LocalMachine> {
  const settings = await readSettings(options);
  options.signal?.throwIfAborted();
  const isNew = options.snapshot === undefined;
  const [compiled, plan] = await Promise.all([compileModule(options.module), isNew ? makePlan(options, settings.memoryMiB) : NO_PLAN, loadInstruments(settings)]);
  const outside = await openOutside(settings, options, new MachineClock(settings.shared?.start));
  try {
    return await createConnected(options, settings, compiled, plan, outside, going);
  } catch (error) {
    await outside.close();
    throw error;
  }
}

async function createConnected(
  options: ReadOptions, settings: Settings, compiled: CompiledModule, plan: MachinePlan, outside: Outside, going: Going,
): Promise<LocalMachine> {
  if (options.snapshot === undefined) {
    return new LocalMachine(options, settings, compiled, plan, await freshInstance(compiled, settings, plan, outside), outside, (more) => createLocal(more));
  }
  const { snapshot } = options;
  checkSnapshotOf(options, snapshot, settings);
  const { instance, notes } = await restoredInstance(compiled, settings, outside, snapshot, going.sameCards);
  if (options.seed !== undefined) freshen(instance, settings, snapshot);
  // Somebody may be out there who knows the guest from elsewhere.
  if (outside.live) instance.exports.announce();
  setPace(instance, settings);
  if (settings.rtcGiven) showDate(instance, settings.rtcMs);
  const addresses = options.seed === undefined || going.keepsAddresses === true ? [] : freshAddresses(instance, settings);
  return new LocalMachine(options, settings, compiled, plan, instance, outside, (more) => createLocal(more), snapshot, notes, addresses);
}
