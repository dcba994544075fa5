/**
 * Other people's images on the screen, as they come out of Debian's packages, each to what docs/images.md says of it, and used by its keyboard. With
 * PINTAIL_SCREENS=FOLDER, pictures are left there: those of the README.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { noPackages, packageFiles } from '../support/package-files.js';
import { screenRoms } from '../support/show-cards.js';

const SCREENS = process.env['PINTAIL_SCREENS'];
const STEP = 10_000_000n;
const MOST_STEPS = 800;

async function start(options: MachineOptions): Promise<Machine> {
  const { video } = await screenRoms();
  return createMachine({ memoryMiB: 64, ...options, devices: [{ model: 'VGA', romfile: video }, ...(options.devices ?? [])] });
}

/** Runs until the screen shows `wanted`; what it shows then. */
async function until(machine: Machine, wanted: RegExp): Promise<string> {
  let text = '';
  for (let step = 0; step < MOST_STEPS; step++) {
    text = (await machine.screenText())?.join('\n') ?? '';
    if (wanted.test(text)) return text;
    const { reason } = await machine.step(STEP);
    if (reason !== 'paused') throw new Error(`${reason}, with this on the screen:\n${text}`);
  }
  throw new Error(`${wanted} does not come. The screen:\n${text}`);
}

async function picture(machine: Machine, name: string): Promise<void> {
  if (SCREENS === undefined) return;
  mkdirSync(SCREENS, { recursive: true });
  writeFileSync(join(SCREENS, `${name}.png`), await machine.screenshot());
}

describe.skipIf(noPackages !== undefined)(`images on the screen${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it('grub-invaders is played by the keyboard', async () => {
    const [kernel] = await packageFiles('grub-invaders', ['boot/invaders.exec']);
    // 64 ns an instruction: the game counts time by the timer, and waits.
    await using machine = await start({ kernel: kernel!, icountShift: 6 });
    const shipAt = (text: string): number => text.split('\n').map((line) => /^ *\/ \\/.exec(line)?.[0].length ?? 0).find((at) => at > 0) ?? 0;
    const before = shipAt(await until(machine, /-\*-[\s\S]*\/ \\/));
    await picture(machine, 'invaders');
    expect(before).toBeGreaterThan(20);
    for (let i = 0; i < 3; i++) {
      await machine.sendKey('left');
      await machine.step(5_000_000n);
    }
    expect(shipAt(await until(machine, /\/ \\/))).toBeLessThan(before);
  });

  it("GRUB's rescue CD shows its menu, and its command line lists the disk", async () => {
    const [image] = await packageFiles('grub-rescue-pc', ['usr/lib/grub-rescue/grub-rescue-cdrom.iso']);
    const { bios } = await screenRoms();
    await using machine = await start({ bios, drives: [{ id: 'cd', source: image!, readOnly: true }], devices: [{ model: 'virtio-blk', drive: 'cd' }] });
    expect(await until(machine, /GNU GRUB {2}version[\s\S]*automatically in/)).toMatch(/│\*GNU\/Linux +│/);
    await picture(machine, 'grub');
    await machine.sendKey('c');
    await until(machine, /grub> *$/m);
    await machine.type('ls\n');
    expect(await until(machine, /\(hd0\)[\s\S]*grub>/)).toContain('(hd0,msdos1)');
  });

  it('memtest86+ tests', async () => {
    const [kernel] = await packageFiles('memtest86+', ['boot/memtest86+x64.bin']);
    await using machine = await start({ kernel: kernel!, memoryMiB: 16, icountShift: 3 });
    expect(await until(machine, /Testing: +\d+[KM]B - [\s\S]*Status: Testing/)).toMatch(/Errors: 0/);
    await picture(machine, 'memtest');
  });

  it('Debian shows its console on the screen, and reads the keyboard', async () => {
    await using machine = await start({ guest: 'amd64', append: 'console=tty0 quiet', memoryMiB: 128 });
    await until(machine, /\/ # *$/m);
    await machine.type('echo $((6 * 7)) is the answer\n');
    await until(machine, /^42 is the answer$/m);
    await picture(machine, 'debian');
  });
});
