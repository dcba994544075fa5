/** Debian's kernels to a shell by the entries that need no unpacking in the guest; tests/guest-long has the others. */
import { afterEach, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { debianKernel, bootToPrompt } from '../support/debian-kernels.js';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

it.each([
  ['amd64', 'vmlinuz', 'pvh'],
  ['amd64', 'kernel', 'linux64'],
  ['i386', 'kernel', 'linux32'],
] as const)('%s: %s by %s', async (guest, file, entry) => {
  machine = await createMachine(await debianKernel(guest, file, entry));
  await bootToPrompt(machine, guest);
});

it('there is no PVH entry in a 686 kernel', async () => {
  await expect(createMachine(await debianKernel('i386', 'vmlinuz', 'pvh'))).rejects.toThrow(/no PVH entry/);
});
