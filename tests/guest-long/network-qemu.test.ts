/**
 * The user network against a Linux that is not in our machine: QEMU runs the amd64 guest with an e1000, connected over `stream` or
 * `dgram`, so that the kernel's own TCP/IP judges ours, and QEMU's framing judges ours. Skips itself, and says so, without QEMU.
 */

import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer, get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerQuery } from '../../host/net/nat/dns.js';
import { parseNetdev } from '../../host/net/netdev.js';
import { createNetContext, openBackends } from '../../host/net/open.js';
import { noQemu, startQemu } from '../guest/peers/qemu.js';
import { freePort } from '../support/ports.js';

const FILE_BYTES = 8 << 20;

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function script(webPort: number, sinkPort: number): string {
  return `#!/bin/busybox sh
B=/bin/busybox
$B mkdir -p /proc /sys /dev /tmp /www
$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
$B insmod /lib/modules/*/kernel/drivers/net/ethernet/intel/e1000/e1000.ko
$B ip link set lo up; $B ip link set eth0 up
echo '#!/bin/busybox sh
B=/bin/busybox
[ "$1" = bound ] && echo "lease $ip $mask $router $dns" && $B ip addr add $ip/$mask dev eth0 && $B ip route add default via $router' > /tmp/dhcp
$B chmod +x /tmp/dhcp
$B udhcpc -i eth0 -s /tmp/dhcp -n -q -f
$B ping -c 2 10.0.2.2; $B ping -c 1 -s 4000 10.0.2.2
$B nslookup host.test 10.0.2.3
$B wget -q -O /www/file http://10.0.2.2:${webPort}/file
echo "down $($B sha256sum < /www/file)"
echo "up $($B nc 10.0.2.2 ${sinkPort} < /www/file)"
i=0; while [ $i -lt 40 ]; do ($B wget -q -O - http://10.0.2.2:${webPort}/small >> /tmp/small) & i=$((i+1)); done; wait
echo "small $($B wc -c < /tmp/small)"
$B nc 10.0.2.2 1 < /dev/null
$B ping -6 -c 1 fec0::2
$B httpd -p 80 -h /www
echo serving
$B sleep 120
`;
}

/** Servers of the host that the guest talks to. */
async function startServers(file: Uint8Array): Promise<{ web: number; sink: number; names: number }> {
  const web = createHttpServer((request, response) => response.end(request.url === '/small' ? 'small' : file));
  const sink = createServer({ allowHalfOpen: true }, (socket) => {
    const sum = createHash('sha256');
    socket.on('data', (bytes) => sum.update(bytes));
    // The answer goes out after the guest has ended its half.
    socket.on('end', () => socket.end(sum.digest('hex')));
    socket.on('error', () => undefined);
  });
  const names = createSocket('udp4');
  names.on('message', (query, { port, address }) => {
    void answerQuery(query, { resolve: async (_name, family) => (family === 4 ? [Uint8Array.of(192, 0, 2, 7)] : []) }).then((answer) => answer && names.send(answer, port, address));
  });
  await Promise.all([
    new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve)),
    new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve)),
    new Promise<void>((resolve) => names.bind(0, '127.0.0.1', resolve)),
  ]);
  onTestFinished(() => (web.close(), sink.close(), void names.close()));
  return { web: (web.address() as AddressInfo).port, sink: (sink.address() as AddressInfo).port, names: names.address().port };
}

function download(port: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/file' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (bytes: Buffer) => chunks.push(bytes));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    }).on('error', reject);
  });
}

describe.skipIf(noQemu !== undefined)(`a Linux in QEMU${noQemu ? ` (skipped: ${noQemu})` : ''}`, () => {
  for (const type of ['stream', 'dgram'] as const) {
    it(`uses the user network over ${type}`, { timeout: 180_000 }, async () => {
      const file = randomBytes(FILE_BYTES);
      const servers = await startServers(file);
      const [ours, theirs] = [await freePort(), await freePort()];
      const wire =
        type === 'stream'
          ? [`stream,id=w,server=on,addr.type=inet,addr.port=${ours}`, `stream,id=n0,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=${ours}`]
          : [ours, theirs].map((port, i) => `dgram,id=${i === 0 ? 'w' : 'n0'},local.type=inet,local.host=127.0.0.1,local.port=${port},remote.type=inet,remote.host=127.0.0.1,remote.port=${i === 0 ? theirs : ours}`);
      const specs = [`user,id=u,loopback=on,resolver=127.0.0.1:${servers.names},hostfwd=tcp::0-:80`, 'hubport,id=a,hubid=0,netdev=u', wire[0]!, 'hubport,id=b,hubid=0,netdev=w'];
      const opened = await openBackends(specs.map(parseNetdev), createNetContext());
      onTestFinished(async () => void (await Promise.all([...opened.values()].map(({ backend }) => backend.close()))));
      const { output, until } = await startQemu(wire[1]!, script(servers.web, servers.sink));
      await until('serving');
      const text = output();
      expect(text).toContain('lease 10.0.2.15 24 10.0.2.2 10.0.2.3');
      expect(text.match(/(\d) packets received/g)).toEqual(['2 packets received', '1 packets received', '1 packets received']);
      expect(text).toContain('192.0.2.7');
      expect(text).toContain(`down ${hash(file)}`);
      expect(text).toContain(`up ${hash(file)}`);
      expect(text).toContain('small 200');
      expect(text).toContain('Connection refused');
      expect(hash(await download(opened.get('u')!.nat!.forwardedPorts()[0]!))).toBe(hash(file));
    });
  }
});
