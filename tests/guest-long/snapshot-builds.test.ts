/** Two builds that have everything elsewhere go on from each other's snapshots of a boot with disk and network traffic, interpreted and translated. */
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { beforeAll, expect, it } from 'vitest';
import { movedModule } from '../support/moved-module.mjs';

const LATER = 20_000_000;
/** In the kernel's start, among its drivers, and when the work goes on. */
const POINTS = [30_000_011, 170_000_003, 420_000_007];
const WORK = 'i=0; while :; do i=$((i + 1)); dd if=/dev/zero of=/dev/vda bs=4k seek=$((i % 500)) count=8 oflag=direct 2>/dev/null; ping -c 1 -W 0 10.0.2.2 >/dev/null 2>&1; done';
const DISK_BYTES = 4 << 20;
const CARDS: MachineOptions = { devices: [{ model: 'virtio-net', netdev: 'n', features: { packed: true } }, { model: 'virtio-blk', drive: 'd' }, { model: 'e1000', netdev: 'e' }, { model: 'intel-iommu' }], netdevs: ['null,id=n', 'null,id=e'] };

let moved: Uint8Array;
beforeAll(async () => void (moved = await movedModule()), 600_000);

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

it.each([['this build', 'the other', false], ['the other', 'this build', true]] as const)('what %s has saved goes on in %s', async (_, __, isMoved) => {
  const [from, to]: MachineOptions[] = isMoved ? [{ module: moved }, {}] : [{}, { module: moved }];
  const disk = new Uint8Array(DISK_BYTES);
  await using({ ...from, guest: 'amd64', memoryMiB: 128, command: ['sh', '-c', WORK], ...CARDS, drives: [{ id: 'd', source: disk }] }, async (machine) => {
    for (const tick of POINTS) {
      await machine.step(tick - Number((await machine.stats()).instructions));
      const snapshot = await machine.snapshot(), then = disk.slice(), wanted = await hashLater(machine);
      for (const way of [{ jit: 'off' }, { jit: 'sync', snapshotPages: 'touched' }] as const) {
        const hash = await using({ ...to, ...way, snapshot, ...CARDS, drives: [{ id: 'd', source: then.slice() }] }, hashLater);
        expect(hash, `from tick ${tick}, ${JSON.stringify(way)}`).toBe(wanted);
      }
    }
  });
}, 900_000);
