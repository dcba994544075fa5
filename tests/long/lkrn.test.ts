/**
 * A boot loader by the real-mode entry: iPXE's .lkrn (boot protocol 2.07, from Debian's package) over the BIOS services of ours, with each
 * card's driver: an address by DHCP, and a script by HTTP from a server of this test. Some ten seconds of processor time each.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { runUntilText, watchConsole } from '../support/console.js';
import { noPackages, packageFiles } from '../support/package-files.js';

const MAC = '52:54:00:00:be:ef';

let machine: Machine | undefined;
let server: Server;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('#!ipxe\necho This script came to ${net0/mac} as ${net0/ip}\nexit\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());
afterEach(async () => {
  await machine?.close();
  machine = undefined;
  asked.length = 0;
});

describe.skipIf(noPackages !== undefined)(`iPXE as a kernel${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it.each(['e1000', 'pcnet', 'virtio-net-pci'] as const)('%s: an address by DHCP, a script by HTTP', { timeout: 900_000 }, async (model) => {
    const [kernel] = await packageFiles('ipxe', ['boot/ipxe.lkrn']);
    const { port } = server.address() as AddressInfo;
    machine = await createMachine({
      kernel: kernel!, append: `dhcp && chain http://10.0.2.2:${port}/${model}.ipxe`, memoryMiB: 64, icountShift: 5, limits: { instructions: 3_000_000_000n },
      netdevs: ['user,id=n0,loopback=on'], devices: [{ model, netdev: 'n0', mac: MAC }],
    });
    const screen = watchConsole(machine);
    const { reason } = await runUntilText(machine, screen, /This script came to .* as 10\.0\.2\.15/);
    expect(screen.text).toContain(`Configuring (net0 ${MAC})...... ok`);
    expect(screen.text).toContain(`This script came to ${MAC} as 10.0.2.15`);
    expect(asked).toEqual([`GET /${model}.ipxe`]);
    expect(reason).toBe('paused');
  });
});
