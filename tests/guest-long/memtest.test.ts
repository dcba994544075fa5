/**
 * memtest86+ from Debian's package tests all of 16 MiB, one pass, and shows it on the serial console. Its last test waits twice for a
 * number of seconds, hence the coarse clock: 64 ns an instruction. A pass is some 15 G instructions, a minute and a half here.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type KernelEntry, type Machine } from 'pintail';
import { runUntilText, watchConsole } from '../support/console.js';
import { noPackages, packageFiles } from '../support/package-files.js';

const MINUTES = 60_000;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

const BUILDS: [name: string, entry: KernelEntry][] = [['memtest86+x64.bin', 'linux64'], ['memtest86+ia32.bin', 'linux32']];

describe.skipIf(noPackages !== undefined)(`memtest86+${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it.each(BUILDS)('%s finds no error in a pass over 16 MiB', { timeout: 15 * MINUTES }, async (name, entry) => {
    const [kernel] = await packageFiles('memtest86+', BUILDS.map(([build]) => `boot/${build}`)).then((paths) => paths.filter((path) => path.endsWith(name)));
    machine = await createMachine({
      kernel: kernel!, entry, append: 'console=ttyS0,115200', memoryMiB: 16, icountShift: 6, limits: { instructions: 40_000_000_000n },
    });
    const screen = watchConsole(machine);
    const stop = await runUntilText(machine, screen, /Pass: +1 /);
    expect(stop.reason).toBe('paused');
    const errors = [...screen.text.matchAll(/Errors: +(\d+)/g)].map((match) => match[1]);
    expect(errors.length).toBeGreaterThan(10);
    expect(new Set(errors)).toEqual(new Set(['0']));
    // Each of its tests had its turn, on all the memory there is.
    for (const test of [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]) expect(screen.text).toContain(`#${test} `);
    expect(screen.text).toMatch(/of 15\.\dMB/);
  });
});
