/** What a snapshot says of itself, as JSON in its first section. */

import { SnapshotError } from './errors.js';
import { readSection, sectionNamed, type SnapshotFile } from './read.js';

export const ABOUT = 'about';
export const ABOUT_VERSION = 2;
/** With the places of sections that were regions (first-sections.ts). */
const FIRST_VERSION = 1;

/** A disk that the machine had, which stays where it is, or is in the file, too. */
export interface DiskNote {
  id: string;
  bytes: number;
  /** Where it is, if it is a file. */
  path?: string;
  /** Of what is on it. */
  digest?: string;
  /** The section with what is on it. */
  inside?: string;
  /** Such a disk's card, as DeviceOptions. */
  card?: unknown;
}

export interface About {
  /** First 16 hex digits of the SHA-256 of the module that took it. */
  build: string;
  /** Of the first version: where in linear memory each region lay. */
  places?: Record<string, number>;
  memoryMiB: number;
  /** Cards, in words: a machine goes on with those it had. */
  cards: string[];
  /** The prepared guest that it was started with. */
  guest?: string;
  /** It has the generation id of a direct boot (host/boot/acpi/board.ts). */
  generation?: boolean;
  /** The guest's agent was up and waiting for a command. */
  agentReady: boolean;
  /** The last of the cards is the agent's. */
  agentCard?: boolean;
  /** Bytes of each output ring that were handed on before and still lie there. */
  shown: number[];
  disks: DiskNote[];
}

export const writeAbout = (about: About): Uint8Array => new TextEncoder().encode(JSON.stringify(about));

function isAbout(value: unknown): value is About {
  const it = value as Partial<About> | null;
  const texts = (list: unknown): boolean => Array.isArray(list) && list.every((one) => typeof one === 'string');
  return (
    typeof it === 'object' && it !== null && typeof it.build === 'string' && (it.places === undefined || (typeof it.places === 'object' && it.places !== null)) && Number.isInteger(it.memoryMiB) && it.memoryMiB! >= 1 && it.memoryMiB! <= 4096 && texts(it.cards) &&
    typeof it.agentReady === 'boolean' && Array.isArray(it.shown) && it.shown.every((bytes) => Number.isInteger(bytes)) && Array.isArray(it.disks)
  );
}

/** Throws SnapshotError where the section is missing, of another version, or damaged. */
export function readAbout(file: SnapshotFile): About {
  const section = sectionNamed(file, ABOUT);
  if (section === undefined) throw new SnapshotError(`The snapshot has no section "${ABOUT}".`, ABOUT);
  const { version } = section;
  if (version < FIRST_VERSION || version > ABOUT_VERSION) throw new SnapshotError(`The snapshot has version ${version} of the section "${ABOUT}"; this build reads versions ${FIRST_VERSION} to ${ABOUT_VERSION}.`, ABOUT);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(readSection(file, section)));
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
  }
  if (!isAbout(value) || (value.places === undefined) === (version === FIRST_VERSION)) throw new SnapshotError(`The section "${ABOUT}" does not say what a snapshot says of itself.`, ABOUT);
  return value;
}
