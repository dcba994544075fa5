/** A folder that host and guest have together, by Linux's own driver. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, MemoryFolder } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';
import { pintail } from './command.js';

let base: string;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'pintail-shared-'));
  await prepareGuest('amd64');
}, 600_000);
afterAll(() => rmSync(base, { recursive: true, force: true }));

const sha = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

describe('a shared folder', () => {
  it('is mounted by the prepared guest, read, written, and the same on both sides', async () => {
    const folder = join(base, 'f');
    mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
    const big = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 7919) >> 5);
    writeFileSync(join(folder, 'deep', 'er', 'big'), big);
    const script = [
      'cd /mnt', 'sha256sum <deep/er/big', 'cp deep/er/big copy', 'echo line >>copy', 'mkdir made', 'mv copy made/moved', 'ln -s moved made/link', 'sha256sum <made/link',
      'rm -r deep', 'touch -d "2020-01-02 03:04:05" made', 'stat -c %Y made', 'for i in 1 2 3 4 5 6 7 8 9; do echo $i >made/n$i; done', 'ls made | wc -l', 'chmod 640 made/n1', 'stat -c %a made/n1',
    ].join('\n');
    const { code, stdout, stderr } = await pintail(['run', '-nic', 'none', '-virtfs', `local,path=${folder},mount_tag=host`, '--', 'sh', '-ec', script]);
    expect(stderr).toBe('');
    const changed = Buffer.concat([big, Buffer.from('line\n')]);
    expect([code, stdout.split('\n')]).toEqual([0, [`${sha(big)}  -`, `${sha(changed)}  -`, '1577934245', '11', '640', '']]);
    expect(sha(readFileSync(join(folder, 'made', 'moved')))).toBe(sha(changed));
    expect(readFileSync(join(folder, 'made', 'n9'), 'utf8')).toBe('9\n');
  }, 300_000);

  it('is a program\'s own, in memory; no snapshot while it is mounted', async () => {
    const folder = new MemoryFolder();
    folder.put('/in.txt', 'for the guest');
    const machine = await createMachine({ guest: 'amd64', agent: true, shares: [{ id: 's', source: folder }], devices: [{ model: 'virtio-9p', share: 's', tag: 'host' }] });
    try {
      const { code, stderr } = await machine.exec(['sh', '-c', 'cat /mnt/in.txt /mnt/in.txt >/mnt/out.txt; sync']);
      expect([code, stderr.length]).toEqual([0, 0]);
      expect(Buffer.from(folder.get('/out.txt')!).toString()).toBe('for the guestfor the guest');
      await expect(machine.snapshot()).rejects.toThrow('the share "s" is mounted');
      await machine.exec(['umount', '/mnt']);
      expect((await machine.snapshot()).length).toBeGreaterThan(0);
    } finally {
      await machine.close();
    }
  }, 300_000);
});
