/** Instant start: one boot is kept, and every start goes on from it with what must be fresh made fresh. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { defaultCacheDir, prepareGuest } from '../../host/guest/index.js';
import { pintail, type Ended } from './command.js';

let cache: string, own: string | undefined;
const waiting = (): string[] => readdirSync(join(cache, 'pintail/waiting')).map((name) => join(cache, 'pintail/waiting', name));

beforeAll(async () => {
  await prepareGuest('amd64');
  cache = mkdtempSync(join(tmpdir(), 'instant-'));
  mkdirSync(join(cache, 'pintail'));
  symlinkSync(join(defaultCacheDir(), 'guests'), join(cache, 'pintail/guests'));
  own = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = cache;
}, 600_000);
afterAll(() => {
  if (own === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = own;
  rmSync(cache, { recursive: true, force: true });
});

const RANDOM = 'od -An -N16 -tx1 /dev/urandom; cat /proc/sys/kernel/random/boot_id';
const run = (...words: string[]): Promise<Ended> => pintail(['run', '-nic', 'none', ...words]);

it('the first start and later ones say the same, and so does a cold one', async () => {
  const line = ['--', 'sh', '-c', 'echo out; cat; pwd; echo err >&2; exit 5'];
  const first = await pintail(['run', '-nic', 'none', ...line], 'in\n');
  expect(first).toEqual({ code: 5, stdout: 'out\nin\n/\n', stderr: 'err\n' });
  const [path] = waiting() as [string];
  utimesSync(path, 0, 0);
  expect(await pintail(['run', '-nic', 'none', ...line], 'in\n')).toEqual(first);
  expect(statSync(path).mtimeMs).toBeGreaterThan(0);
  utimesSync(path, 0, 0);
  expect(await pintail(['run', '-nic', 'none', '--cold', ...line], 'in\n')).toEqual(first);
  expect(statSync(path).mtimeMs).toBe(0);
}, 300_000);

it('files are handed over before the command, with their modes, and a cold start sees the same', async () => {
  const folder = mkdtempSync(join(cache, 'files-'));
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'in/script'), '#!/bin/sh\necho ran $(cat /data)\n', { mode: 0o755 });
  writeFileSync(join(folder, 'data'), 'data');
  const line = ['--add', `${join(folder, 'in')}:/tmp/in`, '--add', `${join(folder, 'data')}:/data`, '--', 'sh', '-c', '/tmp/in/script; stat -c "%a %u" /tmp /tmp/in/script /data'];
  const [path] = waiting() as [string];
  utimesSync(path, 0, 0);
  const warm = await run(...line);
  expect(warm).toEqual({ code: 0, stdout: expect.stringMatching(/^ran data\n1777 0\n755 0\n6?\d\d 0\n$/) as string, stderr: '' });
  expect(statSync(path).mtimeMs).toBeGreaterThan(0);
  expect(await run('--cold', ...line)).toEqual(warm);
}, 300_000);

it('random numbers are those of the seed, and others for another', async () => {
  const outputs: string[] = [];
  for (const seed of ['5', '5', '6']) outputs.push((await run('--seed', seed, '--', 'sh', '-c', RANDOM)).stdout);
  expect(outputs[1]).toBe(outputs[0]);
  const [five, six] = [outputs[0]!, outputs[2]!].map((text) => text.trim().split('\n')) as [string[], string[]];
  expect(five).toHaveLength(2);
  for (const i of [0, 1]) expect(six[i]).not.toBe(five[i]);
}, 300_000);

it('one that is damaged is made again', async () => {
  const [path] = waiting() as [string];
  const bytes = readFileSync(path);
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(path, bytes);
  expect(await run('--', 'echo', 'whole')).toEqual({ code: 0, stdout: 'whole\n', stderr: '' });
  expect(readFileSync(path).equals(bytes)).toBe(false);
}, 300_000);

it('clones share what they do not touch, and are other machines for another seed', async () => {
  const machine = await createMachine({ guest: 'amd64', memoryMiB: 96, agent: true, devices: [{ model: 'virtio-net-pci', netdev: 'none' }], netdevs: ['null,id=none'], append: 'cards=down', limits: { wallMs: 200_000 } });
  const clones: Machine[] = [];
  try {
    await machine.exec(['sh', '-c', 'echo shared >/tmp/file']);
    for (const seed of [7, 7, 8]) clones.push(await machine.clone({ seed }));
    const said = await Promise.all(clones.map(async (clone) => Buffer.from((await clone.exec(['sh', '-c', `cat /tmp/file; ${RANDOM}; cat /sys/class/net/eth0/address`])).stdout).toString()));
    expect(said[0]).toMatch(/^shared\n/);
    expect(said[1]).toBe(said[0]);
    const [random, boot, address] = [1, 2, 3].map((line) => [said[0]!.split('\n')[line]!, said[2]!.split('\n')[line]!] as const) as [readonly [string, string], readonly [string, string], readonly [string, string]];
    for (const [seven, eight] of [random, boot, address]) expect(eight).not.toBe(seven);
    expect(address[0]).toMatch(/^52:54:00:/);
    expect(await clones[0]!.stateHash()).toBe(await clones[1]!.stateHash());
    const plain = await machine.clone();
    clones.push(plain);
    expect(await plain.stateHash()).toBe(await machine.stateHash());
    expect(Buffer.from((await plain.exec(['cat', '/sys/class/net/eth0/address'])).stdout).toString()).toBe('52:54:00:12:34:56\n');
  } finally {
    for (const one of [machine, ...clones]) await one.close();
  }
}, 300_000);
