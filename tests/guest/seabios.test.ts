/**
 * SeaBIOS from Debian's package starts on the board: finds memory and tables by fw_cfg, finds a virtio disk that is kept in memory, and boots
 * its first sector; and a disk image that is a CD image too (memtest86+'s own, from its package).
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { RealAssembler, Jump } from '../../guest/assembler/real.js';
import { runUntilText, watchConsole, type Screen } from '../support/console.js';
import { noPackages, packageFiles } from '../support/package-files.js';

const SECTOR = 512;
/** SeaBIOS makes cylinders of 1008 sectors: a disk with less than one cannot be read. */
const DISK_BYTES = 1 << 20;
const BOOT_OFFSET = 0x7c00;
const BUFFER = 0x8000;
const SIGNATURE = [0x55, 0xaa];
/** EFER: long mode is active. */
const LMA = 0x400n;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

async function boot(source: Uint8Array | string, more: MachineOptions = {}): Promise<{ machine: Machine; screen: Screen }> {
  const [bios] = await packageFiles('seabios', ['usr/share/seabios/bios-256k.bin']);
  machine = await createMachine({
    bios: bios!, memoryMiB: 64, drives: [{ id: 'disk', source, snapshot: typeof source === 'string' }], devices: [{ model: 'virtio-blk', drive: 'disk' }],
    limits: { instructions: 2_000_000_000n }, ...more,
  });
  return { machine, screen: watchConsole(machine) };
}

/** Prints by INT 10h, reads sector 1 and prints its text, writes a word into sector 2, and ends by debug exit with half its drive's number. */
function bootSector(): Uint8Array {
  const a = new RealAssembler(BOOT_OFFSET);
  const print = (offset: number | string): void => {
    a.op('mov si, text', 0xbe);
    a.word(offset);
    a.op('call print', 0xe8, 0, 0);
    calls.push(a.here - 2);
  };
  const calls: number[] = [];
  a.op('xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 7c00h', 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c);
  a.op('push dx', 0x52);
  print('hello');
  a.op('mov ah, 42h; mov si, packet', 0xb4, 0x42, 0xbe);
  a.word('packet');
  a.op('int 13h', 0xcd, 0x13);
  a.jumpIf(Jump.B, 'failed');
  print(BUFFER);
  a.op('mov word [8000h], "OK"; inc byte [sector]', 0xc7, 0x06, 0x00, 0x80, 0x4f, 0x4b, 0xfe, 0x06);
  a.word('sector');
  a.op('mov ax, 4300h; mov si, packet', 0xb8, 0x00, 0x43, 0xbe);
  a.word('packet');
  a.op('pop dx; push dx; int 13h', 0x5a, 0x52, 0xcd, 0x13);
  a.jumpIf(Jump.B, 'failed');
  // What INT 10h was given is on its way to the serial console until the timer has ticked.
  a.op('sti; mov cx, 3; 1: hlt; loop 1b', 0xfb, 0xb9, 0x03, 0x00, 0xf4, 0xe2, 0xfd);
  a.op('pop ax; shr al, 1; mov dx, 501h; out dx, al; hlt', 0x58, 0xd0, 0xe8, 0xba, 0x01, 0x05, 0xee, 0xf4);
  a.label('failed');
  a.op('mov al, 0; mov dx, 501h; out dx, al; hlt', 0xb0, 0x00, 0xba, 0x01, 0x05, 0xee, 0xf4);
  a.label('print');
  a.op('lodsb; test al, al', 0xac, 0x84, 0xc0);
  a.jumpIf(Jump.E, 'printed');
  a.op('mov ah, 0eh; mov bx, 7; int 10h', 0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd, 0x10);
  a.jump('print');
  a.label('printed');
  a.op('ret', 0xc3);
  a.label('packet');
  a.op('16 bytes, 1 sector to 0:8000, from', 16, 0, 1, 0, 0x00, 0x80, 0, 0);
  a.label('sector');
  a.op('sector 1', 1, 0, 0, 0, 0, 0, 0, 0);
  a.label('hello');
  a.op('text', ...new TextEncoder().encode('the boot sector\r\n\0'));
  const code = a.assemble();
  const view = new DataView(code.buffer);
  for (const at of calls) view.setUint16(at - BOOT_OFFSET, a.offsetOf('print') - (at + 2), true);
  return code;
}

describe.skipIf(noPackages !== undefined)(`SeaBIOS${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it('boots the first sector of a disk in memory, and reads and writes the disk for it', async () => {
    const disk = new Uint8Array(DISK_BYTES);
    disk.set(bootSector());
    disk.set(SIGNATURE, SECTOR - 2);
    disk.set(new TextEncoder().encode('from sector one\r\n'), SECTOR);
    const { machine: m, screen } = await boot(disk);
    // Drive 0x80, halved by the program; the status is twice that and one.
    const stop = await m.run();
    expect(screen.text).toMatch(/SeaBIOS \(version 1\.[\s\S]*Booting from Hard Disk[\s\S]*the boot sector\r\nfrom sector one\r\n/);
    expect(stop).toMatchObject({ reason: 'debug-exit', code: 0x81 });
    expect([...disk.subarray(2 * SECTOR, 2 * SECTOR + 4)]).toEqual([...new TextEncoder().encode('OKom')]);
  });

  it('says that there is nothing to boot on a disk without a boot sector', async () => {
    const { machine: m, screen } = await boot(new Uint8Array(DISK_BYTES));
    await runUntilText(m, screen, 'No bootable device');
    expect(screen.text).toMatch(/Boot failed: not a bootable disk/);
  });

  it('boots a CD image that has a boot sector for disks too, from a disk', async () => {
    const [image] = await packageFiles('memtest86+', ['usr/lib/memtest86+/memtest86+x64.iso']);
    const { machine: m, screen } = await boot(image!);
    // Its loader loads memtest86+, which goes into long mode (SeaBIOS never does) and shows itself on a screen only.
    const inLongMode = async (): Promise<boolean> => ((await m.getRegisters()).efer & LMA) !== 0n;
    for (let part = 0; part < 40 && !(await inLongMode()); part++) expect((await m.step(50_000_000n)).reason).toBe('paused');
    expect(screen.text).toContain('Booting from Hard Disk');
    expect(await inLongMode()).toBe(true);
  });
});
