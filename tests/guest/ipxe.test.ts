/**
 * Boot firmware's own drivers: iPXE, from Debian's package and started by SeaBIOS from a disk image, finds each card, gets an address by
 * DHCP over it and prefixes by IPv6's router advertisements. Its drivers for the 82540EM, the PCnet and virtio poll; none takes an interrupt.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { runUntilText, watchConsole } from '../support/console.js';
import { noPackages, packageFiles } from '../support/package-files.js';

/** iPXE's name for its driver of each model. */
const DRIVERS = [['e1000', '82540em'], ['pcnet', 'pcnet32'], ['virtio-net-pci', 'virtio-net']] as const;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

describe.skipIf(noPackages !== undefined)(`iPXE${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it.each(DRIVERS)('%s: an address by DHCP', async (model, driver) => {
    const [bios] = await packageFiles('seabios', ['usr/share/seabios/bios-256k.bin']);
    const [image] = await packageFiles('ipxe', ['usr/lib/ipxe/ipxe.iso']);
    machine = await createMachine({
      bios: bios!, memoryMiB: 64, icountShift: 5, limits: { instructions: 2_000_000_000n },
      drives: [{ id: 'disk', source: image!, readOnly: true }], netdevs: ['user,id=n0'],
      devices: [{ model, netdev: 'n0', mac: '52:54:00:00:be:ef' }, { model: 'virtio-blk', drive: 'disk' }],
    });
    const screen = watchConsole(machine);
    const { reason } = await runUntilText(machine, screen, 'Nothing to boot');
    expect(screen.text).toContain(`net0: 52:54:00:00:be:ef using ${driver} on `);
    expect(screen.text).toContain('net0: 10.0.2.15/255.255.255.0 gw 10.0.2.2');
    expect(screen.text).toContain('net0: fec0::5054:ff:fe00:beef/64 gw fe80::2');
    expect(reason).toBe('paused');
  }, 300_000);
});
