/** Debian's kernels, as packed (`vmlinuz`) or unpacked (`kernel`), and what a boot of one must come to. */
import { expect } from 'vitest';
import { join } from 'node:path';
import type { KernelEntry, Machine, MachineOptions } from 'pintail';
import { prepareGuest, type DebianGuestName } from '../../host/guest/index.js';
import { runUntilText, watchConsole } from './console.js';

/** Options for a machine that boots one of the two by the entry. */
export async function debianKernel(guest: DebianGuestName, file: 'vmlinuz' | 'kernel', entry: KernelEntry): Promise<MachineOptions> {
  const { dir, initrd, append } = await prepareGuest(guest);
  return { kernel: join(dir, file), entry, initrd, append, memoryMiB: 256, limits: { instructions: 10_000_000_000n } };
}

const MACHINE = { amd64: 'x86_64', i386: 'i686' } as const;

/** Boots to the shell's prompt, asks what it runs on and who told it of its memory, and switches off. */
export async function bootToPrompt(machine: Machine, guest: DebianGuestName): Promise<void> {
  const screen = watchConsole(machine);
  machine.attachInput(true);
  expect((await runUntilText(machine, screen, '/ # ')).reason).toBe('paused');
  machine.write('uname -m; dmesg | grep -c BIOS-e820; poweroff -f\n');
  expect((await machine.run()).reason).toBe('poweroff');
  expect(screen.text).toMatch(new RegExp(`\r\n${MACHINE[guest]}\r\n[3-9]\r\n`));
}
