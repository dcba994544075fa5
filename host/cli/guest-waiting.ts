/**
 * `guest build --snapshot`: the guest, booted to its prompt, stands beside its kernel as a packed snapshot, so that a page, or whoever has the
 * folder, goes on from there instead of booting. A machine without cards: what it is connected to is its user's.
 */

import { createLocal } from '../machine/create-local.js';
import type { LocalMachine } from '../machine/local.js';
import { writeGuestFile, writeManifest, type Guest } from '../platform/node/guest/folder.js';

const NAME = 'waiting.snapshot';
const MEMORY_MIB = 128;
/** The shell's prompt, behind which it may ask where the cursor is. */
const PROMPT = /\/ # (\x1b\[6n)?$/;
/** Far more than a boot takes. */
const MOST_INSTRUCTIONS = 10_000_000_000n;

/** Runs to the prompt, and gives what the console shows by then. */
async function bootToPrompt(machine: LocalMachine): Promise<string> {
  const decoder = new TextDecoder();
  let shown = '';
  machine.on('console', (bytes) => {
    shown += decoder.decode(bytes, { stream: true });
    if (PROMPT.test(shown)) void machine.pause();
  });
  const { reason } = await machine.run();
  if (!PROMPT.test(shown)) throw new Error(`The guest did not come to its prompt (${reason}). Its console's last lines:\n${shown.slice(-2000)}`);
  return shown;
}

/** Adds the snapshot to a guest's folder. Rejected with an Error where the guest comes to no prompt. */
export async function addWaiting({ dir, manifest, ...rest }: Guest, signal?: AbortSignal): Promise<Guest> {
  const memoryMiB = Math.max(MEMORY_MIB, Math.ceil(manifest.memory / 2 ** 20));
  const machine = await createLocal({ guest: dir, memoryMiB, limits: { instructions: MOST_INSTRUCTIONS }, ...(signal === undefined ? {} : { signal }) });
  try {
    const screen = await bootToPrompt(machine);
    const row = await writeGuestFile(dir, NAME, await machine.snapshot({ packed: true }), 'the guest at its prompt, a machine without cards');
    return { dir, ...rest, manifest: await writeManifest(dir, { ...manifest, waiting: { ...row, memoryMiB, screen } }) };
  } finally {
    await machine.close();
  }
}
