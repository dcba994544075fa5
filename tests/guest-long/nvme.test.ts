/** Linux's driver on an NVMe controller: a file system made, filled, mounted again and found whole by the host; a snapshot amid its work; SeaBIOS boots from one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';
import { converse, watch } from '../support/images.js';
import { noPackages, packageFiles } from '../support/package-files.js';
import { screenRoms } from '../support/show-cards.js';

const LIMITS = { instructions: 30_000_000_000n };
const hasFsck = spawnSync('fsck.ext4', ['-V']).status === 0;
const NVME = [{ model: 'nvme', drive: 'd', serial: 'PT-7' }] as const;
let folder = '';

/** Makes a file system, fills it, reads it after it has left memory; names the driver's interrupts. */
const FILL = `
  mke2fs -b 4096 /dev/nvme0n1 >/dev/null
  mkdir -p /d
  mount -t ext4 /dev/nvme0n1 /d
  for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/d/f$i bs=64k count=$((i * 8)) 2>/dev/null; done
  cd /d; sha256sum f* >/tmp/sums; cd /
  umount /d
  echo 3 >/proc/sys/vm/drop_caches
  mount -t ext4 /dev/nvme0n1 /d
  cd /d; sha256sum -c /tmp/sums | grep -c OK; cd /
  umount /d
  cat /sys/class/nvme/nvme0/serial /sys/class/nvme/nvme0/model
  grep -c nvme0q /proc/interrupts`;

describe.skipIf(noPackages !== undefined)(`an NVMe controller${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  beforeAll(async () => {
    await prepareGuest('amd64');
    folder = mkdtempSync(join(tmpdir(), 'pintail-nvme-'));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const image = (name: string, bytes: number): string => {
    writeFileSync(join(folder, name), Buffer.alloc(bytes));
    return join(folder, name);
  };

  it.each([512, 4096])("is driven by Linux's driver, with blocks of %i bytes, and its file system is whole", async (logicalBlockBytes) => {
    const source = image(`disk-${logicalBlockBytes}`, 64 << 20);
    await using machine = await createMachine({ guest: 'amd64', command: ['sh', '-ec', FILL], drives: [{ id: 'd', source }], devices: [{ ...NVME[0], logicalBlockBytes }], limits: LIMITS });
    expect((await machine.run()).reason).toBe('poweroff');
    const { stdout, code } = (await machine.commandResult())!;
    expect([code, new TextDecoder().decode(stdout).split('\n').map((line) => line.trim())]).toEqual([0, ['8', 'PT-7', 'Pintail NVMe Ctrl', '2', '']]);
    if (hasFsck) expect(spawnSync('fsck.ext4', ['-fn', source]).status).toBe(0);
  }, 600_000);

  it('goes on from a snapshot that was taken amid its work', async () => {
    const source = image('snapped', 16 << 20);
    const options = { devices: NVME, drives: [{ id: 'd', source }], limits: LIMITS };
    await using machine = await createMachine({ guest: 'amd64', agent: true, ...options });
    await machine.exec(['sh', '-ec', 'mke2fs /dev/nvme0n1 >/dev/null; mkdir /d; mount -t ext4 /dev/nvme0n1 /d; dd if=/dev/urandom of=/d/a bs=64k count=32 2>/dev/null; sync; sha256sum /d/a >/tmp/sum']);
    const snapshot = await machine.snapshot();
    await machine.close();
    await using again = await createMachine({ snapshot, ...options });
    const { code, stdout } = await again.exec(['sh', '-ec', 'echo 3 >/proc/sys/vm/drop_caches; sha256sum -c /tmp/sum; cp /d/a /d/b; sync; umount /d']);
    expect([code, new TextDecoder().decode(stdout)]).toEqual([0, '/d/a: OK\n']);
    if (hasFsck) expect(spawnSync('fsck.ext4', ['-fn', source]).status).toBe(0);
  }, 600_000);

  it('is booted from by SeaBIOS', async () => {
    const [cd] = await packageFiles('grub-rescue-pc', ['usr/lib/grub-rescue/grub-rescue-cdrom.iso', 'usr/lib/grub-rescue/grub-rescue-floppy.img']);
    const { bios, video } = await screenRoms();
    await using machine = await createMachine({ bios, memoryMiB: 64, icountShift: 2, devices: [{ model: 'VGA', romfile: video }, ...NVME], drives: [{ id: 'd', source: cd!, readOnly: true }], limits: LIMITS });
    expect(await converse(machine, watch(machine), [[/highlighted entry will be executed/, () => machine.sendKey('c')], [/grub> *$/m, () => machine.type('ls\n')], [/\(hd0\)/, () => undefined]])).toContain('(hd0)');
  }, 600_000);
});
