/**
 * Saved machines of builds before, small enough to be kept (tests/golden/snapshots): what they are of, and what they come to. Another is made where a section's
 * version is new, beside the old ones:
 *
 *     MAKE=NAME,NAME-disks npx vitest run tests/machine/snapshot-fixtures.test.ts
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { openSnapshotFile, memorySource, readAbout, sectionNamed, type About } from '../../host/snapshot/index.js';
import { root } from '../house/sources.js';

const FOLDER = join(root, 'tests/golden/snapshots');
const STEPS = 30_000;

/** Counts in pages all over RAM by the PIT's count, with x87 and SSE in it, so that most of the processor's state is used. */
const CODE = Uint8Array.from([
  0xbf, 0, 0, 0x10, 0, // mov edi, 0x100000
  0xdb, 0xe3, 0xd9, 0xeb, // fninit; fldpi
  0xe4, 0x40, // again: in al, 0x40
  0x01, 0x07, // add [edi], eax
  0xd9, 0xfa, // fsqrt
  0x81, 0xc7, 4, 0x10, 0, 0, // add edi, 0x1004
  0x81, 0xe7, 0xfc, 0xff, 0x1f, 0, // and edi, 0x1ffffc
  0xeb, 0xec, // jmp again
]);

/** Cards of every kind that keeps state, with nothing outside. A fixture's name says which it has: `2-disks` the second, one that has no such end the first. */
export const CARDS = {
  network: {
    devices: [{ model: 'virtio-net', netdev: 'a' }, { model: 'e1000', netdev: 'b' }, { model: 'pcnet', netdev: 'c' }, { model: 'virtio-blk', drive: 'd' }, { model: 'virtio-rng' }],
    netdevs: ['null,id=a', 'null,id=b', 'null,id=c'],
  },
  disks: {
    devices: [{ model: 'pcie-root-port', id: 'rp' }, { model: 'edu', bus: 'rp' }, { model: 'intel-iommu', addressBits: 39 }, { model: 'ahci', id: 'sata' }, { model: 'ide-cd', drive: 'd', bus: 'sata.0' }, { model: 'floppy', drive: 'f' }, { model: 'virtio-serial' }],
  },
} satisfies Record<string, MachineOptions>;
export type Kind = keyof typeof CARDS;
const kindOf = (name: string): Kind => (name.includes('disks') ? 'disks' : 'network');

/** A machine of a kind, in which something goes on. */
export const optionsOf = (kind: Kind): MachineOptions => ({
  memoryMiB: 4, bare: { code: CODE, mode: 'protected32' }, seed: 9, ...CARDS[kind],
  drives: [...(kind === 'disks' ? [{ id: 'f', source: new Uint8Array(1_474_560).fill(7) }] : []), { id: 'd', source: new Uint8Array(1 << 16).fill(5) }],
});

/** What a machine has come to, in words: registers, RAM and time, whatever else a build keeps. */
async function stateOf(machine: Machine): Promise<string> {
  const registers = JSON.stringify(await machine.getRegisters(), (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value));
  const ram = createHash('sha256').update(await machine.readMemory(0, 4 << 20)).digest('hex');
  return createHash('sha256').update(`${registers} ${ram} ${(await machine.stats()).instructions}`).digest('hex');
}

export interface Fixture {
  name: string;
  bytes: Uint8Array;
  about: About;
  /** By section. */
  versions: Record<string, number>;
  now: string;
  later: string;
}

export async function makeFixture(name: string): Promise<void> {
  const machine = await createMachine(optionsOf(kindOf(name)));
  await machine.step(STEPS);
  writeFileSync(join(FOLDER, `${name}.snapshot`), await machine.snapshot({ packed: true, disks: true }));
  const now = await stateOf(machine);
  await machine.step(STEPS);
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify({ now, later: await stateOf(machine) }, null, 2)}\n`);
  await machine.close();
}

export async function versionsIn(bytes: Uint8Array): Promise<{ about: About; versions: Record<string, number> }> {
  const file = await openSnapshotFile(memorySource(bytes));
  return { about: readAbout(file), versions: Object.fromEntries(file.sections.map(({ name, version }) => [name, sectionNamed(file, name) === undefined ? 0 : version])) };
}

export async function readFixtures(): Promise<Fixture[]> {
  const names = readdirSync(FOLDER).filter((file) => file.endsWith('.snapshot')).sort();
  return Promise.all(names.map(async (file) => {
    const bytes = Uint8Array.from(readFileSync(join(FOLDER, file)));
    const { now, later } = JSON.parse(readFileSync(join(FOLDER, file.replace(/snapshot$/, 'json')), 'utf8')) as { now: string; later: string };
    return { name: file, bytes, now, later, ...(await versionsIn(bytes)) };
  }));
}

/** What this build makes of it: where the machine is, and where it is later. */
export async function goOn({ bytes, name }: Fixture): Promise<{ now: string; later: string }> {
  const machine = await createMachine({ snapshot: bytes, ...CARDS[kindOf(name)] });
  try {
    const now = await stateOf(machine);
    await machine.step(STEPS);
    return { now, later: await stateOf(machine) };
  } finally {
    await machine.close();
  }
}
