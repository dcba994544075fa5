/**
 * `guest build --snapshot`: the guest, booted to its prompt, stands beside its kernel as a packed snapshot, so that a page, or whoever has the
 * folder, goes on from there instead of booting. A machine without cards but the agent's, which runs commands behind the shell: what else it is connected to is
 * its user's. So other drivers are not in its memory either, and its pages are packed as small as they go: once here, and fetched by everybody.
 */

import { copyFile, link, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { readCpio, writeCpio } from '../guest/cpio.js';
import { packSnapshot } from '../snapshot/index.js';

import { createLocal } from '../machine/create-local.js';
import type { LocalMachine } from '../machine/local.js';
import { writeGuestFile, writeManifest, type Guest } from '../platform/node/guest/folder.js';

const NAME = 'waiting.snapshot';
const MEMORY_MIB = 128;
/** The shell's prompt, behind which it may ask where the cursor is. */
const PROMPT = /\/ # (\x1b\[6n)?$/;
/** More wall time than the agent takes, on any host. */
const AGENT_MS = 60_000;
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
  // Behind the shell the agent comes up.
  if (PROMPT.test(shown)) await machine.exec(['true'], { timeout: AGENT_MS });
  if (!PROMPT.test(shown)) throw new Error(`The guest did not come to its prompt (${reason}). Its console's last lines:\n${shown.slice(-2000)}`);
  return shown;
}

/** Drivers of cards and of what is on disks; what tells of a panic stays, and the agent's card. */
const OF_CARDS = /^lib\/modules\/.*\/(?!pvpanic|virtio(_ring|_pci\w*|_console)?\.ko)[^/]*\.ko$/;

/** The same guest without drivers, in a folder of its own. */
async function withoutDrivers({ kernel, initrd, manifest }: Guest, folder: string): Promise<void> {
  // Of one file system, where that is so.
  await link(kernel, join(folder, manifest.kernel.name)).catch(() => copyFile(kernel, join(folder, manifest.kernel.name)));
  const entries = readCpio(await readFile(initrd)).filter(({ path }) => !OF_CARDS.test(path));
  const row = await writeGuestFile(folder, manifest.initrd.name, writeCpio(entries), manifest.initrd.about);
  const { waiting: _, ...whole } = manifest;
  await writeManifest(folder, { ...whole, initrd: row, others: [] });
}

const packSmall = (plain: Uint8Array): Promise<Uint8Array> => packSnapshot(plain, (block) => promisify(deflateRaw)(block, { level: 9 }));

/** Adds the snapshot to a guest's folder. Rejected with an Error where the guest comes to no prompt. */
export async function addWaiting(guest: Guest, signal?: AbortSignal): Promise<Guest> {
  const folder = await mkdtemp(join(tmpdir(), 'pintail-waiting-'));
  try {
    await withoutDrivers(guest, folder);
    return await bootAndAdd(guest, folder, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bootAndAdd({ dir, manifest, ...rest }: Guest, folder: string, signal?: AbortSignal): Promise<Guest> {
  const memoryMiB = Math.max(MEMORY_MIB, Math.ceil(manifest.memory / 2 ** 20));
  const machine = await createLocal({ guest: folder, agent: 'shell', memoryMiB, limits: { instructions: MOST_INSTRUCTIONS }, ...(signal === undefined ? {} : { signal }) });
  try {
    const screen = await bootToPrompt(machine);
    const row = await writeGuestFile(dir, NAME, await packSmall(await machine.snapshot()), 'the guest at its prompt, a machine without cards of its own');
    return { dir, ...rest, manifest: await writeManifest(dir, { ...manifest, waiting: { ...row, memoryMiB, screen } }) };
  } finally {
    await machine.close();
  }
}
