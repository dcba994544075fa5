/**
 * Drivers of an Am79C970A (AMD 19436), 32-bit software style. `replay` makes the accesses of Linux 2.2's pcnet32 (v1.2x, 1999), in their order: a frame is a demand (RAP, RDP); an
 * interrupt reads RAP, reads CSR0, acknowledges, reads it again, enables, and puts RAP back: 12 port accesses a frame that interrupts, five of them to RDP. `ideal` is what the 2001 paper on hosted devices
 * asks for of such a card: one OUT a frame, and no interrupt for it; RAP stays at CSR0.
 */
import { Card, FRAME_BYTES, wordHash } from './layout.js';

export const PCNET_ID = 0x2000_1022;
const Port = { RDP: 0x10, RAP: 0x12, RESET: 0x14, BDP: 0x16 };
const TX_LOG = 4, RX_LOG = 5;
const TX_ENTRIES = 1 << TX_LOG, RX_ENTRIES = 1 << RX_LOG;
const BUFFER = 1544;
/** OWN, STP, ENP. */
const SEND = 0x8300;
const COMPLETIONS = 0x0200;

const port = (offset: number): string => `mov edx, [ebx+${Card.io}]; add edx, ${offset}`;
const select = (register: number): string => `${port(Port.RAP)}; mov eax, ${register}; out dx, ax; sub edx, 2`;
const write = (register: number, value: number): string => `${select(register)}; mov eax, ${value}; out dx, ax`;

export const PCNET = `
open_pcnet:
  mov dword [ebx+${Card.room}], pcnet_room
  mov dword [ebx+${Card.put}], pcnet_put
  mov dword [ebx+${Card.reclaim}], pcnet_reclaim
  mov dword [ebx+${Card.kick}], pcnet_kick
  mov dword [ebx+${Card.serve}], pcnet_serve
  mov dword [ebx+${Card.own}], 0
  cmp ecx, ${wordHash('replay')}; je pcnet_start
  test ecx, ecx; jz pcnet_start
  cmp ecx, ${wordHash('ideal')}; jne no_card
  mov dword [ebx+${Card.kick}], pcnet_ideal_kick
  mov dword [ebx+${Card.serve}], pcnet_ideal_serve
  mov dword [ebx+${Card.own}], ${COMPLETIONS}
  mov dword [ebx+${Card.polled}], 1
pcnet_start:
  ${port(Port.RESET)}; in ax, dx
  mov edx, [ebx+${Card.io}]; in eax, dx; mov [ebx+${Card.mac}], eax
  add edx, 4; in ax, dx; mov [ebx+${Card.mac + 4}], ax
  # BCR20: descriptors of 16 bytes
  ${port(Port.RAP)}; mov eax, 20; out dx, ax; add edx, 4; mov eax, 2; out dx, ax
  # The initialization block: mode 8000h (all frames are received), ring lengths, address, filter, rings
  lea edi, [ebx+${Card.third}]
  mov dword [edi], ${((TX_LOG << 28) | (RX_LOG << 20) | 0x8000) >>> 0}
  mov eax, [ebx+${Card.mac}]; mov [edi+4], eax; movzx eax, word [ebx+${Card.mac + 4}]; mov [edi+8], eax
  mov dword [edi+12], 0; mov dword [edi+16], 0
  lea eax, [ebx+${Card.receiveRing}]; mov [edi+20], eax
  lea eax, [ebx+${Card.transmitRing}]; mov [edi+24], eax
  lea edi, [ebx+${Card.receiveRing}]; lea esi, [ebx+${Card.received0}]; mov ecx, ${RX_ENTRIES}
pcnet_fill:
  mov [edi], esi; mov dword [edi+4], ${(0x8000_0000 | (-BUFFER & 0xffff)) >>> 0}; mov dword [edi+8], 0
  add edi, 16; add esi, ${FRAME_BYTES}; dec ecx; jnz pcnet_fill
  ${select(1)}; lea eax, [ebx+${Card.third}]; out dx, ax
  ${select(2)}; lea eax, [ebx+${Card.third}]; shr eax, 16; out dx, ax
  ${write(4, 0x0915)}
  ${select(3)}; mov eax, [ebx+${Card.own}]; out dx, ax
  ${write(0, 1)}
pcnet_ready:
  ${select(0)}; in ax, dx; test eax, 0x100; jz pcnet_ready
  ${write(0, 0x0142)}
  jmp open_line

pcnet_room:
  mov eax, [ebx+${Card.dirty}]; sub eax, [ebx+${Card.current}]; add eax, ${TX_ENTRIES}
  jnz pcnet_has
  cmp dword [ebx+${Card.polled}], 0; je pcnet_has
  call pcnet_reclaim
  mov eax, [ebx+${Card.dirty}]; sub eax, [ebx+${Card.current}]; add eax, ${TX_ENTRIES}
pcnet_has: ret

pcnet_put:
  mov edi, [ebx+${Card.current}]; and edi, ${TX_ENTRIES - 1}; shl edi, 4
  lea edi, [ebx+edi+${Card.transmitRing}]
  neg ecx; mov [edi+4], cx; mov dword [edi+8], 0; mov [edi], esi; mov word [edi+6], ${SEND}
  inc dword [ebx+${Card.current}]
  ret

pcnet_kick:
  ${write(0, 0x0048)}; ret
pcnet_ideal_kick:
  ${port(Port.RDP)}; mov eax, 0x0048; out dx, ax; ret

pcnet_serve:
  ${port(Port.RAP)}; in ax, dx; push eax
pcnet_again:
  ${select(0)}; in ax, dx; test eax, 0x8600; jz pcnet_served
  movzx ebp, ax
  ${select(0)}; mov eax, ebp; and eax, ${0xffff & ~0x004f}; out dx, ax
  call pcnet_work
  jmp pcnet_again
pcnet_served:
  ${write(0, 0x7940)}
  add edx, 2; pop eax; out dx, ax
  ret
pcnet_ideal_serve:
  ${port(Port.RDP)}; in ax, dx; movzx ebp, ax
  and eax, 0x7f00; or eax, 0x40; out dx, ax
  jmp pcnet_work

# EBP: CSR0
pcnet_work:
  test ebp, 0x400; jz pcnet_sent
  call pcnet_receive
pcnet_sent:
  test ebp, 0x200; jnz pcnet_reclaim
  ret
pcnet_reclaim:
  mov eax, [ebx+${Card.dirty}]; cmp eax, [ebx+${Card.current}]; je pcnet_reclaimed
  mov edi, eax; and edi, ${TX_ENTRIES - 1}; shl edi, 4; lea edi, [ebx+edi+${Card.transmitRing}]
  test word [edi+6], 0x8000; jnz pcnet_reclaimed
  mov dword [edi], 0
  inc dword [ebx+${Card.dirty}]; inc dword [ebx+${Card.sent}]
  jmp pcnet_reclaim
pcnet_reclaimed: ret
pcnet_receive:
  mov edi, [ebx+${Card.next}]; and edi, ${RX_ENTRIES - 1}; shl edi, 4; lea edi, [ebx+edi+${Card.receiveRing}]
  test word [edi+6], 0x8000; jnz pcnet_reclaimed
  mov esi, [edi]; mov ecx, [edi+8]; and ecx, 0xfff; sub ecx, 4
  push edi; push ebp; call [on_frame]; pop ebp; pop edi
  mov dword [edi+4], ${(0x8000_0000 | (-BUFFER & 0xffff)) >>> 0}
  inc dword [ebx+${Card.next}]
  jmp pcnet_receive
`;
