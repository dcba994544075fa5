/** Linux's own drivers on drives of controllers (ahci, ata_piix, sr, floppy): a file system made, filled, mounted again and found whole by the host; CDs and diskettes read. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type DeviceOptions, type DriveOptions } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';
import { noPackages, packageFiles } from '../support/package-files.js';

const LIMITS = { instructions: 30_000_000_000n };
const hasFsck = spawnSync('fsck.ext4', ['-V']).status === 0;
let folder = '', cd = '';

/** What a script in the guest says. */
async function say(script: string, drives: DriveOptions[], devices: DeviceOptions[]): Promise<string> {
  const machine = await createMachine({ guest: 'amd64', command: ['sh', '-ec', script], drives, devices, limits: LIMITS });
  try {
    expect((await machine.run()).reason).toBe('poweroff');
    const { stdout, code } = (await machine.commandResult())!;
    expect([new TextDecoder().decode(stdout), code]).toEqual([expect.any(String), 0]);
    return new TextDecoder().decode(stdout);
  } finally {
    await machine.close();
  }
}
const image = (name: string, bytes: number): string => {
  writeFileSync(join(folder, name), Buffer.alloc(bytes));
  return join(folder, name);
};

/** Makes a file system on /dev/sda, fills it, reads it after it has left memory. */
const FILL = `
  mke2fs /dev/sda >/dev/null
  mkdir -p /d
  mount -t ext4 /dev/sda /d
  for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/d/f$i bs=64k count=$((i * 8)) 2>/dev/null; done
  cd /d; sha256sum f* >/tmp/sums; cd /
  umount /d
  echo 3 >/proc/sys/vm/drop_caches
  mount -t ext4 /dev/sda /d
  cd /d; sha256sum -c /tmp/sums | grep -c OK; cd /
  umount /d
  cat /sys/block/sda/device/model`;

describe.skipIf(noPackages !== undefined)(`drives on controllers${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  beforeAll(async () => {
    await prepareGuest('amd64');
    [cd] = await packageFiles('grub-rescue-pc', ['usr/lib/grub-rescue/grub-rescue-cdrom.iso', 'usr/lib/grub-rescue/grub-rescue-floppy.img']) as [string, string];
    folder = mkdtempSync(join(tmpdir(), 'pintail-drives-'));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const CONTROLLERS: [name: string, devices: DeviceOptions[]][] = [
    ['AHCI', [{ model: 'ide-hd', drive: 'd', bus: 'ide.0', serial: 'PT-1' }]],
    ['IDE', [{ model: 'piix3-ide', id: 'p' }, { model: 'ide-hd', drive: 'd', bus: 'p.0', unit: 1 }]],
  ];
  it.each(CONTROLLERS)('a disk on %s', async (name, devices) => {
    const source = image(`${name}.img`, 64 << 20);
    expect((await say(FILL, [{ id: 'd', source }], devices)).split('\n').map((line) => line.trim()).slice(0, 2)).toEqual(['8', 'PINTAIL HARDDISK']);
    if (hasFsck) expect(spawnSync('fsck.ext4', ['-fn', source]).status).toBe(0);
  }, 600_000);

  it.each([['AHCI', []], ['IDE', [{ model: 'piix3-ide', id: 'p' } as DeviceOptions]]] as const)('a CD on %s, whose drive opens', async (name, controllers) => {
    const script = 'mkdir -p /cd; mount -t iso9660 -o ro /dev/sr0 /cd; ls /cd; umount /cd; sha256sum /dev/sr0; eject /dev/sr0 2>/dev/null || true; dd if=/dev/sr0 of=/dev/null count=1 2>&1 | grep -c medium || true';
    const said = await say(script, [{ id: 'c', source: cd, readOnly: true }], [...controllers, { model: 'ide-cd', drive: 'c', ...(name === 'IDE' ? { bus: 'p.1' } : {}) }]);
    const host = spawnSync('sha256sum', [cd], { encoding: 'utf8' }).stdout.split(' ')[0];
    expect(said).toContain(`${host}  /dev/sr0`);
    expect(said).toMatch(/^boot\nboot\.catalog\n/);
  }, 600_000);

  it('a diskette: read, written, and read again', async () => {
    const source = image('a.img', 1_474_560);
    const script = 'dd if=/dev/urandom of=/tmp/x bs=1474560 count=1 2>/dev/null; dd if=/tmp/x of=/dev/fd0 bs=18432 conv=fsync 2>/dev/null; echo 3 >/proc/sys/vm/drop_caches; cmp /tmp/x /dev/fd0 && echo same; sha256sum /tmp/x';
    const said = await say(script, [{ id: 'f', source }], [{ model: 'floppy', drive: 'f', unit: 0 }]);
    expect(said).toMatch(/^same\n/);
    expect(said).toContain(spawnSync('sha256sum', [source], { encoding: 'utf8' }).stdout.split(' ')[0]!);
  }, 600_000);
});
