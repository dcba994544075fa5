/** Debian's kernels unpack themselves and reach a shell, by every entry of Linux's boot protocol. 20 s of processor time each. */
import { afterEach, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { bootToPrompt, debianKernel } from '../support/debian-kernels.js';

const MINUTES = 60_000;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

it.each([
  ['amd64', 'linux64'],
  ['amd64', 'linux32'],
  ['amd64', 'real16'],
  ['i386', 'linux32'],
  ['i386', 'real16'],
] as const)('%s: vmlinuz by %s', { timeout: 15 * MINUTES }, async (guest, entry) => {
  machine = await createMachine(await debianKernel(guest, 'vmlinuz', entry));
  await bootToPrompt(machine, guest);
});
