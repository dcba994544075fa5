/** Guests: prepared ones from Debian's packages, imported ones, and what is added to them. */
export { writeCpio } from './cpio.js';
export { DEFAULT_APPEND, type DebianGuestName } from './debian.js';
export { GuestError, NoPackageClient } from './errors.js';
export { loadGuest, type Guest, type Manifest, type ManifestFile } from './manifest.js';
export { defaultCacheDir, prepareGuest, type PrepareOptions } from './prepare.js';
export * from './protocol.js';
