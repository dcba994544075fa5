/**
 * Programs that a disk boots, in the place of small systems and games that no package brings: a desktop of 1024x768x32 that is painted on with the PS/2 mouse, and a picture in mode 13h
 * that moves with the retrace of port 3DAh. They speak on port E9h.
 */
import { banks, bios, mode, vbe, type ScreenCard } from './screen-cards.js';

/** Where the paint program keeps the mouse: buttons now and before, position. */
const FLAGS = 0x600, LAST = 0x601, X = 0x602, Y = 0x604;
const START = { x: 512, y: 384 };
const STAMP = 24;

/** Says "D" when it is there, "S" after each stamp (a square where the mouse is when a button goes down, in the colour of the buttons), and "s" when all are up again. */
export const PAINT: ScreenCard = {
  name: 'a desktop with a mouse',
  code: `
    cli; cld
    ${mode(1024, 768, 32)}; ${banks(48)}
    mov word [${X}], ${START.x}; mov word [${Y}], ${START.y}; mov byte [${LAST}], 0
    # The mouse on, the keyboard off, no interrupts; then its own word to begin, and the acknowledgement.
    mov al, 0xa8; call controller; mov al, 0x60; call controller; mov al, 0x54; call data
    mov al, 0xd4; call controller; mov al, 0xf4; call data; call next
    mov al, 0x44; out 0xe9, al
  packet:
    call next; test al, 8; jz packet
    mov [${FLAGS}], al
    call next; mov ah, [${FLAGS}]; shl ah, 3; sar ah, 7; add [${X}], ax
    call next; mov ah, [${FLAGS}]; shl ah, 2; sar ah, 7; sub [${Y}], ax
    mov al, [${FLAGS}]; and al, 7; mov ah, [${LAST}]; mov [${LAST}], al
    cmp al, ah; je packet
    mov bl, 0x73; test al, al; jz tell
    call stamp
    mov bl, 0x53
  tell: mov al, bl; out 0xe9, al
    jmp packet
  controller: push ax
  full: in al, 0x64; test al, 2; jnz full
    pop ax; out 0x64, al; ret
  data: push ax
  still: in al, 0x64; test al, 2; jnz still
    pop ax; out 0x60, al; ret
  next: in al, 0x64; and al, 0x21; cmp al, 0x21; jne next
    in al, 0x60; ret
  stamp:
    mov si, [${Y}]; mov bp, ${STAMP}
  row:
    mov bx, si; shr bx, 4
    ${vbe(5, 0).replace('mov ax, 0; out dx, ax', 'mov ax, bx; out dx, ax')}
    mov ax, 0xa000; mov es, ax
    mov di, si; and di, 15; shl di, 12; mov ax, [${X}]; shl ax, 2; add di, ax
    movzx eax, byte [${FLAGS}]; and eax, 7; mov ebx, 0x2f5311; mul ebx
    mov cx, ${STAMP}; rep stosd
    inc si; dec bp; jnz row
    ret`,
};

/** Retraces that it waits for. */
export const FRAMES = 140;

/** A bar that goes on by two columns a frame, and colours that turn; says "D" after 140 frames, and behind it how many ticks of the BIOS's clock they took. */
export const MOVING: ScreenCard = {
  name: 'mode 13h that follows the retrace',
  code: `
    ${bios(0x13)}; sti
    mov ax, 0xa000; mov es, ax
    mov bx, [0x46c]; xor si, si
  frame:
    mov dx, 0x3da
  shown: in al, dx; test al, 8; jnz shown
  hidden: in al, dx; test al, 8; jz hidden
    mov dx, 0x3c8; mov al, 1; out dx, al; inc dx; mov ax, si; and al, 63; out dx, al; not al; and al, 63; out dx, al; shr al, 1; out dx, al
    mov di, si; shl di, 1; mov cx, 180
  column: mov byte [es:di+3200], 1; mov byte [es:di+3201], 15; add di, 320; loop column
    inc si; cmp si, ${FRAMES}; jne frame
    mov ax, [0x46c]; sub ax, bx; push ax
    mov al, 0x44; out 0xe9, al; pop ax; out 0xe9, al`,
};
