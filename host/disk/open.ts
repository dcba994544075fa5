/** From a drive's options to its disk. */

import { platform } from '#platform';
import { viewOf } from '../bytes/view.js';
import { formatOf, type DriveOptions } from './options.js';
import type { Disk } from './disk.js';
import { DiskError } from './errors.js';
import { openMemoryDisk, withOverlay } from './memory.js';
import { SECTOR_BYTES } from './sector.js';

/** A disk, and what the card in front of it must know of it. */
export interface Drive {
  disk: Disk;
  /** The guest starts without a write cache. */
  writethrough: boolean;
  /** A flush is not passed on. */
  unsafe: boolean;
}

const CACHES: readonly NonNullable<DriveOptions['cache']>[] = ['writeback', 'writethrough', 'none', 'directsync', 'unsafe'];

function checkTogether({ source, snapshot, overlay, readOnly, cache, format }: DriveOptions): void {
  if (cache !== undefined && !CACHES.includes(cache)) throw new DiskError(`cache "${String(cache)}" is none of ${CACHES.join(', ')}.`);
  if (!['raw', 'qcow2', undefined].includes(format)) throw new DiskError(`format "${String(format)}" is none of raw, qcow2.`);
  if (format === 'qcow2' && typeof source !== 'string') throw new DiskError('a qcow2 image is given by its path.');
  if (overlay === undefined) return;
  if (formatOf(source, format) === 'qcow2') throw new DiskError('an overlay is over a raw image; of a qcow2 image qemu-img create -b makes one.');
  if (typeof source !== 'string') throw new DiskError('an overlay needs an image by path below it.');
  if (snapshot) throw new DiskError('snapshot and overlay exclude each other: one forgets what is written, the other keeps it.');
  if (readOnly) throw new DiskError('an overlay is there to be written to; leave readOnly out.');
}

function isDisk(source: DriveOptions['source']): source is Disk {
  return typeof source === 'object' && source !== null && 'flush' in source;
}

async function openDisk(options: DriveOptions): Promise<Disk> {
  const { source, readOnly = false, snapshot = false, overlay, discard = 'ignore', locking = true } = options;
  checkTogether(options);
  if (isDisk(source)) return snapshot ? withOverlay(source) : source;
  if (typeof source !== 'string') {
    const content = viewOf(source);
    if (content === undefined) throw new DiskError('the source is neither a path, nor bytes, nor an object with the methods of Disk.');
    if (content.length === 0 || content.length % SECTOR_BYTES !== 0) throw new DiskError(`a disk of ${content.length} bytes is no whole number of sectors of ${SECTOR_BYTES} bytes.`);
    const disk = openMemoryDisk(content, readOnly);
    return snapshot ? withOverlay(disk) : disk;
  }
  if (overlay !== undefined) return platform.openOverlay(overlay, source, locking);
  const disk = await platform.openFileDisk(source, { readOnly: readOnly || snapshot, unmap: discard === 'unmap', locking, format: formatOf(source, options.format) });
  return snapshot ? withOverlay(disk) : disk;
}

/** Opens what a drive names. Throws DiskError. */
export async function openDrive(options: DriveOptions): Promise<Drive> {
  const { cache = 'writeback' } = options;
  return { disk: await openDisk(options), writethrough: cache === 'writethrough' || cache === 'directsync', unsafe: cache === 'unsafe' };
}
