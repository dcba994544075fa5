/** The cable of a card taken out and put in by the host, as the guest's drivers see it; and an announcement after a snapshot. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type DeviceOptions, type Machine } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const text = new TextDecoder();

/** Waits until the guest's carrier is so, by the guest's own clock; pcnet32 looks every two seconds. */
const waitFor = (carrier: 0 | 1): string => `for i in $(seq 50); do [ "$(cat /sys/class/net/eth0/carrier)" = ${carrier} ] && break; sleep 0.2; done; cat /sys/class/net/eth0/carrier`;

async function shell(machine: Machine, script: string): Promise<string> {
  return text.decode((await machine.exec(['sh', '-c', script])).stdout).trim();
}

beforeAll(async () => {
  await prepareGuest('amd64');
}, 600_000);

describe('setLink', () => {
  it.each(['virtio-net', 'e1000', 'pcnet'] as const)('is seen by the driver of %s: no carrier, no ping, and both back', async (model: DeviceOptions['model']) => {
    const machine = await createMachine({ guest: 'amd64', agent: true, netdevs: ['user,id=n0'], devices: [{ model, netdev: 'n0' }] });
    try {
      expect(await shell(machine, waitFor(1))).toBe('1');
      expect(await shell(machine, 'ping -c 1 -W 5 10.0.2.2 >/dev/null && echo there')).toBe('there');
      await machine.setLink('n0', false);
      expect(await shell(machine, waitFor(0))).toBe('0');
      expect(await shell(machine, 'ping -c 1 -W 1 10.0.2.2 >/dev/null || echo gone')).toBe('gone');
      await machine.setLink('n0', true);
      expect(await shell(machine, waitFor(1))).toBe('1');
      expect(await shell(machine, 'ping -c 3 -W 5 10.0.2.2 >/dev/null && echo there')).toBe('there');
      await expect(machine.setLink('n7', true)).rejects.toThrow('no card is connected to "n7"');
    } finally {
      await machine.close();
    }
  }, 300_000);
});

describe('a snapshot with a virtio card', () => {
  it('goes on somewhere else, and its driver announces itself', async () => {
    const options = { guest: 'amd64', agent: true, netdevs: ['user,id=n0'], devices: [{ model: 'virtio-net', netdev: 'n0' }] } as const;
    const first = await createMachine({ ...options, netdevs: [...options.netdevs], devices: [...options.devices] });
    expect(await shell(first, waitFor(1))).toBe('1');
    const snapshot = await first.snapshot();
    await first.close();
    const second = await createMachine({ ...options, netdevs: [...options.netdevs], devices: [...options.devices], snapshot });
    try {
      expect(await shell(second, 'ping -c 1 -W 5 10.0.2.2 >/dev/null && echo there')).toBe('there');
      const { counters } = await second.stats();
      const named = (name: string): bigint => counters.find((counter) => counter.name === name)!.value;
      expect(named('virtio-net0 announcements asked for')).toBe(1n);
      // The driver's answer: the bit in the status is gone.
      expect(named('virtio-net0 control commands refused')).toBe(0n);
      expect(named('virtio-net0 configuration interrupts')).toBe(1n);
    } finally {
      await second.close();
    }
  }, 300_000);
});
