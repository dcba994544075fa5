/** Small programs for translated code, in machine code, and a machine that runs one. */
import { createHash } from 'node:crypto';
import { Address } from '../../assembly/surface/run.js';
import { enterMode } from './enter.js';
import { createRawMachine, seeded, type RawMachine } from './raw-machine.js';

const CODE = 0x1000, PML4 = 0x2000, PDPT = 0x3000, DIRECTORY = 0x4000, STACK = 0x7000, DATA = 0x8000;

/** Pieces of code with labels ("name:") and 8- and 32-bit references to them (">name", ">>name"). */
export function assemble(...pieces: string[]): Uint8Array {
  const out: number[] = [], labels = new Map<string, number>(), holes: { at: number; bytes: number; name: string }[] = [];
  for (const word of pieces.flatMap((piece) => piece.split(' '))) {
    if (word.endsWith(':')) labels.set(word.slice(0, -1), out.length);
    else if (word.startsWith('>')) {
      const bytes = word.startsWith('>>') ? 4 : 1;
      holes.push({ at: out.length, bytes, name: word.replace(/^>+/, '') });
      for (let k = 0; k < bytes; k++) out.push(0);
    } else out.push(parseInt(word, 16));
  }
  for (const { at, bytes, name } of holes) {
    const distance = labels.get(name)! - (at + bytes);
    for (let k = 0; k < bytes; k++) out[at + k] = (distance >> (8 * k)) & 0xff;
  }
  return Uint8Array.from(out);
}

/** A loop nest with a call, read-modify-writes, and a store into its own code. */
const LOOPS = assemble(
  '31 c9', // xor ecx, ecx
  'outer: be 00 80 00 00 ba 40 00 00 00', // mov esi, DATA; mov edx, 64
  'inner: 48 03 06 48 6b c0 patch: 1f', // add rax, [rsi]; imul rax, rax, 31
  '48 89 86 00 02 00 00 f0 83 06 03', // mov [rsi + 512], rax; lock add dword [rsi], 3
  '48 83 c6 08 ff ca 75 >inner', // add rsi, 8; dec edx; jnz inner
  'e8 >>sub ff c1 f6 c1 1f 75 >outer', // call sub; inc ecx; test cl, 31; jnz outer
  'fe 05 >>patch eb >outer', // inc byte [patch]: its own code
  'sub: 53 48 8d 1c 48 48 31 d8', // push rbx; lea rbx, [rax + rcx * 2]; xor rax, rbx
  '48 39 d8 76 >skip 48 c1 c0 07', // cmp rax, rbx; jbe skip; rol rax, 7
  'skip: 0f 42 d9 5b 66 0f ef c8 66 0f fe c1 c3', // cmovb ebx, ecx; pop rbx; pxor xmm1, xmm0; paddd xmm0, xmm1; ret
);

/** A machine in long mode with `code` at 0x1000, a stack, and random data at 0x8000. */
export function createLoop(code = LOOPS): RawMachine {
  const machine = createRawMachine(2), { bytes, view, ram, instance, call } = machine;
  view.setBigUint64(ram + PML4, BigInt(PDPT) | 3n, true);
  view.setBigUint64(ram + PDPT, BigInt(DIRECTORY) | 3n, true);
  view.setBigUint64(ram + DIRECTORY, 0x83n, true);
  enterMode(instance, 'long64', CODE, PML4);
  view.setBigUint64(call('address', Address.Gpr) + 4 * 8, BigInt(STACK), true);
  call('refreshCpu');
  bytes.set(code, ram + CODE);
  const random = seeded(7);
  for (let k = 0; k < 1024; k += 4) view.setUint32(ram + DATA + k, random(), true);
  return machine;
}

/** A hash of registers, flags, ticks and RAM. */
export function stateOf({ call, bytes, ram, ramBytes }: RawMachine): string {
  const gpr = call('address', Address.Gpr), xmm = call('address', Address.Xmm);
  return createHash('sha256')
    .update(bytes.subarray(gpr, gpr + 128)).update(bytes.subarray(xmm, xmm + 256))
    .update(`${call('readRflags')} ${call('ticksLo')}`).update(bytes.subarray(ram, ram + ramBytes)).digest('hex');
}
