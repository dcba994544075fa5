/** memtest86+'s CDs as Debian's package has them, by SeaBIOS to the end of a pass: 17 thousand million instructions each. */
import { describe, expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { converse, image, watch } from '../support/images.js';
import { noPackages } from '../support/package-files.js';
import { screenRoms } from '../support/show-cards.js';

const MINUTES = 60_000;
const MEMTESTS = ['usr/lib/memtest86+/memtest86+x64.iso', 'usr/lib/memtest86+/memtest86+ia32.iso'];

describe.skipIf(noPackages !== undefined)(`CDs of memtest86+${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it.each(MEMTESTS)('%s passes over 16 MiB', async (path) => {
    const cd = await image('memtest86+', path, [...MEMTESTS, 'boot/memtest86+x64.bin', 'boot/memtest86+ia32.bin']);
    const { bios, video } = await screenRoms();
    // 64 ns an instruction: its last test waits twice for a number of seconds.
    await using machine = await createMachine({ bios, memoryMiB: 16, icountShift: 6, drives: [{ id: 'cd', source: cd, readOnly: true }], devices: [{ model: 'VGA', romfile: video }, { model: 'ide-cd', drive: 'cd' }] });
    const said = watch(machine);
    const text = await converse(machine, said, [[/Memory Tester|Memtest86\+/, () => undefined], [/Pass: +1 /, () => undefined]], 8000);
    expect(text).toMatch(/Errors: +0/);
  }, 20 * MINUTES);
});
