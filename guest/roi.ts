/**
 * A Linux program for i386, which amd64 kernels run too: marks regions of interest by the ports of assembly/chipset/roi. Nothing but what it is
 * asked for happens inside a region: no shell, and for `write` and `sleep` no other process.
 *
 *     roi begin NAME -- COMMAND ARGS...   a region around a command, whose status it ends with; the command is found by PATH's usual folders
 *     roi write NAME FILE TEXT            around one write of a line to a file that is open by then (/proc, /sys)
 *     roi sleep NAME MS                   around a sleep
 *     roi begin NAME, roi end             to and from the two instructions, with all that comes between
 *     roi mark TAG [NAME]                 a mark with a number
 *
 * Status 2: what was asked is none of these. 3: no such ports (another machine), or no right to them. 1: the file cannot be written.
 * System calls by number: arch/x86/entry/syscalls/syscall_32.tbl of Linux 4.3 and later.
 */
import { Roi, RoiCommand, RoiPort } from '../assembly/surface/roi.js';
import { TextAssembler } from './assembler/text.js';
import { programElf } from './elf.js';

/** Congruent with the code's place in the file, as Linux maps by pages. */
const BASE = 0x0804_8100;
/** Of a path that is tried, and of the text of `write`. */
const BUFFER_BYTES = 4096;

const LETTERS = { begin: 0x62, end: 0x65, mark: 0x6d, write: 0x77, sleep: 0x73 };

/** EBP is where the kernel has put the number of arguments and, behind it, their addresses: [ebp+4] is the program's name. */
const PROGRAM = `
  mov ebp, esp
  cmp dword [ebp], 2; jb usage
  mov eax, 101                 # ioperm(first, ports, 1)
  mov ebx, ${Roi.FIRST_PORT}
  mov ecx, ${Roi.PORTS}
  mov edx, 1
  int 0x80
  test eax, eax; jne absent
  mov edx, ${Roi.FIRST_PORT + RoiPort.COMMAND}
  in eax, dx
  cmp eax, ${Roi.SIGNATURE}; jne absent
  mov esi, [ebp+8]
  mov al, [esi]
  cmp al, ${LETTERS.begin}; je begin
  cmp al, ${LETTERS.end}; je end
  cmp al, ${LETTERS.mark}; je mark
  cmp al, ${LETTERS.write}; je write
  cmp al, ${LETTERS.sleep}; je sleep
usage:
  mov ebx, 2; jmp leave_with
absent:
  mov ebx, 3
leave_with:
  mov eax, 1; int 0x80         # exit(ebx)

name:                          # of the next command: esi, up to its NUL
  mov edx, ${Roi.FIRST_PORT + RoiPort.NAME}
  mov eax, 0; out dx, al
name_next:
  mov al, [esi]; inc esi
  test al, al; je name_done
  out dx, al; jmp name_next
name_done:
  ret
command:                       # eax
  mov edx, ${Roi.FIRST_PORT + RoiPort.COMMAND}
  out dx, al
  ret
number:                        # eax = the decimal digits at esi
  mov eax, 0
number_next:
  mov edx, 0; mov dl, [esi]; inc esi
  sub edx, 48; jb number_done
  cmp edx, 9; ja number_done
  mov ecx, eax; shl eax, 2; add eax, ecx; shl eax, 1
  add eax, edx; jmp number_next
number_done:
  ret

end:
  mov eax, ${RoiCommand.END}; call command
  mov ebx, 0; jmp leave_with

mark:
  cmp dword [ebp], 3; jb usage
  mov esi, [ebp+12]; call number
  mov edx, ${Roi.FIRST_PORT + RoiPort.TAG}
  out dx, eax
  cmp dword [ebp], 4; jb mark_now
  mov esi, [ebp+16]; call name
mark_now:
  mov eax, ${RoiCommand.MARK}; call command
  mov ebx, 0; jmp leave_with

sleep:
  cmp dword [ebp], 4; jb usage
  mov esi, [ebp+16]; call number
  mov edx, 0; mov ecx, 1000; div ecx
  mov dword [buffer], eax      # seconds
  mov eax, edx; mov ecx, 1000000; mul ecx
  mov dword [buffer+4], eax    # nanoseconds
  mov esi, [ebp+12]; call name
  mov eax, ${RoiCommand.BEGIN}; call command
  mov eax, 162; mov ebx, buffer; mov ecx, 0; int 0x80
  jmp end

write:
  cmp dword [ebp], 5; jb usage
  mov eax, 5; mov ebx, [ebp+16]; mov ecx, 1; int 0x80      # open(file, O_WRONLY)
  mov ebx, 1
  test eax, eax; js leave_with
  push eax
  mov esi, [ebp+20]; mov edi, buffer
copy:
  mov al, [esi]; inc esi
  cmp edi, buffer + ${BUFFER_BYTES - 1}; jae usage
  test al, al; je copied
  mov [edi], al; inc edi; jmp copy
copied:
  mov byte [edi], 10; inc edi
  mov esi, [ebp+12]; call name
  mov eax, ${RoiCommand.BEGIN}; call command
  pop ebx
  mov ecx, buffer
  mov edx, edi; sub edx, buffer
  mov eax, 4; int 0x80         # write(file, line, bytes)
  push eax
  mov eax, ${RoiCommand.END}; call command
  pop eax
  mov ebx, 0
  test eax, eax; jns leave_with
  mov ebx, 1; jmp leave_with

begin:
  cmp dword [ebp], 3; jb usage
  mov esi, [ebp+12]; call name
  mov eax, ${RoiCommand.BEGIN}; call command
  mov ebx, 0
  cmp dword [ebp], 5; jb leave_with
  mov eax, 2; int 0x80         # fork()
  test eax, eax; je child
  mov ebx, eax
  mov eax, 7; mov ecx, buffer; mov edx, 0; int 0x80        # waitpid(child, status, 0)
  mov eax, ${RoiCommand.END}; call command
  mov ebx, dword [buffer]
  mov eax, ebx
  and eax, 0x7f; jne signalled
  shr ebx, 8; and ebx, 0xff; jmp leave_with
signalled:
  mov ebx, eax; add ebx, 128; jmp leave_with

child:                         # execve(path, argv + 4, environment behind the arguments' null)
  mov ecx, ebp; add ecx, 20
  mov eax, [ebp]; shl eax, 2
  mov edx, ebp; add edx, eax; add edx, 8
  mov esi, [ebp+20]
slash:
  mov al, [esi]; inc esi
  cmp al, 0x2f; je as_it_is
  test al, al; jne slash
  mov edi, folders
folder:
  cmp byte [edi], 0; je not_found
  mov ebx, buffer
prefix:
  mov al, [edi]; inc edi
  test al, al; je suffix_from
  mov [ebx], al; inc ebx; jmp prefix
suffix_from:
  mov esi, [ebp+20]
suffix:
  cmp ebx, buffer + ${BUFFER_BYTES - 1}; jae not_found
  mov al, [esi]; inc esi
  mov [ebx], al; inc ebx
  test al, al; jne suffix
  mov ebx, buffer
  mov eax, 11; int 0x80
  jmp folder
as_it_is:
  mov ebx, [ebp+20]
  mov eax, 11; int 0x80
not_found:
  mov ebx, 127; jmp leave_with

folders: db "/bin/", 0, "/sbin/", 0, "/usr/bin/", 0, "/usr/sbin/", 0, "/usr/local/bin/", 0, 0
buffer:`;

/** The program as a static ELF file. */
export function roiTool(): Uint8Array {
  const a = new TextAssembler(BASE);
  a.bits = 32;
  a.text(PROGRAM);
  return programElf(a.assemble(), BASE, BUFFER_BYTES);
}
