/**
 * Options with all that has to be read for them: what came by URL, as a Blob, or as a view of some kind is bytes afterwards, in a copy of the
 * options. Paths stay paths where they are read by who knows what they are for.
 */

import { brandOf, viewOf } from '../bytes/view.js';
import type { OpenGuest } from '../guest/open.js';
import { bytesOf, readSource } from './bytes.js';
import type { OpenSnapshot } from './snapshot.js';
import type { DriveOptions, FileSource, MachineOptions } from './types.js';

/** What is asked of a machine but for its snapshot. */
export type PlainOptions = Omit<MachineOptions, 'snapshot' | 'snapshotPages'>;

/** MachineOptions behind readSources: they could go to another thread. */
export interface SourceOptions extends MachineOptions {
  snapshot?: string | Uint8Array | URL;
  module?: Uint8Array;
}

/** The same with the snapshot open. */
export interface ReadOptions extends PlainOptions {
  snapshot?: OpenSnapshot;
  module?: Uint8Array;
  /** The guest, where it had to be looked at before. */
  openedGuest?: OpenGuest;
}

/** A path stays one; anything else is read. */
async function pathOrBytes(name: string, source: FileSource): Promise<string | Uint8Array> {
  return typeof source === 'string' ? source : readSource(name, source);
}

/** A disk's bytes are not copied: the guest's writes change them. */
function driveSource(source: DriveOptions['source']): DriveOptions['source'] {
  if (typeof source === 'string' || (typeof source === 'object' && source !== null && 'flush' in source)) return source;
  return viewOf(source) ?? bytesOf('drives.source', source);
}

/** An address whose parts are read when they are wanted. */
const isRanged = (source: FileSource, { snapshotPages }: MachineOptions): boolean => brandOf(source) === 'URL' && /^https?:$/.test((source as URL).protocol) && snapshotPages !== 'whole';

/** Throws OptionError, in the name of the option. */
export async function readSources(options: MachineOptions): Promise<SourceOptions> {
  const { snapshot, module, ...rest } = options;
  const read: SourceOptions = rest;
  if (snapshot !== undefined) read.snapshot = isRanged(snapshot, options) ? new URL((snapshot as URL).href) : await pathOrBytes('snapshot', snapshot);
  if (module !== undefined) read.module = await readSource('module', module);
  for (const name of ['kernel', 'initrd', 'bios'] as const) {
    const source = options[name];
    if (source !== undefined) read[name] = await pathOrBytes(name, source);
  }
  if (options.modules !== undefined) read.modules = await Promise.all(options.modules.map(async (module) => ({ ...module, file: await pathOrBytes('modules.file', module.file) })));
  if (options.devices !== undefined) read.devices = await Promise.all(options.devices.map(async (device) => (device.romfile === undefined ? device : { ...device, romfile: await pathOrBytes('devices.romfile', device.romfile) })));
  if (options.bare !== undefined) read.bare = { ...options.bare, code: bytesOf('bare.code', options.bare.code) };
  if (options.drives !== undefined) read.drives = options.drives.map((drive) => ({ ...drive, source: driveSource(drive.source) }));
  if (options.stdin !== undefined && viewOf(options.stdin) !== undefined) read.stdin = viewOf(options.stdin)!;
  return read;
}
