/**
 * Debian's installer from its package debian-installer-12-netboot-amd64, unmodified: from its kernel and initrd to its first menu, drawn on
 * the serial console, and by a key to the second. Some 7 G instructions, a minute of processor time.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { runUntilText, watchConsole } from '../support/console.js';
import { noPackages, packageFiles } from '../support/package-files.js';

const MINUTES = 60_000;
const IMAGES = 'usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

describe.skipIf(noPackages !== undefined)(`Debian's installer${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it('asks for a language, then for a place', { timeout: 20 * MINUTES }, async () => {
    const [kernel, initrd] = await packageFiles('debian-installer-12-netboot-amd64', [`${IMAGES}/linux`, `${IMAGES}/initrd.gz`]);
    machine = await createMachine({ kernel: kernel!, initrd: initrd!, append: 'console=ttyS0', memoryMiB: 1536, limits: { instructions: 20_000_000_000n } });
    const screen = watchConsole(machine);
    expect((await runUntilText(machine, screen, /\[!!\] Select a language[\s\S]*<Go Back>/)).reason).toBe('paused');
    expect(screen.text).toContain('Choose the language to be used for the installation process.');
    machine.attachInput(true);
    machine.write('\r');
    expect((await runUntilText(machine, screen, /\[!!\] Select your location/)).reason).toBe('paused');
  });
});
