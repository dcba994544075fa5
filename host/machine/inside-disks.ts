/**
 * Disks inside a snapshot: each is a section of the file, of which pages are read when the guest reads them, each checked by its digest. What is written
 * is kept in memory: the file stays as it is, and others may go on from it.
 */

import { withOverlay } from '../disk/memory.js';
import type { Disk } from '../disk/disk.js';
import type { Drive } from '../disk/open.js';
import { PAGE, readPage, SnapshotError, sectionNamed, type DiskNote, type Part, type Section, type SnapshotFile } from '../snapshot/index.js';
import { MachineError } from './errors.js';
import type { OpenSnapshot } from './snapshot.js';
import type { DeviceOptions, DriveOptions } from './types.js';
import { MIB } from './units.js';

const VERSION = 1;
/** Its bytes are in memory at once while the file is made. */
const MOST_BYTES = 2048 * MIB;
/** What a card may say that a file names: nothing that leads to the host. */
const CARD_KEYS: readonly (keyof DeviceOptions)[] = ['model', 'slot', 'drive', 'serial', 'bus', 'unit', 'writeCache', 'logicalBlockBytes', 'physicalBlockBytes', 'queues', 'vectors', 'modernOnly', 'legacyOnly', 'features', 'id'];

const plainCard = (card: DeviceOptions): DeviceOptions => Object.fromEntries(CARD_KEYS.flatMap((key) => (card[key] === undefined ? [] : [[key, card[key]]]))) as unknown as DeviceOptions;

/** The notes with where each disk is in the file, and those sections. */
export async function putDisksInside(notes: readonly DiskNote[], drives: ReadonlyMap<string, Drive>, cards: readonly DeviceOptions[]): Promise<{ notes: DiskNote[]; parts: Part[] }> {
  const parts: Part[] = [];
  const inside = notes.map((note, i): DiskNote => {
    const card = cards.find(({ drive }) => drive === note.id);
    return { ...note, inside: `disk ${i}`, ...(card === undefined ? {} : { card: plainCard(card) }) };
  });
  for (const { id, bytes, inside: name } of inside) {
    if (bytes > MOST_BYTES) throw new MachineError(`snapshot(): the drive "${id}" has ${bytes} bytes; inside a snapshot there is room for ${MOST_BYTES}. Leave disks out.`);
    const content = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += MIB) await drives.get(id)!.disk.read(at, content.subarray(at, at + MIB));
    parts.push({ name: name!, version: VERSION, content });
  }
  return { notes: inside, parts };
}

function sectionOf(file: SnapshotFile, { id, inside, bytes }: DiskNote): Section {
  const section = sectionNamed(file, inside!);
  if (section === undefined) throw new SnapshotError(`The snapshot has no section "${inside}", which its drive "${id}" is in.`, inside);
  if (section.version !== VERSION || section.bytes !== bytes) throw new SnapshotError(`The section "${inside}" (version ${section.version}) has ${section.bytes} bytes, for a drive of ${bytes}.`, inside);
  return section;
}

/** What the file has of a disk; closing it closes the file. */
function openInside({ file }: OpenSnapshot, section: Section): Disk {
  const page = new Uint8Array(PAGE);
  const refuse = (): never => {
    throw new SnapshotError('A snapshot is not written to.');
  };
  return {
    bytes: section.bytes, readOnly: true, write: refuse, zero: refuse, discard: refuse, flush: () => undefined,
    read(at, into) {
      for (let done = 0; done < into.length; ) {
        const offset = (at + done) % PAGE, number = (at + done - offset) / PAGE, bytes = Math.min(PAGE - offset, into.length - done);
        if (section.pages[number] === 0) into.fill(0, done, done + bytes);
        else {
          readPage(file, section.pages[number]! - 1, page, section, number);
          into.set(page.subarray(offset, offset + bytes), done);
        }
        done += bytes;
      }
    },
    close: async () => file.source.close(),
  };
}

/** Drives for the disks in the snapshot that the options have none for. The snapshot is told, since its file is needed as long as they are. */
export function drivesInside(snapshot: OpenSnapshot, given: readonly DriveOptions[]): DriveOptions[] {
  const notes = snapshot.about.disks.filter(({ id, inside }) => inside !== undefined && !given.some((drive) => drive.id === id));
  const drives = notes.map((note): DriveOptions => ({ id: note.id, source: withOverlay(openInside(snapshot, sectionOf(snapshot.file, note))) }));
  snapshot.served = new Set(notes.map(({ id }) => id));
  return drives;
}

/** Cards of the disks inside, where a command line has none for them. */
export function cardsInside(disks: readonly DiskNote[], given: ReadonlySet<string>): DeviceOptions[] {
  return disks.flatMap(({ id, inside, card }) => (inside === undefined || given.has(id) || typeof card !== 'object' || card === null ? [] : [plainCard({ ...(card as DeviceOptions), drive: id })]));
}
