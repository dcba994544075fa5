/** Machines into snapshots and out of them: whole, packed, from a file, a page at a time; what does not fit is refused before the guest can see it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMachine, SnapshotError, type DeviceOptions, type Machine, type MachineOptions } from 'pintail';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { memorySource, openSnapshotFile } from '../../host/snapshot/index.js';
import { pintail } from '../guest/command.js';

let folder: string, path: string, saved: Uint8Array, hash: string, later: string;
const machines: Machine[] = [];
const make = async (options: MachineOptions): Promise<Machine> => {
  const machine = await createMachine(options);
  machines.push(machine);
  return machine;
};

/** Touches pages all over RAM, for a while. */
const CODE = Uint8Array.from([
  0xbf, 0, 0, 0x10, 0, // mov edi, 0x100000
  0x8b, 0x07, 0x40, 0x89, 0x07, // again: mov eax, [rdi]; inc eax (a REX prefix in 64-bit mode: the mode is 32 bits); mov [edi], eax
  0x81, 0xc7, 0, 0x10, 0, 0, // add edi, 0x1000
  0x81, 0xe7, 0xff, 0xff, 0x1f, 0, // and edi, 0x1fffff
  0xeb, 0xed, // jmp again
]);
const STEPS = 20_011;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
  path = join(folder, 'saved');
  const machine = await make({ memoryMiB: 16, bare: { code: CODE, mode: 'protected32' } });
  await machine.writeMemory(0x400000, new Uint8Array(300_000).map((_, i) => i * 31 + (i >> 8)));
  await machine.step(5000);
  saved = await machine.snapshot();
  writeFileSync(path, saved);
  hash = await machine.stateHash();
  await machine.step(STEPS);
  later = await machine.stateHash();
  expect(later).not.toBe(hash);
});
afterEach(async () => void (await Promise.all(machines.splice(0).map((machine) => machine.close()))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each<[string, () => MachineOptions]>([
  ['bytes', () => ({ snapshot: saved })],
  ['bytes, touched', () => ({ snapshot: saved, snapshotPages: 'touched' })],
  ['a file', () => ({ snapshot: path })],
  ['a file, whole', () => ({ snapshot: path, snapshotPages: 'whole' })],
  ['a file, in a worker', () => ({ snapshot: path, worker: true })],
  ['a file, translated', () => ({ snapshot: path, jit: 'sync' })],
])('goes on from %s as it would have', async (_, options) => {
  const copy = await make(options());
  await copy.step(STEPS);
  expect(await copy.stateHash()).toBe(later);
  const other = await make(options());
  expect(await other.stateHash()).toBe(hash);
  expect(Buffer.compare(await other.snapshot(), saved)).toBe(0);
});

it('packed it is smaller, and the same machine', async () => {
  const packed = await (await make({ snapshot: saved })).snapshot({ packed: true });
  expect(packed.length).toBeLessThan(saved.length);
  expect(await (await make({ snapshot: packed })).stateHash()).toBe(hash);
});

it('what is read of a machine before it has touched it is there', async () => {
  const copy = await make({ snapshot: path });
  expect([...await copy.readMemory(0x400100, 3)]).toEqual([0x100, 0x101, 0x102].map((i) => (i * 31 + (i >> 8)) & 0xff));
});

/** The file with a byte of RAM at 0x400000 changed. */
function damaged(): Uint8Array {
  const wrong = saved.slice();
  const at = Buffer.from(wrong).indexOf(Uint8Array.from({ length: 64 }, (_, i) => i * 31 + (i >> 8)));
  wrong[at]! ^= 0x10;
  return wrong;
}

it('damage is told with section and place: at once, or where the page is touched, and the machine goes no further', async () => {
  const wrong = damaged();
  await expect(make({ snapshot: wrong })).rejects.toMatchObject({ name: 'SnapshotError', section: 'ram', offset: expect.any(Number) });
  for (const worker of [false, true]) {
    const copy = await make({ snapshot: wrong, snapshotPages: 'touched', worker });
    await copy.step(100);
    await expect(copy.readMemory(0x400000, 1)).rejects.toMatchObject({ name: 'SnapshotError', section: 'ram' });
    await copy.setRegisters({ rdi: 0x400000 });
    await expect(copy.step(100)).rejects.toThrow(/page 1024 of section "ram"/);
    await expect(copy.step(1)).rejects.toThrow(SnapshotError);
    await expect(copy.getRegisters()).rejects.toThrow(SnapshotError);
  }
});

it('a file that goes away, or is replaced, stays what it was to who has it open', async () => {
  const own = join(folder, 'own');
  writeFileSync(own, readFileSync(path));
  const copy = await make({ snapshot: own });
  rmSync(own);
  writeFileSync(own, 'another');
  await copy.step(STEPS);
  expect(await copy.stateHash()).toBe(later);
  await expect(make({ snapshot: own })).rejects.toThrow(/no snapshot/);
  await expect(make({ snapshot: join(folder, 'none') })).rejects.toMatchObject({ name: 'OptionError', option: 'snapshot' });
});

it('other cards, another disk, or one that was changed are refused by name', async () => {
  const disk = new Uint8Array(1 << 20).fill(3);
  const cards = (source: Uint8Array): MachineOptions => ({ devices: [{ model: 'virtio-blk', drive: 'd' }], drives: [{ id: 'd', source }] });
  const with_disk = await (await make({ memoryMiB: 16, bare: { code: CODE, mode: 'protected32' }, ...cards(disk) })).snapshot();
  await expect(make({ snapshot: with_disk })).rejects.toThrow(/these cards: virtio-blk-pci in slot 1.*ask for: none/);
  await expect(make({ snapshot: with_disk, ...cards(new Uint8Array(2 << 20)) })).rejects.toThrow(/sectors/);
  const changed = disk.slice();
  changed[700_000] = 4;
  await expect(make({ snapshot: with_disk, ...cards(changed) })).rejects.toThrow(/drive "d" was changed/);
  await make({ snapshot: with_disk, ...cards(disk) });
});

it('disks may be inside: who goes on needs none, writes nowhere, and sees no damaged page', async () => {
  const disk = new Uint8Array(1 << 20);
  for (const at of [0, 5000, 700_000]) disk.fill(at % 251 + 1, at, at + 600);
  const devices: DeviceOptions[] = [{ model: 'virtio-blk', drive: 'd', serial: 'first' }];
  const source = await make({ memoryMiB: 16, bare: { code: CODE, mode: 'protected32' }, devices, drives: [{ id: 'd', source: disk }] });
  const whole = await source.snapshot({ disks: true });
  const packed = await source.snapshot({ disks: true, packed: true });
  const file = join(folder, 'with-disks');
  writeFileSync(file, whole);
  disk.fill(9); // another disk by now
  for (const snapshot of [file, whole, packed]) {
    const copy = await make({ snapshot, devices });
    const section = (await openSnapshotFile(memorySource(await copy.snapshot({ disks: true })))).sections.find(({ name }) => name === 'disk 0')!;
    expect([...section.pages].flatMap((page, i) => (page === 0 ? [] : [i]))).toEqual([0, 1, 170, 171]);
  }
  await expect(make({ snapshot: file, devices, drives: [{ id: 'd', source: disk }] })).rejects.toThrow(/drive "d" was changed/);
  await expect(make({ snapshot: file })).rejects.toThrow(/these cards: virtio-blk-pci/);

  const wrong = whole.slice();
  wrong[Buffer.from(wrong).indexOf(Buffer.alloc(400, 700_000 % 251 + 1))]! ^= 1;
  const damagedDisk = await make({ snapshot: wrong, snapshotPages: 'touched', devices });
  await expect(damagedDisk.snapshot({ disks: true })).rejects.toMatchObject({ name: 'SnapshotError', section: 'disk 0' });

  // The command finds the card in the file.
  const { code, stderr } = await pintail(['run', '--snapshot', file, '-nic', 'none', '--limit-instructions', '50', '--json']);
  expect({ code, end: JSON.parse(stderr.trim().split('\n').at(-1)!) as unknown }).toMatchObject({ code: 124, end: { end: { stop: 'limit' } } });
});
