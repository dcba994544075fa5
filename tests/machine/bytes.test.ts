/** Bytes of every kind that a program may have, wherever the API takes bytes; what is none is refused in the argument's name. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createMachine, type Bytes, type FileSource, type MachineOptions } from 'pintail';
import { elfMultibootKernel } from '../support/multiboot-kernel.js';

/** mov eax, 6; imul eax, 7; hlt */
const CODE = [0xb8, 6, 0, 0, 0, 0x6b, 0xc0, 7, 0xf4];

function offset(buffer: ArrayBufferLike): Uint8Array {
  const view = new Uint8Array(buffer, 3, CODE.length);
  view.set(CODE);
  return view;
}

const KINDS: [string, () => Bytes][] = [
  ['an array', () => Uint8Array.from(CODE)],
  ['a pooled Buffer', () => Buffer.from(CODE)],
  ['an ArrayBuffer', () => Uint8Array.from(CODE).buffer],
  ['an array of another realm', () => runInNewContext(`new Uint8Array(${JSON.stringify(CODE)})`) as Uint8Array],
  ['a buffer of another realm', () => runInNewContext(`new Uint8Array(${JSON.stringify(CODE)}).buffer`) as ArrayBuffer],
  ['a part of a shared buffer', () => offset(new SharedArrayBuffer(64))],
  ['a part of a WebAssembly memory', () => offset(new WebAssembly.Memory({ initial: 1 }).buffer)],
  ['a DataView', () => new DataView(Uint8Array.from(CODE).buffer)],
  ['a Uint16Array', () => new Uint16Array(Uint8Array.from([...CODE, 0]).buffer)],
];

async function eaxAfter(options: MachineOptions): Promise<bigint> {
  const machine = await createMachine(options);
  try {
    expect((await machine.runUntilHalt()).reason).toBe('halt');
    return (await machine.getRegisters()).rax;
  } finally {
    await machine.close();
  }
}

describe.each(KINDS)('%s', (_, make) => {
  it.each([false, true])('is code (in a worker: %s)', async (worker) => {
    expect(await eaxAfter({ memoryMiB: 16, worker, bare: { code: make(), at: 0x10000 } })).toBe(42n);
  });

  it('is what writeMemory writes, a disk holds, and a console is typed', async () => {
    const machine = await createMachine({
      memoryMiB: 16, bare: { code: make() }, drives: [{ id: 'd', source: new ArrayBuffer(4096) }], devices: [{ model: 'virtio-blk', drive: 'd' }],
    });
    await machine.writeMemory(0x20000, make());
    expect([...(await machine.readMemory(0x20000, CODE.length))]).toEqual(CODE);
    machine.write(make());
    await machine.close();
  });
});

it.each<[string, unknown]>([['an array of numbers', [1, 2, 3]], ['a number', 5], ['null', null], ['an object', {}]])('%s is no bytes', async (_, value) => {
  const bytes = value as Bytes;
  await expect(createMachine({ memoryMiB: 16, bare: { code: bytes } })).rejects.toThrow(/^bare\.code: is /);
  await expect(createMachine({ kernel: bytes as FileSource })).rejects.toThrow(/^kernel: is /);
  const machine = await createMachine({ memoryMiB: 16, bare: { code: Uint8Array.from(CODE) } });
  await expect(machine.writeMemory(0, bytes)).rejects.toThrow(/^writeMemory\(data\): is /);
  expect(() => machine.write(bytes)).toThrow(/^write\(data\): is /);
  await machine.close();
});

describe('a kernel', () => {
  const kernel = elfMultibootKernel();

  it.each<[string, () => FileSource]>([
    ['a Blob', () => new Blob([kernel.slice()])],
    ['a data: URL', () => new URL(`data:application/octet-stream;base64,${Buffer.from(kernel).toString('base64')}`)],
    ['an ArrayBuffer', () => kernel.slice().buffer],
  ])('may be %s', async (_, make) => {
    const machine = await createMachine({ memoryMiB: 16, kernel: make() });
    await machine.close();
  });

  it('may be at a file: or an http: URL; what cannot be read is said with the address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pintail-bytes-'));
    const path = join(folder, 'kernel');
    writeFileSync(path, kernel);
    const server = createServer((request, response) => (request.url === '/kernel' ? response.end(kernel) : response.writeHead(404).end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      for (const source of [path, pathToFileURL(path), new URL(`http://127.0.0.1:${port}/kernel`)]) await (await createMachine({ memoryMiB: 16, kernel: source })).close();
      await expect(createMachine({ kernel: new URL(`http://127.0.0.1:${port}/none`) })).rejects.toThrow(/^kernel: cannot read http:.*\/none: the server answers 404/);
      await expect(createMachine({ kernel: pathToFileURL(`${path}-none`) })).rejects.toThrow(/^kernel: cannot read file:.*there is no such file/);
      await expect(createMachine({ kernel: new URL('ftp://127.0.0.1/k') })).rejects.toThrow(/scheme ftp:/);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

it('a snapshot is one as an ArrayBuffer, as a Blob and as part of a larger buffer', async () => {
  const machine = await createMachine({ memoryMiB: 16, bare: { code: Uint8Array.from(CODE) } });
  const hash = await machine.stateHash();
  const snapshot = await machine.snapshot();
  await machine.close();
  const large = new Uint8Array(snapshot.length + 50);
  large.set(snapshot, 17);
  for (const source of [snapshot.slice().buffer, new Blob([snapshot.slice()]), large.subarray(17, 17 + snapshot.length)]) {
    const again = await createMachine({ snapshot: source });
    expect(await again.stateHash()).toBe(hash);
    await again.close();
  }
});
