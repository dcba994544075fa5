/** A prepared guest, wherever it is: a folder or an address. */

import type { Manifest, ManifestFile } from './manifest.js';

export interface OpenGuest {
  manifest: Manifest;
  /** Path or address of a file, for messages. */
  nameOf(row: ManifestFile): string;
  /** A file's bytes. Rejected with GuestError where they are not what the manifest says. */
  read(row: ManifestFile): Promise<Uint8Array>;
}
