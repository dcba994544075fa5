/** Snapshots as files: what they are (format.ts), and how they are read, written and packed. Nothing here knows the machine; file.ts alone needs Node. */

export { ABOUT, ABOUT_VERSION, readAbout, writeAbout, type About, type DiskNote } from './about.js';
export { digestHex } from './digest.js';
export { SnapshotError } from './errors.js';
export { PAGE, Packing } from './format.js';
export type { Section } from './index-table.js';
export { ADDED, isReadable, migrate } from './migrate.js';
export type { Saved } from './migration.js';
export { savedSections, type SavedSection } from './saved.js';
export { isPacked, openSnapshotFile, packSnapshot, type Deflate } from './pack.js';
export { openPlain, readPage, readSection, sectionNamed, verify, type SnapshotFile } from './read.js';
export { memorySource, type ByteSource } from './source.js';
export { encodePlain, join, type Part } from './write.js';
