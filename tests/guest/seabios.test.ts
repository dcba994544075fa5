/**
 * SeaBIOS from Debian's package starts on the board: finds memory and tables by fw_cfg, finds a virtio disk that is kept in memory, and boots
 * its first sector; and a disk image that is a CD image too (memtest86+'s own, from its package).
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type DeviceOptions, type Machine, type MachineOptions } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';
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
  const a = new TextAssembler(BOOT_OFFSET);
  a.bits = 16;
  a.text(`
    xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, ${BOOT_OFFSET}
    push dx
    mov si, hello; call print
    mov ah, 0x42; mov si, packet; int 0x13; jc failed
    mov si, ${BUFFER}; call print
    mov word [${BUFFER}], 0x4b4f; inc byte [sector]
    pop dx; push dx; mov ax, 0x4300; mov si, packet; int 0x13; jc failed
    # What INT 10h was given is on its way to the serial console until the timer has ticked.
    sti; hlt; hlt; hlt
    pop ax; shr al, 1; jmp exit
  failed: mov al, 0
  exit: mov dx, 0x501; out dx, al; hlt
  print: lodsb; test al, al; jz printed
    mov ah, 0x0e; mov bx, 7; int 0x10; jmp print
  printed: ret
  # 16 bytes; 1 sector; to 0:8000; from this one
  packet: dw 16, 1, ${BUFFER}, 0
  sector: dd 1, 0
  hello: db "the boot sector", 13, 10, 0
  `);
  return a.assemble();
}

describe.skipIf(noPackages !== undefined)(`SeaBIOS${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it.each<[string, DeviceOptions[]]>([
    ['a disk in memory', [{ model: 'virtio-blk', drive: 'disk' }]],
    ['a disk behind a root port', [{ model: 'pcie-root-port', id: 'rp' }, { model: 'virtio-blk', drive: 'disk', bus: 'rp' }]],
  ])('boots the first sector of %s, and reads and writes the disk for it', async (_, devices) => {
    const disk = new Uint8Array(DISK_BYTES);
    disk.set(bootSector());
    disk.set(SIGNATURE, SECTOR - 2);
    disk.set(new TextEncoder().encode('from sector one\r\n'), SECTOR);
    const { machine: m, screen } = await boot(disk, { devices });
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
