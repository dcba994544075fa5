/** However a run is cut, it is the same run: registers, RAM and everything else that is state. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { KERNELS } from '../../guest/kernels/index.js';
import { createTranslator, type Translator } from '../../host/machine/translator.js';
import { seeded, type RawMachine } from '../support/raw-machine.js';
import { copyOf, hashOf, runInPieces, WHOLE, type Cuts } from './partition.js';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

/** Pieces of many lengths; now and then the caches are dropped, or the machine goes on as a copy. */
function randomCuts(seed: number, longest: number): Cuts {
  const random = seeded(seed);
  return {
    ticks: () => 1 + (random() % (random() % 4 === 0 ? 8 : longest)),
    between(machine) {
      const what = random() % 128;
      if (what === 0) return copyOf(machine);
      if (what < 6) machine.call('attach');
      return machine;
    },
  };
}

/** The same cuts with all that runs translated at once, and how many ticks did; a machine that goes on as a copy begins without translations. */
function translated(cuts: Cuts): { cuts: Cuts; ticks(): bigint } {
  const translators = new Map<RawMachine, Translator>();
  const serve = (machine: RawMachine): void => {
    const translator = translators.get(machine) ?? createTranslator(machine.instance, { mode: 'sync', threshold: 1 });
    translators.set(machine, translator);
    translator.serve();
  };
  return { cuts: { ...cuts, serve }, ticks: () => [...translators.values()].reduce((sum, t) => sum + BigInt(t.stats().ticks), 0n) };
}

/** Those that change what is mapped, what interrupts, and what stops before or after an instruction. */
const CUT = ['faults', 'paging-pae', 'paging-4-level', 'supervisor', 'tasks', 'apic', 'debug-long', 'tlb', 'pcid'];

describe.each(Object.entries(KERNELS).filter(([name]) => CUT.includes(name)))('the kernel %s', (_name, make) => {
  it('does the same whole and in pieces', () => {
    const whole = runInPieces(make(), WHOLE);
    const longest = Math.max(8, Number(whole.ticks / 50n));
    expect(runInPieces(make(), randomCuts(1, longest))).toEqual(whole);
  });

  it('does the same translated, in pieces', () => {
    const whole = runInPieces(make(), WHOLE), longest = Math.max(8, Number(whole.ticks / 50n));
    const { cuts, ticks } = translated(randomCuts(2, longest));
    expect(runInPieces(make(), cuts)).toEqual(whole);
    console.log(`${ticks()} of ${whole.ticks} ticks translated`);
    expect(ticks()).toBeGreaterThan(whole.ticks / 10n);
  });
});

/**
 * mov edx, 3fdh; 1: in al, dx; inc rbx; test al, 20h; jz 1b; mov dl, f8h; mov al, bl; out dx, al; mov dl, fdh; rdtsc; mov [rbx*8 + 200000h], eax;
 * and ebx, ffffh; jmp 1b: writes to the UART without end, sees when its ring is full, and keeps what it sees.
 */
const POLLING = Buffer.from('bafd030000' + 'ec' + '48ffc3' + 'a820' + '74f8' + 'b2f8' + '88d8' + 'ee' + 'b2fd' + '520f315a' + '8904dd00002000' + '81e3ffff0000' + 'ebde', 'hex');
const TICKS = 3_000_000;

async function polling(cut: (machine: Machine) => Promise<unknown>): Promise<[string, bigint, number]> {
  const machine = await createMachine({ memoryMiB: 16, bare: { code: POLLING } });
  machines.push(machine);
  let sent = 0;
  machine.on('console', (bytes) => (sent += bytes.length));
  await cut(machine);
  const left = TICKS - Number((await machine.stats()).instructions);
  if (left > 0) await machine.step(left);
  return [await machine.stateHash(), (await machine.getRegisters()).rbx, sent];
}

describe('a guest that polls a UART', () => {
  it('sees the same in 1, 2, 6 and many steps, with pauses and snapshots in between', async () => {
    const whole = await polling(() => Promise.resolve());
    expect(whole[2]).toBeGreaterThan(1000);
    const steps = (count: number) => async (machine: Machine): Promise<void> => {
      for (let n = 0; n < count; n++) await machine.step(TICKS / count);
    };
    expect(await polling(steps(2))).toEqual(whole);
    expect(await polling(steps(6))).toEqual(whole);
    const random = seeded(5);
    expect(await polling(async (machine) => {
      for (let done = 0, n = 0; done < TICKS - 60_000; done += n) {
        n = 1 + (random() % 60_000);
        await machine.step(n);
        if (random() % 8 === 0) await machine.snapshot();
      }
    })).toEqual(whole);
    expect(await polling(async (machine) => {
      for (let n = 0; n < 5; n++) {
        const run = machine.step(TICKS / 8);
        await new Promise((resolve) => setImmediate(resolve));
        await machine.pause();
        await run;
      }
    })).toEqual(whole);
  });

  it('is left as it was by a snapshot', async () => {
    const machine = await createMachine({ memoryMiB: 16, bare: { code: POLLING } });
    machines.push(machine);
    await machine.step(123_457);
    const before = await machine.stateHash();
    const saved = await machine.snapshot();
    expect(await machine.stateHash()).toBe(before);
    const copy = await createMachine({ snapshot: saved });
    machines.push(copy);
    expect(await copy.stateHash()).toBe(before);
    let again = 0;
    copy.on('console', (bytes) => (again += bytes.length));
    await copy.step(1);
    expect(again).toBeLessThan(2);
    await machine.step(1_000_001);
    await copy.step(1_000_000);
    expect(await copy.stateHash()).toBe(await machine.stateHash());
  });
});

it('the hash sees a register, a byte of RAM, and the clock', () => {
  const states = new Set<string>();
  runInPieces(Object.values(KERNELS)[0]!(), {
    ticks: () => 0xffff_ffff,
    between(machine) {
      if (states.size > 0) return machine;
      states.add(hashOf(machine));
      machine.bytes[machine.ram + 5]! ^= 1;
      states.add(hashOf(machine));
      machine.call('skipIdle', 1000, 0);
      states.add(hashOf(machine));
      expect(states.size).toBe(3);
      return machine;
    },
  });
});
