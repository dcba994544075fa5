/** The text assembler: encodings that GNU as gives too. */
import { describe, expect, it } from 'vitest';
import { TextAssembler } from '../../guest/assembler/text.js';
import type { Bits } from '../../guest/assembler/operands.js';

function assemble(bits: Bits, text: string, base = 0): string {
  const a = new TextAssembler(base);
  a.bits = bits;
  a.text(text);
  return Buffer.from(a.assemble()).toString('hex');
}

const ROWS: readonly (readonly [Bits, string, string])[] = [
  [16, 'add ax, bx', '01d8'],
  [16, 'add eax, [bx+si+4]', '66034004'],
  [16, 'mov [si], eax', '668904'],
  [16, 'mov eax, [ebx+ecx*4+0x100]', '67668b848b00010000'],
  [16, 'mov [es:di], al', '268805'],
  [16, 'push es', '06'],
  [16, 'pop fs', '0fa1'],
  [16, 'mov ds, ax', '8ed8'],
  [16, 'mov ax, ds', '8cd8'],
  [16, 'mov cr0, eax', '0f22c0'],
  [16, 'mov eax, dr7', '0f21f8'],
  [16, 'lgdt [si]', '0f0114'],
  [16, 'inc word [bp]', 'ff4600'],
  [16, 'shl eax, 4', '66c1e004'],
  [16, 'movzx eax, byte [si]', '660fb604'],
  [16, 'in al, dx', 'ec'],
  [16, 'out 0x20, al', 'e620'],
  [16, 'out dx, eax', '66ef'],
  [16, 'iretd', '66cf'],
  [16, 'pushfd', '669c'],
  [16, 'int 0x30', 'cd30'],
  [16, 'mul dword [bx]', '66f727'],
  [16, 'lar eax, bx', '660f02c3'],
  [16, 'str ax', '0f00c8'],
  [16, 'mov word [bx], 5', 'c7070500'],
  [16, 'cmp dword [ebx], 0x12345678', '6766813b78563412'],
  [16, 'bts eax, 5', '660fbae805'],
  [16, 'rep movsb', 'f3a4'],
  [16, 'lock add [bx], ax', 'f00107'],
  [16, 'enter 8, 0', 'c8080000'],
  [16, 'bound ax, [bx]', '6207'],
  [16, 'arpl [bx], ax', '6307'],
  [16, 'les bx, [si]', 'c41c'],
  [16, 'sub bp, 4', '83ed04'],
  [16, 'mov ax, [bp]', '8b4600'],
  [16, 'lea eax, [ebx+4]', '67668d4304'],
  [16, 'mov eax, [esp+4]', '67668b442404'],
  [16, 'mov eax, [ebp]', '67668b4500'],
  [16, 'jmp dword [bx]', 'ff2f'],
  [32, 'add ax, bx', '6601d8'],
  [32, 'add eax, [ebx+esi+4]', '03443304'],
  [32, 'mov [esi], ax', '668906'],
  [32, 'mov eax, [ebx+ecx*4+0x100]', '8b848b00010000'],
  [32, 'mov eax, [bx+di+5]', '678b4105'],
  [32, 'mov [fs:edi], al', '648807'],
  [32, 'push gs', '0fa8'],
  [32, 'push 0x1234', '6834120000'],
  [32, 'pop dword [esp+4]', '8f442404'],
  [32, 'mov ss, [ecx]', '8e11'],
  [32, 'mov cr3, eax', '0f22d8'],
  [32, 'lidt [ecx]', '0f0119'],
  [32, 'dec byte [ebp]', 'fe4d00'],
  [32, 'sar edx, cl', 'd3fa'],
  [32, 'movsx eax, word [esi]', '0fbf06'],
  [32, 'iretw', '66cf'],
  [32, 'pushfw', '669c'],
  [32, 'sysenter', '0f34'],
  [32, 'invlpg [eax]', '0f0138'],
  [32, 'ltr ax', '0f00d8'],
  [32, 'fxsave [eax]', '0fae00'],
  [32, 'movaps xmm1, [eax]', '0f2808'],
  [32, 'imul ecx', 'f7e9'],
  [32, 'neg byte [ecx]', 'f619'],
  [32, 'smsw eax', '0f01e0'],
  [32, 'call eax', 'ffd0'],
  [32, 'jmp ecx', 'ffe1'],
  [32, 'retfw', '66cb'],
  [32, 'out dx, ax', '66ef'],
  [32, 'cmpxchg8b [eax]', '0fc708'],
  [32, 'adc ecx, 0x12345', '81d145230100'],
  [64, 'add rax, rbx', '4801d8'],
  [64, 'add r8, [rbx+r9*8+4]', '4e0344cb04'],
  [64, 'mov [rsi], r10d', '448916'],
  [64, 'mov al, [0x1234]', '8a042534120000'],
  [64, 'mov eax, [ebx+ecx*4+0x100]', '678b848b00010000'],
  [64, 'mov [fs:rdi], al', '648807'],
  [64, 'push 0x1234', '6834120000'],
  [64, 'mov rax, 0x123456789abcdef0', '48b8f0debc9a78563412'],
  [64, 'mov rcx, -5', '48c7c1fbffffff'],
  [64, 'mov cr8, rax', '440f22c0'],
  [64, 'mov rax, dr7', '0f21f8'],
  [64, 'lgdt [rax]', '0f0110'],
  [64, 'sysretq', '480f07'],
  [64, 'retfq', '48cb'],
  [64, 'iretq', '48cf'],
  [64, 'mov sil, al', '4088c6'],
  [64, 'movzx ecx, byte [r13]', '410fb64d00'],
  [64, 'call rax', 'ffd0'],
  [64, 'jmp r11', '41ffe3'],
  [64, 'rdfsbase rax', 'f3480faec0'],
  [64, 'wrgsbase ecx', 'f30faed9'],
  [64, 'invpcid rax, [rcx]', '660f388201'],
  [64, 'swapgs', '0f01f8'],
  [64, 'test r9d, 4', '41f7c104000000'],
  [64, 'bt rax, 40', '480fbae028'],
  [64, 'shl r8, 3', '49c1e003'],
  [64, 'sldt eax', '0f00c0'],
  [64, 'mov [r12], rax', '49890424'],
  [64, 'mov [r13], rax', '49894500'],
  [64, 'mov eax, [rsp]', '8b0424'],
  [64, 'xchg rax, [rcx]', '488701'],
  [64, 'movups xmm9, [rax]', '440f1008'],
];

describe('the text assembler', () => {
  it.each(ROWS)('in %i-bit code: %s', (bits, text, bytes) => {
    expect(assemble(bits, text)).toBe(bytes);
  });

  it('fills in labels before and behind', () => {
    expect(assemble(16, 'a: jmp b; nop; b: jmp a', 0x100)).toBe('e9010090e9f9ff');
    expect(assemble(32, 'mov eax, [b+2]; b: dd b - 1', 0x1000)).toBe('8b050810000005100000');
    expect(assemble(32, 'jmp 0x08:b; b: db "x;y", 0', 0x1_0000)).toBe('ea070001000800783b7900');
  });

  it('says which instruction it does not know', () => {
    expect(() => assemble(32, 'nop; mov eax, bl')).toThrow(/"mov eax, bl" in 32-bit code/);
    expect(() => assemble(32, 'mov rax, rbx')).toThrow(/64-bit/);
    expect(() => assemble(32, 'inc [eax]')).toThrow(/operand size/);
    expect(() => assemble(32, 'jmp nowhere')).toThrow(/nowhere/);
    expect(() => assemble(32, 'a: a: nop')).toThrow(/twice/);
  });
});
