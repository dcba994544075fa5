/** Slow readers: nothing is lost, nothing piles up, and under icount the run is the same whatever their speed. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';

/**
 * Writes 0..255 round and round to COM1, each when the transmitter is empty, 65,536 of them; then powers off by the debug exit.
 *
 *     mov ecx, 65536 / again: mov dx, 3fdh / wait: in al, dx / test al, 20h / jz wait / mov dx, 3f8h / mov al, bl / out dx, al
 *     inc ebx / dec ecx / jnz again / mov dx, 501h / mov al, 5 / out dx, al / hlt
 */
const BYTES = 65_536;
const WRITER = Uint8Array.from([
  0xb9, 0, 0, 1, 0, 0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb, 0x66, 0xba, 0xf8, 0x03, 0x88, 0xd8, 0xee,
  0xff, 0xc3, 0xff, 0xc9, 0x75, 0xea, 0x66, 0xba, 0x01, 0x05, 0xb0, 5, 0xee, 0xf4,
]);
const WRITING: MachineOptions = { memoryMiB: 4, bare: { code: WRITER, mode: 'protected32' } };

interface Read {
  bytes: number;
  inOrder: boolean;
  /** The most promises of a listener that were open at once. */
  open: number;
  instructions: bigint;
  hash: string;
}

/** Runs to the end with a listener that takes so many turns of the event loop a piece. */
async function read(options: MachineOptions, turns: number): Promise<Read> {
  const machine = await createMachine(options);
  let [bytes, open, most, inOrder] = [0, 0, 0, true];
  machine.on('console', async (piece) => {
    most = Math.max(most, ++open);
    for (const byte of piece) inOrder &&= byte === (bytes++ & 0xff);
    for (let i = 0; i < turns; i++) await turn();
    open--;
  });
  const stop = await machine.run();
  expect(stop.reason).toBe('debug-exit');
  const hash = await machine.stateHash();
  await machine.close();
  return { bytes, inOrder, open: most, instructions: stop.instructions, hash };
}

describe.each([false, true])('a listener (the machine in a worker: %s)', (worker) => {
  it('that is slow holds the machine, which does not change for it', async () => {
    const fast = await read({ ...WRITING, worker }, 0);
    const slow = await read({ ...WRITING, worker }, 20);
    expect(fast).toMatchObject({ bytes: BYTES, inOrder: true });
    expect(slow).toMatchObject({ bytes: BYTES, inOrder: true, instructions: fast.instructions, hash: fast.hash });
    // On this thread one piece is out at a time; in a worker as many as fit the window.
    if (!worker) expect(slow.open).toBeLessThanOrEqual(2);
  });

  it('under realtime leaves the port not ready: nothing is lost', async () => {
    expect(await read({ ...WRITING, worker, clock: 'realtime' }, 20)).toMatchObject({ bytes: BYTES, inOrder: true });
  });
});

describe('what is typed', () => {
  const IDLE: MachineOptions = { memoryMiB: 4, bare: { code: Uint8Array.from([0xeb, 0xfe]), mode: 'protected32' } };

  async function fill(machine: Machine): Promise<number> {
    let written = 0;
    while (machine.write(new Uint8Array(4096))) written += 4096;
    return written;
  }

  it.each([false, true])('into a guest that does not read has an end that the writer is told of (worker: %s)', async (worker) => {
    const machine = await createMachine({ ...IDLE, worker });
    expect(await fill(machine)).toBeLessThan(128 << 10);
    expect(machine.write('x')).toBe(false);
    await machine.close();
  });

  it.each([false, true])('goes on with `drain` (worker: %s)', async (worker) => {
    // again: mov dx, 3fdh / in al, dx / test al, 1 / jz again / mov dx, 3f8h / in al, dx / jmp again
    const code = Uint8Array.from([0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 1, 0x74, 0xf7, 0x66, 0xba, 0xf8, 0x03, 0xec, 0xeb, 0xf0]);
    // The line is as slow as its divisor says: an instruction takes a microsecond, so that few are waited for.
    const machine = await createMachine({ ...IDLE, worker, icountShift: 10, bare: { code, mode: 'protected32' } });
    await fill(machine);
    const drained = new Promise<number>((resolve) => machine.on('drain', resolve));
    const run = machine.run();
    expect(await drained).toBe(0);
    expect(machine.write('x')).toBe(true);
    await machine.pause();
    await run;
    await machine.close();
  });
});
