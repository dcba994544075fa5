/**
 * Media changed from outside, by the API: a bare program reads the first sector of the CD at 170h again and again, and tells its first byte at port E9h, or the sense key (0 to 9) where there is
 * an error. It may lock the drive before.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createMachine, type DeviceOptions, type Machine } from 'pintail';
import { TextAssembler } from '../../../guest/assembler/text.js';

const CODE = 0x10000;
const reader = (locked: boolean): string => `
  mov edx, 0x376; mov al, 2; out dx, al
  ${locked ? 'mov esi, lock; call packet; call ready' : ''}
again:
  mov esi, read; call packet
  call ready; test al, 1; jnz wrong
  mov edx, 0x170; mov edi, 0x20000; mov ecx, 1024; rep insw
  call ready
  mov al, [0x20000]
tell:
  mov edx, 0xe9; out dx, al
  jmp again
wrong:
  mov edx, 0x171; in al, dx; shr al, 4; add al, 0x30
  jmp tell
packet:
  mov edx, 0x176; mov al, 0xa0; out dx, al
  mov edx, 0x174; xor eax, eax; out dx, al; inc edx; mov al, 8; out dx, al
  mov edx, 0x177; mov al, 0xa0; out dx, al
  call ready
  mov edx, 0x170; mov ecx, 6; rep outsw
  ret
ready:
  mov edx, 0x177; in al, dx; test al, 0x80; jnz ready
  ret
read: db 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0
lock: db 0x1e, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0
`;
function assemble(locked: boolean): Uint8Array {
  const a = new TextAssembler(CODE);
  a.bits = 32;
  a.text(reader(locked));
  return a.assemble();
}
const disc = (letter: string, sectors = 64): Uint8Array => new Uint8Array(2048 * sectors).fill(letter.charCodeAt(0));
const CONTROLLER: DeviceOptions = { model: 'piix3-ide', id: 'p', slot: 1 };

async function make(cd: DeviceOptions, drives: { id: string; source: Uint8Array }[], locked = false, worker = false): Promise<{ machine: Machine; told: () => Promise<string> }> {
  const machine = await createMachine({ memoryMiB: 4, worker, bare: { code: assemble(locked), mode: 'protected32' }, drives: drives.map((drive) => ({ ...drive, readOnly: true })), devices: [CONTROLLER, cd] });
  onTestFinished(() => machine.close());
  let said = '';
  machine.on('serial', (port, bytes) => void (port === 4 && (said += new TextDecoder().decode(bytes))));
  return {
    machine,
    /** The letters of the next 300,000 instructions, each once where it repeats. */
    async told() {
      said = '';
      await machine.step(300_000n);
      return said.replace(/(.)\1+/g, '$1');
    },
  };
}
const CD: DeviceOptions = { model: 'ide-cd', drive: 'cd0', bus: 'p.1' };

it.each([false, true])('a disc is taken out and another put in, of a machine that is paused or runs (worker: %s)', async (worker) => {
  const { machine, told } = await make(CD, [{ id: 'cd0', source: disc('A') }], false, worker);
  expect(await told()).toBe('A');
  await machine.eject('cd0');
  // Once the medium has changed (6), from then on there is none (2).
  expect(await told()).toMatch(/^A?6?2$/);
  await machine.change('cd0', disc('B', 128));
  expect(await told()).toMatch(/^2?6B$/);
  const run = machine.run();
  await machine.change('cd0', disc('C', 2));
  await machine.pause();
  await run;
  expect(await told()).toMatch(/C$/);
  await machine.reset();
  expect(await told()).toBe('C');
});

it('a drive that began empty is called by its id, and an image by its path', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-media-')), path = join(folder, 'a b.iso');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path, disc('D'));
  const { machine, told } = await make({ model: 'ide-cd', id: 'tray', bus: 'p.1' }, []);
  expect(await told()).toMatch(/^6?2$/);
  await machine.change('tray', path);
  expect(await told()).toMatch(/^2?6D$/);
  // Its snapshot goes on where the disc is in the drive of that name.
  const snapshot = await machine.snapshot();
  const other = await createMachine({ memoryMiB: 4, snapshot, drives: [{ id: 'tray', source: disc('D'), readOnly: true }], devices: [CONTROLLER, { model: 'ide-cd', drive: 'tray', bus: 'p.1' }] });
  onTestFinished(() => other.close());
  expect(await other.stateHash()).toBe(await machine.stateHash());
});

it('a drive that the guest has locked keeps its disc, unless it is forced', async () => {
  const { machine, told } = await make(CD, [{ id: 'cd0', source: disc('A') }], true);
  expect(await told()).toMatch(/A$/);
  await expect(machine.eject('cd0')).rejects.toThrow(/the guest has locked the drive "cd0"/);
  await expect(machine.change('cd0', disc('B'))).rejects.toThrow(/has locked/);
  expect(await told()).toBe('A');
  await machine.change('cd0', disc('B'), { force: true });
  expect(await told()).toMatch(/6B$/);
});

it('what cannot be changed is refused in words', async () => {
  const machine = await createMachine({
    memoryMiB: 4, bare: { code: assemble(false), mode: 'protected32' }, drives: [{ id: 'hda', source: new Uint8Array(1 << 20) }, { id: 'cd0', source: disc('A'), readOnly: true }],
    devices: [{ model: 'ide-hd', drive: 'hda' }, { model: 'ide-cd', drive: 'cd0' }],
  });
  onTestFinished(() => machine.close());
  await expect(machine.eject('hda')).rejects.toThrow('drive: "hda" is a disk that stays where it is; CDs and diskettes are changed.');
  await expect(machine.change('cd1', disc('B'))).rejects.toThrow('no drive for CDs or diskettes is called "cd1". Did you mean cd0?');
  await expect(machine.change('cd0', '/nowhere/a.iso')).rejects.toThrow('source: /nowhere/a.iso is not there.');
  await expect(machine.change('cd0', new Uint8Array(5))).rejects.toThrow('source: a disk of 5 bytes is no whole number of sectors');
  await expect(machine.change('cd0', disc('B'), { forced: true } as object)).rejects.toThrow('forced: there is no such option. Did you mean force?');
  await expect(createMachine({ bare: { code: assemble(false) }, drives: [{ id: 'a', source: disc('A') }], devices: [{ model: 'ide-cd', id: 'a' }] })).rejects.toThrow('"a" is a drive\'s; write drive=a');
});
