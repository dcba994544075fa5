/**
 * Accesses by one base, which translated code looks up together: over the ends of pages, cut, around an INVLPG, and where one of them goes a slow way. After every
 * step the machine is what the interpreter makes of the same ticks.
 */
import { describe, expect, it } from 'vitest';
import { createTranslator } from '../../host/machine/translator.js';
import { runTicks, seeded } from '../support/raw-machine.js';
import { assemble, createLoop, stateOf } from '../support/translated-loops.js';

/** Fields of a structure that walks over pages in steps of 24 bytes, read, written and added to, unaligned, too. */
const FIELDS = assemble(
  'outer: be 00 80 00 00 bb 00 04 00 00', // mov esi, DATA; mov ebx, 1024
  'inner: 48 8b 06 48 03 46 08 48 33 46 13 8b 4e 1c 48 01 c8', // mov rax, [rsi]; add rax, [rsi + 8]; xor rax, [rsi + 19]; mov ecx, [rsi + 28]; add rax, rcx
  '48 89 46 04 88 46 10 48 01 46 15 f2 0f 11 46 20 0f 10 4e 01 0f 11 4e 31', // mov [rsi + 4], rax; mov [rsi + 16], al; add [rsi + 21], rax; movsd [rsi + 32], xmm0; movups xmm1, [rsi + 1]; movups [rsi + 49], xmm1
  '48 83 c6 18 ff cb 75 >inner eb >outer', // add rsi, 24; dec ebx; jnz inner
);
/** Pushes and pops with the stack pointer at the end of a page, and an INVLPG among fields. */
const STACK = assemble(
  'be 00 80 00 00', // mov esi, DATA
  'outer: bc 10 70 00 00', // mov esp, 0x7010
  '50 53 51 52 56 48 01 c8 5e 59 5a 5b 58', // push rax, rbx, rcx, rdx, rsi; add rax, rcx; pop rsi, rcx, rdx, rbx, rax
  '48 03 06 48 03 46 08 0f 01 3e 48 33 46 10 48 89 46 18 0f 01 7e 40 48 89 46 20 48 89 46 28', // add rax, [rsi], [rsi + 8]; invlpg [rsi]; xor rax, [rsi + 16]; mov [rsi + 24], rax; invlpg [rsi + 64]; mov [rsi + 32], [rsi + 40], rax
  '48 81 c6 f8 0f 00 00 81 e6 ff ff 00 00 81 ce 00 80 00 00 ff c3 ff c2 eb >outer', // add rsi, 4088; and esi, 0xffff; or esi, 0x8000; inc ebx; inc edx
);
/** The first of three stores changes the code in front of them. */
const CODE = assemble(
  '48 8d 3d >>patch', // lea rdi, [patch]
  'outer: b9 40 00 00 00', // mov ecx, 64
  'inner: b2 patch: 00 00 d3 ff c9 75 >inner', // mov dl, patch; add bl, dl; dec ecx; jnz inner
  'fe c0 88 07 88 47 40 88 47 41 03 47 40 03 47 44 03 47 48 eb >outer', // inc al; mov [rdi], [rdi + 64], [rdi + 65], al; add eax, [rdi + 64], [rdi + 68], [rdi + 72]
);

describe('accesses by one base in translated code', () => {
  it.each([['fields over pages', FIELDS, 5000], ['the stack, and INVLPG', STACK, 5000], ['a store to the code behind it', CODE, 100]] as const)('%s', { timeout: 120_000 }, (_, code, least) => {
    const interpreted = createLoop(code), translated = createLoop(code), random = seeded(11);
    const translator = createTranslator(translated.instance, { mode: 'sync', threshold: 100 });
    for (let n = 0; n < 20; n++) {
      const ticks = 1 + random() % 3000;
      expect(runTicks(translated, ticks, () => translator.serve())).toBe(runTicks(interpreted, ticks));
      expect(`step ${n}: ${stateOf(translated)}`).toBe(`step ${n}: ${stateOf(interpreted)}`);
    }
    expect(translator.stats().ticks).toBeGreaterThan(least);
    translator.close();
  });
});
