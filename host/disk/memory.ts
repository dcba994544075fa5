/** Disks in memory: bytes given by the program, and an overlay that keeps writes from what is below it. */

import { eachPart, type Disk, type Done } from './disk.js';

/** A disk of these very bytes: the guest's writes change them. */
export function openMemoryDisk(content: Uint8Array, readOnly: boolean): Disk {
  return {
    bytes: content.length,
    readOnly,
    read: (at, into) => into.set(content.subarray(at, at + into.length)),
    write: (at, from) => content.set(from, at),
    flush: () => undefined,
    zero: (at, bytes) => void content.fill(0, at, at + bytes),
    discard: () => undefined,
    close: async () => undefined,
  };
}

export const CLUSTER = 65536;

/** Keeps writes in memory, forgotten at close, and leaves what is below as it is. Clusters that are zeros take no room. */
export function withOverlay(below: Disk): Disk {
  const clusters = new Map<number, Uint8Array | 'zeros'>();
  const lengthOf = (index: number): number => Math.min(CLUSTER, below.bytes - index * CLUSTER);
  /** The cluster, to be written to. `whole`: all of it will be. */
  const own = (index: number, whole: boolean, then: (cluster: Uint8Array) => void): Done => {
    const kept = clusters.get(index);
    const cluster = kept === undefined || kept === 'zeros' ? new Uint8Array(CLUSTER) : kept;
    const use = (): void => {
      clusters.set(index, cluster);
      then(cluster);
    };
    if (kept !== undefined || whole) return use();
    const wait = below.read(index * CLUSTER, cluster.subarray(0, lengthOf(index)));
    return wait === undefined ? use() : wait.then(use);
  };
  const zero = (at: number, bytes: number, edges: boolean): Done =>
    eachPart(CLUSTER, at, bytes, (index, offset, from, to) => {
      if (to - from >= lengthOf(index)) clusters.set(index, 'zeros');
      else if (edges) return own(index, false, (cluster) => cluster.fill(0, offset, offset + to - from));
    });
  return {
    bytes: below.bytes,
    readOnly: false,
    read: (at, into) =>
      eachPart(CLUSTER, at, into.length, (index, offset, from, to) => {
        const kept = clusters.get(index);
        if (kept === undefined) return below.read(at + from, into.subarray(from, to));
        if (kept === 'zeros') into.fill(0, from, to);
        else into.set(kept.subarray(offset, offset + to - from), from);
      }),
    write: (at, from) =>
      eachPart(CLUSTER, at, from.length, (index, offset, start, end) =>
        own(index, end - start >= lengthOf(index), (cluster) => cluster.set(from.subarray(start, end), offset))),
    flush: () => undefined,
    zero: (at, bytes) => zero(at, bytes, true),
    discard: (at, bytes) => zero(at, bytes, false),
    close: () => below.close(),
  };
}
