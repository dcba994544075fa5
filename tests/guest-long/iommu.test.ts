/**
 * Debian's kernel behind the remapping unit: strict, lazy and passed through, with a processor of either vendor. Its cards and disks work, its interrupts are
 * remapped, and no fault is told of.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type DeviceOptions, type MachineOptions, type Stats } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

beforeAll(() => prepareGuest('amd64'), 600_000);

const DISK = 4 << 20;
const LOOK = 'grep -c IR-IO-APIC /proc/interrupts; dmesg | grep -c "DMAR:.*fault"';
const PLATFORM = { modernOnly: true, features: { iommu_platform: true } } as const;

async function boot(append: string, devices: readonly DeviceOptions[], script: string, vendor: 'amd' | 'intel' = 'amd'): Promise<{ text: string; stats: Stats; disk: Uint8Array }> {
  const disk = new Uint8Array(DISK);
  const machine = await createMachine({
    guest: 'amd64', append, cpu: { vendor }, devices, command: ['sh', '-c', `${script}; ${LOOK}`], limits: { instructions: 10_000_000_000n },
    netdevs: ['user,id=n0'], drives: devices.some(({ drive }) => drive !== undefined) ? [{ id: 'd0', source: disk }] : [],
  });
  try {
    await machine.run();
    const result = await machine.commandResult();
    return { text: new TextDecoder().decode(result?.stdout) + new TextDecoder().decode(result?.stderr), stats: await machine.stats(), disk };
  } finally {
    await machine.close();
  }
}
const count = ({ counters }: Stats, wanted: string): number => Number(counters.find(({ name }) => name === `iommu0 ${wanted}`)?.value ?? -1n);
const faults = ({ counters }: Stats): number => counters.filter(({ name }) => name.startsWith('iommu0 faults')).reduce((sum, { value }) => sum + Number(value), 0);

const PING = 'ping -c 3 10.0.2.2 | grep "packets received"';
const MODES = [['strict', 'intel_iommu=on iommu.strict=1'], ['lazy', 'intel_iommu=on iommu.strict=0'], ['passed through', 'intel_iommu=on iommu.passthrough=1']] as const;

describe.each([{ model: 'e1000' }, { model: 'pcnet' }, { model: 'virtio-net', ...PLATFORM }] as const)('$model', (card) => {
  it.each(MODES)('%s', async (mode, append) => {
    const { text, stats } = await boot(append, [{ model: 'intel-iommu' }, { ...card, netdev: 'n0' }], PING);
    expect(text).toMatch(/3 packets transmitted, 3 packets received/);
    expect(text).toMatch(/\n[1-9]\d*\n0\n$/);
    expect([faults(stats), count(stats, 'interrupts remapped') > 0]).toEqual([0, true]);
    if (mode === 'passed through') expect([count(stats, 'requests passed through') > 0, count(stats, 'look-ups')]).toEqual([true, 0]);
    else expect([count(stats, 'look-ups') > 0, count(stats, 'requests passed through')]).toEqual([true, 0]);
  });
});

it.each([[39, 'amd'], [48, 'intel'], [57, 'amd']] as const)('a disk behind a unit of %i bits, with a processor of %s', async (bits, vendor) => {
  const script = 'head -c 1000000 /dev/urandom >/tmp/a; dd if=/tmp/a of=/dev/vda bs=64k 2>/dev/null; sync; echo 3 >/proc/sys/vm/drop_caches; head -c 1000000 /dev/vda | cmp - /tmp/a && echo same';
  const { text, stats, disk } = await boot('intel_iommu=on iommu.strict=1', [{ model: 'intel-iommu', addressBits: bits }, { model: 'virtio-blk', drive: 'd0', ...PLATFORM }], script, vendor);
  expect(text).toMatch(/^same\n[1-9]\d*\n0\n$/);
  expect(disk.subarray(0, 1_000_000).some((byte) => byte !== 0)).toBe(true);
  expect([faults(stats), count(stats, 'look-ups') > 0]).toEqual([0, true]);
});

it('a virtio card that has not said otherwise goes by physical addresses, and its messages are remapped', async () => {
  const { text, stats } = await boot('intel_iommu=on iommu.strict=1', [{ model: 'intel-iommu' }, { model: 'virtio-net', netdev: 'n0' }], PING);
  expect(text).toMatch(/3 packets received/);
  expect([faults(stats), count(stats, 'look-ups'), count(stats, 'interrupts remapped') > 0]).toEqual([0, 0, true]);
});

it('behind root ports each card is a group of its own, by the requester id of its bus; and goes on from a snapshot', async () => {
  const devices: readonly DeviceOptions[] = [
    { model: 'intel-iommu' }, { model: 'pcie-root-port', id: 'rp1', chassis: 1, slotNumber: 1 }, { model: 'pcie-root-port', id: 'rp2', chassis: 1, slotNumber: 2 },
    { model: 'e1000', netdev: 'n0', bus: 'rp1' }, { model: 'virtio-rng', bus: 'rp2', features: { iommu_platform: true } },
  ];
  const options = { guest: 'amd64', agent: true, append: 'intel_iommu=on iommu.strict=1', netdevs: ['user,id=n0'], devices };
  const groups = 'for group in /sys/kernel/iommu_groups/*; do echo $(ls $group/devices); done | sort; head -c 16 /dev/hwrng | wc -c; ';
  let machine = await createMachine(options);
  try {
    const text = async (): Promise<string> => { const { stdout } = await machine.exec(['sh', '-c', `${groups}${PING}; ${LOOK}`]); return new TextDecoder().decode(stdout); };
    const first = await text();
    expect(first).toMatch(/^(0000:\S+\n){7}16\n3 packets transmitted, 3 packets received[^]*\n[1-9]\d*\n0\n$/);
    expect(first).toMatch(/\n0000:01:00\.0\n0000:02:00\.0\n/);
    expect(await machine.iommu()).toMatch(/ domain \d+: 01:00\.0: 4 levels[^]* domain \d+: 02:00\.0: 4 levels/);
    const snapshot = await machine.snapshot();
    await machine.close();
    machine = await createMachine({ ...options, snapshot });
    expect(await text()).toBe(first);
    expect(faults(await machine.stats())).toBe(0);
  } finally {
    await machine.close();
  }
});

it.each([['first stages', {}, 'IOTLB invalidations of a PASID'], ['second stages', { firstStage: false }, 'IOTLB invalidations of pages']] as const)('scalable mode, by %s', async (_, more, invalidations) => {
  const devices: DeviceOptions[] = [{ model: 'intel-iommu', scalableMode: true, ...more }, { model: 'e1000', netdev: 'n0' }, { model: 'virtio-blk', drive: 'd0', ...PLATFORM }];
  const { text, stats, disk } = await boot('intel_iommu=on,sm_on iommu.strict=1', devices, `${PING}; dmesg | grep -c "Enable scalable mode"; head -c 100000 /dev/urandom >/dev/vda; sync`);
  expect(text).toMatch(/3 packets received[^]*\n1\n[1-9]\d*\n0\n$/);
  expect([faults(stats), count(stats, 'look-ups') > 0, count(stats, 'PASID cache invalidations') > 0, count(stats, invalidations) > 0]).toEqual([0, true, true, true]);
  expect(disk.subarray(0, 100_000).some((byte) => byte !== 0)).toBe(true);
});

it('is the same machine interpreted, translated, and gone on with from a snapshot', async () => {
  const devices: readonly DeviceOptions[] = [{ model: 'intel-iommu' }, { model: 'pcie-root-port', id: 'rp' }, { model: 'virtio-blk', drive: 'd0', bus: 'rp', features: { iommu_platform: true } }, { model: 'e1000' }];
  const options = (): MachineOptions => ({ guest: 'amd64', append: 'intel_iommu=on iommu.strict=1', devices, drives: [{ id: 'd0', source: new Uint8Array(DISK) }] });
  const [whole, half] = [900_000_000n, 700_000_000n], seen: unknown[] = [];
  for (const jit of ['off', 'sync'] as const) {
    for (const cut of [false, true]) {
      let machine = await createMachine({ ...options(), jit: { mode: jit, threshold: 100_000 } });
      try {
        await machine.step(cut ? half : whole);
        if (cut) {
          const snapshot = await machine.snapshot();
          await machine.close();
          machine = await createMachine({ ...options(), jit: { mode: jit, threshold: 100_000 }, snapshot });
          await machine.step(whole - half);
        }
        const stats = await machine.stats();
        seen.push([await machine.stateHash(), count(stats, 'look-ups'), stats.requesters]);
      } finally {
        await machine.close();
      }
    }
  }
  expect(seen).toEqual(Array.from({ length: 4 }, () => seen[0]));
  expect(seen[0]).toMatchObject([expect.any(String), expect.toSatisfy((lookups: number) => lookups > 100), expect.arrayContaining([expect.objectContaining({ requester: '01:00.0', refused: 0n })])]);
});

it('without interrupt remapping, and off', async () => {
  const without = await boot('intel_iommu=on', [{ model: 'intel-iommu', intremap: false }, { model: 'e1000', netdev: 'n0' }], PING);
  expect(without.text).toMatch(/3 packets received[^]*\n0\n0\n$/);
  expect([faults(without.stats), count(without.stats, 'interrupts remapped'), count(without.stats, 'look-ups') > 0]).toEqual([0, 0, true]);
});

it('shows its tables: lazily invalidated pages are kept when the tables no longer have them, strictly invalidated ones are not', async () => {
  for (const [append, stale] of [['intel_iommu=on iommu.strict=1', /, of which 0 are not/], ['intel_iommu=on iommu.strict=0', /, of which [1-9]\d* are not/]] as const) {
    const machine = await createMachine({ guest: 'amd64', agent: true, append, netdevs: ['user,id=n0'], devices: [{ model: 'intel-iommu' }, { model: 'e1000', netdev: 'n0' }] });
    try {
      await machine.exec(['ping', '-c', '3', '10.0.2.2']);
      const text = await machine.iommu();
      expect(text).toMatch(/^remapping unit of 48 bits: translation on, root table at 0x[0-9a-f]+, interrupts remapped\n/);
      expect(text).toMatch(/ {2}domain \d+: 00:01\.0: 4 levels at 0x[0-9a-f]+, \d+ runs\n {4}0x[0-9a-f]+ -> 0x[0-9a-f]+ {2}\d+ KiB r?w?, pages of 4 KiB\n/);
      expect(text).toMatch(/ {4}\d+: vector 0x[0-9a-f]+ fixed, to (logical )?0x[0-9a-f]+, from ff:00\.0\n/); // the card's line, by the IOAPIC
      expect(text).toMatch(stale);
    } finally {
      await machine.close();
    }
  }
});
