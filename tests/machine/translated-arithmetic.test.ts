/**
 * Arithmetic that translated code makes something simpler of: divisions whose upper half only extends the lower one, and floating point among changes of
 * MXCSR. After every step the machine is what the interpreter makes of the same ticks.
 */
import { describe, expect, it } from 'vitest';
import { createTranslator } from '../../host/machine/translator.js';
import { runTicks, seeded, type RawMachine } from '../support/raw-machine.js';
import { assemble, createLoop, stateOf } from '../support/translated-loops.js';

const MODES = 0x8800;

const DIVIDE = assemble(
  'outer: be 00 80 00 00 bb 40 00 00 00', // mov esi, DATA; mov ebx, 64
  'inner: 48 8b 06 48 8b 4e 08 80 c9 01 48 99 48 f7 f9 49 01 c0 49 31 d1', // mov rax, [rsi]; mov rcx, [rsi + 8]; or cl, 1; cqo; idiv rcx; add r8, rax; xor r9, rdx
  '8b 46 04 8b 4e 0c 80 c9 01 99 f7 f9 49 01 c0 49 31 d1', // the same of 32 bits, with cdq
  '48 8b 06 31 d2 48 8b 4e 08 80 c9 01 48 f7 f1 49 01 c0 49 31 d1', // mov rax, [rsi]; xor edx, edx; mov rcx, [rsi + 8]; or cl, 1; div rcx ...
  '8b 06 31 d2 8b 4e 08 80 c9 01 f7 f1 49 01 c0 49 31 d1', // of 32 bits
  '8b 06 99 83 e2 07 80 c9 08 0f c9 f7 f1 49 01 d1', // mov eax, [rsi]; cdq; and edx, 7; or cl, 8; bswap ecx; div ecx: an upper half of its own
  '4c 01 06 48 83 c6 08 ff cb 75 >inner eb >again', // add [rsi], r8; add rsi, 8; dec ebx; jnz inner
  'again: e9 >>outer',
);
/** The last dividend of all is what has no quotient: -2^63 by -1. */
const OVERFLOW = assemble(
  'bb c8 00 00 00 48 b9 ff ff ff ff ff ff ff ff', // mov ebx, 200; mov rcx, -1
  'inner: 48 8d 43 07 48 99 48 f7 f9 49 01 c0 ff cb 75 >inner', // lea rax, [rbx + 7]; cqo; idiv rcx; add r8, rax; dec ebx; jnz inner
  '48 b8 00 00 00 00 00 00 00 80 bb 01 00 00 00 eb >last', // mov rax, -2^63; mov ebx, 1
  'last: 48 99 48 f7 f9 eb >last', // cqo; idiv rcx
);
const ROUND = assemble(
  'bf 00 88 00 00', // mov edi, MODES
  'outer: be 00 80 00 00 bb 40 00 00 00', // mov esi, DATA; mov ebx, 64
  'inner: f2 0f 2a 06 f2 0f 2a 4e 04 f2 0f 5e c1 f2 0f 58 d0', // cvtsi2sd xmm0, [rsi]; cvtsi2sd xmm1, [rsi + 4]; divsd xmm0, xmm1; addsd xmm2, xmm0
  '0f ae 17 f2 0f 59 c8 f2 0f 5c d9', // ldmxcsr [rdi]; mulsd xmm1, xmm0; subsd xmm3, xmm1
  '66 0f 14 c1 66 0f 58 e0 66 0f 59 e8 66 0f 5c ec', // unpcklpd xmm0, xmm1; addpd xmm4, xmm0; mulpd xmm5, xmm0; subpd xmm5, xmm4
  'f3 0f 59 f8 f3 0f 58 fd f2 0f 5a f3', // mulss xmm7, xmm0; addss xmm7, xmm5; cvtsd2ss xmm6, xmm3
  '0f ae 9e 00 04 00 00 8b 86 00 04 00 00 49 01 c0', // stmxcsr [rsi + 1024]; mov eax, [rsi + 1024]; add r8, rax
  'f2 0f 11 96 00 10 00 00 83 c7 04 83 e7 df', // movsd [rsi + 4096], xmm2; add edi, 4; and edi, ~32
  '48 83 c6 08 ff cb 74 >next e9 >>inner next: e9 >>outer', // add rsi, 8; dec ebx; jnz inner
);
/** Nothing recorded, "inexact" recorded, rounded up, to zero, flushed to zero, denormals are zeros, and all of that. */
const MXCSR = [0x1f80, 0x1fa0, 0x1f80, 0x5f80, 0x7fa0, 0x9fa0, 0x1fe0, 0x1f80];

function create(code: Uint8Array): RawMachine {
  const machine = createLoop(code);
  MXCSR.forEach((value, k) => machine.view.setUint32(machine.ram + MODES + 4 * k, value, true));
  return machine;
}

describe('arithmetic in translated code', () => {
  it.each([['divisions', DIVIDE], ['a quotient that does not fit', OVERFLOW], ['floating point among changes of MXCSR', ROUND]] as const)('%s', { timeout: 120_000 }, (_, code) => {
    const interpreted = create(code), translated = create(code), random = seeded(9);
    const translator = createTranslator(translated.instance, { mode: 'sync', threshold: 100 });
    for (let n = 0; n < 20; n++) {
      const ticks = 1 + random() % 3000, stop = runTicks(interpreted, ticks);
      expect(runTicks(translated, ticks, () => translator.serve())).toBe(stop);
      expect(`step ${n}: ${stateOf(translated)}`).toBe(`step ${n}: ${stateOf(interpreted)}`);
    }
    expect(translator.stats().ticks).toBeGreaterThan(1000);
    translator.close();
  });
});
