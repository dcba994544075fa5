/** ext4 made on the host, written by the guest, and found whole on the host: after unmounting, and after the process was killed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';
import { bootWith, DISK, findFaults, killMany, makeExt4, missing, readFromImage, runScript } from './ext4.js';

let folder: string;
const machines: Machine[] = [];
const keep = <T extends Machine>(machine: T): T => (machines.push(machine), machine);

describe.skipIf(missing !== undefined)(`ext4${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pintail-ext4-'));
    await prepareGuest('amd64');
  }, 600_000);
  afterAll(async () => {
    for (const machine of machines) await machine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is written by the guest, through a write cache and without one, over several queues, with trimmed room', async () => {
    const image = join(folder, 'disk.img');
    makeExt4(image);
    const machine = keep(await bootWith({ source: image, discard: 'unmap' }, { queues: 2, serial: 'pintail-1', physicalBlockBytes: 4096 }));
    const out = await runScript(machine, [
      'cat /sys/block/vda/serial; echo; cat /sys/block/vda/queue/write_cache /sys/block/vda/queue/physical_block_size',
      'mount -t ext4 /dev/vda /mnt', 'yes 0123456789abcde | head -c 4000000 >/mnt/large', 'for i in 1 2 3 4 5 6 7 8 9; do mkdir /mnt/d$i; echo file $i >/mnt/d$i/f; done', 'sync',
      'rm -r /mnt/d3 /mnt/d4', 'fstrim /mnt', 'echo "write through" >/sys/block/vda/cache_type', 'cat /sys/block/vda/queue/write_cache',
      'echo last >/mnt/last', 'md5sum </mnt/large', 'umount /mnt',
    ].join('\n'));
    expect(out.split('\n').slice(0, 4)).toEqual(['pintail-1', 'write back', '4096', 'write through']);
    const counters = (await machine.stats()).counters;
    const count = (name: string): bigint => counters.find((counter) => counter.name === name)?.value ?? -1n;
    expect(count('virtio-blk0 discards and zeroings')).toBeGreaterThan(0n);
    expect(count('virtio-blk0 further batches of long requests')).toBeGreaterThan(0n);
    expect(count('virtio-blk0 requests refused')).toBe(0n);
    await machine.close();
    expect(findFaults(image)).toBe('');
    expect(readFromImage(image, 'large') === '0123456789abcde\n'.repeat(250_000)).toBe(true);
    expect([readFromImage(image, 'd9/f'), readFromImage(image, 'd3/f'), readFromImage(image, 'last')]).toEqual(['file 9\n', '', 'last\n']);
  }, 300_000);

  it('goes on from a snapshot over an overlay that is kept, and the image stays as it was', async () => {
    const image = join(folder, 'base.img'), overlay = join(folder, 'overlay');
    makeExt4(image);
    const before = readFileSync(image);
    const machine = keep(await bootWith({ source: image, overlay }));
    await runScript(machine, 'mount -t ext4 /dev/vda /mnt; echo kept >/mnt/file; sync');
    const snapshot = await machine.snapshot();
    await machine.close();
    const options = { drives: [{ id: 'd', source: image, overlay }], devices: [DISK] };
    const copy = keep(await createMachine({ snapshot, ...options }));
    expect(await runScript(copy, 'cat /mnt/file; echo more >>/mnt/file; umount /mnt')).toBe('kept\n');
    await copy.close();
    const again = keep(await createMachine({ guest: 'amd64', memoryMiB: 128, agent: true, ...options }));
    expect(await runScript(again, 'mount -t ext4 /dev/vda /mnt; cat /mnt/file; umount /mnt')).toBe('kept\nmore\n');
    await again.close();
    expect(readFileSync(image).equals(before)).toBe(true);
  }, 300_000);

  it('has every file that was fsynced when the process was killed', async () => {
    const { wrong, files } = await killMany(2, 5);
    expect(wrong).toEqual([]);
    expect(files).toBeGreaterThan(2);
  }, 300_000);
});
