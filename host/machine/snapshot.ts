/**
 * A machine into a snapshot and out of one: the state sections of the module's own list (assembly/base/regions.ts), each by name and version, and
 * RAM. A restored machine's RAM comes whole and checked, or a page at a time when the guest or a device first touches it; its hash is the same.
 */

import { ABOUT, ABOUT_VERSION, encodePlain, memorySource, migrate, openSnapshotFile, PAGE, readAbout, readPage, readSection, sectionNamed, SnapshotError, verify, writeAbout, type About, type ByteSource, type Part, type Section, type SnapshotFile } from '../snapshot/index.js';
import type { ModuleInstance } from '../rings/instance.js';
import { RAM_REGION, readState, stateRanges, type StateRange } from './state.js';
import { MIB } from './units.js';

const RAM = 'ram';
const MACHINE = 'machine';
const RAM_VERSION = 1;
/** What can be made again: of another build it is left out, since its entries are addresses of that. */
const ANEW: readonly string[] = ['tlb', 'tlb logs'];

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
  const ranges = stateRanges(instance);
  const places = Object.fromEntries([...ranges, { name: RAM, base: instance.ram }].map(({ name, base }) => [name, base]));
  const state = ranges.map((range): Part => ({ name: range.name, version: range.version, content: readState(instance, range) }));
  return encodePlain([
    { name: ABOUT, version: ABOUT_VERSION, content: writeAbout({ build: instance.build, places, ...about }) },
    ...state,
    { name: RAM, version: RAM_VERSION, content: instance.bytes.subarray(instance.ram, instance.ram + ramBytes) },
    ...more,
  ]);
}

/** Refuses sections that this build has not, and misses those that it needs. */
function checkNames(file: SnapshotFile, ranges: readonly StateRange[], { build, disks }: About): void {
  const own = new Set([ABOUT, RAM, ...ranges.map(({ name }) => name)]), inside = new Set(disks.map((disk) => disk.inside));
  const strange = file.sections.find(({ name }) => !own.has(name) && !inside.has(name));
  const other = build === '' ? '' : ` It was taken by build ${build}.`;
  if (strange !== undefined) throw new SnapshotError(`The snapshot has a section "${strange.name}" (version ${strange.version}) that this build does not know.${other}`, strange.name);
  const missing = [...own].find((name) => sectionNamed(file, name) === undefined);
  if (missing !== undefined) throw new SnapshotError(`The snapshot has no section "${missing}", which this build needs.${other}`, missing);
}

/** Puts a section's pages where they lie in the machine, where there are zeros: those that are zero are not touched. */
function putSection(instance: ModuleInstance, file: SnapshotFile, section: Section, range: StateRange): void {
  for (let i = 0; i < section.pages.length; i++) {
    const page = section.pages[i]!;
    if (page === 0) continue;
    const at = range.base + i * PAGE, end = Math.min(at + PAGE, range.base + section.bytes);
    if (end - at === PAGE) readPage(file, page - 1, instance.bytes.subarray(at, end), section, i);
    else instance.bytes.set(readSection(file, { ...section, pages: section.pages.subarray(i, i + 1), bytes: end - at }), at);
  }
}

function restoreRange(instance: ModuleInstance, file: SnapshotFile, range: StateRange): void {
  const section = sectionNamed(file, range.name)!;
  if (section.version === range.version && section.bytes <= range.bytes) return putSection(instance, file, section, range);
  instance.bytes.set(migrate(range.name, section.version, readSection(file, section), range), range.base);
}

/** State has addresses of linear memory in it (of rings, of items of fw_cfg): a build that moved a part cannot go on with it. */
function checkPlaces(instance: ModuleInstance, ranges: readonly StateRange[], { places, build }: About): void {
  const moved = [...ranges, { name: RAM, base: instance.ram }].find(({ name, base }) => !ANEW.includes(name) && places[name] !== base);
  if (moved !== undefined) throw new SnapshotError(`The section "${moved.name}" lies elsewhere in this build than in build ${build}, which took the snapshot. Restore it with that.`, moved.name);
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
function restoreSizes(instance: ModuleInstance, file: SnapshotFile): void {
  const own = stateRanges(instance).find(({ name }) => name === MACHINE);
  if (own !== undefined && sectionNamed(file, MACHINE) !== undefined) restoreRange(instance, file, own);
}

/** The screen's memory lies in what was made for this machine. */
function checkVideo({ exports, memory, ram }: ModuleInstance, { memoryMiB }: About): void {
  const bytes = exports.regionBytes(exports.regionCount() - 1) >>> 0;
  if (ram + memoryMiB * MIB + bytes > memory.buffer.byteLength) throw new SnapshotError(`The section "${MACHINE}" says that the screen has ${bytes} bytes of memory, and there is none with so many.`, MACHINE);
}

/** Puts a snapshot into an instance with as much RAM as it had, of which nothing was called yet. What was left out is told in the notes it returns. */
export function restoreSnapshot(instance: ModuleInstance, snapshot: OpenSnapshot): string[] {
  const { file, about } = snapshot;
  const isOwn = about.build === instance.build, { regionBytes } = instance.exports;
  restoreSizes(instance, file);
  const ranges = stateRanges(instance);
  checkNames(file, ranges, about);
  checkPlaces(instance, ranges, about);
  checkVideo(instance, about);
  for (const range of ranges) if (isOwn || !ANEW.includes(range.name)) restoreRange(instance, file, range);
  if (regionBytes(RAM_REGION(instance)) >>> 0 !== about.memoryMiB * MIB) throw new SnapshotError(`The machine of the snapshot has not the ${about.memoryMiB} MiB that its section "${ABOUT}" says.`, ABOUT);
  restoreRam(instance, snapshot);
  // Caches (decoded code, register tables) are made again from the state.
  instance.exports.attach();
  if (!isOwn) instance.exports.dropTlb();
  if (snapshot.touched) instance.exports.bringMapped();
  return isOwn ? [] : [`the snapshot was taken by build ${about.build}, this is ${instance.build}: the TLB starts empty`];
}
