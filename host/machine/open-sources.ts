/** The snapshot among a machine's sources, opened: where a machine is made, and not where it is only asked for (sources.ts). */

import { platform } from '#platform';
import { isPacked, type ByteSource } from '../snapshot/index.js';
import { readSource } from './bytes.js';
import { OptionError } from './errors.js';
import { openSnapshot, openSnapshotBytes, type OpenSnapshot } from './snapshot.js';
import type { ReadOptions, SourceOptions } from './sources.js';
import type { MachineOptions } from './types.js';

/** A file is read where it lies, unless all of it is asked for. */
async function openSource(source: string | Uint8Array | URL, pages: MachineOptions['snapshotPages']): Promise<OpenSnapshot> {
  if (pages !== undefined && pages !== 'whole' && pages !== 'touched') throw new OptionError('snapshotPages', `"${String(pages)}" is neither whole nor touched.`);
  if (source instanceof URL) return openRanged(source, pages === 'touched');
  if (typeof source !== 'string') return openSnapshotBytes(source, pages === 'touched');
  const file = openPath(source);
  return file === undefined ? openSnapshotBytes(await readSource('snapshot', source), pages === 'touched') : openSnapshot(file, pages !== 'whole');
}

/** What is packed, or comes from a server or to a thread that cannot do it, comes whole. */
async function openRanged(address: URL, touched: boolean): Promise<OpenSnapshot> {
  let ranged;
  try {
    ranged = await platform.openAddress(address);
  } catch (error) {
    throw new OptionError('snapshot', `cannot read ${address.href}: ${(error as Error).message}.`);
  }
  if (ranged !== undefined && !isPacked(ranged)) return openSnapshot(ranged, true);
  ranged?.close();
  return openSnapshotBytes(await readSource('snapshot', address), touched);
}

function openPath(path: string): ByteSource | undefined {
  try {
    return platform.openFile(path);
  } catch (error) {
    throw new OptionError('snapshot', `cannot read ${path}: ${(error as Error).message}.`);
  }
}

/** Opens the snapshot among them. Throws SnapshotError, and OptionError where there is no such file. */
export async function openSources({ snapshot, snapshotPages, ...rest }: SourceOptions): Promise<ReadOptions> {
  return snapshot === undefined ? rest : { ...rest, snapshot: await openSource(snapshot, snapshotPages) };
}
