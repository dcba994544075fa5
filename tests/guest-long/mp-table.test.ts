/**
 * Debian's kernels without ACPI's word on interrupts: the MP table tells where each goes, for the serial port and for a card on INTx.
 * (pcnet is not here: with pci=noacpi Linux denies it its I/O ports, which ACPI's root bridge has claimed; with QEMU's q35 too.)
 */
import { expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const SCRIPT = 'grep -E " (ttyS0|eth0)" /proc/interrupts; dmesg | grep "found SMP MP-table"; ifconfig eth0';

it.each([
  ['amd64', 'pci=noacpi'],
  ['i386', 'acpi=off'],
] as const)('%s with %s', async (guest, append) => {
  await prepareGuest(guest);
  const machine = await createMachine({
    guest, append, command: ['sh', '-c', SCRIPT], limits: { instructions: 10_000_000_000n },
    netdevs: ['user,id=n0'], devices: [{ model: 'e1000', netdev: 'n0' }],
  });
  try {
    await machine.run();
    const text = new TextDecoder().decode((await machine.commandResult())?.stdout);
    expect(text).toMatch(/ [1-9]\d* +IO-APIC +4-edge +ttyS0/);
    expect(text).toMatch(/ [1-9]\d* +IO-APIC +17-fasteoi +eth0/);
    expect(text).toContain('found SMP MP-table');
    expect(text).toContain('inet addr:10.0.2.15');
  } finally {
    await machine.close();
  }
});
