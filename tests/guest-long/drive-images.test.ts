/** Images as Debian's packages have them, booted by SeaBIOS from the drives that they are made for, each to its own menu or test on the screen. docs/images.md is the table of it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMachine, type DeviceOptions, type Machine } from 'pintail';
import { readSource } from '../house/sources.js';
import { noPackages, packageFiles } from '../support/package-files.js';
import { screenRoms } from '../support/show-cards.js';

interface Image {
  name: string;
  package: string;
  path: string;
  devices: DeviceOptions[];
  shows: RegExp;
}
const CD: DeviceOptions[] = [{ model: 'ide-cd', drive: 'd' }];
const OLD_CD: DeviceOptions[] = [{ model: 'piix3-ide', id: 'p' }, { model: 'ide-cd', drive: 'd', bus: 'p.1' }];
const GRUB = 'usr/lib/grub-rescue/grub-rescue-cdrom.iso', GRUB_FLOPPY = 'usr/lib/grub-rescue/grub-rescue-floppy.img';
const GRUB_MENU = /The highlighted entry will be executed/;
const IMAGES: Image[] = [
  { name: 'GRUB\'s rescue CD, AHCI', package: 'grub-rescue-pc', path: GRUB, devices: CD, shows: GRUB_MENU },
  { name: 'GRUB\'s rescue CD, IDE', package: 'grub-rescue-pc', path: GRUB, devices: OLD_CD, shows: GRUB_MENU },
  { name: 'GRUB\'s rescue CD as a disk', package: 'grub-rescue-pc', path: GRUB, devices: [{ model: 'ide-hd', drive: 'd' }], shows: GRUB_MENU },
  { name: 'GRUB\'s rescue floppy', package: 'grub-rescue-pc', path: GRUB_FLOPPY, devices: [{ model: 'floppy', drive: 'd' }], shows: GRUB_MENU },
  { name: 'memtest86+, 64 bits', package: 'memtest86+', path: 'usr/lib/memtest86+/memtest86+x64.iso', devices: CD, shows: /Memtest86\+ v6|Memory Tester|Pass:? +\d/i },
];

const STEP = 10_000_000n;
const MOST_STEPS = 800;

/** What the screen shows when it shows `wanted`, or at last. */
async function screenWith(machine: Machine, wanted: RegExp): Promise<string> {
  let text = '';
  for (let step = 0; step < MOST_STEPS && !wanted.test(text); step++) {
    if ((await machine.step(STEP)).reason !== 'paused') break;
    text = (await machine.screenText())?.join('\n') ?? '';
  }
  return text;
}

describe.skipIf(noPackages !== undefined)(`images on drives${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it.each(IMAGES)('$name', async ({ package: name, path, devices, shows }) => {
    const paths = IMAGES.filter((one) => one.package === name).map((one) => one.path);
    const source = (await packageFiles(name, [...new Set(paths)])).find((one) => one.endsWith(path))!;
    expect(readSource('docs/images.md')).toContain(createHash('sha256').update(readFileSync(source)).digest('hex'));
    const { bios, video } = await screenRoms();
    await using machine = await createMachine({ bios, memoryMiB: 64, drives: [{ id: 'd', source, snapshot: true }], devices: [{ model: 'VGA', romfile: video }, ...devices] });
    expect(await screenWith(machine, shows)).toMatch(shows);
  }, 600_000);
});
