/**
 * A Linux program for i386, which amd64 kernels run too: sends every UDP datagram back to where it came from. busybox has no such thing.
 * System calls by number: arch/x86/entry/syscalls/syscall_32.tbl of Linux 4.3 and later.
 */
import { TextAssembler } from './assembler/text.js';
import { programElf } from './elf.js';

/** Congruent with the code's place in the file, as Linux maps by pages. */
const BASE = 0x0804_8100;
const MAX_DATAGRAM = 65536;

const program = (port: number): string => `
  mov eax, 359                # socket(AF_INET, SOCK_DGRAM, 0)
  mov ebx, 2
  mov ecx, 2
  mov edx, 0
  int 0x80
  mov ebx, eax
  mov eax, 361                # bind(socket, local, 16)
  mov ecx, local
  mov edx, 16
  int 0x80
again:
  mov eax, 371                # recvfrom(socket, data, ${MAX_DATAGRAM}, 0, peer, peer_bytes)
  mov ecx, data
  mov edx, ${MAX_DATAGRAM}
  mov esi, 0
  mov edi, peer
  mov ebp, peer_bytes
  int 0x80
  mov edx, eax                # sendto(socket, data, as many, 0, peer, 16)
  mov ebp, 16
  mov eax, 369
  int 0x80
  jmp again
peer_bytes: dd 16
local: db 2, 0, ${port >> 8}, ${port & 0xff}
  dd 0, 0, 0
peer: dd 0, 0, 0, 0
data:`;

/** An ELF file that binds UDP `port` of every address and never ends by itself. */
export function udpEcho(port: number): Uint8Array {
  const a = new TextAssembler(BASE);
  a.bits = 32;
  a.text(program(port));
  return programElf(a.assemble(), BASE, MAX_DATAGRAM);
}
