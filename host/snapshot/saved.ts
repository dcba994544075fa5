/** The sections of a file as builds have them today: as they lie in it, or, of the first files, parts of what were regions then (first-sections.ts). */

import type { About } from './about.js';
import { FIRST_PARTS } from './first-sections.js';
import type { Section } from './index-table.js';
import type { Saved } from './migration.js';
import { readSection, sectionNamed, type SnapshotFile } from './read.js';

export interface SavedSection {
  name: string;
  version: number;
  bytes: number;
  /** Where its pages are in the file; undefined of a part. */
  section?: Section;
  content(): Uint8Array;
}

/** By name, and what migrations may ask of the file. */
export function savedSections(file: SnapshotFile, { places }: About): { sections: Map<string, SavedSection>; saved: Saved } {
  const all = file.sections.flatMap((section) => (places === undefined ? undefined : partsOf(file, section)) ?? [whole(file, section)]);
  const found = (name: string): Section => sectionNamed(file, name) ?? { name, version: 0, bytes: 0, pages: new Uint32Array(0) };
  return {
    sections: new Map(all.map((one) => [one.name, one])),
    saved: { place: (name) => places?.[name] ?? 0, content: (name) => readSection(file, found(name)), bytes: (name) => found(name).bytes },
  };
}

function whole(file: SnapshotFile, section: Section): SavedSection {
  const { name, version, bytes } = section;
  return { name, version, bytes, section, content: () => readSection(file, section) };
}

function partsOf(file: SnapshotFile, section: Section): SavedSection[] | undefined {
  let region: Uint8Array | undefined;
  const content = (): Uint8Array => (region ??= readSection(file, section));
  return FIRST_PARTS[section.name]?.map(([name, at, bytes]) => ({ name, version: section.version, bytes, content: () => content().subarray(at, at + bytes) }));
}
