/**
 * Two Linux programs for i386, which amd64 kernels run too: they carry a command's output to the host and its input from there, in frames
 * (host/guest/protocol.ts). A shell could do that only with a process for each frame. Each write to a console port is one message of at
 * most 32 KiB. System calls by number: arch/x86/entry/syscalls/syscall_32.tbl.
 */
import { TextAssembler } from './assembler/text.js';
import { programElf } from './elf.js';

/** Congruent with the code's place in the file, as Linux maps by pages. */
const BASE = 0x0804_8100;
/** `KIIIIIIILLLLLLL` and a line feed: kind, command, bytes that follow. */
export const FRAME_HEAD_BYTES = 16;
export const FRAME_BYTES = 32 * 1024;
export const FRAME_DATA_BYTES = FRAME_BYTES - FRAME_HEAD_BYTES;

const END = `
end:
  mov eax, 1                  # exit(0)
  mov ebx, 0
  int 0x80`;

/** Its one argument is the first half of the frames' heads. */
const SEND = `
  mov esi, [esp+8]
  mov edi, frame
  movsd
  movsd
  mov byte [frame+${FRAME_HEAD_BYTES - 1}], 10
again:
  mov eax, 3                  # read(0, behind the head, what a frame takes)
  mov ebx, 0
  mov ecx, frame+${FRAME_HEAD_BYTES}
  mov edx, ${FRAME_DATA_BYTES}
  int 0x80
  cmp eax, 0
  jle end
  lea edx, [eax+${FRAME_HEAD_BYTES}]
  mov edi, frame+${FRAME_HEAD_BYTES - 2}
digit:
  mov ecx, eax
  and ecx, 15
  mov cl, [digits+ecx]
  mov [edi], cl
  dec edi
  shr eax, 4
  cmp edi, frame+7
  ja digit
  mov eax, 4                  # write(1, frame, all of it)
  mov ebx, 1
  mov ecx, frame
  int 0x80
  cmp eax, 0
  jg again
${END}
digits: db "0123456789abcdef"
frame:`;

const FEED = `
again:
  mov edi, ${FRAME_HEAD_BYTES}
  call fill
  mov esi, frame+8
  mov edi, 0
digit:                        # edi: the length
  mov eax, 0
  mov al, [esi]
  inc esi
  cmp al, 57
  jbe decimal
  sub al, 39
decimal:
  sub al, 48
  shl edi, 4
  add edi, eax
  cmp esi, frame+${FRAME_HEAD_BYTES - 1}
  jb digit
  cmp edi, 0
  je end
  cmp edi, ${FRAME_BYTES}
  ja end
  mov edx, edi
  call fill
  mov ecx, frame
write:
  mov eax, 4                  # write(1, what is left)
  mov ebx, 1
  int 0x80
  cmp eax, 0
  jle end
  add ecx, eax
  sub edx, eax
  ja write
  jmp again
fill:                         # reads edi bytes into the frame
  push edx
  mov edx, edi
  mov ecx, frame
more:
  mov eax, 3                  # read(0, what is missing)
  mov ebx, 0
  int 0x80
  cmp eax, 0
  jle end
  add ecx, eax
  sub edx, eax
  ja more
  pop edx
  ret
${END}
frame:`;

function program(text: string): Uint8Array {
  const a = new TextAssembler(BASE);
  a.bits = 32;
  a.text(text);
  return programElf(a.assemble(), BASE, FRAME_BYTES);
}

/** `send KIIIIIII`: standard input to standard output, a frame each read, until its end. */
export const sendProgram = (): Uint8Array => program(SEND);
/** `feed`: the contents of frames from standard input to standard output, until an empty one. */
export const feedProgram = (): Uint8Array => program(FEED);
