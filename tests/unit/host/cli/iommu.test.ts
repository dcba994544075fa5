/** `pintail iommu -m MACHINE` of a machine that runs: it asks the machine's monitor. Snapshots' files are those of `pintail snapshot iommu`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { iommu } from '../../../../host/cli/iommu.js';
import { greetMonitor } from '../../../../host/cli/monitor.js';
import type { LocalMachine } from '../../../../host/machine/local.js';

const TEXT = 'remapping unit of 48 bits: translation on\n  domain 1: 00:01.0\n';

/** A monitor at a socket, of a machine with such a unit. */
async function monitorOf(text: string | undefined): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'iommu-')), path = join(folder, 'monitor');
  const machine = { iommu: () => Promise.resolve(text) } as unknown as LocalMachine;
  const server: Server = createServer((socket) => {
    const { line } = greetMonitor((said) => void socket.write(said), { machine, quit: () => undefined });
    socket.setEncoding('utf8').on('data', (words: string) => words.split('\n').filter((one) => one !== '').forEach(line)).on('error', () => undefined);
  });
  onTestFinished(() => { server.close(); rmSync(folder, { recursive: true, force: true }); });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return `unix:${path}`;
}

async function said(...args: string[]): Promise<string> {
  let out = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  try {
    expect(await iommu(args)).toBe(0);
  } finally {
    spy.mockRestore();
  }
  return out;
}

it('says what the machine\'s monitor says, as it is and as JSON', async () => {
  const place = await monitorOf(TEXT);
  expect(await said('-m', place)).toBe(TEXT);
  expect(JSON.parse(await said('-m', place, '--json'))).toEqual({ unit: TEXT });
});

it('says where there is no unit', async () => {
  expect(await said('-m', await monitorOf(undefined))).toBe('the machine has no remapping unit\n');
});

it('refuses what names no machine, and says where none answers', async () => {
  await expect(iommu([])).rejects.toThrow(/say which machine: -m FILE/);
  await expect(iommu(['file'])).rejects.toThrow();
  await expect(iommu(['-m', 'unix:/nowhere/monitor'])).rejects.toThrow(/ENOENT/);
  await expect(iommu(['-m', '/nowhere/snapshot'])).rejects.toThrow(/nowhere/);
});
