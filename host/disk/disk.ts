/**
 * What is behind a disk: a file, or bytes in memory, and an overlay in memory that keeps writes from either. Everything is done
 * at once, because the guest's time stands still until a request is answered.
 */

import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { SECTOR_BYTES } from './sector.js';


export interface Disk {
  readonly bytes: number;
  readonly readOnly: boolean;
  /** Fills `into` from byte `at`. Throws where the host cannot. */
  read(at: number, into: Uint8Array): void;
  write(at: number, from: Uint8Array): void;
  /** Returns when everything written will survive a loss of power. */
  flush(): void;
  close(): void;
}

/** Where a disk is no whole number of sectors, the rest of its last one is not there. */
function wholeSectors(bytes: number): number {
  return bytes - (bytes % SECTOR_BYTES);
}

/** A raw image. What is written goes to the file at once; `flush` is fdatasync. */
export function openFileDisk(path: string, readOnly: boolean): Disk {
  const fd = openSync(path, readOnly ? 'r' : 'r+');
  const bytes = wholeSectors(fstatSync(fd).size);
  return {
    bytes,
    readOnly,
    read(at, into) {
      for (let done = 0; done < into.length; ) {
        const count = readSync(fd, into, done, into.length - done, at + done);
        if (count === 0) throw new Error('the image has become shorter');
        done += count;
      }
    },
    write(at, from) {
      for (let done = 0; done < from.length; ) done += writeSync(fd, from, done, from.length - done, at + done);
    },
    flush: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  };
}

/** A disk of these very bytes: the guest's writes change them. */
export function openMemoryDisk(content: Uint8Array, readOnly: boolean): Disk {
  return {
    bytes: wholeSectors(content.length),
    readOnly,
    read: (at, into) => into.set(content.subarray(at, at + into.length)),
    write: (at, from) => content.set(from, at),
    flush: () => undefined,
    close: () => undefined,
  };
}

const CLUSTER = 65536;

/** Keeps writes in memory and leaves what is below as it is. */
export function withOverlay(below: Disk): Disk {
  const clusters = new Map<number, Uint8Array>();
  /** Calls back for each part of a range that lies in one cluster. */
  const eachPart = (at: number, length: number, part: (cluster: number, offset: number, from: number, to: number) => void): void => {
    for (let done = 0; done < length; ) {
      const offset = (at + done) % CLUSTER;
      const count = Math.min(CLUSTER - offset, length - done);
      part((at + done - offset) / CLUSTER, offset, done, done + count);
      done += count;
    }
  };
  const own = (index: number): Uint8Array => {
    const kept = clusters.get(index);
    if (kept !== undefined) return kept;
    const cluster = new Uint8Array(CLUSTER);
    below.read(index * CLUSTER, cluster.subarray(0, Math.min(CLUSTER, below.bytes - index * CLUSTER)));
    clusters.set(index, cluster);
    return cluster;
  };
  return {
    bytes: below.bytes,
    readOnly: false,
    read: (at, into) =>
      eachPart(at, into.length, (index, offset, from, to) => {
        const kept = clusters.get(index);
        if (kept === undefined) below.read(at + from, into.subarray(from, to));
        else into.set(kept.subarray(offset, offset + to - from), from);
      }),
    write: (at, from) => eachPart(at, from.length, (index, offset, start, end) => own(index).set(from.subarray(start, end), offset)),
    flush: () => undefined,
    close: () => below.close(),
  };
}
