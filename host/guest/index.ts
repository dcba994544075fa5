/** Guests, for programs on Node: prepared ones from Debian's packages, imported ones, and what is added to them. */
export { addFiles, type Addition } from './add.js';
export { writeCpio } from './cpio.js';
export { GuestError, NoPackageClient } from './errors.js';
export type { Manifest, ManifestFile } from './manifest.js';
export * from './protocol.js';
export { parseAddition } from '../platform/node/guest/addition.js';
export { DEFAULT_APPEND, type DebianGuestName } from '../platform/node/guest/recipe.js';
export { loadGuest, readManifest, type Guest } from '../platform/node/guest/folder.js';
export { importGuest, MOST_IN_MEMORY, type ImportOptions } from '../platform/node/guest/import.js';
export { defaultCacheDir } from '../platform/node/guest/cache-dir.js';
export { buildGuest, prepareGuest, type PrepareOptions } from '../platform/node/guest/prepare.js';
export { buildHeaders } from '../platform/node/guest/headers.js';
export { buildRoot } from '../platform/node/guest/root-packages.js';
