/**
 * What a snapshot says of disks that stay where they are: how large they are, and a digest of what is on them, so that one that was changed
 * meanwhile is told before the guest goes on with it. Of a large disk pieces are looked at, evenly over all of it.
 */

import type { Drive } from '../disk/open.js';
import { digestHex, join, SnapshotError, type DiskNote } from '../snapshot/index.js';
import type { DriveOptions } from './types.js';

const PIECE = 64 << 10;
/** 64 MiB. */
const MOST_PIECES = 1024;

async function digestOf({ disk }: Drive): Promise<string> {
  const all = Math.ceil(disk.bytes / PIECE), count = Math.min(all, MOST_PIECES);
  const text: string[] = [];
  const buffer = new Uint8Array(PIECE);
  for (let i = 0; i < count; i++) {
    const at = (count === all ? i : Math.floor((i * (all - 1)) / (count - 1))) * PIECE;
    const piece = buffer.subarray(0, Math.min(PIECE, disk.bytes - at));
    await disk.read(at, piece);
    text.push(digestHex(piece));
  }
  return digestHex(join(text.map((hex) => new TextEncoder().encode(hex))));
}

/** Of a machine that is not running. */
export async function noteDisks(drives: ReadonlyMap<string, Drive>, options: readonly DriveOptions[] = []): Promise<DiskNote[]> {
  const notes: DiskNote[] = [];
  for (const [id, drive] of drives) {
    const source = options.find((option) => option.id === id)?.source;
    notes.push({ id, bytes: drive.disk.bytes, digest: await digestOf(drive), ...(typeof source === 'string' ? { path: source } : {}) });
  }
  return notes;
}

const nameOf = ({ id, path }: DiskNote): string => (path === undefined ? `"${id}"` : `"${id}" (${path})`);

/** Throws SnapshotError where a disk is not there, of another size, or holds something else. Disks the snapshot does not know are the cards' matter. */
export async function checkDisks(notes: readonly DiskNote[], drives: ReadonlyMap<string, Drive>): Promise<void> {
  for (const note of notes) {
    const drive = drives.get(note.id);
    if (drive === undefined) throw new SnapshotError(`The snapshot was taken with the drive ${nameOf(note)}, which is not there. Give it the same id.`);
    const { bytes } = drive.disk;
    if (bytes !== note.bytes) throw new SnapshotError(`The drive ${nameOf(note)} has ${bytes} bytes; when the snapshot was taken it had ${note.bytes}.`);
    if (note.digest !== undefined && (await digestOf(drive)) !== note.digest) {
      throw new SnapshotError(`The drive ${nameOf(note)} was changed since the snapshot was taken. Give it as it was: a copy, or an overlay that is kept.`);
    }
  }
}
