/**
 * Drivers of an 82540EM (317453), with the accesses of Linux's e1000: a frame is a write of TDT, an interrupt reads ICR, masks (IMC), flushes by reading STATUS, works, unmasks (IMS) and reads
 * STATUS again: five. `base` is that; `itr=` lets the card moderate (in 256 ns). `batch` is the sender of Maffione's thesis (Pisa, 2013): while an interrupt for sent frames is to come, TDT is
 * not written, and the interrupt's routine does it.
 */
import { Card, FRAME_BYTES, wordHash } from './layout.js';

export const E1000_ID = 0x100e_8086;
const R = {
  CTRL: 0, STATUS: 8, ICR: 0xc0, ITR: 0xc4, IMS: 0xd0, IMC: 0xd8, RCTL: 0x100, TCTL: 0x400, TIPG: 0x410, RDBAL: 0x2800, RDLEN: 0x2808, RDH: 0x2810, RDT: 0x2818,
  TDBAL: 0x3800, TDLEN: 0x3808, TDH: 0x3810, TDT: 0x3818, RAL: 0x5400, RAH: 0x5404,
};
const ENTRIES = 256;
/** RXT0, TXDW, RXDMT0, RXSEQ, LSC: what Linux asks for. */
const CAUSES = 0x9d;
const TXDW = 1, RESET = 0x400_0000, LINK_UP = 0x40;
/** EOP, IFCS, RS; done. */
const COMMAND = 0x0b00_0000, DONE = 1;
/** Buffers are given back in so many, and at the end of a turn. */
const REFILL = 16;

/** EDX is the registers' base. */
const put = (register: number, value: number | string): string => `mov dword [edx+${register}], ${value}`;
const Own = { batches: Card.own, pending: Card.own + 4, waiting: Card.own + 8, given: Card.own + 12 };

export const E1000 = `
open_e1000:
  mov dword [ebx+${Card.room}], e1000_room
  mov dword [ebx+${Card.put}], e1000_put
  mov dword [ebx+${Card.kick}], e1000_kick
  mov dword [ebx+${Card.serve}], e1000_serve
  mov dword [ebx+${Card.reclaim}], e1000_reclaim
  mov dword [ebx+${Own.batches}], 0; mov dword [ebx+${Own.pending}], 0; mov dword [ebx+${Own.waiting}], 0
  test ecx, ecx; jz e1000_start
  cmp ecx, ${wordHash('base')}; je e1000_start
  cmp ecx, ${wordHash('batch')}; jne no_card
  mov dword [ebx+${Own.batches}], 1
e1000_start:
  mov edx, [ebx+${Card.io}]
  ${put(R.IMC, 0xffff_ffff)}
  ${put(R.CTRL, RESET)}
e1000_reset: test dword [edx+${R.CTRL}], ${RESET}; jnz e1000_reset
  ${put(R.IMC, 0xffff_ffff)}; mov eax, [edx+${R.ICR}]
  ${put(R.CTRL, LINK_UP)}
  mov eax, [edx+${R.RAL}]; mov [ebx+${Card.mac}], eax
  mov eax, [edx+${R.RAH}]; mov [ebx+${Card.mac + 4}], ax
  lea edi, [ebx+${Card.receiveRing}]; lea esi, [ebx+${Card.received0}]; mov ecx, ${ENTRIES}
e1000_fill:
  mov [edi], esi; mov dword [edi+4], 0; mov dword [edi+8], 0; mov dword [edi+12], 0
  add edi, 16; add esi, ${FRAME_BYTES}; dec ecx; jnz e1000_fill
  lea eax, [ebx+${Card.transmitRing}]; mov [edx+${R.TDBAL}], eax; ${put(R.TDBAL + 4, 0)}
  ${put(R.TDLEN, ENTRIES * 16)}; ${put(R.TDH, 0)}; ${put(R.TDT, 0)}
  lea eax, [ebx+${Card.receiveRing}]; mov [edx+${R.RDBAL}], eax; ${put(R.RDBAL + 4, 0)}
  ${put(R.RDLEN, ENTRIES * 16)}; ${put(R.RDH, 0)}; ${put(R.RDT, ENTRIES - 1)}
  mov dword [ebx+${Own.given}], ${ENTRIES - 1}
  ${put(R.TIPG, 0x0060_200a)}; ${put(R.TCTL, 0x0004_010a)}
  # EN, UPE, MPE, BAM, SECRC; buffers of 2048 bytes
  ${put(R.RCTL, 0x0400_801a)}
  mov eax, [o_itr]; mov [edx+${R.ITR}], eax
  call open_line
  mov edx, [ebx+${Card.io}]; ${put(R.IMS, CAUSES)}
  ret

e1000_room:
  mov eax, [ebx+${Card.dirty}]; sub eax, [ebx+${Card.current}]; add eax, ${ENTRIES - 1}; ret

e1000_put:
  mov edi, [ebx+${Card.current}]; and edi, ${ENTRIES - 1}; shl edi, 4; lea edi, [ebx+edi+${Card.transmitRing}]
  mov [edi], esi; mov dword [edi+4], 0; or ecx, ${COMMAND}; mov [edi+8], ecx; mov dword [edi+12], 0
  inc dword [ebx+${Card.current}]
  ret

e1000_kick:
  cmp dword [ebx+${Own.batches}], 0; je e1000_tail
  cmp dword [ebx+${Own.pending}], 0; je e1000_tail
  mov dword [ebx+${Own.waiting}], 1; ret
e1000_tail:
  mov dword [ebx+${Own.pending}], 1; mov dword [ebx+${Own.waiting}], 0
  mov eax, [ebx+${Card.current}]; and eax, ${ENTRIES - 1}
  mov edx, [ebx+${Card.io}]; mov [edx+${R.TDT}], eax; ret

e1000_serve:
  mov edx, [ebx+${Card.io}]
  mov eax, [edx+${R.ICR}]; test eax, eax; jz e1000_idle
  mov ebp, eax
  ${put(R.IMC, 0xffff_ffff)}; mov eax, [edx+${R.STATUS}]
  test ebp, ${TXDW}; jz e1000_work
  mov dword [ebx+${Own.pending}], 0
e1000_work:
  call e1000_reclaim
  cmp dword [ebx+${Own.waiting}], 0; je e1000_receive
  call e1000_tail
e1000_receive:
  mov edi, [ebx+${Card.next}]; and edi, ${ENTRIES - 1}; shl edi, 4; lea edi, [ebx+edi+${Card.receiveRing}]
  test byte [edi+12], ${DONE}; jz e1000_polled
  mov esi, [edi]; movzx ecx, word [edi+8]
  push edi; call [on_frame]; pop edi
  mov dword [edi+12], 0
  inc dword [ebx+${Card.next}]
  mov eax, [ebx+${Card.next}]; dec eax; sub eax, [ebx+${Own.given}]; and eax, ${ENTRIES - 1}; cmp eax, ${REFILL}; jb e1000_receive
  call e1000_give; jmp e1000_receive
e1000_polled:
  mov eax, [ebx+${Card.next}]; dec eax; sub eax, [ebx+${Own.given}]; and eax, ${ENTRIES - 1}; jz e1000_unmask
  call e1000_give
e1000_unmask:
  mov edx, [ebx+${Card.io}]; ${put(R.IMS, CAUSES)}; mov eax, [edx+${R.STATUS}]
e1000_idle: ret
e1000_give:
  mov eax, [ebx+${Card.next}]; dec eax; and eax, ${ENTRIES - 1}; mov [ebx+${Own.given}], eax
  mov edx, [ebx+${Card.io}]; mov [edx+${R.RDT}], eax; ret

e1000_reclaim:
  mov eax, [ebx+${Card.dirty}]; cmp eax, [ebx+${Card.current}]; je e1000_idle
  mov edi, eax; and edi, ${ENTRIES - 1}; shl edi, 4; lea edi, [ebx+edi+${Card.transmitRing}]
  test byte [edi+12], ${DONE}; jz e1000_idle
  inc dword [ebx+${Card.dirty}]; inc dword [ebx+${Card.sent}]
  jmp e1000_reclaim
`;
