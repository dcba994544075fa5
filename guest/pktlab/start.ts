/**
 * pktlab from its entry to its cards: by PVH or multiboot, flat segments, interrupts by the two 8259s, the command line, and the end. An interrupt is acknowledged as Linux 2.2 does
 * it (arch/i386/kernel/irq.c, mask_and_ack_8259A): of the second controller read and write of its mask, an EOI each, and the mask again when the card has been
 * served: five accesses. Messages (MSI-X) come at vectors of their own and end at the local APIC.
 */
import { Card, FIRST_CARD, wordHash } from './layout.js';
import { Roi, RoiCommand, RoiPort } from '../../assembly/surface/roi.js';

const COM1 = 0x3f8, DEBUG_EXIT = 0x501;
const MULTIBOOT = 0x2bad_b002, PVH = 0x336e_c578;
const VECTOR_BASE = 0x20, VECTORS = 0x40;
/** Two cards' messages. */
export const MESSAGE_VECTOR = 0x31;
export const APIC = 0xfee0_0000;

/** Ends of the program, as written to the debug exit's port. */
export const End = { good: 0, words: 1, card: 2, trap: 0x7f } as const;

/** Options of the command line, `name=value`: where their values are kept, and what they are without. */
export const OPTIONS: Readonly<Record<string, number>> = {
  card: wordHash('pcnet'), form: 0, mode: wordHash('tx'), second: 0, secondform: 0, suppress: 0,
  size: 60, count: 1000, warmup: 100, phases: 1, burst: 1, interrupts: 1000, work: 0, offset: 1237, itr: 0, port: 0, variant: 0,
};

const LINES = Array.from({ length: 16 }, (_, irq) => irq);

export const START = `
  jmp start
  db 0, 0, 0
  # Multiboot 0.6.96, 3.1: magic, no demands (it is an ELF file), checksum
  dd 0x1badb002, 0, 0xe4524ffe
start:
  cli; cld
  mov esp, stack_top
  lgdt [gdt_pointer]
  jmp 0x08:flat
flat:
  mov cx, 0x10; mov ds, cx; mov es, cx; mov ss, cx; mov fs, cx; mov gs, cx
  xor esi, esi
  cmp dword [ebx], ${PVH}; je by_pvh
  cmp eax, ${MULTIBOOT}; jne parsed
  test dword [ebx], 4; jz parsed
  mov esi, [ebx+16]; jmp found_line
by_pvh:
  mov esi, [ebx+24]
found_line:
  test esi, esi; jz parsed
  call parse
parsed:
  call set_up_interrupts
  call set_up_routes
  jmp cards

# ESI: the command line. A word without "=" is passed over (loaders put the file's name there).
parse:
  xor edi, edi; xor edx, edx           # EDX: the word's hash so far
parse_name:
  mov al, [esi]
  test al, al; jz parse_end
  inc esi
  cmp al, 32; je parse
  cmp al, 61; je parse_value
  call add_letter; jmp parse_name
parse_end: ret
parse_value:
  mov edi, option_table
parse_find:
  cmp dword [edi], 0; je bad_word
  cmp [edi], edx; je parse_found
  add edi, 8; jmp parse_find
parse_found:
  add edi, 4; xor edx, edx
  mov al, [esi]; cmp al, 48; jb parse_word; cmp al, 57; ja parse_word
parse_digit:
  mov al, [esi]; sub al, 48; cmp al, 9; ja parse_keep
  movzx ecx, al; mov eax, edx; mov ebp, 10; mul ebp; mov edx, eax; add edx, ecx
  inc esi; jmp parse_digit
parse_word:
  mov al, [esi]; cmp al, 32; je parse_keep; test al, al; jz parse_keep
  inc esi; call add_letter; jmp parse_word
parse_keep:
  mov [edi], edx
  mov al, [esi]; cmp al, 32; je parse; test al, al; jz parse_end
bad_word:
  mov esi, text_word; mov al, ${End.words}; jmp fail
add_letter:                             # EDX = EDX * 31 + AL
  movzx ecx, al; mov eax, edx; shl eax, 5; sub eax, edx; add eax, ecx; mov edx, eax; ret

# --- Interrupts ---

set_up_interrupts:
  mov edi, idt; xor ecx, ecx
fill_gate:
  mov eax, trap
  cmp ecx, ${VECTOR_BASE}; jb gate
  cmp ecx, ${VECTOR_BASE + 16}; jae message_gate
  mov eax, [ecx*4+irq_table-${VECTOR_BASE * 4}]; jmp gate
message_gate:
  mov eax, ignored
  cmp ecx, ${MESSAGE_VECTOR}; jne gate
  mov eax, message
gate:
  mov edx, eax
  and eax, 0xffff; or eax, 0x80000; stosd
  mov eax, edx; and eax, 0xffff0000; or eax, 0x8e00; stosd
  inc ecx; cmp ecx, ${VECTORS}; jb fill_gate
  lidt [idt_pointer]
  mov al, 0x11; out 0x20, al; out 0xa0, al
  mov al, ${VECTOR_BASE}; out 0x21, al; mov al, ${VECTOR_BASE + 8}; out 0xa1, al
  mov al, 4; out 0x21, al; mov al, 2; out 0xa1, al
  mov al, 1; out 0x21, al; out 0xa1, al
  mov al, [mask_first]; out 0x21, al; mov al, [mask_second]; out 0xa1, al
  # The local APIC on, the 8259s through its first input.
  mov dword [${APIC + 0xf0}], 0x13f
  mov dword [${APIC + 0x350}], 0x700
  mov dword [${APIC + 0x80}], 0
  ret

# EBX: a card. Its line is let through.
open_line:
  mov ecx, [ebx+${Card.irq}]
  cmp ecx, 15; ja line_done
  mov eax, 1; shl eax, cl; not eax
  and [mask_first], al; and [mask_second], ah
  mov al, [mask_first]; out 0x21, al; mov al, [mask_second]; out 0xa1, al
line_done: ret

# A stub a line: its number, and on.
${LINES.map((irq) => `irq_${irq}: push eax; mov al, ${irq}; jmp irq_common`).join('\n')}
irq_common:
  pushad
  movzx ecx, al
  test ecx, 8; jz first_controller
  mov eax, 1; sub ecx, 8; shl eax, cl; add ecx, 8
  mov ah, al; in al, 0xa1
  mov al, [mask_second]; or al, ah; out 0xa1, al
  mov al, 0x62; out 0x20, al
  mov al, 0x20; out 0xa0, al
  call serve_line
  mov al, [mask_second]; out 0xa1, al
  jmp irq_done
first_controller:
  mov eax, 1; shl eax, cl
  mov ah, al; in al, 0x21
  mov al, [mask_first]; or al, ah; out 0x21, al
  mov al, 0x20; out 0x20, al
  call serve_line
  mov al, [mask_first]; out 0x21, al
irq_done:
  popad
  pop eax
  iretd

# ECX: the line. Whoever is on it is asked.
serve_line:
  mov ebx, ${FIRST_CARD}
serve_next:
  push ecx
  cmp [ebx+${Card.irq}], ecx; jne serve_other
  cmp dword [ebx+${Card.serve}], 0; je serve_other
  call [ebx+${Card.serve}]
serve_other:
  pop ecx
  add ebx, ${0x20_0000}
  cmp ebx, ${FIRST_CARD + 2 * 0x20_0000}; jb serve_next
  ret

# A message of any card: each that has no line is served.
message:
  pushad
  mov ecx, 0xff; call serve_line
  mov dword [${APIC + 0xb0}], 0
  popad
  iretd
ignored: iretd
trap:
  mov esi, text_trap; mov al, ${End.trap}; jmp fail

# --- Regions (docs/measuring.md) ---

# Named vVARIANT.PHASE. Nothing but the OUT that begins it stands at its end.
begin_region:
  mov edx, ${Roi.FIRST_PORT + RoiPort.NAME}
  mov al, 0; out dx, al
  mov al, 118; out dx, al
  mov eax, [o_variant]; call name_number
  mov edx, ${Roi.FIRST_PORT + RoiPort.NAME}; mov al, 46; out dx, al
  mov eax, [phase]; call name_number
  mov edx, ${Roi.FIRST_PORT + RoiPort.COMMAND}; mov al, ${RoiCommand.BEGIN}; out dx, al
  ret
end_region:
  mov edx, ${Roi.FIRST_PORT + RoiPort.COMMAND}; mov al, ${RoiCommand.END}; out dx, al
  ret
# EAX in decimal, to the region's name.
name_number:
  xor edx, edx; mov ecx, 10; div ecx
  push edx
  test eax, eax; jz name_digit
  call name_number
name_digit:
  pop eax; add al, 48; mov edx, ${Roi.FIRST_PORT + RoiPort.NAME}; out dx, al
  ret
# A source begins or ends (-netdev lab,start=mark): the mark's tag is the port's number and 1.
mark_port:
  mov edx, ${Roi.FIRST_PORT + RoiPort.TAG}; mov eax, [o_port]; inc eax; out dx, eax
  mov edx, ${Roi.FIRST_PORT + RoiPort.COMMAND}; mov al, ${RoiCommand.MARK}; out dx, al
  ret

# --- Words on COM1, and the end ---

say:                                    # ESI, up to a NUL
  mov al, [esi]; inc esi; test al, al; jz said
  call letter; jmp say
said: ret
letter:
  push eax
letter_wait:
  mov edx, ${COM1 + 5}; in al, dx; test al, 0x20; jz letter_wait
  pop eax; mov edx, ${COM1}; out dx, al; ret
number:                                 # EAX in decimal
  xor edx, edx; mov ecx, 10; div ecx
  push edx
  test eax, eax; jz number_digit
  call number
number_digit:
  pop eax; add al, 48; call letter; ret
fail:                                   # ESI: why; AL: the end
  push eax; call say; pop eax
finish:
  mov edx, ${DEBUG_EXIT}; out dx, al
  cli; hlt; jmp finish
`;

/** Variables, tables and texts; the IDT and the stack behind them. */
export const DATA = `
${Object.entries(OPTIONS).map(([name, value]) => `  dd ${wordHash(name)}\n  o_${name}: dd ${value}`).join('\n')}
option_end: dd 0
phase: dd 0
left: dd 0
held: dd 0
credit: dd 0
dropped: dd 0
mask_first: db 0xfb
mask_second: db 0xff
text_word: db "pktlab: no such word on the command line", 10, 0
text_card: db "pktlab: no such card, or no such form of its driver", 10, 0
text_trap: db "pktlab: an exception", 10, 0
text_sent: db "pktlab: sent ", 0
text_received: db ", received ", 0
text_dropped: db ", dropped ", 0
text_end: db 10, 0
irq_table: dd ${LINES.map((irq) => `irq_${irq}`).join(', ')}
gdt_pointer: dw 23
  dd gdt
idt_pointer: dw ${VECTORS * 8 - 1}
  dd idt
gdt: dd 0, 0, 0x0000ffff, 0x00cf9b00, 0x0000ffff, 0x00cf9300
`;

export const IDT_BYTES = VECTORS * 8;
