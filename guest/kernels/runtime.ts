/**
 * What every kernel carries: the start from the reset vector, the ways between its three homes (real mode, 32-bit protected
 * mode without paging, 64-bit mode), the runner of a test in each, handlers for every vector, and printing on port E9.
 *
 * A test is a record: name, tested instruction, code, CS, stack pointer, SS, flags, data segments, what to show. The runner
 * enters it by IRET. An exception or INT DONE ends it: the handler prints a line and the program goes on behind the call.
 *
 *   name #GP(0018) +0002 0008 00010002 d10           exception(error code), saved ip - tested ip, CS, flags, bytes on the stack
 *   name #PF(0005) +0000 0033 00010202 003b:00009000 d18 cr2=00040000      with SS and stack pointer where they were pushed,
 *                                                                          and ES DS FS GS from virtual-8086 mode
 *   name ok
 *   name stack 0008 0010 +0007 00000033 ...          a far call or gate to `stack32` and its kin: CS, SS, return address, the stack above
 */
import type { Bits } from '../assembler/operands.js';
import { DONE, HOME_STACK, IMAGE, IMAGE_SEGMENT, PDPT, PML4, RING0_STACK, SELECTOR, VECTORS } from './layout.js';

/** Offsets in a test's record. */
export const RECORD = { name: 0, ip: 4, code: 8, cs: 12, sp: 16, ss: 20, flags: 24, ds: 28, show: 32 } as const;
/** Bits of `show`: EAX as the test left it; flags as the handler found them. */
export const SHOW_EAX = 1, SHOW_HANDLER_FLAGS = 2;

const NAMES = '#DE #DB NMI #BP #OF #BR #UD #NM #DF #09 #TS #NP #SS #GP #PF #15 #MF #AC #MC #XM #20 #21 #22 #23 #24 #25 #26 #27 #28 #29 #30 #31'.split(' ');
/** Vectors whose exceptions push an error code. */
const WITH_CODE = 0x0002_7d00;
const VM = 0x2_0000;
/** Most slots of a stack to print. */
const MAX_SLOTS = 12;
const LONG_MODE = 0x100, NXE = 0x800, SCE = 1;

/** Native registers and pointers: %ax is AX, EAX or RAX; %b the bits; %word a stack slot. */
export function native(bits: Bits, text: string): string {
  const prefix = bits === 16 ? '' : bits === 32 ? 'e' : 'r';
  return text.replace(/%(ax|bx|cx|dx|si|di|sp|bp)\b/g, `${prefix}$1`).replace(/%word\b/g, bits === 16 ? 'word' : bits === 32 ? 'dword' : 'qword').replace(/%b\b/g, String(bits));
}

/** From ROM at F000: to IMAGE_SEGMENT. What the image's `resume` says decides where the program starts. */
export const START = `
  start: cli; cld; mov al, 0xff; out 0x21, al; out 0xa1, al
    mov ax, 0xf000; mov ds, ax; mov ax, ${IMAGE_SEGMENT}; mov es, ax
    xor si, si; xor di, di; mov cx, 0x4000; rep movsd
    jmp ${IMAGE_SEGMENT}:begin
  begin:
    mov ax, cs; mov ds, ax; xor ax, ax; mov ss, ax; mov es, ax; mov sp, ${HOME_STACK}
    xor di, di; mov bx, vectors16; mov cx, ${VECTORS}
  .fill_vectors: mov ax, [bx]; stosw; mov ax, cs; stosw; add bx, 2; loop .fill_vectors
`;

/** Behind the program. Exit ports of QEMU's isa-debug-exit at F4, then of Bochs (8900), then nothing more happens. */
export const FINISH = (bits: Bits): string => native(bits, `
    mov %si, text_end; call text%b
    mov al, 0; out 0xf4, al
    mov dx, 0x8900; mov %si, text_shutdown
  .off: mov al, [%si]; out dx, al; inc %si; test al, al; jnz .off
  .halted: cli; hlt; jmp .halted
`);

// --- Printing ---

const PRINTING = (bits: Bits): string => native(bits, `
  text%b: mov al, [%si]; test al, al; jz .text_end%b; out 0xe9, al; inc %si; jmp text%b
  .text_end%b: ret

  # EAX in ECX digits
  hex%b: mov ebx, eax; mov edx, ecx; mov ecx, 8; sub ecx, edx; shl ecx, 2; shl ebx, cl
  .digit%b: rol ebx, 4; mov eax, ebx; and eax, 15; cmp al, 10; jb .decimal%b; add al, 39
  .decimal%b: add al, 48; out 0xe9, al; dec edx; jnz .digit%b; ret

  newline%b: mov al, 10; out 0xe9, al; ret
  space%b: mov al, 32; out 0xe9, al; ret

  # a line: the name at %si, = and what is at v_value
  say%b: call text%b; mov al, 61; out 0xe9, al
    ${bits === 64 ? 'mov eax, [v_value+4]; mov ecx, 8; call hex64' : ''}
    mov eax, [v_value]; mov ecx, 8; call hex%b; jmp newline%b

  # slot EAX of the frame: low half in EAX, high half in EDX
  slot%b: mul dword [v_slot]; mov %bx, [v_frame]; add %bx, %ax
    ${bits === 64 ? 'mov eax, [rbx]; mov edx, [rbx+4]; ret' : native(bits, `
    mov eax, [ss:%bx]; cmp byte [v_slot], 2; jne .slot_end%b; movzx eax, ax
  .slot_end%b: ret`)}

  # slot EAX in four digits; or all of it
  half%b: call slot%b; mov ecx, 4; jmp hex%b
  whole%b: call slot%b
    ${bits === 64 ? 'push rax; mov eax, edx; mov ecx, 8; call hex64; pop rax; mov ecx, 8; jmp hex64' : native(bits, `
    mov ecx, 8; cmp byte [v_slot], 2; jne hex%b; mov ecx, 4; jmp hex%b`)}
`);

/** Prints the line of a test that has ended: v_vector, v_frame, v_slot. */
const REPORT = (bits: Bits): string => native(bits, `
  report%b:
    cmp byte [v_vector], ${DONE}; je .done%b
    mov eax, ${RING0_STACK}; sub eax, [v_frame]; mov [v_depth], eax
    call space%b
    movzx eax, byte [v_vector]; cmp al, 32; jae .software%b
    shl eax, 2; mov %si, names; add %si, %ax; call text%b
    ${bits === 16 ? '' : native(bits, `
    movzx ecx, byte [v_vector]; mov eax, ${WITH_CODE}; shr eax, cl; test al, 1; jz .frame%b
    mov al, 40; out 0xe9, al; xor eax, eax; call half%b; mov al, 41; out 0xe9, al
    mov eax, [v_slot]; add [v_frame], eax`)}
    jmp .frame%b
  .software%b: push %ax; mov al, 73; out 0xe9, al; pop %ax; mov ecx, 2; call hex%b
  .frame%b: call space%b; mov al, 43; out 0xe9, al
    xor eax, eax; call slot%b; sub eax, [v_ip]; mov ecx, 4; call hex%b
    call space%b; mov eax, 1; call half%b
    call space%b; mov eax, 2; call whole%b
    ${bits === 16 ? '' : bits === 64 ? 'call outer_stack64' : native(bits, `
    mov eax, 2; call slot%b; test eax, ${VM}; jnz .outer%b
    mov eax, 1; call slot%b; and al, 3; mov bl, al; mov ax, cs; and al, 3; cmp al, bl; je .same%b
  .outer%b: call outer_stack%b
  .same%b:`)}
    call space%b; mov al, 100; out 0xe9, al; mov eax, [v_depth]; mov ecx, 2; call hex%b
    ${bits === 16 ? '' : native(bits, `
    cmp byte [v_vector], 14; jne .shown%b
    mov %si, text_cr2; call text%b; mov %ax, cr2
    ${bits === 64 ? 'push rax; shr rax, 32; mov ecx, 8; call hex64; pop rax' : ''}
    mov ecx, 8; call hex%b`)}
  .shown%b:
    test byte [v_show], ${SHOW_EAX}; jz .no_eax%b
    mov %si, text_eax; call text%b; mov eax, [v_eax]; mov ecx, 8; call hex%b
  .no_eax%b:
    test byte [v_show], ${SHOW_HANDLER_FLAGS}; jz newline%b
    mov %si, text_flags; call text%b; mov eax, [v_flags]; mov ecx, 8; call hex%b
    jmp newline%b
  .done%b: mov %si, text_ok; call text%b; jmp .shown%b
  ${bits === 16 ? '' : native(bits, `
  outer_stack%b: call space%b; mov eax, 4; call half%b; mov al, 58; out 0xe9, al; mov eax, 3; call whole%b
    mov eax, 2; call slot%b; test eax, ${VM}; jz .no_segments%b
    mov %di, 5
  .segment%b: call space%b; mov eax, edi; call half%b; inc %di; cmp %di, 9; jne .segment%b
  .no_segments%b: ret`)}
`);

/** Where a gate may lead instead of to a handler: prints CS, SS and the stack up to the next multiple of 1 KiB. */
const STACK = (bits: 32 | 64): string => native(bits, `
  stack%b:
    ${bits === 64 ? 'mov [v_eax], rax; mov dword [v_slot], 8' : `
    push eax; push ds; mov ax, ${SELECTOR.data32}; mov ds, ax; pop dword [v_ds]; pop dword [v_eax]; mov dword [v_slot], 4; jmp .dump32
  stack_of_words: push eax; push ds; mov ax, ${SELECTOR.data32}; mov ds, ax; pop dword [v_ds]; pop dword [v_eax]; mov dword [v_slot], 2`}
  .dump%b: ${bits === 64 ? 'mov [v_frame], rsp; cld' : 'call frame32'}
    mov %si, text_stack; call text%b; mov eax, cs; mov ecx, 4; call hex%b; call space%b; mov eax, ss; mov ecx, 4; call hex%b
    call space%b; mov al, 43; out 0xe9, al; xor eax, eax; call slot%b; sub eax, [v_ip]; mov ecx, 4; call hex%b
    mov eax, [v_frame]; neg eax; and eax, 0x3ff; xor edx, edx; div dword [v_slot]; mov [v_depth], eax
    mov %di, 1
  .next_slot%b: cmp edi, [v_depth]; jae .dumped%b; cmp edi, ${MAX_SLOTS}; jae .dumped%b; call space%b; mov eax, edi; call whole%b; inc %di; jmp .next_slot%b
  .dumped%b: call newline%b; jmp .leave%b
`);

/** From 16-bit code in protected mode. */
const STACK286 = `
  stack16: db 0x66, 0xea; dd stack_of_words; dw ${SELECTOR.code32}`;

// --- Runners: the record in %si ---

const BEGIN = (bits: Bits): string => native(bits, `
  begin%b: mov [v_record], %si; mov eax, [%si+${RECORD.ip}]; mov [v_ip], eax; mov eax, [%si+${RECORD.show}]; mov [v_show], eax
    mov %si, [%si+${RECORD.name}]; ${bits === 64 ? 'mov esi, esi' : ''}; call text%b; mov %si, [v_record]; ret
`);

const RUN16 = `
  run16: pop word [v_resume]; mov [v_home], sp; call begin16
    mov dword [v_slot], 2
    mov ss, [si+${RECORD.ss}]; mov sp, [si+${RECORD.sp}]
    push word [si+${RECORD.flags}]; push word [si+${RECORD.cs}]; push word [si+${RECORD.code}]
    mov ax, [si+${RECORD.ds}]; mov es, ax; mov fs, ax; mov gs, ax; mov ds, ax
    xor eax, eax; iret
`;

const RUN32 = `
  run32: pop dword [v_resume]; mov [v_home], esp; call begin32
    mov dword [v_slot], 4
    mov eax, [esi+${RECORD.ds}]
    test dword [esi+${RECORD.flags}], ${VM}; jnz .run_v86
    test byte [esi+${RECORD.cs}], 3; jnz .run_outer
    mov ss, [esi+${RECORD.ss}]; mov esp, [esi+${RECORD.sp}]; jmp .run_go
  .run_v86: push eax; push eax; push eax; push eax; mov eax, ${SELECTOR.data32}
  .run_outer: push dword [esi+${RECORD.ss}]; push dword [esi+${RECORD.sp}]
  .run_go: push dword [esi+${RECORD.flags}]; push dword [esi+${RECORD.cs}]; push dword [esi+${RECORD.code}]
    mov es, ax; mov fs, ax; mov gs, ax; mov ds, ax
    xor eax, eax; iretd
`;

const RUN64 = `
  run64: pop qword [v_resume]; mov [v_home], rsp; call begin64
    mov dword [v_slot], 8
    mov eax, [rsi+${RECORD.ss}]; push rax; mov eax, [rsi+${RECORD.sp}]; push rax; mov eax, [rsi+${RECORD.flags}]; push rax
    mov eax, [rsi+${RECORD.cs}]; push rax; mov eax, [rsi+${RECORD.code}]; push rax
    mov eax, [rsi+${RECORD.ds}]; mov es, ax; mov fs, ax; mov gs, ax; mov ds, ax
    xor eax, eax; iretq
`;

// --- Handlers ---

const vectors = Array.from({ length: VECTORS }, (_, vector) => vector);

const HANDLE16 = `
  ${vectors.map((v) => `stub16_${v}: mov byte [cs:v_vector], ${v}; jmp handle16`).join('\n')}
  handle16: mov [cs:v_eax], eax; mov ax, ${IMAGE_SEGMENT}; mov ds, ax; pushfd; pop dword [v_flags]; mov [v_frame], sp
    call report16
    xor ax, ax; mov ss, ax; mov sp, [v_home]; push 2; popf; jmp word [v_resume]
  vectors16: ${vectors.map((v) => `dw stub16_${v}`).join('\n')}
`;

const HANDLE32 = `
  ${vectors.map((v) => `stub32_${v}: push ${v}; jmp handle32`).join('\n')}
  handle32: push eax; push ds; mov ax, ${SELECTOR.data32}; mov ds, ax; pop dword [v_ds]; pop dword [v_eax]; pop dword [v_vector]
  .report32: pushfd; pop dword [v_flags]; call frame32
    call report32
  .leave32: mov ax, ${SELECTOR.data32}; mov ss, ax; mov es, ax; mov fs, ax; mov gs, ax; mov esp, [v_home]; push 2; popfd; jmp [v_resume]
  handle286: push eax; push ds; mov ax, ${SELECTOR.data32}; mov ds, ax; pop dword [v_ds]; pop dword [v_eax]; pop word [v_vector]
    mov dword [v_slot], 2; jmp .report32
  # v_frame = ESP before the call, or SP where the stack is one of 16 bits
  frame32: mov eax, ss; lar ecx, eax; mov eax, esp; bt ecx, 22; jc .wide_stack; movzx eax, ax
  .wide_stack: add eax, 4; mov [v_frame], eax; cld; ret
`;

/** 16-bit handlers in protected mode: at once to 32-bit code. */
const STUBS286 = vectors.map((v) => `stub286_${v}: push ${v}; db 0x66, 0xea; dd handle286; dw ${SELECTOR.code32}`).join('\n');

const HANDLE64 = `
  ${vectors.map((v) => `stub64_${v}: push ${v}; jmp handle64`).join('\n')}
  handle64: pop qword [v_vector]; mov [v_eax], rax; pushfq; pop qword [v_flags]; mov [v_frame], rsp; cld
    call report64
  .leave64: mov ax, ${SELECTOR.data32}; mov ss, ax; mov ds, ax; mov es, ax; mov rsp, [v_home]; push 2; popfq; jmp [v_resume]
`;

/** Routines of the three homes, and what they keep. */
export const ROUTINES: Readonly<Record<Bits, string>> = {
  16: PRINTING(16) + REPORT(16) + BEGIN(16) + RUN16 + HANDLE16 + STUBS286 + STACK286,
  32: PRINTING(32) + REPORT(32) + BEGIN(32) + RUN32 + HANDLE32 + STACK(32),
  64: PRINTING(64) + REPORT(64) + BEGIN(64) + RUN64 + HANDLE64 + STACK(64),
};

export const VARIABLES = `
  v_record: dq 0
  v_resume: dq 0
  v_home: dq 0
  v_vector: dq 0
  v_frame: dq 0
  v_slot: dq 0
  v_depth: dq 0
  v_ip: dq 0
  v_show: dq 0
  v_eax: dq 0
  v_flags: dq 0
  v_ds: dq 0
  v_value: dq 0
  names: ${NAMES.map((name) => `db "${name}", 0`).join('\n')}
  text_stack: db " stack ", 0
  text_ok: db " ok", 0
  text_cr2: db " cr2=", 0
  text_eax: db " eax=", 0
  text_flags: db " handler=", 0
  text_end: db "end", 10, 0
  text_shutdown: db "Shutdown", 0
`;

// --- Ways from home to home; \`n\` makes labels unique ---

export const REAL_TO_PROTECTED = (n: number): string => `
  cli; lgdt [gdtr]; mov eax, cr0; or al, 1; mov cr0, eax
  db 0x66, 0xea; dd at32_${n}; dw ${SELECTOR.code32}`;
export const ARRIVE_PROTECTED = (n: number): string => `
  at32_${n}: mov ax, ${SELECTOR.data32}; mov ds, ax; mov es, ax; mov fs, ax; mov gs, ax; mov ss, ax; mov esp, ${HOME_STACK}
  lidt [idtr32]; and byte [gdt+${SELECTOR.tss32 + 5}], 0xfd; mov ax, ${SELECTOR.tss32}; ltr ax; xor eax, eax; lldt ax`;

export const PROTECTED_TO_REAL = (n: number): string => `lidt [idtr16]; jmp ${SELECTOR.code16}:at16_${n}-${IMAGE}`;
export const ARRIVE_REAL = (n: number): string => `
  at16_${n}: mov ax, ${SELECTOR.data16}; mov ds, ax; mov es, ax; mov fs, ax; mov gs, ax; mov ss, ax
  mov eax, cr0; and al, 0xfe; mov cr0, eax; jmp ${IMAGE_SEGMENT}:real_${n}
  real_${n}: mov ax, cs; mov ds, ax; xor ax, ax; mov es, ax; mov fs, ax; mov gs, ax; mov ss, ax; mov sp, ${HOME_STACK}`;

/** The first and the fourth GiB one to one by 2 MiB pages, open to user mode. */
export const PROTECTED_TO_LONG = (n: number): string => `
  mov edi, ${PML4}; mov ecx, 0x1000; xor eax, eax; rep stosd
  mov dword [${PML4}], ${PDPT + 7}; mov dword [${PDPT}], ${PDPT + 0x1007}; mov dword [${PDPT + 24}], ${PDPT + 0x2007}
  mov edi, ${PDPT + 0x1000}; mov eax, 0x87; mov ecx, 512
  .low_pages_${n}: mov [edi], eax; add edi, 8; add eax, 0x200000; dec ecx; jnz .low_pages_${n}
  mov eax, 0xc0000087; mov ecx, 512
  .high_pages_${n}: mov [edi], eax; add edi, 8; add eax, 0x200000; dec ecx; jnz .high_pages_${n}
  mov eax, ${PML4}; mov cr3, eax; mov eax, cr4; or al, 0x20; mov cr4, eax
  mov ecx, 0xc0000080; rdmsr; or eax, ${LONG_MODE | NXE | SCE}; wrmsr
  mov eax, cr0; or eax, 0x80000000; mov cr0, eax; jmp ${SELECTOR.code64}:at64_${n}`;
export const ARRIVE_LONG = (n: number): string => `
  at64_${n}: mov ax, ${SELECTOR.data32}; mov ds, ax; mov es, ax; mov fs, ax; mov gs, ax; mov ss, ax; mov esp, ${HOME_STACK}
  lidt [idtr64]; and byte [gdt+${SELECTOR.tss64 + 5}], 0xfd; mov ax, ${SELECTOR.tss64}; ltr ax`;

export const LONG_TO_PROTECTED = (n: number): string => `push ${SELECTOR.code32}; push unlong_${n}; retfq`;
/** Starts in compatibility mode; ends where ARRIVE_PROTECTED goes on. */
export const LEAVE_LONG = (n: number): string => `
  unlong_${n}: mov eax, cr0; and eax, 0x7fffffff; mov cr0, eax
  mov ecx, 0xc0000080; rdmsr; and eax, ${~LONG_MODE >>> 0}; wrmsr; mov eax, cr4; and al, 0xdf; mov cr4, eax`;
