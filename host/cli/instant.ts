/**
 * Instant start: a prepared guest is booted once for each machine that it is asked for in, up to its agent waiting for a command, and kept as a
 * snapshot in the user's cache. Every start, the first too, goes on from there, and hands over the command or the console; so all are the same.
 *
 * What must be fresh is: the seed, by which the guest's kernel is told that it is another machine (host/machine/restore.ts), and the date, which the
 * agent is told. Both are fixed under --icount and without a network, where runs repeat.
 */

import { randomBytes } from 'node:crypto';
import { defaultCacheDir } from '../platform/node/guest/cache-dir.js';
import { dropKept, keep, keptPath, noteUse } from '../platform/node/guest/kept.js';
import type { Guest } from '../guest/index.js';
import { createLocal } from '../machine/create-local.js';
import type { LocalMachine } from '../machine/local.js';
import { compileModule } from '../machine/module.js';
import type { MachineOptions } from '../machine/types.js';
import { SnapshotError } from '../snapshot/errors.js';

/** Options that say how a machine boots, or what it is connected to while it does. */
const OWN_BOOT = [
  'snapshot', 'kernel', 'bios', 'bare', 'entry', 'modules', 'initrd', 'append', 'rtc', 'icountShift', 'charges', 'debugExit', 'debugConsolePort', 'testDevice',
] as const;

/** Whether a machine may go on from one that was booted before: nothing about its boot is asked for or to be seen, and nothing outside has a part in it. */
export function mayStartInstantly(machine: MachineOptions, verbose: boolean): boolean {
  if (verbose || (machine.guest !== 'amd64' && machine.guest !== 'i386')) return false;
  if (OWN_BOOT.some((name) => machine[name] !== undefined) || machine.limits?.instructions !== undefined) return false;
  // A capture shows the boot's packets too.
  const isOwnNetwork = (netdev: unknown): boolean => typeof netdev === 'string' && /^user(,|$)/.test(netdev) && !/,pcap=/.test(netdev);
  return !machine.drives?.length && !machine.shares?.length && !machine.chardevs?.length && (machine.netdevs ?? []).every(isOwnNetwork);
}

/** The machine that waits: everything of the one that is asked for but what is handed over. */
function waitingOptions({ guest, memoryMiB, devices, netdevs, cpu, rtcClock, jit, cacheDir }: MachineOptions): MachineOptions {
  const given = { guest, memoryMiB, devices, netdevs: netdevs?.map(withoutForwards), cpu, rtcClock, jit, cacheDir };
  return { ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), agent: true };
}

/** Ports of the host that lead into the guest are no part of what it boots in. */
const withoutForwards = (netdev: unknown): string => String(netdev).split(',').filter((pair) => !pair.startsWith('hostfwd=')).join(',');

async function pathOf(guest: Guest, waiting: MachineOptions): Promise<string> {
  const { name, version, recipe, kernel, initrd } = guest.manifest;
  const { build } = await compileModule();
  const { cacheDir, ...deciding } = waiting;
  return keptPath(cacheDir ?? defaultCacheDir(), [name, version, recipe, kernel.sha256, initrd.sha256, build, deciding]);
}

/** Boots the machine that waits and keeps it. Where the cache cannot be written to, its snapshot is in memory. */
async function make(waiting: MachineOptions, path: string, onBoot: () => void): Promise<string | Uint8Array> {
  onBoot();
  const machine = await createLocal(waiting);
  try {
    // What every command needs is in memory afterwards.
    await machine.exec(['true']);
    const parts = await machine.snapshotToKeep();
    try {
      keep(path, parts);
      return path;
    } catch {
      return await machine.snapshot();
    }
  } finally {
    await machine.close();
  }
}

/** The seed: a machine is another one at every start, unless runs are to repeat, or do by themselves because nothing from outside comes in. */
function seedOf({ seed, clock, netdevs }: MachineOptions, repeats: boolean): bigint {
  if (seed !== undefined) return BigInt(seed);
  return repeats || (clock !== 'realtime' && !netdevs?.length) ? 1n : randomBytes(8).readBigUInt64LE();
}

export interface Instantly {
  machine: MachineOptions;
  guest: Guest;
  /** Runs are to repeat (--icount). */
  repeats: boolean;
  onProgress: (text: string) => void;
  /** The guest is booted now: that takes a while. */
  onBoot: () => void;
}

/** Makes of what waits what `goOn` makes; it is booted and kept where there is none, or where it is damaged. */
async function fromWaiting<T>({ machine, guest, onBoot }: Instantly, goOn: (snapshot: string | Uint8Array) => Promise<T>): Promise<T> {
  const waiting = waitingOptions(machine);
  const path = await pathOf(guest, waiting);
  try {
    const kept = await goOn(path);
    noteUse(path);
    return kept;
  } catch (error) {
    const { name, option } = error as { name?: string; option?: string };
    if (!(error instanceof SnapshotError) && !(name === 'OptionError' && option === 'snapshot')) throw error;
    dropKept(path);
  }
  return goOn(await make(waiting, path, onBoot));
}

/** Hands over files, as the kernel would have had them in its first file system. */
async function giveFiles(machine: LocalMachine, add: NonNullable<MachineOptions['add']>): Promise<void> {
  const { addedArchive } = await import('../machine/guest-image.js');
  const { code, stderr } = await machine.exec(['cpio', '-idu'], { stdin: await addedArchive(add), cwd: '/' });
  if (code !== 0) throw new Error(`The guest did not take what was added (status ${code}): ${new TextDecoder().decode(stderr).trim()}`);
}

/** A machine that goes on from the one that waits; it has its files before its command. */
export async function createInstantly(wanted: Instantly): Promise<LocalMachine> {
  const { machine, repeats, onProgress } = wanted, { add, command, ...rest } = machine, going = { keepsAddresses: true, sameCards: true };
  return fromWaiting(wanted, async (snapshot) => {
    const common = { seed: seedOf(machine, repeats), snapshot, snapshotPages: 'touched', onProgress } as const;
    if (add === undefined || add.length === 0) return createLocal({ ...rest, ...(command === undefined ? {} : { command }), ...common }, going);
    const made = await createLocal({ ...rest, ...common }, going);
    try {
      await giveFiles(made, add);
      if (command !== undefined) made.giveCommand(command);
      return made;
    } catch (error) {
      await made.close();
      throw error;
    }
  });
}

/** Several that go on from it, with a seed and addresses of their own each, connected to `netdevs`; they wait for commands. */
export async function createSeries(wanted: Instantly, count: number, netdevs: string[]): Promise<LocalMachine[]> {
  const { machine, repeats, onProgress } = wanted, first = seedOf(machine, repeats);
  return fromWaiting(wanted, async (snapshot) => {
    const made: LocalMachine[] = [];
    try {
      for (let i = 0; i < count; i++) {
        made.push(await createLocal({ ...machine, agent: true, netdevs, seed: BigInt.asUintN(64, first + BigInt(i)), snapshot, snapshotPages: 'touched', onProgress }, { sameCards: true }));
      }
      return made;
    } catch (error) {
      for (const one of made) await one.close();
      throw error;
    }
  });
}
