/**
 * Sections of other builds. A section's layout has a version (assembly/run/sections.ts); when it changes, a row here says how what was saved under the version
 * before is to be read, one small function a step. What has only grown at its end needs no step: what is new there is zero. A section that a build is the first
 * to have needs a row in ADDED. What builds before sections were parts of the machine have saved is taken apart in first-sections.ts.
 */

import { SnapshotError } from './errors.js';
import { FIRST_STEPS } from './first-sections.js';
import { growContexts, moveUnit } from './iommu-steps.js';
import type { Migrations, Saved } from './migration.js';

export const MIGRATIONS: Migrations = {
  ...FIRST_STEPS,
  // The last pages of the region, which no ring used, went to labs.
  'serial rings': { 1: (content) => content.subarray(0, 504 << 10) },
  // Scalable mode came.
  iommu: { 1: moveUnit },
  'iommu contexts': { 1: growContexts },
};

/** Sections that files of builds before have not, and what such a machine has there; of no bytes: zeros. */
export const ADDED: Readonly<Record<string, () => Uint8Array>> = {
  // Zeros are what a lab has that nobody has asked for more.
  'lab traffic': () => new Uint8Array(),
};

export interface Known {
  version: number;
  bytes: number;
}

/** A section's content as this build lays it out. Throws SnapshotError where no chain of steps leads there. */
export function migrate(name: string, version: number, content: Uint8Array, known: Known, saved: Saved, migrations: Migrations = MIGRATIONS): Uint8Array {
  let now = version, bytes = content;
  while (now < known.version) {
    const step = migrations[name]?.[now];
    if (step === undefined) break;
    bytes = step(bytes, saved);
    now++;
  }
  if (now !== known.version) throw new SnapshotError(`The snapshot has version ${version} of the section "${name}"; this build reads ${readable(name, known.version, migrations)}. Restore it with the build that took it.`, name);
  if (bytes.length > known.bytes) throw new SnapshotError(`The section "${name}" has ${bytes.length} bytes; this build has room for ${known.bytes}. Restore it with the build that took it.`, name);
  return bytes;
}

/** Whether a section of this version can be read. */
export function isReadable(name: string, version: number, known: number, migrations: Migrations = MIGRATIONS): boolean {
  for (let now = version; now < known; now++) if (migrations[name]?.[now] === undefined) return false;
  return version <= known;
}

function readable(name: string, version: number, migrations: Migrations): string {
  let first = version;
  while (migrations[name]?.[first - 1] !== undefined) first--;
  return first === version ? `version ${version}` : `versions ${first} to ${version}`;
}
