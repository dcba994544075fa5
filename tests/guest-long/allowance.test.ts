/** Ordinary drivers never wait for allowance (docs/security.md, "Devices"): a boot and a few megabytes each way on each card, in small packets and large ones. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const BYTES = 2 << 20;
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    let got = 0;
    request.on('data', (piece: Buffer) => (got += piece.length));
    request.on('end', () => response.end(request.method === 'POST' ? String(got) : Buffer.alloc(BYTES, 7)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await prepareGuest('amd64');
}, 600_000);
afterAll(() => server.close());

const script = (port: number): string => [
  `wget -qO- http://10.0.2.2:${port}/ | wc -c`,
  `dd if=/dev/zero of=/tmp/up bs=64k count=${BYTES >> 16} 2>/dev/null`,
  `{ printf 'POST / HTTP/1.0\\r\\nContent-Length: ${BYTES}\\r\\n\\r\\n'; cat /tmp/up; } | nc 10.0.2.2 ${port} | tail -n 1; echo`,
  'ping -c 20 -i 0.01 -s 18 -W 5 10.0.2.2 >/dev/null && ping -c 5 -i 0.01 -s 8000 -W 5 10.0.2.2 >/dev/null && echo there',
].join('; ');

describe('devices wait for no allowance', () => {
  it.each(['virtio-net', 'e1000', 'pcnet'] as const)('with %s and traffic', async (model) => {
    const machine = await createMachine({ guest: 'amd64', agent: true, netdevs: ['user,id=n0,loopback=on'], devices: [{ model, netdev: 'n0' }] });
    try {
      const { stdout } = await machine.exec(['sh', '-c', script((server.address() as AddressInfo).port)]);
      expect(new TextDecoder().decode(stdout).trim().split('\n')).toEqual([String(BYTES), String(BYTES), 'there']);
      const { counters } = await machine.stats();
      const named = (name: string): bigint => counters.find((counter) => counter.name === name)!.value;
      expect(named('device work')).toBeGreaterThan(10_000n);
      expect(named('waits of devices for allowance')).toBe(0n);
    } finally {
      await machine.close();
    }
  }, 300_000);
});
