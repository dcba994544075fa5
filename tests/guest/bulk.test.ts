/** Megabytes that commands write and read: whole, in order, whoever is slow, and under icount the same run whatever the reader's speed. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const MIB = 2 ** 20;
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
let saved: Uint8Array;

beforeAll(async () => {
  await prepareGuest('amd64');
  const machine = await createMachine({ guest: 'amd64', agent: true, memoryMiB: 128, limits: { wallMs: 280_000 } });
  await machine.exec(['true']);
  saved = await machine.snapshot();
  await machine.close();
}, 600_000);

describe.each([['on this thread', {}], ['in a worker', { worker: true }], ['under realtime', { clock: 'realtime' }]] as [string, MachineOptions][])('%s', (_, options) => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await createMachine({ snapshot: saved, limits: { wallMs: 280_000 }, ...options });
  });
  afterAll(() => machine.close());

  it('go through a command and come back', async () => {
    const stdin = randomBytes(8 * MIB);
    const { stdout } = await machine.exec(['cat'], { stdin });
    expect(digest(stdout)).toBe(digest(stdin));
  });

  it('that nobody in the guest reads are not the next command\'s', async () => {
    await machine.exec(['true'], { stdin: randomBytes(MIB) });
    await machine.exec(['head', '-c', '10'], { stdin: randomBytes(MIB) });
    const { stdout } = await machine.exec(['cat'], { stdin: 'own' });
    expect(String(Buffer.from(stdout))).toBe('own');
  });

  it('wait for a slow reader', async () => {
    const stdin = randomBytes(MIB);
    const pieces: Uint8Array[] = [];
    let [open, most] = [0, 0];
    const onStdout = async (bytes: Uint8Array): Promise<void> => {
      most = Math.max(most, ++open);
      pieces.push(bytes.slice());
      await pass(1);
      open--;
    };
    await machine.exec(['cat'], { stdin, onStdout });
    expect(digest(Buffer.concat(pieces))).toBe(digest(stdin));
    // What one ring holds, in frames of at least a page; a worker has a window of its own.
    if (options.worker !== true) expect(most).toBeLessThanOrEqual(9);
  });
});

it('are the same run for a slow reader and a fast one', async () => {
  const run = async (ms: number): Promise<unknown[]> => {
    const sum = createHash('sha256');
    const onCommandOutput = async (_: string, bytes: Uint8Array): Promise<void> => {
      sum.update(bytes);
      if (ms > 0) await pass(ms);
    };
    const machine = await createMachine({ guest: 'amd64', memoryMiB: 128, command: ['dd', 'if=/dev/zero', 'bs=65536', 'count=16'], limits: { wallMs: 280_000 }, onCommandOutput });
    const { reason, instructions } = await machine.run();
    const hash = await machine.stateHash();
    await machine.close();
    return [reason, instructions, hash, sum.digest('hex')];
  };
  expect(await run(2)).toEqual(await run(0));
}, 600_000);
