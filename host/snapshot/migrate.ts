/**
 * Sections of other builds. A section's layout has a version (assembly/base/regions.ts regionVersion); when it changes, a row here says how what
 * was saved under the version before is to be read, one small function a step.
 */

import { SnapshotError } from './errors.js';

export type Migration = (content: Uint8Array) => Uint8Array;
/** By section, then by the version that a step starts from. */
export type Migrations = Readonly<Record<string, Readonly<Record<number, Migration>>>>;

export const MIGRATIONS: Migrations = {};

export interface Known {
  version: number;
  bytes: number;
}

/** A section's content as this build lays it out. Throws SnapshotError where no chain of steps leads there. */
export function migrate(name: string, version: number, content: Uint8Array, known: Known, migrations: Migrations = MIGRATIONS): Uint8Array {
  let now = version, bytes = content;
  while (now < known.version) {
    const step = migrations[name]?.[now];
    if (step === undefined) break;
    bytes = step(bytes);
    now++;
  }
  if (now !== known.version) throw new SnapshotError(`The snapshot has version ${version} of the section "${name}"; this build reads ${readable(name, known.version, migrations)}. Restore it with the build that took it.`, name);
  if (bytes.length > known.bytes) throw new SnapshotError(`The section "${name}" has ${bytes.length} bytes; this build has room for ${known.bytes}. Restore it with the build that took it.`, name);
  return bytes;
}

function readable(name: string, version: number, migrations: Migrations): string {
  let first = version;
  while (migrations[name]?.[first - 1] !== undefined) first--;
  return first === version ? `version ${version}` : `versions ${first} to ${version}`;
}
