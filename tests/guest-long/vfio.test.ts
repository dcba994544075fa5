/**
 * A card given to a program in the guest: Debian's kernel binds an e1000 to vfio-pci, and a driver of our own (guest/vfio/e1000.c) maps its ring and data by
 * type 1, sends frames, and hears of them by an eventfd. Every address that the card sees is the program's choice.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';
import { root } from '../house/sources.js';

const hasCompiler = spawnSync('gcc', ['--version']).status === 0;
const dir = mkdtempSync(join(tmpdir(), 'vfio-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SCRIPT = (frames: number): string => `
set -e
card=0000:00:01.0
modprobe vfio_iommu_type1
modprobe vfio-pci
echo $card >/sys/bus/pci/devices/$card/driver/unbind
echo vfio-pci >/sys/bus/pci/devices/$card/driver_override
echo $card >/sys/bus/pci/drivers_probe
cat /sys/bus/pci/devices/$card/reset_method
group=$(basename $(readlink /sys/bus/pci/devices/$card/iommu_group))
ls /sys/kernel/iommu_groups/$group/devices
/bin/user-e1000 $group $card ${frames}
echo $card >/sys/bus/pci/drivers/vfio-pci/unbind
echo >/sys/bus/pci/devices/$card/driver_override
echo $card >/sys/bus/pci/drivers_probe
ls /sys/bus/pci/devices/$card/net
dmesg | grep -c "DMAR:.*fault" || true
`;

// Without a compiler there is no driver to run.
describe.skipIf(!hasCompiler)('vfio-pci, type 1', () => {
  beforeAll(async () => {
    await prepareGuest('amd64');
    const { status, stderr } = spawnSync('gcc', ['-O2', '-Wall', '-Werror', '-static', '-o', join(dir, 'e1000'), join(root, 'guest/vfio/e1000.c')], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  }, 600_000);

  it('a program sends frames by a card of its own, which goes back to the kernel\'s driver', async () => {
    const frames = 1000;
    const machine = await createMachine({
      guest: 'amd64', append: 'intel_iommu=on cards=down', command: ['sh', '-c', SCRIPT(frames)], add: [{ guest: '/bin/user-e1000', content: readFileSync(join(dir, 'e1000')), mode: 0o755 }],
      netdevs: ['lab,id=n0,mode=sink'], devices: [{ model: 'intel-iommu' }, { model: 'e1000', netdev: 'n0' }], limits: { instructions: 20_000_000_000n },
    });
    try {
      await machine.run();
      const result = await machine.commandResult(), text = new TextDecoder().decode(result?.stdout), errors = new TextDecoder().decode(result?.stderr);
      expect(errors).toBe('');
      expect(text).toMatch(/^af_flr pm( bus)?\n0000:00:01\.0\nsent 1000 frames, [1-9]\d* interrupts\neth\d\n0\n$/);
      const { counters } = await machine.stats(), count = (wanted: string): number => Number(counters.find(({ name }) => name === wanted)?.value ?? -1n);
      expect([count('lab0 frames taken'), count('lab0 bytes taken'), count('DMA aborts')]).toEqual([frames, 60 * frames, 0]);
      // A descriptor read, its data, and its status written back: three look-ups a frame.
      expect(count('iommu0 look-ups')).toBeGreaterThanOrEqual(3 * frames);
      expect(count('iommu0 interrupts remapped')).toBeGreaterThan(0);
    } finally {
      await machine.close();
    }
  });
});
