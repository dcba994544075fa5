/**
 * Hot code translated: a loop nest with a call, read-modify-writes, and a store into its own code, run in random steps with a low threshold. After
 * every step registers, flags, ticks and RAM are what the interpreter makes of the same ticks, however what is translated is compiled.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { codeRoom } from '../../host/machine/code-room.js';
import { createTranslator, type Translator } from '../../host/machine/translator.js';
import type { JitMode } from '../../host/machine/types.js';
import { runTicks, seeded, type RawMachine } from '../support/raw-machine.js';
import { assemble, createLoop, stateOf } from '../support/translated-loops.js';

const THRESHOLD = 200;

/** A machine that interprets beside one that translates, each step compared; between steps the engine may compile. */
async function compare(steps: number, mode: JitMode, afterStep?: (translated: RawMachine, n: number) => void): Promise<Translator> {
  const interpreted = createLoop(), translated = createLoop();
  const translator = createTranslator(translated.instance, { mode, threshold: THRESHOLD }), random = seeded(11);
  for (let n = 0; n < steps; n++) {
    const ticks = n % 3 === 0 ? 1 + random() % 40 : 1 + random() % 20_000;
    runTicks(interpreted, ticks);
    runTicks(translated, ticks, () => translator.serve());
    expect(`step ${n} of ${ticks}: ${stateOf(translated)}`).toBe(`step ${n} of ${ticks}: ${stateOf(interpreted)}`);
    afterStep?.(translated, n);
    // On a busy host the engine's threads would have their turn when all is over.
    if (mode === 'on') await (n % 8 === 0 ? settle(translator) : new Promise((resolve) => setImmediate(resolve)));
  }
  return translator;
}

/** Until nothing is compiled any more. */
async function settle(translator: Translator): Promise<void> {
  await vi.waitFor(() => expect(translator.stats().underWay).toBe(0), { timeout: 20_000 });
}

afterEach(() => void vi.restoreAllMocks());

/** Accesses at odd addresses of page 0, in a loop that keeps their page. */
const ODD_IN_PAGE_0 = assemble(
  'bb 01 00 00 00', // mov ebx, 1
  'again: 03 43 00 03 4b 08 01 53 10 66 03 53 04', // add eax, [rbx]; add ecx, [rbx + 8]; add [rbx + 16], edx; add dx, [rbx + 4]
  '48 03 73 20 ff c7 eb >again', // add rsi, [rbx + 32]; inc edi
);

describe('translated code', () => {
  it('reads nothing but what lies there at odd addresses of page 0', { timeout: 60_000 }, () => {
    const [interpreted, translated] = [createLoop(ODD_IN_PAGE_0), createLoop(ODD_IN_PAGE_0)] as const;
    for (const { bytes, ram } of [interpreted, translated]) for (let k = 0; k < 64; k++) bytes[ram + k] = 17 * k + 5;
    const translator = createTranslator(translated.instance, { mode: 'sync', threshold: 20 });
    for (let n = 0; n < 8; n++) {
      runTicks(interpreted, 500);
      runTicks(translated, 500, () => translator.serve());
      expect(`step ${n}: ${stateOf(translated)}`).toBe(`step ${n}: ${stateOf(interpreted)}`);
    }
    expect(translator.stats().ticks).toBeGreaterThan(1000);
    translator.close();
  });

  it('is the interpreter\'s equal after every one of many steps, over stores into itself', { timeout: 120_000 }, async () => {
    const translator = await compare(300, 'sync');
    const { regions, ticks } = translator.stats();
    console.log(`${regions} regions, ${ticks} ticks translated`);
    // A store into the loop drops what was made of it, and it becomes hot again.
    expect(regions).toBeGreaterThan(20);
    expect(ticks).toBeGreaterThan(500_000);
    translator.close();
  });

  it('is equal when it is compiled beside the run, and the room it takes in the process is given back', { timeout: 120_000 }, async () => {
    const before = codeRoom(), translator = await compare(200, 'on');
    const { modules, ticks } = translator.stats();
    console.log(`${modules} modules, ${ticks} ticks translated`);
    expect(modules).toBeGreaterThan(0);
    expect(ticks).toBeGreaterThan(1000);
    translator.close();
    await settle(translator);
    expect(codeRoom()).toEqual(before);
  });

  it('is equal when what there is is dropped again and again, also while it is compiled', { timeout: 120_000 }, async () => {
    const translator = await compare(150, 'on', ({ call, ram }, n) => {
      if (n % 4 === 1) call('dropBatch');
      if (n % 10 === 7) call('dropCode', 0x1000, 0, 1);
      if (n % 25 === 20) call('setTranslation', THRESHOLD, 0);
      expect(ram).toBeGreaterThan(0);
    });
    const { dropped, modules, liveModules } = translator.stats();
    expect(dropped).toBeGreaterThan(0);
    expect(liveModules).toBeLessThan(modules);
    translator.close();
  });

  it('goes on in the small region when the engine refuses the large one that is to follow it', { timeout: 60_000 }, () => {
    const machine = createLoop(assemble('again: 48 ff c0 48 01 c3 48 31 d9 eb >again')); // inc rax; add rbx, rax; xor rcx, rbx
    const translator = createTranslator(machine.instance, { mode: 'sync', threshold: THRESHOLD }), run = (ticks: number) => runTicks(machine, ticks, () => translator.serve());
    run(1_000_000);
    vi.spyOn(WebAssembly, 'Module').mockImplementation(function () { throw new WebAssembly.CompileError('no room'); } as never);
    run(80_000_000);
    const before = translator.stats();
    run(10_000_000);
    const { ticks, refusedModules } = translator.stats();
    expect(refusedModules).toBeGreaterThan(0);
    expect(Number(ticks - before.ticks)).toBeGreaterThan(9_900_000);
    translator.close();
  });

  it('is made sooner where a guest is at steady work: of what has run for less than the threshold', { timeout: 60_000 }, () => {
    // mov ecx, 1000; add rax, rcx; dec ecx; jnz; and 41 instructions of their own, which reach a million ticks after 74 million.
    const machine = createLoop(assemble('outer: b9 e8 03 00 00', 'inner: 48 01 c8 ff c9 75 >inner', ...Array<string>(40).fill('48 ff c3'), 'e9 >>outer'));
    const translator = createTranslator(machine.instance, { mode: 'sync', threshold: 1_000_000 }), run = (ticks: number) => runTicks(machine, ticks, () => translator.serve());
    run(45_000_000);
    const { regions } = translator.stats();
    run(13_000_000);
    expect([regions, translator.stats().regions]).toEqual([1, 2]);
    translator.close();
  });

  it('is left to the interpreter, counted, when the engine refuses it', { timeout: 60_000 }, async () => {
    const { Module } = WebAssembly;
    vi.spyOn(WebAssembly, 'Module').mockImplementation(function (bytes: BufferSource) {
      if (bytes.byteLength < 100_000) throw new WebAssembly.CompileError('no room');
      return new Module(bytes);
    } as never);
    const before = codeRoom(), translator = await compare(60, 'sync');
    const { refused, refusedModules, liveModules, ticks } = translator.stats();
    expect(refusedModules).toBeGreaterThan(0);
    expect(refused).toBeGreaterThanOrEqual(refusedModules);
    expect({ liveModules, ticks }).toEqual({ liveModules: 0, ticks: 0 });
    expect(codeRoom()).toEqual(before);
  });
});
