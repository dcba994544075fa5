/** A boot with network and disk traffic, saved at random ticks; what another process restores goes the same way, whole or page by page, interpreted or translated. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { root } from '../house/sources.js';
import { seeded } from '../support/raw-machine.js';

const LATER = 20_000_000;
/** A boot and the work behind it take more. */
const LAST_TICK = 600_000_000;
const WORK = 'i=0; while :; do i=$((i + 1)); dd if=/dev/zero of=/dev/vda bs=4k seek=$((i % 500)) count=8 oflag=direct 2>/dev/null; ping -c 1 -W 0 10.0.2.2 >/dev/null 2>&1; done';
const DISK_BYTES = 4 << 20;

const CARDS: MachineOptions = { devices: [{ model: 'virtio-net', netdev: 'n' }, { model: 'virtio-blk', drive: 'd' }], netdevs: ['null,id=n'] };

const WAYS: readonly Pick<MachineOptions, 'snapshotPages' | 'jit'>[] = [
  { snapshotPages: 'whole', jit: 'off' }, { snapshotPages: 'touched', jit: 'off' }, { snapshotPages: 'whole', jit: 'sync' }, { snapshotPages: 'touched', jit: 'sync' },
];

/** The hash that a fresh process comes to; what it says instead where it fails. */
function hashElsewhere(snapshot: string, disk: string, way: MachineOptions): string {
  const question = JSON.stringify({ options: { ...CARDS, ...way, snapshot }, disk, later: LATER });
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'tests/support/snapshot-later.mjs'), question], { encoding: 'utf8', timeout: 250_000 });
  return stdout || stderr;
}

async function using<T>(options: MachineOptions, work: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = await createMachine(options);
  try {
    return await work(machine);
  } finally {
    await machine.close();
  }
}

async function hashLater(machine: Machine): Promise<string> {
  await machine.step(LATER);
  return machine.stateHash();
}

/** At so many points; what differed, in words. */
export async function compareAtPoints(points: number, seed: number): Promise<string[]> {
  const random = seeded(seed), disk = new Uint8Array(DISK_BYTES), wrong: string[] = [];
  const ticks = Array.from({ length: points }, () => random() % LAST_TICK).sort((a, b) => a - b);
  const folder = mkdtempSync(join(tmpdir(), 'points-')), [saved, content] = [join(folder, 'saved'), join(folder, 'disk')];
  try {
    await using({ guest: 'amd64', memoryMiB: 128, command: ['sh', '-c', WORK], ...CARDS, drives: [{ id: 'd', source: disk }] }, async (machine) => {
      for (const tick of ticks) {
        const now = Number((await machine.stats()).instructions);
        if (tick > now) await machine.step(tick - now);
        writeFileSync(saved, await machine.snapshot());
        writeFileSync(content, disk);
        const at = (await machine.stats()).instructions, wanted = await hashLater(machine);
        for (const way of WAYS) {
          const hash = hashElsewhere(saved, content, way);
          if (hash !== wanted) wrong.push(`from tick ${at}, ${JSON.stringify(way)}: ${hash}`);
        }
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return wrong;
}
