/**
 * A capture in a file or pipe: each block is written at once, so that nothing piles up behind a slow disk or reader, for whom the machine
 * waits, and a crash loses nothing. A full disk or a reader that has gone ends the capture, at its last whole block, and says so once; the
 * network goes on.
 */

import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { NetworkError } from '../../../net/errors.js';
import type { PcapWriter } from '../../../net/pcap.js';

/** `report`: told of the error that ends a capture. */
export function createCapture(path: string, report: (error: NetworkError) => void = (error) => process.emitWarning(error)): PcapWriter {
  const explain = (error: unknown): NetworkError => new NetworkError(`pcap=${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  let file: number | undefined;
  let whole = 0;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    throw explain(error);
  }
  const close = (): void => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  return {
    write(block) {
      if (file === undefined) return false;
      try {
        writeAll(file, block);
        whole += block.length;
        return true;
      } catch (error) {
        cut(file, whole);
        close();
        const { message, cause } = explain(error);
        report(new NetworkError(`${message}; the capture ends here`, { cause }));
        return false;
      }
    },
    close: async () => close(),
  };
}

/** A system call may take a part. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** A part of a block is an error to every reader of the format. */
function cut(file: number, length: number): void {
  if (fstatSync(file).isFile()) ftruncateSync(file, length);
}
