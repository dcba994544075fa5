/** Discs and diskettes changed under Debian's drivers (sr, floppy): what it reads is what is in the drive, and a disc that is mounted is not given out. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { createMachine, type DeviceOptions } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';
import { noPackages, packageFiles } from '../support/package-files.js';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const filled = (bytes: number, value: number): Uint8Array => new Uint8Array(bytes).fill(value);
const GRUB = ['usr/lib/grub-rescue/grub-rescue-cdrom.iso', 'usr/lib/grub-rescue/grub-rescue-floppy.img'];

const CONTROLLERS: [name: string, devices: DeviceOptions[]][] = [['AHCI', [{ model: 'ide-cd', drive: 'cd0' }]], ['IDE', [{ model: 'piix3-ide', id: 'p' }, { model: 'ide-cd', drive: 'cd0', bus: 'p.1' }]]];

it.skipIf(noPackages !== undefined).each(CONTROLLERS)('media are changed under Debian: a disc on %s, a diskette', async (_, devices) => {
  await prepareGuest('amd64');
  const [iso] = (await packageFiles('grub-rescue-pc', GRUB)) as [string];
  const machine = await createMachine({
    guest: 'amd64', agent: true, limits: { instructions: 30_000_000_000n }, devices: [...devices, { model: 'floppy', drive: 'fda', unit: 0 }],
    drives: [{ id: 'cd0', source: filled(1 << 20, 1), readOnly: true }, { id: 'fda', source: filled(1_474_560, 2) }],
  });
  onTestFinished(() => machine.close());
  const say = async (script: string): Promise<string> => {
    const { stdout, stderr } = await machine.exec(['sh', '-c', script]);
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  };
  const sum = async (device: string): Promise<string> => (await say(`sha256sum /dev/${device}`)).split(' ')[0]!;
  expect([await sum('sr0'), await sum('fd0')]).toEqual([digest(filled(1 << 20, 1)), digest(filled(1_474_560, 2))]);

  await machine.change('cd0', iso);
  await machine.change('fda', filled(737_280, 3));
  expect([await sum('sr0'), await sum('fd0')]).toEqual([digest(readFileSync(iso)), digest(filled(737_280, 3))]);

  expect(await say('mkdir -p /cd; mount -t iso9660 -o ro /dev/sr0 /cd; ls /cd')).toMatch(/^boot\n/);
  await expect(machine.eject('cd0')).rejects.toThrow(/has locked the drive "cd0"/);
  await say('umount /cd');
  await machine.eject('cd0');
  expect(await sum('sr0')).toMatch(/^$|sha256sum/);
  await machine.change('cd0', filled(1 << 19, 4));
  expect(await sum('sr0')).toBe(digest(filled(1 << 19, 4)));
}, 600_000);
