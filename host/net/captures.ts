/**
 * Captures of this thread, by path: networks that name the same file, of one machine or of several, are interfaces of one capture. Its frames bear the time
 * of one clock, that of the machine which named it first, so that they are in order; those of machines that share a clock, each its own of it. The file is closed with the last of them.
 */

import { platform } from '#platform';
import type { Clock } from './clock.js';
import { startCapture, type Capture } from './pcap.js';

interface Shared {
  capture: Promise<Capture>;
  users: number;
}

const shared = new Map<string, Shared>();

/** The capture in a file, for one more network. Rejected with what the platform says where it cannot be written. */
export async function joinCapture(path: string, clock: Clock): Promise<Capture> {
  const known = shared.get(path) ?? { capture: platform.openCapture(path).then((writer) => startCapture(writer, clock)), users: 0 };
  shared.set(path, known);
  known.users++;
  const leave = async (close: () => Promise<void>): Promise<void> => {
    known.users--;
    if (known.users > 0) return;
    shared.delete(path);
    await close();
  };
  const capture = await known.capture.catch(async (error: unknown) => {
    await leave(async () => undefined);
    throw error;
  });
  return {
    clock: capture.clock,
    writer: { write: (block) => capture.writer.write(block), close: () => leave(() => capture.writer.close()) },
    get interfaces() {
      return capture.interfaces;
    },
    set interfaces(count) {
      capture.interfaces = count;
    },
  };
}
