/** A boot with network and disk traffic, saved at random ticks; what is restored goes the same way, whole or page by page, interpreted or translated. */
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { seeded } from '../support/raw-machine.js';

const LATER = 20_000_000;
/** A boot and the work behind it take more. */
const LAST_TICK = 600_000_000;
const WORK = 'i=0; while :; do i=$((i + 1)); dd if=/dev/zero of=/dev/vda bs=4k seek=$((i % 500)) count=8 oflag=direct 2>/dev/null; ping -c 1 -W 0 10.0.2.2 >/dev/null 2>&1; done';
const DISK_BYTES = 4 << 20;

const cards = (source: Uint8Array): MachineOptions => ({
  devices: [{ model: 'virtio-net', netdev: 'n' }, { model: 'virtio-blk', drive: 'd' }], netdevs: ['null,id=n'], drives: [{ id: 'd', source }],
});

const WAYS: readonly Pick<MachineOptions, 'snapshotPages' | 'jit'>[] = [
  { snapshotPages: 'whole' }, { snapshotPages: 'touched' }, { snapshotPages: 'touched', jit: 'sync' },
];

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
  await using({ guest: 'amd64', memoryMiB: 128, command: ['sh', '-c', WORK], ...cards(disk) }, async (machine) => {
    for (const tick of ticks) {
      const now = Number((await machine.stats()).instructions);
      if (tick > now) await machine.step(tick - now);
      const [snapshot, content, at] = [await machine.snapshot(), disk.slice(), (await machine.stats()).instructions];
      const wanted = await hashLater(machine);
      for (const way of WAYS) {
        const hash = await using({ snapshot, ...way, ...cards(content.slice()) }, hashLater);
        if (hash !== wanted) wrong.push(`from tick ${at}, ${JSON.stringify(way)}`);
      }
    }
  });
  return wrong;
}
