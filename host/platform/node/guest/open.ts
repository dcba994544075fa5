/** Guests by name or folder, for a machine. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenGuest } from '../../../guest/open.js';
import type { GuestOptions } from '../../platform.js';
import { loadGuest } from './folder.js';
import { prepareGuest } from './prepare.js';

/** Opens, and where needed builds, the guest of that name, or opens the folder. Its files are held against the manifest once, here. */
export async function openGuest(name: string, options: GuestOptions): Promise<OpenGuest> {
  const { dir, manifest } = name === 'amd64' || name === 'i386' ? await prepareGuest(name, options) : await loadGuest(name);
  const nameOf = (row: { name: string }): string => join(dir, row.name);
  return { manifest, nameOf, read: (row) => readFile(nameOf(row)) };
}
