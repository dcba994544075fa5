/** What `pintail run` says, and its status, when something cannot start or has gone to sleep for good. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pintail } from '../guest/command.js';
import { makeBzImage, makeElf } from '../support/elf.js';
import { elfMultibootKernel } from '../support/multiboot-kernel.js';

let folder: string;
const at = (name: string): string => join(folder, name);

const MULTIBOOT = [0x1badb002, 0, -0x1badb002];
/** A multiboot kernel of these bytes. */
function kernelOf(...code: number[]): Uint8Array {
  const data = new Uint8Array([...new Uint8Array(Int32Array.from(MULTIBOOT).buffer), ...code]);
  return makeElf({ wide: false, entry: 0x10_000c, segments: [{ physical: 0x10_0000, data }] });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-messages-'));
  writeFileSync(at('text'), 'hello\n');
  writeFileSync(at('kernel'), elfMultibootKernel());
  writeFileSync(at('big'), makeElf({ wide: false, segments: [{ physical: 0x10_0000, data: new Uint8Array(Int32Array.from(MULTIBOOT).buffer), memoryBytes: 40 << 20 }] }));
  writeFileSync(at('module'), new Uint8Array(20 << 20));
  writeFileSync(at('stopped'), kernelOf(0xfa, 0xf4)); // cli; hlt
  writeFileSync(at('asleep'), kernelOf(0xfb, 0xf4)); // sti; hlt
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...words: string[]): ReturnType<typeof pintail> => pintail(['run', ...words.map((word) => word.replace('@', `${folder}/`))]);

describe('what cannot start is named, with what to do', () => {
  it.each<[string, number, RegExp]>([
    ['-kernel @none', 2, /^pintail: -kernel \S+\/none: cannot read .*\/none: there is no such file\.\n$/],
    ['-kernel @', 2, /^pintail: -kernel \S+: cannot read .*: it is a folder\.\n$/],
    ['-kernel @text', 2, /text: is neither a bzImage nor an ELF file .* Give a Linux bzImage/],
    ['-kernel @kernel -initrd @none', 2, /^pintail: -initrd \S+: cannot read .*\/none: there is no such file\./],
    ['-kernel @kernel -module @none', 2, /^pintail: -module \S+: cannot read .*\/none: there is no such file\./],
    ['-kernel @kernel -machine q35,kernel-entry=grub', 2, /kernel-entry=grub: kernel-entry is pvh, linux64, linux32, real16, multiboot, not "grub"\./],
    ['-kernel @kernel -machine kernel-entry=real16', 2, /kernel: is no bzImage and has no real-mode code\. Use another entry\./],
    ['-kernel @big -m 16', 2, /big: needs 41 MiB of memory below 4 GiB, the machine has 16 MiB\. Give the machine more memory \(-m \d+\)\./],
    ['-kernel @kernel -m 16 -initrd @module', 2, /module: has 20 MiB, but only 14 MiB of memory are left beside the kernel\. Give the machine more memory \(-m\)/],
    ['-bios @none', 2, /^pintail: -bios \S+: cannot read .*\/none: there is no such file\./],
    ['-bios @text', 2, /text: has 6 bytes; a ROM has a multiple of 64 KiB, at most 16 MiB\./],
    ['-bios @text -append x', 2, /^pintail: -append x: is the command line of a kernel or a guest; with a BIOS the boot loader has its own\./],
    ['--guest nowhere', 2, /^pintail: --guest nowhere: there is no guest "nowhere"\. There are amd64, i386, builtin, and folders/],
    ['@kernel', 2, /kernel: \S+ is a kernel and no disk; write -kernel \S+\.\n$/],
    ['kernel', 2, /^pintail: kernel: is no option; a kernel comes after -kernel, a command for the guest after "--"\.\n$/],
  ])('%s', async (line, code, message) => {
    const ended = await run(...line.split(' '));
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    expect(ended.code).toBe(code);
  });
});

describe('a Linux kernel', () => {
  it('that is told of no console is said to boot unseen', async () => {
    writeFileSync(at('linux'), makeBzImage(new Uint8Array(0x200)));
    const words = ['-kernel', '@linux', '-machine', 'kernel-entry=linux64', '--limit-instructions', '1000'];
    expect((await run(...words)).stderr).toMatch(/^pintail: the kernel command line names no console; with console=ttyS0 \(-append\)/);
    expect((await run(...words, '-append', 'quiet console=ttyS0')).stderr).not.toContain('console');
  });
});

describe('a processor that sleeps for good', () => {
  it('with interrupts off ends the machine', async () => {
    expect(await run('-kernel', '@stopped')).toEqual({ code: 132, stdout: '', stderr: 'pintail: the processor halted with interrupts off (before 0x10000e): nothing can wake it.\n' });
  });

  it('with interrupts on ends it too, once nobody can type any more', async () => {
    const message = /^pintail: the guest sleeps: it has set no timer, and nothing is attached/;
    expect(await run('-kernel', '@asleep')).toMatchObject({ code: 132, stderr: expect.stringMatching(message) as string });
    expect(await pintail(['run', '-kernel', at('asleep')], 'typed\n')).toMatchObject({ code: 132, stderr: expect.stringMatching(message) as string });
  });
});
