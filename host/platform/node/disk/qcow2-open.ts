/** Opening a qcow2 image with the images below it. */

import { dirname, isAbsolute, join } from 'node:path';
import type { Disk } from '../../../disk/disk.js';
import { DiskError } from '../../../disk/errors.js';
import type { FileDiskOptions } from '../../platform.js';
import { openFileDisk } from './file.js';
import { openGrowingFile } from './growing-file.js';
import { Qcow2 } from './qcow2.js';
import { HEADER_AREA, readHeader, type Header } from './qcow2-header.js';

/** Images one below the other. */
const MOST_BELOW = 32;

/** Throws DiskError. */
export async function openQcow2(path: string, { readOnly, locking }: Pick<FileDiskOptions, 'readOnly' | 'locking'>, depth = 0): Promise<Disk> {
  const file = openGrowingFile(path, { readOnly, locking });
  let below: Disk | undefined;
  try {
    const area = new Uint8Array(Math.min(HEADER_AREA, file.size()));
    await file.read(0, area);
    const header = readHeader(path, area, file.size());
    if (header.backing !== undefined) below = await openBelow(path, header.backing, locking, depth);
    return await Qcow2.open(file, header, readOnly, below);
  } catch (error) {
    file.close();
    await below?.close();
    throw error;
  }
}

/** The image below, by its path from where the one above is. Its format is what the one above says: a raw disk may hold anything, also what looks like an image. */
async function openBelow(above: string, { name, format }: NonNullable<Header['backing']>, locking: boolean, depth: number): Promise<Disk> {
  if (depth >= MOST_BELOW) throw new DiskError(`${above} has more than ${MOST_BELOW} images below it.`);
  const plain = name.replace(/^file:/, '');
  if (/^(?:json:|[a-z][a-z0-9+.-]+:)/i.test(plain)) throw new DiskError(`${above} is over "${name}", which is no path of a file.`);
  const path = isAbsolute(plain) ? plain : join(dirname(above), plain);
  const options = { readOnly: true, unmap: false, locking };
  if (format === undefined) throw new DiskError(`${above} does not say what format ${name} below it has; qemu-img rebase -u -b ${name} -F raw (or qcow2) ${above} writes it.`);
  if (format === 'qcow2') return openQcow2(path, options, depth + 1);
  if (format !== 'raw') throw new DiskError(`${above} is over ${name}, which is ${format}; raw and qcow2 are read.`);
  return openFileDisk(path, options);
}
