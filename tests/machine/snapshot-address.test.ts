/** A snapshot by address: parts by range requests as the machine touches them; whole from a server without; and what a server that fails comes to. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pintail } from '../guest/command.js';

/** Waits for nobody: the machine's thread stands still while a part comes, so the server has one of its own. */
const SERVER = `
const { createServer } = require('node:http');
const { parentPort, workerData } = require('node:worker_threads');
let sent = 0, mode = 'ranges', etag = '"one"';
parentPort.on('message', (message) => {
  if (message.mode !== undefined) ({ mode } = message);
  if (message.etag !== undefined) ({ etag } = message);
  parentPort.postMessage(sent);
  sent = 0;
});
const server = createServer(({ url, headers }, response) => {
  const file = Buffer.from(workerData[url.slice(1)] ?? '');
  const match = /^bytes=(\\d+)-(\\d+)$/.exec(headers.range ?? '');
  if (mode === 'broken') return void response.writeHead(503).end();
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) return void response.writeHead(412).end();
  const part = match === null || mode === 'whole' ? file : file.subarray(Number(match[1]), Number(match[2]) + 1);
  sent += part.length;
  response.writeHead(part === file ? 200 : 206, { etag, 'content-length': part.length, ...(part === file ? {} : { 'content-range': 'bytes ' + match[1] + '-' + (Number(match[1]) + part.length - 1) + '/' + file.length }) });
  response.end(part);
}).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** mov eax, [edi]; add edi, 0x1000; and edi, 0x7fffff; jmp: a load of each page in turn. */
const CODE = Uint8Array.from([0x8b, 0x07, 0x81, 0xc7, 0, 0x10, 0, 0, 0x81, 0xe7, 0xff, 0xff, 0x7f, 0, 0xeb, 0xf0]);

let server: Worker, base: string, plain: Uint8Array, hash: string, later: string;
const machines: Machine[] = [];
const make = async (options: MachineOptions): Promise<Machine> => {
  const machine = await createMachine(options);
  machines.push(machine);
  return machine;
};
/** Tells the server something; how much it has sent since the last time. */
async function tell(message: object): Promise<number> {
  server.postMessage(message);
  const [sent] = (await once(server, 'message')) as [number];
  return sent;
}
const at = (name: string): URL => new URL(name, base);

beforeAll(async () => {
  const machine = await make({ memoryMiB: 32, bare: { code: CODE, mode: 'protected32' } });
  await machine.writeMemory(0x10_0000, new Uint8Array(new Uint32Array(4 << 20).map((_, i) => Math.imul(i, 2654435761)).buffer));
  plain = await machine.snapshot();
  hash = await machine.stateHash();
  const packed = await machine.snapshot({ packed: true });
  await machine.step(400);
  later = await machine.stateHash();
  server = new Worker(SERVER, { eval: true, workerData: { plain, packed } });
  const [port] = (await once(server, 'message')) as [number];
  base = `http://127.0.0.1:${port}/`;
});
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
  await tell({ mode: 'ranges', etag: '"one"' });
});
afterAll(() => server.terminate());

it('is read in parts as they are touched, on the thread of the program and in a worker', async () => {
  for (const worker of [false, true]) {
    await tell({});
    const machine = await make({ snapshot: at('plain'), worker });
    await machine.step(400);
    expect(await tell({})).toBeLessThan(plain.length / 2);
    expect(await machine.stateHash()).toBe(later);
  }
});

it('comes whole where it is packed, where that is asked for, or from a server without ranges', async () => {
  expect(await (await make({ snapshot: at('packed') })).stateHash()).toBe(hash);
  expect(await (await make({ snapshot: at('plain'), snapshotPages: 'whole' })).stateHash()).toBe(hash);
  await tell({ mode: 'whole' });
  expect(await (await make({ snapshot: at('plain') })).stateHash()).toBe(hash);
});

it('a server that fails, or has another file by now, ends the run, and what is no snapshot is told', async () => {
  for (const [message, problem] of [[{ mode: 'broken' }, /can no longer be read, at offset \d+: the server answers 503/], [{ etag: '"two"' }, /replaced by another/]] as const) {
    const machine = await make({ snapshot: at('plain') });
    await tell(message);
    await expect(machine.step(4000)).rejects.toMatchObject({ name: 'SnapshotError', message: expect.stringMatching(problem) as unknown });
    await expect(machine.step(1)).rejects.toThrow(problem);
    if ('mode' in message) await expect(make({ snapshot: at('plain') })).rejects.toMatchObject({ name: 'OptionError', option: 'snapshot' });
    await tell({ mode: 'ranges' });
  }
  await expect(make({ snapshot: at('nothing') })).rejects.toMatchObject({ name: 'SnapshotError' });
});

it('the command takes one by address', async () => {
  const { code, stderr } = await pintail(['run', '--snapshot', at('plain').href, '-nic', 'none', '--limit-instructions', '300']);
  expect({ code, stderr }).toMatchObject({ code: 124 });
  const info = await pintail(['snapshot', 'info', '--json', at('plain').href]);
  expect(JSON.parse(info.stdout)).toMatchObject({ memoryMiB: 32 });
});
