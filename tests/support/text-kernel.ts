/** Small multiboot kernels of our own, as text of 32-bit code (guest/assembler/text.ts). */
import { TextAssembler } from '../../guest/assembler/text.js';
import { makeElf } from './elf.js';

const BASE = 0x10_0000;
const HEADER_MAGIC = 0x1badb002;
const STACK_BYTES = 0x4000;

/** What they share: `putc` (AL, on COM1), `puts` (ESI), `exit` (debug exit, status 1), `fail` (ESI, then the end). */
const COMMON = `
  putc:
    push edx; push eax; mov dx, 0x3fd
  putc_busy: in al, dx; test al, 0x20; je putc_busy
    pop eax; mov dx, 0x3f8; out dx, al; pop edx; ret
  puts: lodsb; test al, al; je puts_end; call putc; jmp puts
  puts_end: ret
  fail: call puts
  exit: mov dx, 0x501; xor eax, eax; out dx, al
  halted: hlt; jmp halted`;

/** Starts at the label `main`, with a stack; EBX is the information structure. */
export function textKernel(text: string): Uint8Array {
  const a = new TextAssembler(BASE);
  a.bits = 32;
  for (const word of [HEADER_MAGIC, 0, -HEADER_MAGIC >>> 0]) a.number(word, 4);
  a.text(`entry: mov esp, ${BASE + 0x2_0000}; jmp main\n${COMMON}\n${text}`);
  return makeElf({ wide: false, entry: a.addressOf('entry'), segments: [{ physical: BASE, data: a.assemble(), memoryBytes: 0x2_0000 + STACK_BYTES }] });
}
