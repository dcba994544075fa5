/** The IR of twenty instructions, in full: tests/golden/ir.txt. After a change of meaning or words: npx vitest run tests/unit/isa/ir-golden -u */
import { expect, it } from 'vitest';
import { Address } from '../../../assembly/surface/run.js';
import { enterMode } from '../../support/enter.js';
import { createRawMachine } from '../../support/raw-machine.js';

const CODE = 0x1000, PML4 = 0x2000, PDPT = 0x3000, DIRECTORY = 0x4000;

const INSTRUCTIONS: readonly (readonly [text: string, hex: string])[] = [
  ['mov eax, ecx', '89c8'],
  ['add rax, rcx', '4801c8'],
  ['adc al, 5', '1405'],
  ['cmp dword [rdi+rsi*4+16], ecx', '394cb710'],
  ['lock add qword [rdi], rax', 'f0480107'],
  ['inc ecx', 'ffc1'],
  ['neg byte [rip+0x20]', 'f61d20000000'],
  ['shl edx, 3', 'c1e203'],
  ['sar rax, cl', '48d3f8'],
  ['rol bx, 1', '66d1c3'],
  ['bt rax, 7', '480fbae007'],
  ['movzx eax, byte [gs:rdx]', '650fb602'],
  ['cmovl rax, rbx', '480f4cc3'],
  ['imul rax, rcx, 10', '486bc10a'],
  ['div ecx', 'f7f1'],
  ['idiv r8', '49f7f8'],
  ['push rbp', '55'],
  ['jne +16', '7510'],
  ['call -32', 'e8e0ffffff'],
  ['ret', 'c3'],
  ['jmp [rax*8+0x2000]', 'ff24c500200000'],
  ['xchg [rdi], eax', '8707'],
  ['lock cmpxchg [rdi], ecx', 'f00fb10f'],
  ['addsd xmm0, [rsi]', 'f20f5806'],
  ['ucomisd xmm1, xmm2', '660f2eca'],
  ['pshufd xmm1, xmm2, 0x1b', '660f70ca1b'],
  ['rep movsb', 'f3a4'],
  ['cpuid', '0fa2'],
  ['ud2', '0f0b'],
];

function printed(hex: string): string {
  const machine = createRawMachine(2), { call, bytes, view, ram, instance } = machine;
  view.setBigUint64(ram + PML4, BigInt(PDPT) | 3n, true);
  view.setBigUint64(ram + PDPT, BigInt(DIRECTORY) | 3n, true);
  view.setBigUint64(ram + DIRECTORY, 0x83n, true);
  enterMode(instance, 'long64', CODE, PML4);
  call('refreshCpu');
  bytes.set(Buffer.from(hex, 'hex'), call('address', Address.Ram) + CODE);
  const length = call('printIr', CODE, 0, 1), at = call('irText');
  expect(length).toBeLessThan(0x1_0000);
  return Buffer.from(bytes.subarray(at, at + length)).toString('latin1');
}

it('twenty instructions mean what the golden says', async () => {
  const text = INSTRUCTIONS.map(([name, hex]) => `; ${name}\n${printed(hex)}`).join('\n');
  await expect(text).toMatchFileSnapshot('../../golden/ir.txt');
});
