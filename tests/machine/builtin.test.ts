/** The built-in guest: a whole machine that needs nothing from outside. Also what must hold for any machine. */
import { describe, expect, it } from 'vitest';
import { createMachine, SnapshotError, type Machine, type MachineOptions, type Stop } from 'pintail';

interface Session {
  machine: Machine;
  stop: Stop;
  screen: string;
}

async function session(typed: string, options: MachineOptions = {}): Promise<Session> {
  const machine = await createMachine({ guest: 'builtin', memoryMiB: 16, ...options });
  let screen = '';
  machine.on('console', (bytes) => (screen += new TextDecoder().decode(bytes)));
  machine.write(typed);
  const stop = await machine.run();
  return { machine, stop, screen };
}

describe('the built-in guest', () => {
  it('greets, answers, and powers off', async () => {
    const { stop, screen } = await session('help\rmem\rcpuid\rnonsense\rpoweroff\r');
    expect(stop.reason).toBe('poweroff');
    expect(screen).toContain('Pintail: an x86-64 machine');
    expect(screen).toContain('poweroff  switches the machine off');
    expect(screen).toContain('AuthenticAMD');
    expect(screen).toContain('no such command');
  });

  it('sees the memory that the machine has', async () => {
    const kib = async (memoryMiB: number): Promise<number> => Number(/(\d+) KiB/.exec((await session('mem\rpoweroff\r', { memoryMiB })).screen)?.[1]);
    expect((await kib(64)) - (await kib(16))).toBe(48 * 1024);
  });

  it('edits the line', async () => {
    expect((await session('powr\x7fx\b\x7fweroff\r')).stop.reason).toBe('poweroff');
    expect((await session('powx\x7feroff\r')).stop.reason).toBe('poweroff');
  });

  it('ends with a status', async () => {
    expect((await session('exit 3\r')).stop).toMatchObject({ reason: 'debug-exit', code: 7 });
  });

  it('halts, rather than spins, when nobody types', async () => {
    const { stop } = await session('');
    expect(stop.reason).toBe('halt');
    expect(stop.instructions).toBeLessThan(100_000n);
  });

  it('runs in a worker in the same way', async () => {
    const here = await session('mem\rticks\rpoweroff\r');
    const there = await session('mem\rticks\rpoweroff\r', { worker: true });
    expect({ stop: there.stop, screen: there.screen }).toEqual({ stop: here.stop, screen: here.screen });
    await there.machine.close();
  });
});

describe('determinism', () => {
  it('gives the same instructions and the same state twice', async () => {
    const [a, b] = [await session('ticks\rmem\rcpuid\r'), await session('ticks\rmem\rcpuid\r')];
    expect(b.stop).toEqual(a.stop);
    expect(b.screen).toBe(a.screen);
    expect(await b.machine.stateHash()).toBe(await a.machine.stateHash());
  });

  it('depends on what is typed', async () => {
    const [a, b] = [await session('mem\r'), await session('men\r')];
    expect(await b.machine.stateHash()).not.toBe(await a.machine.stateHash());
  });
});

describe('snapshots', () => {
  it('go on exactly where the machine was', async () => {
    const first = await session('mem\r');
    const saved = await first.machine.snapshot();
    const second = await createMachine({ snapshot: saved });
    expect(second.memoryMiB).toBe(16);
    expect(await second.stateHash()).toBe(await first.machine.stateHash());
    const screens: string[] = [];
    const ends: [Stop, string][] = [];
    for (const machine of [first.machine, second]) {
      let screen = '';
      machine.on('console', (bytes) => (screen += new TextDecoder().decode(bytes)));
      machine.write('ticks\rcpuid\r');
      ends.push([await machine.run(), await machine.stateHash()]);
      screens.push(screen);
    }
    expect(screens[1]).toBe(screens[0]);
    expect(ends[1]).toEqual(ends[0]);
  });

  it('are refused when they are none, damaged, or of another size', async () => {
    const { machine } = await session('');
    const saved = await machine.snapshot();
    await expect(createMachine({ snapshot: new Uint8Array(100) })).rejects.toThrow(SnapshotError);
    await expect(createMachine({ snapshot: saved.subarray(0, saved.length - 1) })).rejects.toThrow(/damaged/);
    const older = saved.slice();
    older[8] = 3;
    await expect(createMachine({ snapshot: older })).rejects.toThrow(/format version 3/);
    await expect(createMachine({ snapshot: saved, memoryMiB: 32 })).rejects.toThrow(/16 MiB/);
  });

  it('are small: pages of zeros take no room', async () => {
    const { machine } = await session('', { memoryMiB: 64 });
    expect((await machine.snapshot()).length).toBeLessThan(16 * 2 ** 20);
  });
});
