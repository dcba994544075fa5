/**
 * A Linux program for i386, which amd64 kernels run too: it runs a command of the agent and carries what that writes to the host and what it
 * reads from there, in frames (host/guest/protocol.ts). A shell could do that only with processes and pipes of its own for each command, and a
 * process for each frame.
 *
 *     carry ID FLAGS FOLDER WORDS...
 *
 * finds the console port as descriptor 5 and the control line as 9. It waits in one poll for the command's two outputs, the port, room in the
 * command's input, the control line and the command's end. The command is a session of its own, which sees pipes and no terminal.
 * At its end what it has written is in the pipes: so many bytes are passed on, and the status behind them. Who was left behind may go on
 * writing to a pipe without a reader.
 *
 *     carry
 *
 * alone switches the machine off, for init where no disk is there that the kernel would have to take leave of: a word to the chipset, instead of the
 * million instructions in which the kernel goes over its devices and interprets what ACPI has on it. Where that does not do it, the kernel is asked.
 *
 * Each write to a console port is one message of at most 32 KiB. System calls by number: arch/x86/entry/syscalls/syscall_32.tbl.
 */
import { TextAssembler } from './assembler/text.js';
import { programElf } from './elf.js';
import { FRAME_BYTES, FRAME_DATA_BYTES, FRAME_HEAD_BYTES } from './frame-bytes.js';

/** Congruent with the code's place in the file, as Linux maps by pages. */
const BASE = 0x0804_8100;

/** Descriptors that the agent gives. */
const PORT = 5, CONTROL = 9;
const CLOEXEC = 0x80000, NONBLOCK = 0x800;
/** Whoever is woken by a write does not take the processor from the writer, which so fills its pipe first: one change of tasks for 64 KiB, and not for each write. */
const SCHED_BATCH = 3;
const SIGNAL_CHLD = 1 << 16, SIGNAL_PIPE = 1 << 12, SIGNAL_INT = 1 << 1, SIGNAL_QUIT = 1 << 2;
const Errno = { ENOENT: -2, ENOEXEC: -8, EAGAIN: -11, EACCES: -13, ENOTDIR: -20 } as const;

/** ACPI's PM1 control, on our board and QEMU's: SLP_EN with the type of soft off, which is 0. */
const POWER_PORT = 0x604, POWER_OFF = 0x2000;

/** What lies behind the code, zeroed: frames to and from the host, pipes, what poll looks at, and a line. */
const FRAME = 'memory', TAKEN = `memory+${FRAME_BYTES}`;
const variable = (index: number): string => `memory+${2 * FRAME_BYTES + 4 * index}`;
const [OUT, ERROR, INPUT] = [variable(0), variable(2), variable(4)] as const;
const [OUT_WRITE, ERROR_WRITE, INPUT_WRITE] = [variable(1), variable(3), variable(5)] as const;
const [MASK, OLD_MASK, STATUS, CHILD, WAITING, WAITING_AT, LINE_BYTES, COUNT] = [6, 8, 10, 11, 12, 13, 14, 15].map(variable) as [string, string, string, string, string, string, string, string];
/** Rows of poll: descriptor, events, and in the upper half of the second word what has come. */
const row = (index: number): string => variable(16 + 2 * index);
const came = (index: number): string => `${variable(17 + 2 * index)}+2`;
const ROWS = 6;
const [OUT_ROW, ERROR_ROW, PORT_ROW, ROOM_ROW, CONTROL_ROW, END_ROW] = [0, 1, 2, 3, 4, 5] as const;
const LINE = variable(32);
const LINE_LIMIT = 64;
const PATH = variable(64);
const PATH_LIMIT = 4096;
const MEMORY_BYTES = 2 * FRAME_BYTES + 4 * 64 + 2 * PATH_LIMIT;

const call = (number: number, ...args: (string | number)[]): string =>
  [...args.map((value, i) => `mov ${['ebx', 'ecx', 'edx', 'esi'][i]}, ${value}`), `mov eax, ${number}`, 'int 0x80'].join('; ');

const START = `
  mov ebp, esp                  # [ebp]: the number of arguments; their addresses follow
  cmp dword [ebp], 5; jb off
  mov esi, [ebp+8]; mov edi, ${FRAME}+1
  mov ecx, 7; rep movsb
  mov byte [${FRAME}+${FRAME_HEAD_BYTES - 1}], 10
  mov dword [${MASK}], ${SIGNAL_CHLD | SIGNAL_PIPE | SIGNAL_INT | SIGNAL_QUIT}
  ${call(175, 0, MASK, OLD_MASK, 8)}                # rt_sigprocmask(SIG_BLOCK)
  mov dword [${MASK}], ${SIGNAL_CHLD}
  ${call(327, -1, MASK, 8, CLOEXEC)}                # signalfd4
  mov [${row(END_ROW)}], eax
  ${call(331, OUT, CLOEXEC)}                        # pipe2
  ${call(331, ERROR, CLOEXEC)}
  mov dword [${row(PORT_ROW)}], -1
  mov dword [${row(ROOM_ROW)}], -1
  mov esi, [ebp+12]; cmp byte [esi], ${'i'.charCodeAt(0)}; je wants_input
  ${call(5, 'nothing', 0)}                          # open("/dev/null")
  mov [${INPUT}], eax; jmp has_input
wants_input:
  ${call(331, INPUT, CLOEXEC)}
  ${call(55, `dword [${INPUT_WRITE}]`, 4, NONBLOCK)}  # fcntl(F_SETFL)
  mov dword [${row(PORT_ROW)}], ${PORT}
has_input:
  # An agent in the background ignores INT and QUIT, and what it runs would. What comes before the command has its own mask waits for it.
  ${call(48, 2, 0)}; ${call(48, 3, 0)}              # signal
  mov eax, 2; int 0x80                              # fork
  test eax, eax; je child
  mov [${CHILD}], eax
  ${call(156, 0, SCHED_BATCH, STATUS)}              # sched_setscheduler, priority 0
  ${call(6, `dword [${OUT_WRITE}]`)}
  ${call(6, `dword [${ERROR_WRITE}]`)}
  ${call(6, `dword [${INPUT}]`)}
  mov eax, [${OUT}]; mov [${row(OUT_ROW)}], eax
  mov eax, [${ERROR}]; mov [${row(ERROR_ROW)}], eax
  mov dword [${row(CONTROL_ROW)}], ${CONTROL}
  mov eax, 1                                        # POLLIN
  ${[OUT_ROW, ERROR_ROW, PORT_ROW, CONTROL_ROW, END_ROW].map((index) => `mov [${variable(17 + 2 * index)}], eax`).join('; ')}
  mov dword [${variable(17 + 2 * ROOM_ROW)}], 4     # POLLOUT
  cmp dword [${row(PORT_ROW)}], 0; jl look
  mov byte [${FRAME}], ${'i'.charCodeAt(0)}; mov edx, 0; call send
look:
  ${call(168, row(0), ROWS, -1)}                    # poll
  mov edi, ${row(OUT_ROW)}; mov cl, ${'o'.charCodeAt(0)}; call pass
  mov edi, ${row(ERROR_ROW)}; mov cl, ${'e'.charCodeAt(0)}; call pass
  cmp word [${came(ROOM_ROW)}], 0; je no_room
  call give
no_room:
  cmp word [${came(PORT_ROW)}], 0; je no_input
  call take
no_input:
  cmp word [${came(CONTROL_ROW)}], 0; je no_control
  call control
no_control:
  cmp word [${came(END_ROW)}], 0; je look
  ${call(3, `dword [${row(END_ROW)}]`, LINE, 128)}
  ${call(114, `dword [${CHILD}]`, STATUS, 1, 0)}    # wait4(WNOHANG)
  cmp eax, [${CHILD}]; jne look
  mov edi, ${row(OUT_ROW)}; mov cl, ${'o'.charCodeAt(0)}; call drain
  mov edi, ${row(ERROR_ROW)}; mov cl, ${'e'.charCodeAt(0)}; call drain
  mov eax, [${STATUS}]
  mov edx, eax; and edx, 0x7f; je ended
  mov eax, edx; add eax, 128; jmp known
ended:
  shr eax, 8; and eax, 0xff
known:                          # three digits
  mov ebx, 10; mov edi, ${FRAME}+${FRAME_HEAD_BYTES + 2}
status:
  mov edx, 0; div ebx
  add dl, 48; mov [edi], dl; dec edi
  cmp edi, ${FRAME}+${FRAME_HEAD_BYTES}; jae status
  mov byte [${FRAME}], ${'x'.charCodeAt(0)}; mov edx, 3; call send
  mov ebx, 0; jmp leave_with
off:
  ${call(36)}                                       # sync
  ${call(110, 3)}                                   # iopl
  test eax, eax; jne ask
  mov edx, ${POWER_PORT}; mov eax, ${POWER_OFF}; out dx, ax
ask:
  ${call(88, 0xfee1dead | 0, 672274793, 0x4321fedc)}  # reboot(RB_POWER_OFF)
  mov ebx, 2
leave_with:
  mov eax, 1; int 0x80`;

/** What the command has written. */
const OUTPUT = `
pass:                           # edi: a row of poll, cl: the frame's kind
  cmp word [edi+6], 0; je passed
  mov [${FRAME}], cl
  ${call(3, 'dword [edi]', `${FRAME}+${FRAME_HEAD_BYTES}`, FRAME_DATA_BYTES)}
  mov edx, eax; test eax, eax; jg send
  mov dword [edi], -1           # its end: poll leaves it out
passed:
  ret
drain:                          # all that is there by now
  cmp dword [edi], 0; jl passed
  mov [${FRAME}], cl
  ${call(54, 'dword [edi]', 0x541b, COUNT)}         # ioctl(FIONREAD)
drain_more:
  mov edx, [${COUNT}]; test edx, edx; jle passed
  cmp edx, ${FRAME_DATA_BYTES}; jbe drain_some
  mov edx, ${FRAME_DATA_BYTES}
drain_some:
  mov ebx, [edi]; mov ecx, ${FRAME}+${FRAME_HEAD_BYTES}; mov eax, 3; int 0x80
  mov edx, eax; test eax, eax; jle passed
  sub [${COUNT}], eax
  call send
  jmp drain_more

send:                           # the frame, with edx bytes in it
  push edi
  mov eax, edx; mov edi, ${FRAME}+${FRAME_HEAD_BYTES - 2}
digit:
  mov ecx, eax; and ecx, 15
  mov cl, [digits+ecx]; mov [edi], cl
  dec edi; shr eax, 4
  cmp edi, ${FRAME}+7; ja digit
  add edx, ${FRAME_HEAD_BYTES}
  mov ebx, ${PORT}; mov ecx, ${FRAME}; mov eax, 4; int 0x80
  pop edi
  test eax, eax; jle gone       # the port has been taken away
  ret
gone:
  mov ebx, 1; jmp leave_with`;

/** What the host sends it to read. */
const INPUT_TEXT = `
take:                           # one frame
  mov edi, ${FRAME_HEAD_BYTES}; call fill
  mov esi, ${TAKEN}+8; mov edi, 0
letter:
  movzx eax, byte [esi]; inc esi
  cmp al, 57; jbe decimal
  sub al, 39
decimal:
  sub al, 48
  shl edi, 4; add edi, eax
  cmp esi, ${TAKEN}+${FRAME_HEAD_BYTES - 1}; jb letter
  cmp edi, ${FRAME_DATA_BYTES}; ja no_more
  mov [${WAITING}], edi; mov dword [${WAITING_AT}], ${TAKEN}
  test edi, edi; je no_more
  call fill
  mov dword [${row(PORT_ROW)}], -1
  mov eax, [${INPUT_WRITE}]; mov [${row(ROOM_ROW)}], eax
give:                           # as much as there is room for
  ${call(4, `dword [${INPUT_WRITE}]`, `dword [${WAITING_AT}]`, `dword [${WAITING}]`)}
  cmp eax, ${Errno.EAGAIN}; je given
  test eax, eax; jle no_more    # it reads no more
  add [${WAITING_AT}], eax
  sub [${WAITING}], eax; jne given
  mov dword [${row(ROOM_ROW)}], -1
  mov dword [${row(PORT_ROW)}], ${PORT}
  mov word [${came(PORT_ROW)}], 0
given:
  ret
no_more:
  mov dword [${row(ROOM_ROW)}], -1
  mov dword [${row(PORT_ROW)}], -1
  ${call(6, `dword [${INPUT_WRITE}]`)}
  ret
fill:                           # edi bytes of the port
  push edi
  mov ecx, ${TAKEN}; mov edx, edi
more:
  mov ebx, ${PORT}; mov eax, 3; int 0x80
  test eax, eax; jle gone
  add ecx, eax; sub edx, eax; jne more
  pop edi
  ret`;

/** What the host says of it meanwhile: `signal ID NUMBER`, or the time; a byte at a time, since what comes behind the command is the agent's. */
const CONTROL_TEXT = `
control:
  mov ecx, [${LINE_BYTES}]; add ecx, ${LINE}
  mov edx, 1; mov ebx, ${CONTROL}; mov eax, 3; int 0x80
  cmp eax, 1; jne control_done
  cmp byte [ecx], 10; je line
  cmp dword [${LINE_BYTES}], ${LINE_LIMIT - 1}; jae control_done
  inc dword [${LINE_BYTES}]
control_done:
  ret
line:
  mov byte [ecx], 0
  mov dword [${LINE_BYTES}], 0
  mov esi, ${LINE}; mov edi, word_signal; mov ecx, 7; repe cmpsb; jne not_signal
  mov edi, ${FRAME}+1; mov ecx, 7; repe cmpsb; jne control_done
  inc esi; call number
  mov ecx, eax
  mov ebx, [${CHILD}]; neg ebx; mov eax, 37; int 0x80          # kill(all of its group)
  test eax, eax; je control_done
  neg ebx; mov eax, 37; int 0x80                               # it is not a group's first yet
  ret
not_signal:
  mov esi, ${LINE}; mov edi, word_time; mov ecx, 5; repe cmpsb; jne control_done
  call number
  mov [${variable(48)}], eax; mov dword [${variable(49)}], 0
  mov dword [${variable(50)}], 0; mov dword [${variable(51)}], 0
  ${call(404, 0, variable(48))}                     # clock_settime64
  ret
number:                         # eax: the decimal digits at esi
  mov eax, 0
number_next:
  movzx edx, byte [esi]; inc esi
  sub edx, 48; jb control_done
  cmp edx, 9; ja control_done
  mov ecx, eax; shl eax, 2; add eax, ecx; shl eax, 1
  add eax, edx; jmp number_next`;

/** The command itself: found by PATH, as it would be anywhere. */
const CHILD_TEXT = `
child:
  mov eax, 66; int 0x80                             # setsid
  ${call(63, `dword [${INPUT}]`, 0)}                # dup2
  ${call(63, `dword [${OUT_WRITE}]`, 1)}
  ${call(63, `dword [${ERROR_WRITE}]`, 2)}
  ${call(6, PORT)}; ${call(6, CONTROL)}
  ${call(175, 2, OLD_MASK, 0, 8)}                   # rt_sigprocmask(SIG_SETMASK)
  mov esi, [ebp+16]; cmp byte [esi], 0; je in_folder
  ${call(12, 'esi')}                                # chdir
  test eax, eax; je in_folder
  mov edi, no_folder; mov esi, [ebp+16]; jmp refuse
in_folder:
  mov eax, [ebp]; shl eax, 2
  add eax, ebp; add eax, 8; mov [${CHILD}], eax     # the environment
  mov edi, not_found; mov [${STATUS}], edi
  mov esi, [ebp+20]
slash:
  mov al, [esi]; inc esi
  cmp al, 47; je by_path
  test al, al; jne slash
  mov ebx, [${CHILD}]; mov esi, usual_path
variable:
  mov eax, [ebx]; add ebx, 4
  test eax, eax; je folder
  cmp dword [eax], 0x48544150; jne variable         # PATH
  cmp byte [eax+4], 61; jne variable
  lea esi, [eax+5]
folder:                         # esi: the next of them
  mov edi, ${PATH}
folder_letter:
  mov al, [esi]; test al, al; je folder_end
  cmp al, 58; je folder_end
  cmp edi, ${PATH}+${PATH_LIMIT}; jae not_here
  mov [edi], al; inc esi; inc edi; jmp folder_letter
folder_end:
  mov byte [edi], 47; inc edi
  mov edx, [ebp+20]
name_letter:
  mov al, [edx]; mov [edi], al; inc edx; inc edi
  test al, al; je named
  cmp edi, ${PATH}+${2 * PATH_LIMIT - 1}; jb name_letter
  jmp not_here
named:
  mov ebx, ${PATH}; call execute
  cmp eax, ${Errno.ENOENT}; je not_here
  cmp eax, ${Errno.ENOTDIR}; je not_here
  mov dword [${STATUS}], not_allowed
not_here:
  cmp byte [esi], 58; jne refuse_name
  inc esi; jmp folder
by_path:
  mov ebx, [ebp+20]; call execute
  cmp eax, ${Errno.ENOENT}; je refuse_name
  cmp eax, ${Errno.ENOTDIR}; je refuse_name
  mov dword [${STATUS}], not_allowed
refuse_name:
  mov esi, [ebp+20]; mov edi, [${STATUS}]
refuse:                         # edi: a status and what is wrong, of what is named at esi
  mov edx, 0
measure:
  inc edx; cmp byte [esi+edx], 0; jne measure
  mov ecx, esi; mov ebx, 2; mov eax, 4; int 0x80
  movzx edx, byte [edi+1]; lea ecx, [edi+2]; mov eax, 4; int 0x80
  movzx ebx, byte [edi]; jmp leave_with
execute:                        # ebx: what; returns only where it cannot be run
  lea ecx, [ebp+20]; mov edx, [${CHILD}]; mov eax, 11; int 0x80
  cmp eax, ${Errno.ENOEXEC}; jne executed
  mov [ebp+20], ebx             # a script that does not say whose
  mov dword [ebp+16], shell
  mov ebx, shell; lea ecx, [ebp+16]; mov eax, 11; int 0x80
executed:
  ret`;

/** A message with the status that goes with it. */
const message = (label: string, status: number, text: string): string => `${label}: db ${status}, ${text.length + 1}, "${text}", 10`;
const text = (label: string, value: string): string => `${label}: db "${value}", 0`;

const TEXTS = `
digits: db "0123456789abcdef"
${text('word_signal', 'signal ')}
${text('word_time', 'time ')}
${text('nothing', '/dev/null')}
${text('shell', '/bin/sh')}
${text('usual_path', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')}
${message('not_found', 127, ': not found')}
${message('not_allowed', 126, ': cannot be run')}
${message('no_folder', 126, ': no such folder')}`;

/** What is written has pages of its own: a page that holds code is watched, and each store to it taken for code that may have changed. */
const PAGE = 4096;

/** `carry ID FLAGS FOLDER WORDS...` */
export function carryProgram(): Uint8Array {
  const a = new TextAssembler(BASE);
  a.bits = 32;
  a.text([START, OUTPUT, INPUT_TEXT, CONTROL_TEXT, CHILD_TEXT, TEXTS].join('\n'));
  a.align(PAGE);
  a.label('memory');
  return programElf(a.assemble(), BASE, MEMORY_BYTES);
}
