/**
 * What is behind a disk. A call that can be answered at once returns nothing; one that would block the thread returns a promise, and
 * the guest's time stands still until it is kept. Calls come one after the other, never two at a time.
 */

export type Done = void | Promise<void>;

export interface Disk {
  /** A whole number of sectors. */
  readonly bytes: number;
  readonly readOnly: boolean;
  /** Fills `into` from byte `at`. Throws (or rejects) where the host cannot, as all of these do. */
  read(at: number, into: Uint8Array): Done;
  write(at: number, from: Uint8Array): Done;
  /** Done when everything written will survive a loss of power. */
  flush(): Done;
  /** Makes a range zeros; `unmap`: its room may be given back. */
  zero(at: number, bytes: number, unmap: boolean): Done;
  /** What a range holds is not needed any more. A hint. */
  discard(at: number, bytes: number): Done;
  close(): Promise<void>;
}

/** Calls back for each part of a range that lies in one cluster; waits where a call does. */
export function eachPart(
  clusterBytes: number, at: number, length: number, part: (cluster: number, offset: number, from: number, to: number) => Done,
): Done {
  for (let done = 0; done < length; ) {
    const offset = (at + done) % clusterBytes;
    const from = done;
    done += Math.min(clusterBytes - offset, length - done);
    const wait = part((at + from - offset) / clusterBytes, offset, from, done);
    if (wait !== undefined) return wait.then(() => eachPart(clusterBytes, at + done, length - done, (index, o, a, b) => part(index, o, a + done, b + done)));
  }
}
