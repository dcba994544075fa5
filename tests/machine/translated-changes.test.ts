/**
 * Code that changes while it is translated, by ways that compilers and kernels take: call sites that are patched, functions written on the stack, one
 * physical page at two linear addresses. After every step the machine is what the interpreter makes of the same ticks.
 */
import { describe, expect, it } from 'vitest';
import { createTranslator } from '../../host/machine/translator.js';
import { runTicks, seeded, type RawMachine } from '../support/raw-machine.js';
import { assemble, createLoop, stateOf } from '../support/translated-loops.js';

const DIRECTORY = 0x4000;

/** A call whose target is the one and the other function in turn, as static keys and ftrace patch them. */
const CALL_SITE = assemble(
  'bb 04 00 00 00', // mov ebx, two - one
  'outer: b9 40 00 00 00', // mov ecx, 64
  'inner: e8 site: >>one ff c9 75 >inner', // call one; dec ecx; jnz inner
  '01 1d >>site f7 db eb >outer', // add [site], ebx; neg ebx
  'one: 48 ff c0 c3', // inc rax; ret
  'two: 48 8d 40 03 c3', // lea rax, [rax + 3]; ret
);
/** add rsi, n; ret, written on the stack for a new n each time and called 64 times. */
const ON_THE_STACK = assemble(
  'outer: 48 b8 48 83 c6 01 c3 90 90 90', // mov rax, the function
  'fe c1 80 e1 3f 48 0f b6 d1 48 c1 e2 18 48 01 d0', // its n: inc cl; and cl, 63; movzx rdx, cl; shl rdx, 24; add rax, rdx
  '50 bf 40 00 00 00', // push rax; mov edi, 64
  'inner: ff d4 ff cf 75 >inner', // call rsp; dec edi; jnz inner
  '58 eb >outer', // pop rax
);
/** A function called at an address 2 MiB up, where the same page lies, and changed where it lies here. */
const TWO_ADDRESSES = assemble(
  '48 8d 1d >>f 48 8d ab 00 00 20 00', // lea rbx, [f]; lea rbp, [rbx + 2 MiB]
  'outer: b9 40 00 00 00', // mov ecx, 64
  'inner: ff d5 ff d3 ff c9 75 >inner', // call rbp; call rbx; dec ecx; jnz inner
  'fe 05 >>n eb >outer', // inc byte [n]
  'f: 48 83 c0 n: 01 c3', // add rax, 1; ret
);

function createTwice(code: Uint8Array): RawMachine {
  const machine = createLoop(code);
  machine.view.setBigUint64(machine.ram + DIRECTORY + 8, 0x83n, true);
  return machine;
}

describe('code that changes while it is translated', () => {
  it.each([['a call site that is patched', CALL_SITE], ['functions written on the stack', ON_THE_STACK], ['a page at two linear addresses', TWO_ADDRESSES]] as const)('%s', { timeout: 120_000 }, (_, code) => {
    const interpreted = createTwice(code), translated = createTwice(code), random = seeded(5);
    const translator = createTranslator(translated.instance, { mode: 'sync', threshold: 100 });
    for (let n = 0; n < 20; n++) {
      const ticks = 1 + random() % 3000;
      runTicks(interpreted, ticks);
      runTicks(translated, ticks, () => translator.serve());
      expect(`step ${n}: ${stateOf(translated)}`).toBe(`step ${n}: ${stateOf(interpreted)}`);
    }
    // Not by having stayed with the interpreter, and what was changed was translated anew.
    const { ticks, regions } = translator.stats();
    console.log(`${regions} regions, ${ticks} ticks translated`);
    expect(ticks).toBeGreaterThan(5000);
    expect(regions).toBeGreaterThan(10);
    translator.close();
  });
});
