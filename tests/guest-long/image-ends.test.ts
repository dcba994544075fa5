/**
 * Images as Debian's packages have them, each to its own prompt or end, by its own keyboard or line: U-Boot's two ROMs in the place of SeaBIOS, GNU Mach from a disk by GRUB's rescue CD,
 * iPXE's CD to a script by HTTP. docs/images.md is the table of it; memtest86+'s CDs are in tests/long.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMachine } from 'pintail';
import { runUntilText, watchConsole } from '../support/console.js';
import { converse, image, watch } from '../support/images.js';
import { noPackages, packageFiles } from '../support/package-files.js';
import { screenRoms } from '../support/show-cards.js';

const MINUTES = 60_000;
const ROMS = ['usr/lib/u-boot/qemu-x86/u-boot.rom', 'usr/lib/u-boot/qemu-x86_64/u-boot.rom'];
const CD = [{ model: 'ide-cd', drive: 'cd' }] as const;

describe.skipIf(noPackages !== undefined)(`images to their ends${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it.each(ROMS)('%s comes to its prompt', async (path) => {
    const bios = await image('u-boot-qemu', path, ROMS);
    // 32 ns an instruction: it counts seconds before it boots something.
    await using machine = await createMachine({ bios, memoryMiB: 64, icountShift: 5 });
    const said = watch(machine);
    const text = await converse(machine, said, [[/Hit any key to stop autoboot/, () => machine.write(' ')], [/^=> $/m, () => machine.write('version\n')], [/GNU ld[^]*\n=> $/m, () => undefined]]);
    expect(text).toMatch(/U-Boot 2023\.01[^]*DRAM: +64 MiB[^]*Model: QEMU x86/);
    expect(text).toContain(path.includes('_64') ? 'x86_64-linux-gnu-gcc' : 'i686-linux-gnu-gcc');
  }, 5 * MINUTES);

  it('GNU Mach comes to what it has no servers for, loaded by GRUB from a disk', async () => {
    const cd = (await packageFiles('grub-rescue-pc', ['usr/lib/grub-rescue/grub-rescue-cdrom.iso', 'usr/lib/grub-rescue/grub-rescue-floppy.img']))[0]!;
    const kernel = await image('gnumach-image-1.8-486', 'boot/gnumach-1.8-486.gz');
    const folder = mkdtempSync(join(tmpdir(), 'pintail-mach-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    copyFileSync(kernel, join(folder, basename(kernel)));
    // GRUB reads a tar file as a file system.
    expect(spawnSync('tar', ['--format=ustar', '-cf', 'disk.tar', basename(kernel)], { cwd: folder }).status).toBe(0);
    const { bios, video } = await screenRoms();
    await using machine = await createMachine({
      bios, memoryMiB: 64, icountShift: 2, boot: { order: 'd' }, devices: [{ model: 'VGA', romfile: video }, ...CD, { model: 'ide-hd', drive: 'disk' }],
      drives: [{ id: 'cd', source: cd, readOnly: true }, { id: 'disk', source: join(folder, 'disk.tar'), snapshot: true }],
    });
    const said = watch(machine);
    const text = await converse(machine, said, [
      [/highlighted entry will be executed/, () => machine.sendKey('c')], [/grub> *$/m, () => machine.type(`multiboot (hd0)/${basename(kernel)}\n`)], [/\.gz\s+grub> *$/m, () => machine.type('boot\n')],
      [/No bootstrap code loaded/, () => undefined],
    ]);
    expect(text).toMatch(/GNU Mach 1\.8\+git20221224-486[^]*RTC time is [^]*bootstrap_create/);
  }, 10 * MINUTES);

  it("iPXE's CD has an address by DHCP and runs a script by HTTP", async () => {
    const asked: string[] = [];
    const server = createServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.end('#!ipxe\necho This script came to ${net0/ip}\nshell\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const cd = await image('ipxe', 'usr/lib/ipxe/ipxe.iso', ['usr/lib/ipxe/ipxe.iso', 'boot/ipxe.lkrn']);
    const { bios } = await screenRoms();
    // Without a screen, firmware and what it starts speak on COM1.
    await using machine = await createMachine({
      bios, memoryMiB: 64, icountShift: 5, netdevs: [`user,id=n0,loopback=on,bootfile=http://10.0.2.2:${port}/boot.ipxe`], drives: [{ id: 'cd', source: cd, readOnly: true }],
      devices: [...CD, { model: 'e1000', netdev: 'n0' }], limits: { instructions: 3_000_000_000n },
    });
    const screen = watchConsole(machine);
    expect((await runUntilText(machine, screen, /This script came to 10\.0\.2\.15/)).reason).toBe('paused');
    expect(asked).toEqual(['GET /boot.ipxe']);
  }, 10 * MINUTES);
});
