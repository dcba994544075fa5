/**
 * DPDK's testpmd from Debian's packages, in a guest of its own, by a card that vfio-pci has: the whole way of a user-space driver that is not ours. The guest takes some
 * minutes to make; PINTAIL_DPDK_GUEST names a folder of one that is there (`guest build --packages dpdk-dev,librte-net-e1000-23 --out FOLDER`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createMachine, type Stats } from 'pintail';
import { buildRoot } from '../../host/guest/index.js';

const PACKAGES = ['dpdk-dev', 'librte-net-e1000-23'];
const given = process.env['PINTAIL_DPDK_GUEST'];
/** Why there is none, where there is none. */
export const noDpdk = given !== undefined || ['apt-get', 'apt-cache', 'dpkg-deb'].every((tool) => spawnSync(tool, ['--version']).status === 0) ? undefined : 'no apt-get here';

/** The guest's folder, and what removes it. */
export async function dpdkGuest(): Promise<{ dir: string; remove: () => void }> {
  if (given !== undefined) return { dir: given, remove: () => undefined };
  const dir = mkdtempSync(join(tmpdir(), 'pintail-dpdk-'));
  await buildRoot('amd64', PACKAGES, dir, {});
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** `seconds` of the guest's time, testpmd's start among them. It goes on until what it reads ends. */
const script = (card: string, mode: 'txonly' | 'rxonly', seconds: number): string => `
bb=/pintail/busybox
$bb modprobe vfio_iommu_type1 && $bb modprobe vfio-pci || exit 1
echo ${card} >/sys/bus/pci/devices/${card}/driver/unbind
echo vfio-pci >/sys/bus/pci/devices/${card}/driver_override
echo ${card} >/sys/bus/pci/drivers_probe
mkdir -p /dev/hugepages
echo 48 >/proc/sys/vm/nr_hugepages
$bb mount -t hugetlbfs none /dev/hugepages || exit 1
sleep ${seconds} | dpdk-testpmd --lcores '(0-1)@0' -n 1 --no-telemetry --in-memory -a ${card} -- --total-num-mbufs=2048 --forward-mode=${mode} 2>&1
echo "ended with $?"
dmesg | grep -c "DMAR:.*fault"
`;

export interface Forwarded {
  text: string;
  received: number;
  sent: number;
  stats: Stats;
}

export const countOf = ({ counters }: Stats, wanted: string): number => Number(counters.find(({ name }) => name === wanted)?.value ?? -1n);

/** testpmd's own sum of what it forwarded, and the machine's counters. */
export async function runTestpmd(guest: string, mode: 'txonly' | 'rxonly', seconds: number, { behindPort = false, lab = 'mode=sink' } = {}): Promise<Forwarded> {
  const [slot, card] = behindPort ? [{ bus: 'rp' }, '0000:01:00.0'] as const : [{ slot: 4 }, '0000:00:04.0'] as const;
  const machine = await createMachine({
    guest, memoryMiB: 512, append: 'intel_iommu=on cards=down', command: ['sh', '-c', script(card, mode, seconds)], limits: { instructions: 60_000_000_000n }, netdevs: [`lab,id=n0,${lab}`],
    devices: [{ model: 'intel-iommu' }, ...(behindPort ? [{ model: 'pcie-root-port', id: 'rp' } as const] : []), { model: 'e1000', netdev: 'n0', ...slot }],
  });
  try {
    await machine.run();
    const text = new TextDecoder().decode((await machine.commandResult())?.stdout), total = /Accumulated forward statistics[^]*?RX-packets: (\d+)[^]*?TX-packets: (\d+)/.exec(text);
    expect(total, text).not.toBeNull();
    expect(text).toMatch(/Using IOMMU type 1[^]*net_e1000_em \(8086:100e\)[^]*Bye\.\.\.\s+ended with 0\n0\n$/);
    return { text, received: Number(total![1]), sent: Number(total![2]), stats: await machine.stats() };
  } finally {
    await machine.close();
  }
}
