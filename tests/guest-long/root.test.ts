/**
 * Roots of Debian's packages on a disk: `guest build --packages` makes one that compiles and runs a program, and a root that cannot start says why.
 * Needs apt-get, dpkg-deb and the package archive: it skips itself, and says so, where they are not there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { pintail } from '../guest/command.js';

const client = ['apt-get', 'dpkg-deb'].every((tool) => spawnSync(tool, ['--version']).status === 0);
const folder = mkdtempSync(join(tmpdir(), 'pintail-root-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PROGRAM = '#include <stdio.h>\nint main(void) { return printf("hello from %d bits\\n", (int)(8 * sizeof(void *))) < 0; }\n';

describe.skipIf(!client)(`roots of packages${client ? '' : ' (skipped: no apt-get here)'}`, () => {
  const out = join(folder, 'gcc');

  it('has what was named and all it needs: a program is compiled and runs', async () => {
    const built = await pintail(['guest', 'build', '--packages', 'gcc,libc6-dev', '--out', out, '--json']);
    expect(built.code, built.stderr).toBe(0);
    const manifest = JSON.parse(built.stdout) as { root: { bytes: number }; packages: { name: string }[] };
    expect(manifest.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['gcc', 'libc6-dev', 'binutils']));
    expect(manifest).toEqual({ dir: out, ...(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as object) });
    const ran = await pintail(['run', '--guest', out, '-nic', 'none', '--', 'sh', '-c', 'cd /tmp && cat >hello.c && gcc hello.c && ./a.out'], PROGRAM);
    expect(ran).toEqual({ code: 0, stdout: 'hello from 64 bits\n', stderr: '' });
  }, 900_000);

  it('names of which there is none are told', async () => {
    const { code, stderr } = await pintail(['guest', 'build', '--packages', 'no-such-package-as-this', '--out', join(folder, 'none')]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/no-such-package-as-this/);
  }, 300_000);

  it('where a guest cannot start, the error has what its kernel said', async () => {
    await using(createMachine({ guest: 'amd64', append: 'root=/dev/nothing', agent: true, limits: { wallMs: 200_000 } }), async (machine) => {
      await expect(machine.exec(['true'])).rejects.toThrow(/stopped \(.*\) before the command ended\. Its console says: .*(panic|no such disk)/i);
    });
  }, 300_000);
});

async function using<T extends { close(): Promise<void> }>(making: Promise<T>, work: (machine: T) => Promise<void>): Promise<void> {
  const machine = await making;
  try {
    await work(machine);
  } finally {
    await machine.close();
  }
}
