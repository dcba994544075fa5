/**
 * A machine into a snapshot and out of one: the sections of the module's own list (assembly/run/sections.ts), each by name and version, RAM, and the names of what
 * they hold by number. A restored machine's RAM comes whole and checked, or a page at a time when the guest or a device first touches it; its hash is the same.
 */

import {
  ABOUT, ABOUT_VERSION, ADDED, encodePlain, isReadable, memorySource, migrate, openSnapshotFile, PAGE, readAbout, readPage, readSection, savedSections, sectionNamed, SnapshotError, verify, writeAbout,
  type About, type ByteSource, type Part, type Saved, type SavedSection, type Section, type SnapshotFile,
} from '../snapshot/index.js';
import type { ModuleInstance } from '../rings/instance.js';
import { areSame, NAMES, NAMES_VERSION, parseNames, readNames, renumber, writeNames } from './section-names.js';
import { firstRange, moveAddresses, ramBytesOf, readState, stateRanges, videoBytesOf, type StateRange } from './state.js';
import { MIB } from './units.js';

const RAM = 'ram';
const MACHINE = 'machine';
const RAM_VERSION = 1;
/** What a machine can do without: of a version that is not known it is left out. */
const TLB: readonly string[] = ['tlb', 'tlb logs'];

/** An open snapshot. */
export interface OpenSnapshot {
  file: SnapshotFile;
  about: About;
  /** RAM comes when it is touched, and the file is needed until then. */
  touched: boolean;
  /** Drives that are in it and read from it: the file is theirs, then, and closed with them. */
  served?: ReadonlySet<string>;
}

/** All that the machine itself needs of it is there. */
export function closeSnapshot({ file, served }: OpenSnapshot): void {
  if (served === undefined || served.size === 0) file.source.close();
}

/** Opens a snapshot; unless `touched`, all of it is checked. Throws SnapshotError, which says what of it is wrong; then the source is closed. */
export async function openSnapshot(source: ByteSource, touched: boolean): Promise<OpenSnapshot> {
  try {
    const file = await openSnapshotFile(source);
    if (!touched) verify(file);
    return { file, about: readAbout(file), touched };
  } catch (error) {
    source.close();
    throw error;
  }
}

export const openSnapshotBytes = (bytes: Uint8Array, touched = false): Promise<OpenSnapshot> => openSnapshot(memorySource(bytes), touched);

/** Lets every page of RAM that still lies elsewhere come. */
export function bringAll({ exports }: ModuleInstance, ramBytes: number): void {
  for (let page = 0; exports.absentPages() !== 0 && page < ramBytes / PAGE; page++) exports.bringPage(page);
}

/** The whole state of a machine that is not running, which is left as it is: parts of a file, which refer to the machine's own memory. */
export function takeSnapshot(instance: ModuleInstance, about: Omit<About, 'build' | 'places'>, more: readonly Part[] = []): Uint8Array[] {
  const ramBytes = about.memoryMiB * MIB;
  bringAll(instance, ramBytes);
  const state = stateRanges(instance).map((range): Part => ({ name: range.name, version: range.version, content: readState(instance, range) }));
  return encodePlain([
    { name: ABOUT, version: ABOUT_VERSION, content: writeAbout({ build: instance.build, ...about }) },
    { name: NAMES, version: NAMES_VERSION, content: writeNames(readNames(instance)) },
    ...state,
    { name: RAM, version: RAM_VERSION, content: instance.bytes.subarray(instance.ram, instance.ram + ramBytes) },
    ...more,
  ]);
}

/** A file's sections on their way into an instance. */
interface Restoring {
  instance: ModuleInstance;
  file: SnapshotFile;
  sections: ReadonlyMap<string, SavedSection>;
  saved: Saved;
}

/** Refuses sections that this build has not, and misses those that it needs. */
function checkNames({ sections }: Restoring, ranges: readonly StateRange[], { build, disks }: About): void {
  const own = new Set([ABOUT, RAM, ...ranges.map(({ name }) => name)]), inside = new Set(disks.map((disk) => disk.inside));
  const strange = [...sections.values()].find(({ name }) => !own.has(name) && !inside.has(name) && name !== NAMES);
  const other = build === '' ? '' : ` It was taken by build ${build}.`;
  if (strange !== undefined) throw new SnapshotError(`The snapshot has a section "${strange.name}" (version ${strange.version}) that this build does not know.${other}`, strange.name);
  const missing = [...own].find((name) => !sections.has(name) && ADDED[name] === undefined);
  if (missing !== undefined) throw new SnapshotError(`The snapshot has no section "${missing}", which this build needs.${other}`, missing);
}

/** Puts a section's pages where they lie in the machine, where there are zeros: those that are zero are not touched. */
function putSection(restoring: Restoring, section: Section, range: StateRange): void {
  const { bytes: memory } = restoring.instance, { pages } = section;
  for (let i = 0; i < pages.length; i++) {
    if (pages[i] === 0) continue;
    const at = range.base + i * PAGE, end = Math.min(at + PAGE, range.base + section.bytes);
    // Most of an empty TLB is one page over and over.
    if (i > 0 && pages[i] === pages[i - 1] && end - at === PAGE) memory.copyWithin(at, at - PAGE, at);
    else putPage(restoring, section, range, i, at, end);
  }
}

function putPage({ instance, file }: Restoring, section: Section, range: StateRange, i: number, at: number, end: number): void {
  if (end - at === PAGE) readPage(file, section.pages[i]! - 1, instance.bytes.subarray(at, end), section, i);
  else instance.bytes.set(readSection(file, { ...section, pages: section.pages.subarray(i, i + 1), bytes: end - at }), at);
  placeAddresses(instance, range, at, end);
}

/** Addresses of a section that was read are distances from RAM. */
function placeAddresses({ bytes, ram }: ModuleInstance, { stride, addressAt }: StateRange, at: number, end: number): void {
  if (addressAt !== undefined) moveAddresses(bytes.subarray(at, end), stride, addressAt, ram);
}

function restoreRange(restoring: Restoring, range: StateRange): void {
  const { instance, sections, saved } = restoring, one = sections.get(range.name);
  if (one?.section !== undefined && one.version === range.version && one.bytes <= range.bytes) return putSection(restoring, one.section, range);
  instance.bytes.set(one === undefined ? ADDED[range.name]?.() ?? [] : migrate(range.name, one.version, one.content(), range, saved), range.base);
  placeAddresses(instance, range, range.base, range.base + range.bytes);
}

function restoreRam(instance: ModuleInstance, { file, about, touched }: OpenSnapshot): void {
  const section = sectionNamed(file, RAM)!;
  if (section.version !== RAM_VERSION || section.bytes !== about.memoryMiB * MIB) {
    throw new SnapshotError(`The section "${RAM}" (version ${section.version}) has ${section.bytes} bytes, for a machine of ${about.memoryMiB} MiB.`, RAM);
  }
  const { pages } = section;
  const put = (page: number): void => {
    const at = instance.ram + page * PAGE;
    readPage(file, pages[page]! - 1, instance.bytes.subarray(at, at + PAGE), section, page);
  };
  instance.supply!.page = put;
  for (let page = 0; page < pages.length; page++) {
    if (pages[page] === 0) continue;
    if (touched) instance.exports.expectPage(page);
    else put(page);
  }
}

/** The machine's own words say how much memory it and its screen have: they come first. */
function restoreSizes(restoring: Restoring): void {
  const own = firstRange(restoring.instance);
  if (own.name === MACHINE && restoring.sections.has(MACHINE)) restoreRange(restoring, own);
}

/** The screen's memory lies in what was made for this machine. */
function checkVideo(instance: ModuleInstance, { memoryMiB }: About): void {
  const { memory, ram } = instance, bytes = videoBytesOf(instance);
  if (ram + memoryMiB * MIB + bytes > memory.buffer.byteLength) throw new SnapshotError(`The section "${MACHINE}" says that the screen has ${bytes} bytes of memory, and there is none with so many.`, MACHINE);
}

/** Makes the caches. What another build saved by number goes where this one has it, which it knows once it is attached. */
function attach({ instance, sections }: Restoring, ranges: readonly StateRange[], isOwn: boolean): void {
  const { exports } = instance, names = sections.get(NAMES);
  exports.attach();
  if (isOwn || names === undefined) return;
  const had = names.version === NAMES_VERSION ? parseNames(names.content()) : undefined, now = readNames(instance);
  if (had === undefined) throw new SnapshotError(`The section "${NAMES}" (version ${names.version}) does not say the names of what was saved by number.`, NAMES);
  if (areSame(had, now)) return;
  renumber(instance, had, now, ranges);
  exports.attach();
}

/** Its slots mean what they mean here: of a version that can be read, and as many. */
const hasTlb = (one: SavedSection | undefined, { version, bytes }: StateRange): boolean => one !== undefined && one.bytes === bytes && isReadable(one.name, one.version, version);

/** Puts a snapshot into an instance with as much RAM as it had, of which nothing was called yet. What was left out is told in the notes it returns. */
export function restoreSnapshot(instance: ModuleInstance, snapshot: OpenSnapshot): string[] {
  const { file, about } = snapshot, restoring: Restoring = { instance, file, ...savedSections(file, about) };
  restoreSizes(restoring);
  const ranges = stateRanges(instance);
  checkNames(restoring, ranges, about);
  checkVideo(instance, about);
  const unknown = ranges.find((range) => TLB.includes(range.name) && !hasTlb(restoring.sections.get(range.name), range));
  for (const range of ranges) if (unknown === undefined || !TLB.includes(range.name)) restoreRange(restoring, range);
  if (ramBytesOf(instance) !== about.memoryMiB * MIB) throw new SnapshotError(`The machine of the snapshot has not the ${about.memoryMiB} MiB that its section "${ABOUT}" says.`, ABOUT);
  restoreRam(instance, snapshot);
  attach(restoring, ranges, about.build === instance.build);
  if (unknown !== undefined) instance.exports.dropTlb();
  if (snapshot.touched) instance.exports.bringMapped();
  if (unknown === undefined) return [];
  const { name, version, bytes } = restoring.sections.get(unknown.name)!;
  return [`the snapshot has version ${version} of the section "${name}", of ${bytes} bytes; this build knows version ${unknown.version}, of ${unknown.bytes}: the TLB starts empty`];
}
