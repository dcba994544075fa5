/** machine.connect where there is no guest to answer: which network, and every refusal; on this thread and in a worker. */
import type { Duplex } from 'node:stream';
import { createMachine, ConnectError, OptionError, type DeviceOptions, type Machine } from 'pintail';
import { afterEach, describe, expect, it } from 'vitest';
import { createNull } from '../../host/net/null.js';
import { toDuplex } from '../../host/platform/node/streams.js';
import { createPortStream } from '../../host/machine/port-stream.js';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

async function make(worker: boolean, ...netdevs: string[]): Promise<Machine> {
  const devices: DeviceOptions[] = netdevs.map((_text, i) => ({ model: 'virtio-net', netdev: `n${i}` }));
  machine = await createMachine({ memoryMiB: 16, worker, netdevs, devices });
  return machine;
}

const refusal = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'connected', (error: unknown) => (error instanceof ConnectError ? `${error.code}: ${error.message}` : error));

describe.each([[false], [true]])('connect, worker: %s', (worker) => {
  it('says that there is no user network', async () => {
    expect(await refusal((await make(worker, 'null,id=n0')).connect(80))).toMatch(/^ENETUNREACH: connect: the machine has no user network\. Make it with/);
    expect(await refusal(machine!.connect({ port: 80, netdev: 'n0' }))).toMatch(/^ENETUNREACH: connect: "n0" is no user network of this machine\. It has none\./);
  });

  it('asks which of several', async () => {
    expect(await refusal((await make(worker, 'user,id=n0', 'user,id=n1,net=10.0.3.0/24')).connect(80))).toBe('EAMBIGUOUS: connect: the machine has several user networks. It has n0, n1. Say which: connect({ port: 80, netdev: "n0" }).');
    expect(await refusal(machine!.connect({ port: 80, netdev: 'n9' }))).toMatch(/^ENETUNREACH: .*It has n0, n1\.$/);
  });

  it('wants a port', async () => {
    await make(worker, 'user,id=n0');
    for (const port of [0, 65536, 1.5, Number.NaN]) expect(await refusal(machine!.connect(port))).toBe(`EINVAL: connect: ${port} is not a port from 1 to 65535.`);
  });
});

it('is told when the machine is closed before the guest has answered', async () => {
  const opening = refusal((await make(false, 'user,id=n0')).connect(80));
  await new Promise((resolve) => setImmediate(resolve));
  await machine!.close();
  expect(await opening).toMatch(/^ECONNABORTED/);
});

it('a backend of the program\'s own cannot go into a worker', async () => {
  const options = { memoryMiB: 16, worker: true, netdevs: [{ id: 'n0', backend: createNull('n0') }] };
  await expect(createMachine(options)).rejects.toThrow(OptionError);
  await expect(createMachine(options)).rejects.toThrow('netdevs: a backend of the program\'s own cannot go into a worker.');
});

describe('a stream between threads', () => {
  it('holds back a writer whose reader waits, loses nothing, and ends one half at a time', async () => {
    const { port1, port2 } = new MessageChannel();
    const [near, far] = [port1, port2].map((port) => toDuplex(createPortStream(port, (problem) => new Error(problem)))) as [Duplex, Duplex];
    const chunk = Buffer.alloc(64 << 10, 'pintail ');
    let written = 0;
    while (written < 1000 && near.write(chunk)) written++;
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(100);
    near.end('end');
    let bytes = 0;
    for await (const part of far.iterator({ destroyOnReturn: false })) bytes += (part as Buffer).length;
    expect(bytes).toBe((written + 1) * chunk.length + 3);
    far.end('answer');
    let answer = '';
    for await (const part of near.iterator({ destroyOnReturn: false })) answer += String(part);
    expect(answer).toBe('answer');
  });

  it('tells the other side of a reset', async () => {
    const { port1, port2 } = new MessageChannel();
    const [near, far] = [port1, port2].map((port) => toDuplex(createPortStream(port, (problem) => new Error(problem)))) as [Duplex, Duplex];
    const lost = new Promise<Error>((resolve) => far.once('error', resolve));
    near.destroy();
    expect((await lost).message).toBe('the connection was reset');
  });
});
