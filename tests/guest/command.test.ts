/** `pintail run -- COMMAND` on Debian's amd64 kernel: output, status, input, statistics, limits. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { readCpio } from '../../host/guest/cpio.js';
import { pintail } from './command.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-test-'));
  await prepareGuest('amd64');
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a line in the guest's shell. */
function shell(line: string, ...options: string[]): ReturnType<typeof pintail> {
  return pintail(['run', ...options, '--', 'sh', '-c', line]);
}

describe('a command in the guest', () => {
  it('writes its output, alone, and ends with 0', async () => {
    expect(await shell('uname -m; echo $((6*7))')).toEqual({ code: 0, stdout: 'x86_64\n42\n', stderr: '' });
  });

  it('keeps standard error apart, and its status', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('ends with 128 and the number of the signal that ended it', async () => {
    expect((await shell('kill -TERM $$')).code).toBe(128 + 15);
  });

  it('reads what comes in on standard input', async () => {
    const data = Buffer.alloc(100_000, 'pintail\n');
    const { stdout } = await pintail(['run', '--', 'sha256sum'], data);
    expect(stdout).toBe(`${createHash('sha256').update(data).digest('hex')}  -\n`);
  });

  it('sees the files that were added', async () => {
    const path = join(folder, 'note.txt');
    writeFileSync(path, 'a note');
    expect((await shell('cat /data/note', '--add', `${path}:/data/note`)).stdout).toBe('a note');
  });

  it('counts the same instructions twice', async () => {
    const count = async (): Promise<number> => {
      const { code, stderr } = await pintail(['run', '--stats', 'json', '-nic', 'none', '--', 'true']);
      expect(code).toBe(0);
      return (JSON.parse(stderr) as { instructions: number }).instructions;
    };
    const first = await count();
    expect(first).toBeGreaterThan(100_000_000);
    expect(await count()).toBe(first);
  });

  it('is stopped by a limit', async () => {
    const { code, stderr } = await shell('echo never', '--limit-instructions', '1_000_000');
    expect({ code, stderr }).toMatchObject({ code: 124, stderr: expect.stringContaining('before the command ended') as string });
  });

  it('is told when the machine goes down under it', async () => {
    const { code, stderr } = await shell('reboot -f; sleep 100');
    expect(code).not.toBe(0);
    expect(stderr).toContain('before the command ended');
  });
});

describe('a panic of the guest\'s kernel', () => {
  it('has a status of its own, and says why', async () => {
    const { code, stderr } = await shell('echo c >/proc/sysrq-trigger; sleep 100');
    expect({ code, stderr }).toMatchObject({ code: 133, stderr: expect.stringMatching(/^pintail: the guest's kernel panicked: sysrq triggered crash\.$/m) as string });
  });

  it('is seen on the console alone too, before a driver of pvpanic is there', async () => {
    const { dir } = await prepareGuest('amd64');
    const line = ['run', '-nic', 'none', '-no-reboot', '-serial', 'null', '-kernel', join(dir, 'kernel'), '-append', 'console=ttyS0 panic=-1'];
    const { code, stderr } = await pintail(line);
    expect({ code, stderr }).toMatchObject({ code: 133, stderr: expect.stringContaining('VFS: Unable to mount root fs') as string });
    expect((await pintail([...line, '-action', 'panic=shutdown'])).code).toBe(0);
  });
});

describe('a script on standard input', () => {
  it('is typed at the prompt, and its end ends the shell and the machine', async () => {
    const { code, stdout } = await pintail(['run'], 'echo $((6*7))\ncd /tmp; pwd\n');
    expect(stdout).toMatch(/\r\n42\r\n[\s\S]*\r\n\/tmp\r\n/);
    expect(code).toBe(0);
  });
});

describe('programs in the guest', () => {
  it('compute: pipes, floating point, digests', async () => {
    const line = `seq 1 1000 | awk '{ s += 1 / $1 } END { printf "%.12f\\n", s }'; seq 1 5000 | sort -r | md5sum`;
    let sum = 0;
    for (let i = 1; i <= 1000; i++) sum += 1 / i;
    const sorted = Array.from({ length: 5000 }, (_, i) => `${i + 1}`).sort().reverse().join('\n') + '\n';
    const digest = createHash('md5').update(sorted).digest('hex');
    expect((await shell(line)).stdout).toBe(`${sum.toFixed(12)}\n${digest}  -\n`);
  });

  it('handle signals and jobs', async () => {
    const line = `trap 'echo caught' USR1; (sleep 0.05; kill -USR1 $$) & wait; wait; echo done`;
    expect((await shell(line)).stdout).toBe('caught\ndone\n');
  });

  it('may be 32-bit', async () => {
    const guest = await prepareGuest('i386');
    const busybox = readCpio(readFileSync(guest.initrd)).find(({ path }) => path === 'bin/busybox')!.data!;
    const path = join(folder, 'busybox32');
    writeFileSync(path, busybox, { mode: 0o755 });
    const { stdout, code } = await shell(`busybox32 sh -c 'uname -m; busybox32 awk "BEGIN { print 22 / 7 }"; echo hello | busybox32 sha1sum'`, '--add', `${path}:/bin/`);
    expect({ stdout, code }).toEqual({ stdout: `x86_64\n3.14286\n${createHash('sha1').update('hello\n').digest('hex')}  -\n`, code: 0 });
  }, 600_000);

  it('find a processor that describes itself, and a kernel without complaints', async () => {
    const { stdout } = await shell('cat /proc/cpuinfo; dmesg -r');
    expect(stdout).toMatch(/vendor_id\t: AuthenticAMD/);
    expect(stdout).toMatch(/flags\t\t:.*\blm\b.*\bsse4_2\b/);
    // <0> to <4>: emergencies to warnings.
    expect(stdout.split('\n').filter((line) => /^<[0-4]>/.test(line))).toEqual([]);
  });
});
