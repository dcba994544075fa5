/**
 * Debian's Xen as a multiboot kernel, with Debian's Linux as its dom0: to the shell on Xen's console, with the options their packages come
 * with. What is typed there goes through Xen's own small buffers. Some two minutes of processor time.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';
import { runUntilText, watchConsole } from '../support/console.js';
import { noPackages, packageFiles } from '../support/package-files.js';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

/** A shell's command of 200 characters, and what it says when all of them arrived. */
function longCommand(): { line: string; answer: string } {
  const word = Array.from({ length: 182 }, (_, at) => String.fromCharCode(97 + ((at * 7) % 26))).join('');
  return { line: `echo ${word} | sha256sum\n`, answer: createHash('sha256').update(`${word}\n`).digest('hex') };
}

describe.skipIf(noPackages !== undefined)(`Xen${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it('boots its dom0 to a shell, which gets 200 characters typed at once', { timeout: 3_600_000 }, async () => {
    const [kernel] = await packageFiles('xen-hypervisor-4.17-amd64', ['boot/xen-4.17-amd64.gz']);
    const { dir, initrd } = await prepareGuest('amd64');
    const { line, answer } = longCommand();
    expect(line).toHaveLength(200);
    machine = await createMachine({
      kernel: kernel!, append: 'console=com1', memoryMiB: 1024, limits: { instructions: 16_000_000_000n },
      modules: [{ file: join(dir, 'vmlinuz'), text: 'vmlinuz console=hvc0' }, { file: initrd }],
    });
    const screen = watchConsole(machine);
    await runUntilText(machine, screen, '/ # ');
    expect(screen.text).toContain('(XEN) Command line: console=com1');
    expect(screen.text).toContain('Hypervisor detected: Xen PV');
    machine.write(line);
    await runUntilText(machine, screen, /[0-9a-f]{64}  -/);
    expect(screen.text).toContain(answer);
  });
});
