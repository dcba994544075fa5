/**
 * What the translator writes for twenty instructions and five loops, in full: tests/golden/wasm.txt. After a change of the translator:
 * npx vitest run tests/unit/isa/wasm-golden.test.ts --update=all
 */
import { expect, it } from 'vitest';
import { Address } from '../../../assembly/surface/run.js';
import { createTranslator } from '../../../host/machine/translator.js';
import { runTicks, type RawMachine } from '../../support/raw-machine.js';
import { assemble, createLoop } from '../../support/translated-loops.js';
import { wasmText, type Places } from '../../support/wasm-text.js';

const INSTRUCTIONS: readonly (readonly [text: string, hex: string])[] = [
  ['mov eax, ecx', '89c8'], ['add rax, rcx', '4801c8'], ['adc al, 5', '1405'], ['cmp dword [rdi+rsi*4+16], ecx', '394cb710'], ['lock add qword [rdi], rax', 'f0480107'],
  ['shl edx, 3', 'c1e203'], ['sar rax, cl', '48d3f8'], ['movzx eax, byte [gs:rdx]', '650fb602'], ['cmovl rax, rbx', '480f4cc3'], ['imul rax, rcx, 10', '486bc10a'],
  ['div ecx', 'f7f1'], ['push rbp', '55'], ['jne +16', '7510'], ['call -32', 'e8e0ffffff'], ['ret', 'c3'], ['addsd xmm0, [rsi]', 'f20f5806'], ['ucomisd xmm1, xmm2', '660f2eca'],
  ['pshufd xmm1, xmm2, 0x1b', '660f70ca1b'], ['ldmxcsr [rsi]', '0fae16'], ['rep movsb', 'f3a4'], ['fadd st, st(1)', 'd8c1'],
];
const LOOPS: readonly (readonly [text: string, code: Uint8Array])[] = [
  ['dec ecx; jnz', assemble('b9 00 00 10 00', 'again: ff c9 75 >again eb >out', 'out: f4')],
  ['a sum over an array', assemble('31 c0 be 00 80 00 00 b9 00 04 00 00', 'again: 48 03 06 48 83 c6 08 ff c9 75 >again eb fe')],
  ['three fields of a structure', assemble('be 00 80 00 00', 'again: 48 8b 06 48 03 46 08 48 01 46 10 ff c9 75 >again eb fe')],
  ['a call and its return', assemble('again: e8 >>f eb >again', 'f: 48 ff c0 c3')],
  ['a scalar product', assemble('be 00 80 00 00 66 0f ef c0', 'again: f2 0f 10 0e f2 0f 59 4e 08 f2 0f 58 c1 ff c9 75 >again eb fe')],
];

/** Addresses of linear memory below guest RAM, by region, so that what grows in front of one moves nothing here. */
function placesOf({ call, bytes, view }: RawMachine): Places {
  const ram = call('address', Address.Ram);
  const nameAt = (at: number): string => Buffer.from(bytes.subarray(at, at + view.getUint32(at - 4, true))).toString('utf16le');
  const regions = Array.from({ length: call('regionCount') }, (_, n) => ({ from: call('regionBase', n), name: nameAt(call('regionName', n)) }));
  return (address, isAccess) => {
    const region = address < 0x8_0000 || address >= ram ? undefined : regions.findLast(({ from }) => from <= address);
    if (region === undefined) return `${address}`;
    if (!region.name.includes('translations')) return `[${region.name} + ${address - region.from}]`;
    // What is shared with the module lies in the first page; records and regions lie behind all tables.
    return isAccess ? `[translations + ${(address - region.from) % 4096}]` : '[a record or region]';
  };
}

function ofInstruction(hex: string): string {
  const machine = createLoop(Buffer.from(hex, 'hex')), length = machine.call('translateHere', 1), at = machine.call('waitingModuleAt');
  expect(length).toBeGreaterThan(0);
  return wasmText(machine.bytes.slice(at, at + length), placesOf(machine));
}
/** The first module of a machine that runs it: its loop. */
function ofLoop(code: Uint8Array): string {
  const machine = createLoop(code), modules: Uint8Array[] = [];
  const translator = createTranslator(machine.instance, { mode: 'sync', threshold: 1000, onTranslated: ({ bytes }) => modules.push(bytes) });
  runTicks(machine, 20_000, () => translator.serve());
  expect(translator.stats().ticks).toBeGreaterThan(10_000);
  translator.close();
  return wasmText(modules[0]!, placesOf(machine));
}

it('twenty instructions and five loops become what the golden says', async () => {
  const parts = [...INSTRUCTIONS.map(([name, hex]) => [name, ofInstruction(hex)]), ...LOOPS.map(([name, code]) => [name, ofLoop(code)])];
  await expect(parts.map(([name, text]) => `; ${name}\n${text}\n`).join('\n')).toMatchFileSnapshot('../../golden/wasm.txt');
});
