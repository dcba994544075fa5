/** Snapshots as the command line has them: what `--snapshot FILE` names, and what Ctrl-A s makes. */

import { UsageError } from './faults.js';
import { note } from './note.js';
import type { SavedMachine } from './run-options.js';
import type { LocalMachine } from '../machine/local.js';
import { cardsInside } from '../machine/inside-disks.js';
import { openSnapshot, type OpenSnapshot } from '../machine/snapshot.js';
import { memorySource, type ByteSource } from '../snapshot/index.js';
import { fileSource, writeWhole } from '../platform/node/snapshot-file.js';
import { withoutCodes } from '../words/errno.js';
import { isAddress, parseCommandLine } from './arguments.js';
import { optionsOf } from './table.js';

const DEFAULT_CARD = 'virtio-net-pci in slot 1';

/** Parts by range requests, or, from a server that has none, all of it. */
async function addressed(address: URL): Promise<ByteSource> {
  const { openAddress } = await import('../platform/node/address-source.js');
  return (await openAddress(address)) ?? memorySource(new Uint8Array(await (await fetch(address)).arrayBuffer()));
}

/** Opens a snapshot that was named on the command line. Throws UsageError where it cannot be read, SnapshotError where it is none. */
export async function openNamed(argument: string, path: string, touched = true): Promise<OpenSnapshot> {
  let source;
  try {
    source = isAddress(path) ? await addressed(new URL(path)) : fileSource(path);
  } catch (error) {
    throw new UsageError(argument, withoutCodes((error as Error).message));
  }
  return openSnapshot(source, touched);
}

/** What the snapshot says that `run` is to go on from; undefined where it is to start one, or cannot be read: that is told with the other faults. */
export async function savedMachine(args: readonly string[]): Promise<SavedMachine | undefined> {
  const given = parseCommandLine(args, optionsOf('run')).given('restore');
  if (given === undefined) return undefined;
  try {
    const { file, about } = await openNamed(given.argument, given.value);
    file.source.close();
    return { hasDefaultCard: about.cards.includes(DEFAULT_CARD), cardsOfDisks: (given) => cardsInside(about.disks, given) };
  } catch {
    return undefined;
  }
}

/** `pintail-20261130-0912.snapshot` in the folder that the command runs in. */
function nameNow(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `pintail-${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}.snapshot`;
}

/** Saves a machine that is not running, and says where. What fails is said, and the machine goes on. */
export async function saveMachine(machine: LocalMachine, disks: boolean, now = new Date()): Promise<void> {
  const path = nameNow(now);
  try {
    const bytes = await machine.snapshot({ packed: true, disks });
    writeWhole(path, [bytes]);
    note(`saved as ${path} (${(bytes.length / 2 ** 20).toFixed(1)} MiB); "pintail run --snapshot ${path}" goes on from here.`);
  } catch (error) {
    note(`not saved: ${withoutCodes((error as Error).message)}`);
  }
}
