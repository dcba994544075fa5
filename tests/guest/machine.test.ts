/** Linux through the public API: the console, exec, reset, determinism, snapshots. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, MachineError, type Machine, type MachineOptions } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const machines: Machine[] = [];
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

beforeAll(async () => {
  await prepareGuest('amd64');
  await prepareGuest('i386');
}, 600_000);
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

async function make(options: MachineOptions = {}): Promise<Machine> {
  const machine = await createMachine({ guest: 'amd64', memoryMiB: 128, limits: { wallMs: 280_000 }, ...options });
  machines.push(machine);
  return machine;
}

/** Pauses the machine when the screen shows `marker`; gives what is typed then. */
function atText(machine: Machine, marker: string): Promise<void> {
  return new Promise((resolve) => {
    let screen = '';
    const off = machine.on('console', (bytes) => {
      screen += text(bytes);
      if (!screen.includes(marker)) return;
      off();
      resolve();
    });
  });
}

describe('the console', () => {
  it('shows a shell that answers, restarts and powers off', async () => {
    const machine = await make();
    machine.attachInput(true);
    void atText(machine, '/ # ').then(() => machine.write('reboot -f\n'));
    expect((await machine.run()).reason).toBe('reset');
    await machine.reset();
    const answer = atText(machine, '\r\n42').then(() => machine.write('poweroff -f\n'));
    void atText(machine, '/ # ').then(() => machine.write('echo $((6*7))\n'));
    expect((await machine.run()).reason).toBe('poweroff');
    await answer;
  });
});

describe('determinism', () => {
  it.each(['amd64', 'i386'])('boots %s to the same instruction count, RAM and registers twice, here and in a worker', async (guest) => {
    const end = async (worker: boolean): Promise<unknown> => {
      const machine = await make({ guest, command: ['true'], worker });
      const stop = await machine.run();
      return { stop, hash: await machine.stateHash(), result: (await machine.commandResult())?.code };
    };
    const first = await end(false);
    expect(first).toMatchObject({ stop: { reason: 'poweroff' }, result: 0 });
    expect(await end(true)).toEqual(first);
  });
});

describe('exec', () => {
  it('runs commands one after the other, with input, output and status of each', async () => {
    const machine = await make({ agent: true });
    const first = await machine.exec(['sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect({ out: text(first.stdout), err: text(first.stderr), code: first.code }).toEqual({ out: 'out\n', err: 'err\n', code: 7 });
    expect(machine.running).toBe(false);
    expect(text((await machine.exec(['rev'], { stdin: 'abc\n' })).stdout)).toBe('cba\n');
    await expect(machine.exec([])).rejects.toThrow();
    await expect(machine.exec(['poweroff', '-f'])).rejects.toThrow(MachineError);
  });

  it('goes on in copies of a machine that was booted once', async () => {
    const machine = await make({ agent: true });
    await machine.exec(['sh', '-c', 'echo kept > /tmp/file']);
    const saved = await machine.snapshot();
    for (const word of ['one', 'two']) {
      const copy = await createMachine({ snapshot: saved });
      machines.push(copy);
      expect(text((await copy.exec(['sh', '-c', `cat /tmp/file; echo ${word}`])).stdout)).toBe(`kept\n${word}\n`);
    }
  });

  it('needs an agent', async () => {
    await expect((await make()).exec(['true'])).rejects.toThrow(/agent: true/);
  });
});
