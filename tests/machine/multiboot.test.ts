/** Multiboot kernels run: what they find in registers and in memory. Multiboot 0.6.96, 3.2 and 3.3. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createMachine, ImageError, type Machine, type MachineOptions } from 'pintail';
import { watchConsole } from '../support/console.js';
import { elfMultibootKernel, flatMultibootKernel } from '../support/multiboot-kernel.js';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The lines that the kernel prints. */
async function boot(options: MachineOptions): Promise<string[]> {
  machine = await createMachine({ memoryMiB: 64, limits: { instructions: 10_000_000n }, ...options });
  const screen = watchConsole(machine);
  expect(await machine.run()).toMatchObject({ reason: 'debug-exit', code: 1 });
  return screen.text.split('\n').slice(0, -1);
}

const STATE = ['magic 2badb002', 'eflags 00000002 cr0 00000011'];
const MAP = [
  'region 0000000000000000 000000000009fc00 type 00000001',
  'region 000000000009fc00 0000000000000400 type 00000002',
  'region 00000000000e0000 0000000000020000 type 00000002',
  'region 0000000000100000 0000000003f00000 type 00000001',
  'region 00000000b0000000 0000000010000000 type 00000002',
];

describe.each([
  ['an ELF kernel', elfMultibootKernel()],
  ['a flat kernel, by the addresses in its header', flatMultibootKernel()],
])('%s', (_, kernel) => {
  it('finds the state of 3.2 and, without anything given, only memory', async () => {
    expect(await boot({ kernel })).toEqual([...STATE, 'flags 0000024d', 'memory 0000027f 0000fc00', 'cmdline kernel', 'loader pintail', 'bss 00000000', ...MAP]);
  });

  it('finds its command line and modules, initrd first, each at a page', async () => {
    const modules = [{ file: text('second\n'), text: 'second.bin with words' }, { file: new Uint8Array(), text: 'empty' }, { file: text('third, without a text\n') }];
    const lines = await boot({ kernel, entry: 'multiboot', append: 'root=/dev/null  two', initrd: text('the initrd\n'), modules });
    expect(lines).toEqual([
      ...STATE, 'flags 0000024d', 'memory 0000027f 0000fc00', 'cmdline kernel root=/dev/null  two', 'loader pintail', 'bss 00000000',
      'module at page + 00000000, bytes 0000000b, named initrd', 'the initrd',
      'module at page + 00000000, bytes 00000007, named second.bin with words', 'second',
      'module at page + 00000000, bytes 00000000, named empty',
      'module at page + 00000000, bytes 00000016, named module', 'third, without a text',
      ...MAP,
    ]);
  });
});

describe('multiboot kernels', () => {
  it('take a module of several MiB whole', async () => {
    const file = new Uint8Array(3 << 20).fill(0x2e);
    file[file.length - 1] = 0x0a;
    const lines = await boot({ kernel: elfMultibootKernel(), memoryMiB: 16, modules: [{ file, text: 'big' }], limits: { instructions: 400_000_000n } });
    expect(lines).toContain('module at page + 00000000, bytes 00300000, named big');
    expect(lines).toContain('.'.repeat(file.length - 1));
  });

  it('are named by their file, and take a list of modules with -initrd, each with its words', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'multiboot-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const [kernel, one, comma] = ['kernel.gz', 'one', 'a,b'].map((name) => join(dir, name)) as [string, string, string];
    await writeFile(kernel, gzipSync(elfMultibootKernel()));
    await writeFile(one, 'first\n');
    await writeFile(comma, 'second\n');
    const lines = await boot({ kernel, append: 'a b', initrd: `${one} x y,${comma.replace(',', ',,')}`, modules: [{ file: text('third\n'), text: 'last' }] });
    expect(lines.filter((line) => /^(cmdline|module|first|second|third)/.test(line))).toEqual([
      `cmdline ${kernel} a b`, `module at page + 00000000, bytes 00000006, named ${one} x y`, 'first',
      `module at page + 00000000, bytes 00000007, named ${comma}`, 'second', 'module at page + 00000000, bytes 00000006, named last', 'third',
    ]);
    await expect(createMachine({ kernel, initrd: `${one},${dir}/missing x` })).rejects.toThrow(/initrd: cannot read .*missing: there is no such file/);
  });

  it.each([0x7c00, 0x8_0000])('run below 1 MiB (%i)', async (base) => {
    for (const kernel of [elfMultibootKernel(base), flatMultibootKernel(base)]) {
      const lines = await boot({ kernel, append: 'low', initrd: text('the initrd\n') });
      expect(lines).toEqual([...STATE, 'flags 0000024d', 'memory 0000027f 0000fc00', 'cmdline kernel low', 'loader pintail', 'bss 00000000', 'module at page + 00000000, bytes 0000000b, named initrd', 'the initrd', ...MAP]);
      await machine!.close();
    }
  });

  it('do not start when their modules do not fit', async () => {
    const modules = [{ file: new Uint8Array(14 << 20), text: 'huge' }, { file: new Uint8Array(1 << 20), text: 'another' }];
    const made = createMachine({ kernel: elfMultibootKernel(), memoryMiB: 16, modules });
    await expect(made).rejects.toThrow(ImageError);
    await expect(made).rejects.toThrow(/another: has 1 MiB, but only 0 MiB of memory are left/);
  });
});
