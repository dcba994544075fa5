/**
 * Kernels of our own that do what small kernels of others do and count on: the console and the MP table as xv6 drives them, and a legacy virtio
 * driver that, as Solo5's, sets no more bits than it must.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { runUntilText, watchConsole } from '../support/console.js';
import { textKernel } from '../support/text-kernel.js';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

/** What it prints, and how it ends; `input` is typed when it says that it is ready. */
async function run(kernel: Uint8Array, options: MachineOptions = {}, input = ''): Promise<string> {
  machine = await createMachine({ kernel, memoryMiB: 16, limits: { instructions: 200_000_000n }, ...options });
  const screen = watchConsole(machine);
  if (input !== '') {
    machine.attachInput(true);
    await runUntilText(machine, screen, 'ready\n');
    machine.write(input);
  }
  const { reason } = await machine.run();
  return `${screen.text}${reason}`;
}

/**
 * The MP table by way of the BIOS data area's EBDA segment, the memory below 640 KiB and the BIOS; the I/O APIC in it; a UART without FIFOs, without
 * OUT2, by interrupt; a cursor read back from the CRTC, which must lie on the screen. Echoes what is typed up to a line's end.
 */
const ECHO = `
  main:
    movzx eax, word [0x40e]; shl eax, 4; test eax, eax; je base
    mov ecx, 1024; call scan; je found
  base:
    movzx eax, word [0x413]; shl eax, 10; sub eax, 1024
    mov ecx, 1024; call scan; je found
    mov eax, 0xf0000; mov ecx, 0x10000; call scan; je found
    mov esi, no_mp; jmp fail
  scan:    # EAX: from, ECX: bytes; ZF: EDI is the pointer
    mov edi, eax
  scan_next: cmp dword [edi], 0x5f504d5f; je scan_end
    add edi, 16; sub ecx, 16; jne scan_next
    or ecx, 1
  scan_end: ret
  found:
    mov edi, [edi+4]; cmp dword [edi], 0x504d4350; je table
    mov esi, no_mp; jmp fail
  table:
    mov ebp, [edi+0x24]    # the local APIC
    movzx ecx, word [edi+0x22]; add edi, 0x2c; xor edx, edx; xor ebx, ebx
  entry_next:
    mov al, [edi]
    cmp al, 2; jne not_ioapic
    mov ebx, [edi+4]
  not_ioapic:
    cmp al, 0; jne short_entry
    add edi, 12; inc edx
  short_entry:
    add edi, 8; dec ecx; jne entry_next
    cmp edx, 1; jne bad_table
    test ebx, ebx; jne apics
  bad_table: mov esi, no_apic; jmp fail
  apics:
    mov dword [ebp+0xf0], 0x13f
    mov dword [ebp+0x80], 0
    mov dword [ebx], 0x18; mov dword [ebx+16], 0x24    # input 4 to vector 24h
    mov dword [ebx], 0x19; mov dword [ebx+16], 0
    # the cursor
    mov dx, 0x3d4; mov al, 14; out dx, al; inc edx; in al, dx; mov ah, al
    dec edx; mov al, 15; out dx, al; inc edx; in al, dx
    cmp ax, 2000; jb cursor
    mov esi, off_screen; jmp fail
  cursor:
    mov dx, 0x3da
  retrace_on: in al, dx; test al, 8; je retrace_on
  retrace_off: in al, dx; test al, 8; jne retrace_off
    # the interrupt's gate
    mov eax, on_key; mov [gate], ax; shr eax, 16; mov [gate+6], ax
    lgdt [gdtr]; jmp 8:reload
  reload: lidt [idtr]
    # 9600 baud, 8N1, no FIFO, no OUT2, received data interrupts
    mov dx, 0x3fa; xor al, al; out dx, al
    mov dx, 0x3fb; mov al, 0x80; out dx, al
    mov dx, 0x3f8; mov al, 12; out dx, al
    inc edx; xor al, al; out dx, al
    mov dx, 0x3fb; mov al, 3; out dx, al
    inc edx; xor al, al; out dx, al
    mov dx, 0x3f9; mov al, 1; out dx, al
    inc edx; in al, dx
    mov dx, 0x3f8; in al, dx
    mov esi, ready; call puts
    sti
  wait: hlt; jmp wait
  on_key:
    push eax; push edx
  key_next:
    mov dx, 0x3fd; in al, dx; test al, 1; je key_end
    mov dx, 0x3f8; in al, dx
    call putc
    cmp al, 10; je exit
    jmp key_next
  key_end:
    mov dword [ebp+0xb0], 0
    pop edx; pop eax; iretd
  no_mp: db "no MP table", 10, 0
  no_apic: db "no I/O APIC, or not one processor", 10, 0
  off_screen: db "the cursor is off the screen", 10, 0
  ready: db "ready", 10, 0
  gdt: dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
  gdtr: dw 23; dd gdt
  idtr: dw 0x127; dd gate - 0x120
  gate: dw 0, 8, 0x8e00, 0`;

/** Finds the random source, resets it, says 1, 3, 7, gives it a buffer of 16 bytes and waits for them; the command register is never written. */
const RANDOM = `
  main:
    mov ebx, 0x80000000
  slot_next:
    mov eax, ebx; call config
    cmp eax, 0x10051af4; je there
    add ebx, 0x800; cmp ebx, 0x80010000; jne slot_next
    mov esi, no_card; jmp fail
  config: mov dx, 0xcf8; out dx, eax; mov dx, 0xcfc; in eax, dx; ret
  there:
    lea eax, [ebx+4]; call config
    test al, 4; je unmastered
    mov esi, mastered; jmp fail
  unmastered:
    lea eax, [ebx+0x10]; call config; and eax, 0xfffc; mov ebp, eax
    lea edx, [ebp+18]; xor al, al; out dx, al
    mov al, 1; out dx, al; mov al, 3; out dx, al
    lea edx, [ebp+4]; xor eax, eax; out dx, eax
    lea edx, [ebp+14]; out dx, ax
    lea edx, [ebp+12]; in ax, dx; movzx ecx, ax
    lea edx, [ebp+8]; mov eax, 0x200; out dx, eax    # the queue at 200000h
    mov dword [0x200000], 0x300000; mov dword [0x200008], 16; mov dword [0x20000c], 2
    shl ecx, 4; lea edi, [ecx+0x200000]    # the available ring, then the used ring on the next page
    shr ecx, 3; lea esi, [edi+ecx+6+4095]; and esi, 0xfffff000
    mov dword [edi], 0x10000
    lea edx, [ebp+18]; mov al, 7; out dx, al
    lea edx, [ebp+16]; xor eax, eax; out dx, ax
    mov ecx, 1000000
  poll: cmp word [esi+2], 1; je done
    dec ecx; jne poll
    mov esi, silent; jmp fail
  done:
    cmp dword [esi+8], 16; jne short_answer
    mov eax, [0x300000]; or eax, [0x300004]; jne good
  short_answer: mov esi, wrong; jmp fail
  good: mov esi, answer; call puts; jmp exit
  no_card: db "no card", 10, 0
  mastered: db "it masters the bus already", 10, 0
  silent: db "no answer", 10, 0
  wrong: db "not sixteen bytes", 10, 0
  answer: db "sixteen random bytes", 10, 0`;

describe('a small kernel', () => {
  it('that knows the board by the MP table and the serial port by its interrupt hears what is typed', async () => {
    const line = 'typed ahead, all at once, and more of it than any FIFO holds\n';
    expect(await run(textKernel(ECHO), {}, line)).toBe(`ready\n${line}debug-exit`);
  });

  it('whose virtio driver never turns bus mastering on gets its answer', async () => {
    expect(await run(textKernel(RANDOM), { devices: [{ model: 'virtio-rng' }] })).toBe('sixteen random bytes\ndebug-exit');
  });
});
