/** The manifest of a prepared guest: what its files are, and digests that prove them whole. */

import { GuestError } from './errors.js';

export const MANIFEST_NAME = 'manifest.json';
/** 2: the command line states no rate of the TSC, which is another now. 3: the agent speaks version 2 of the protocol. 4: version 3. 5: version 4. */
export const FORMAT = 5;

export interface ManifestFile {
  /** Name within the folder. */
  name: string;
  bytes: number;
  sha256: string;
  /** What it is. */
  about: string;
}

/** A packed snapshot. */
export interface WaitingFile extends ManifestFile {
  memoryMiB: number;
  /** What its console shows. */
  screen: string;
}

/** Among a guest's other files: an archive over its initrd, for machines with drives on controllers or a remapping unit. */
export const DRIVES_FILE = 'drives';

export interface Manifest {
  format: typeof FORMAT;
  /** `amd64`, `i386`, or the name of an imported guest. */
  name: string;
  /** Of the kernel. */
  version: string;
  /** Changes when what we put in changes; a cached guest of another recipe is made anew. */
  recipe: string;
  /** The kernel command line it is meant for. */
  append: string;
  /** The least memory, in bytes, that it is sure to start in. */
  memory: number;
  /** Whether it answers on the control port (protocol.ts). */
  agent: boolean;
  packages: { name: string; version: string; sha256: string }[];
  kernel: ManifestFile;
  initrd: ManifestFile;
  /** A disk with the root file system, where that is not in the initrd. */
  root?: ManifestFile;
  /** The guest booted to its prompt, which a machine may go on from. */
  waiting?: WaitingFile;
  /** Files that are not needed to boot. */
  others: ManifestFile[];
}

/** What to do about a guest that is not whole. */
export const REBUILD = 'Build it again with `pintail guest build --out DIR`.';

function isFile(value: unknown): value is ManifestFile {
  const row = value as Partial<ManifestFile> | null;
  return (
    typeof row === 'object' && row !== null && typeof row.name === 'string' && /^[^/\\]+$/.test(row.name) && row.name !== '..' &&
    Number.isSafeInteger(row.bytes) && typeof row.sha256 === 'string'
  );
}

function isManifest(value: unknown): value is Manifest {
  const it = value as Partial<Manifest> | null;
  return (
    typeof it === 'object' && it !== null && it.format === FORMAT && typeof it.name === 'string' && typeof it.version === 'string' &&
    typeof it.append === 'string' && typeof it.memory === 'number' && isFile(it.kernel) && isFile(it.initrd) && (it.root === undefined || isFile(it.root)) &&
    (it.waiting === undefined || (isFile(it.waiting) && Number.isInteger(it.waiting.memoryMiB) && typeof it.waiting.screen === 'string'))
  );
}

/** Reads a manifest's text; `where` is its path or address, for errors. Throws GuestError. */
export function parseManifest(text: string, where: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GuestError(`${where} is not JSON`, REBUILD);
  }
  if (!isManifest(value)) throw new GuestError(`${where} is not a guest manifest of format ${FORMAT}`, REBUILD);
  return value;
}

/** Holds a file's length against its row. Throws GuestError. */
export function checkLength(where: string, row: ManifestFile, bytes: number): void {
  if (bytes !== row.bytes) throw new GuestError(`${where} has ${bytes} bytes, its manifest says ${row.bytes}`, REBUILD);
}

/** Holds a file's digest against its row. Throws GuestError. */
export function checkDigest(where: string, row: ManifestFile, sha256: string): void {
  if (sha256 !== row.sha256) throw new GuestError(`${where} is not what its manifest says (the SHA-256 digest differs)`, REBUILD);
}

/** What a guest needs to boot. */
export const rowsOf = ({ kernel, initrd, root }: Manifest): ManifestFile[] => [kernel, initrd, ...(root === undefined ? [] : [root])];
