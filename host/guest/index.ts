/** Guests: prepared ones from Debian's packages, imported ones, and what is added to them. */
export { addFiles, checkGuestPath, parseAddition, type Addition } from './add.js';
export { writeCpio } from './cpio.js';
export { DEFAULT_APPEND, type DebianGuestName } from './debian.js';
export { GuestError, NoPackageClient } from './errors.js';
export { importGuest, type ImportOptions } from './import.js';
export { loadGuest, readManifest, type Guest, type Manifest, type ManifestFile } from './manifest.js';
export { buildGuest, defaultCacheDir, prepareGuest, type PrepareOptions } from './prepare.js';
export * from './protocol.js';
