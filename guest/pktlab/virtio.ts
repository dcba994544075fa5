/**
 * Drivers of virtio-net (Virtio 1.2, 4.1 and 5.1) in every form of a ring: `split` (header and frame in one buffer, one descriptor), `chain` (two descriptors), `indirect` (one, of a table of two), `inorder`
 * (split, given back in order), `packed`. `suppress` is how interrupts for sent frames are held back: `none`, by `flags` (2.7.7), or by an `event` (2.7.10) three quarters of the ring ahead.
 * Interrupts come as messages (MSI-X), so that none costs an access.
 */
import { Card, FRAME_BYTES, wordHash } from './layout.js';
import { APIC, MESSAGE_VECTOR } from './start.js';

export const VIRTIO_ID = 0x1000_1af4;
const ENTRIES = 256, HEADER = 12;
/** Of the common configuration (4.1.4.3). */
const Common = { FEATURE_SELECT: 0, FEATURES: 4, DRIVER_SELECT: 8, DRIVER: 12, CONFIG_VECTOR: 16, STATUS: 20, SELECT: 22, SIZE: 24, VECTOR: 26, ENABLE: 28, NOTIFY: 30, DESC: 32, DRIVER_AREA: 40, DEVICE_AREA: 48 };
/** Features, in their words of 32. */
const EVENT_IDX = 1 << 29, INDIRECT = 1 << 28, VERSION_1 = 1, PACKED = 1 << 2, IN_ORDER = 1 << 3;
const Form = { split: 0, chain: 1, indirect: 2, inorder: 3, packed: 4 } as const;
const NEXT = 1, WRITE = 2, TABLE = 4, AVAIL = 0x80, USED = 0x8000;

/** `kicked`: the sender's index at the last look at whether to notify; `kicked0`: the receiver's at its last turn. */
const Own = {
  form: Card.own, common: Card.own + 4, notify: Card.own + 8, multiplier: Card.own + 12, notify0: Card.own + 16, notify1: Card.own + 20, 
  low: Card.own + 32, high: Card.own + 36, kicked0: Card.own + 40, kicked: Card.own + 44, event: Card.own + 48, tables: Card.own + 52,
};
/** A queue's three parts (descriptors, the driver's, the device's): the sender's in three pages, the receiver's in three. */
const Sender = { desc: Card.transmitRing, driver: Card.third, device: Card.fourth };
const Receiver = { desc: Card.receiveRing, driver: Card.fifth, device: Card.sixth };
/** Tables of indirect descriptors, and MSI-X aside: behind the rings. */
const TABLES = 0x8000;
/** A header of zeros, for frames that need none. */
const ZEROS = 0x7000;

/** ESI: the common configuration. */
const area = (offset: number, part: number): string => `lea eax, [ebx+${part}]; mov [esi+${offset}], eax; mov dword [esi+${offset + 4}], 0`;
const queue = (index: number, parts: Readonly<Record<'desc' | 'driver' | 'device', number>>, notify: number): string => `
  mov word [esi+${Common.SELECT}], ${index}; mov word [esi+${Common.SIZE}], ${ENTRIES}
  mov word [esi+${Common.VECTOR}], 0
  ${area(Common.DESC, parts.desc)}; ${area(Common.DRIVER_AREA, parts.driver)}; ${area(Common.DEVICE_AREA, parts.device)}
  movzx eax, word [esi+${Common.NOTIFY}]; mul dword [ebx+${Own.multiplier}]; add eax, [ebx+${Own.notify}]; mov [ebx+${notify}], eax
  mov word [esi+${Common.ENABLE}], 1`;

/** 2.7.10: below, where the device's avail_event is among the CX places before EAX. The receiver's index is a ring ahead of what has come. */
const dueAt = (side: 'Sender' | 'Receiver', ahead: number): string => `add eax, ${ahead}; sub ax, [ebx+${{ Sender, Receiver }[side].device + 4 + 8 * ENTRIES}]; dec eax; cmp ax, cx`;

export const VIRTIO = `
open_virtio:
  mov dword [ebx+${Card.room}], virtio_room
  mov dword [ebx+${Card.kick}], virtio_kick
  mov dword [ebx+${Card.serve}], virtio_serve
  mov dword [ebx+${Card.put}], virtio_put
  mov dword [ebx+${Card.reclaim}], virtio_reclaim
  mov dword [ebx+${Own.low}], 0; mov dword [ebx+${Own.high}], ${VERSION_1}
  mov dword [ebx+${Card.irq}], 0xff
  xor eax, eax
  test ecx, ecx; jz virtio_form
  cmp ecx, ${wordHash('split')}; je virtio_form
  inc eax; cmp ecx, ${wordHash('chain')}; je virtio_form
  inc eax; or dword [ebx+${Own.low}], ${INDIRECT}; cmp ecx, ${wordHash('indirect')}; je virtio_form
  inc eax; mov dword [ebx+${Own.low}], 0; or dword [ebx+${Own.high}], ${IN_ORDER}; cmp ecx, ${wordHash('inorder')}; je virtio_form
  inc eax; mov dword [ebx+${Own.high}], ${VERSION_1 | PACKED}; cmp ecx, ${wordHash('packed')}; jne no_card
  mov dword [ebx+${Card.room}], packed_room
  mov dword [ebx+${Card.put}], packed_put
  mov dword [ebx+${Card.kick}], packed_kick
  mov dword [ebx+${Card.reclaim}], packed_reclaim
virtio_form:
  mov [ebx+${Own.form}], eax
  mov eax, [o_suppress]
  mov dword [ebx+${Own.event}], 0
  test eax, eax; jz virtio_features
  cmp eax, ${wordHash('none')}; je virtio_features
  cmp eax, ${wordHash('flags')}; je virtio_flags
  cmp eax, ${wordHash('event')}; jne no_card
  cmp dword [ebx+${Own.form}], ${Form.packed}; je no_card
  or dword [ebx+${Own.low}], ${EVENT_IDX}; mov dword [ebx+${Own.event}], 1
  jmp virtio_features
virtio_flags:
  mov word [ebx+${Sender.driver}], 1; mov dword [ebx+${Card.polled}], 1
  cmp dword [ebx+${Own.form}], ${Form.packed}; jne virtio_features
  mov word [ebx+${Sender.driver}], 0; mov word [ebx+${Sender.driver + 2}], 1
virtio_features:
  call virtio_find
  mov esi, [ebx+${Own.common}]
  mov byte [esi+${Common.STATUS}], 0
virtio_zero: cmp byte [esi+${Common.STATUS}], 0; jne virtio_zero
  mov byte [esi+${Common.STATUS}], 3
  mov dword [esi+${Common.FEATURE_SELECT}], 0; mov eax, [esi+${Common.FEATURES}]; and eax, [ebx+${Own.low}]; cmp eax, [ebx+${Own.low}]; jne no_card
  mov dword [esi+${Common.FEATURE_SELECT}], 1; mov eax, [esi+${Common.FEATURES}]; and eax, [ebx+${Own.high}]; cmp eax, [ebx+${Own.high}]; jne no_card
  mov dword [esi+${Common.DRIVER_SELECT}], 0; mov eax, [ebx+${Own.low}]; or eax, 0x20; mov [esi+${Common.DRIVER}], eax
  mov dword [esi+${Common.DRIVER_SELECT}], 1; mov eax, [ebx+${Own.high}]; mov [esi+${Common.DRIVER}], eax
  mov byte [esi+${Common.STATUS}], 11
  test byte [esi+${Common.STATUS}], 8; jz no_card
  ${queue(0, Receiver, Own.notify0)}
  ${queue(1, Sender, Own.notify1)}
  mov byte [esi+${Common.STATUS}], 15
  xor ecx, ecx; lea esi, [ebx+${Card.received0}]
  cmp dword [ebx+${Own.form}], ${Form.packed}; je packed_fill
virtio_fill:
  mov edi, ecx; shl edi, 4; lea edi, [ebx+edi+${Receiver.desc}]
  mov [edi], esi; mov dword [edi+4], 0; mov dword [edi+8], ${FRAME_BYTES}; mov dword [edi+12], ${WRITE}
  mov [ebx+ecx*2+${Receiver.driver + 4}], cx
  add esi, ${FRAME_BYTES}; inc ecx; cmp ecx, ${ENTRIES}; jb virtio_fill
  mov word [ebx+${Receiver.driver + 2}], ${ENTRIES}
  jmp virtio_given
packed_fill:
  mov edi, ecx; shl edi, 4; lea edi, [ebx+edi+${Receiver.desc}]
  mov [edi], esi; mov dword [edi+4], 0; mov dword [edi+8], ${FRAME_BYTES}; mov [edi+12], cx; mov word [edi+14], ${AVAIL | WRITE}
  add esi, ${FRAME_BYTES}; inc ecx; cmp ecx, ${ENTRIES}; jb packed_fill
virtio_given:
  mov eax, [ebx+${Own.notify0}]; mov word [eax], 0
  mov eax, [ebx+${Own.tables}]; test eax, eax; jz no_card
  ret

# Capabilities (4.1.4): the card's structures; and MSI-X (PCI 3.0, 6.8.2), one message for all, its table's first row.
virtio_find:
  mov ecx, [ebx+${Card.bdf}]; mov dword [ebx+${Own.tables}], 0
  add ecx, 0x34; call config_read; movzx esi, al
virtio_capability:
  test esi, esi; jz virtio_found
  mov ecx, [ebx+${Card.bdf}]; add ecx, esi; call config_read
  mov edx, eax
  movzx esi, ah
  cmp dl, 0x11; je virtio_messages
  cmp dl, 9; jne virtio_capability
  shr edx, 24                          # cfg_type
  cmp edx, 3; jae virtio_device
  call virtio_bar                      # EAX: the structure's address
  cmp edx, 1; jne virtio_notify
  mov [ebx+${Own.common}], eax; jmp virtio_capability
virtio_notify:
  mov [ebx+${Own.notify}], eax
  add ecx, 16; call config_read; mov [ebx+${Own.multiplier}], eax; jmp virtio_capability
virtio_device:
  cmp edx, 4; jne virtio_capability
  call virtio_bar; mov edi, eax
  mov eax, [edi]; mov [ebx+${Card.mac}], eax; mov ax, [edi+4]; mov [ebx+${Card.mac + 4}], ax
  jmp virtio_capability
virtio_messages:
  push ecx
  or eax, 0x80000000; and eax, 0xbfffffff; call config_write
  add ecx, 4; call config_read; mov edi, eax; and edi, 0xfffffff8; and eax, 7
  call virtio_base; add edi, eax
  mov dword [edi], ${APIC}; mov dword [edi+4], 0; mov dword [edi+8], ${MESSAGE_VECTOR}; mov dword [edi+12], 0
  mov [ebx+${Own.tables}], edi
  pop ecx; jmp virtio_capability
virtio_found: ret
# ECX: a capability. Its BAR's base and its offset: EAX. EDX stays.
virtio_bar:
  push ecx; push edi
  add ecx, 8; call config_read; mov edi, eax
  sub ecx, 4; call config_read; and eax, 0xff
  call virtio_base; add eax, edi
  pop edi; pop ecx; ret
virtio_base:                            # EAX: a BAR's number, then its base
  push ecx
  mov ecx, [ebx+${Card.bdf}]; lea ecx, [ecx+eax*4+0x10]; call config_read; and eax, 0xfffffff0
  pop ecx; ret

virtio_room:
  call virtio_reclaim
  mov eax, [ebx+${Card.dirty}]; sub eax, [ebx+${Card.current}]; add eax, ${ENTRIES}
  cmp dword [ebx+${Own.form}], ${Form.chain}; jne virtio_has
  sub eax, ${ENTRIES / 2}; jns virtio_has
  xor eax, eax
virtio_has: ret

# A header of zeros stands before each frame: right before it, or elsewhere where there are two descriptors.
virtio_put:
  mov edx, [ebx+${Card.current}]; and edx, ${ENTRIES - 1}
  mov eax, [ebx+${Own.form}]
  cmp eax, ${Form.chain}; je chain_put
  cmp eax, ${Form.indirect}; je indirect_put
  mov edi, edx; shl edi, 4; lea edi, [ebx+edi+${Sender.desc}]
  sub esi, ${HEADER}; add ecx, ${HEADER}
  mov dword [esi], 0; mov dword [esi+4], 0; mov dword [esi+8], 0
  mov [edi], esi; mov dword [edi+4], 0; mov [edi+8], ecx; mov dword [edi+12], 0
  mov eax, edx; jmp virtio_offer
chain_put:
  mov eax, edx; and eax, ${ENTRIES / 2 - 1}; shl eax, 1
  mov edi, eax; shl edi, 4; lea edi, [ebx+edi+${Sender.desc}]
  push eax; inc eax; shl eax, 16; or eax, ${NEXT}; mov [edi+12], eax; pop eax
  jmp two_parts
indirect_put:
  mov edi, edx; shl edi, 4; lea edi, [ebx+edi+${Sender.desc}]
  mov eax, edx; shl eax, 5; lea eax, [ebx+eax+${TABLES}]
  mov [edi], eax; mov dword [edi+4], 0; mov dword [edi+8], 32; mov dword [edi+12], ${TABLE}
  mov edi, eax; mov dword [edi+12], ${0x1_0000 | NEXT}
  mov eax, edx
two_parts:
  push eax
  lea eax, [ebx+${ZEROS}]; mov [edi], eax; mov dword [edi+4], 0; mov dword [edi+8], ${HEADER}
  mov [edi+16], esi; mov dword [edi+20], 0; mov [edi+24], ecx; mov dword [edi+28], 0
  pop eax
# EAX: the first descriptor; EDX: its place
virtio_offer:
  mov [ebx+edx*2+${Sender.driver + 4}], ax
  inc dword [ebx+${Card.current}]
  mov eax, [ebx+${Card.current}]; mov [ebx+${Sender.driver + 2}], ax
  ret

virtio_kick:
  cmp dword [ebx+${Own.event}], 0; je kick_by_flags
  mov eax, [ebx+${Card.current}]; mov ecx, eax; sub ecx, [ebx+${Own.kicked}]; mov [ebx+${Own.kicked}], eax
  ${dueAt('Sender', 0)}; jae kicked_not
  jmp virtio_notify_device
kick_by_flags:
  test word [ebx+${Sender.device}], 1; jnz kicked_not
virtio_notify_device:
  mov eax, [ebx+${Own.notify1}]; mov word [eax], 1
kicked_not: ret

virtio_reclaim:
  movzx eax, word [ebx+${Sender.device + 2}]
  movzx ecx, word [ebx+${Card.dirty}]
  sub eax, ecx; and eax, 0xffff; jz reclaimed_none
  # Of those in order only the last has a row: the count is the index's.
  add [ebx+${Card.dirty}], eax; add [ebx+${Card.sent}], eax
reclaimed_none:
  cmp dword [ebx+${Own.event}], 0; je reclaimed
  mov eax, [ebx+${Card.dirty}]; add eax, ${(ENTRIES * 3) / 4 - 1}
  mov [ebx+${Sender.driver + 4 + 2 * ENTRIES}], ax
reclaimed: ret

virtio_serve:
  call [ebx+${Card.reclaim}]
  cmp dword [ebx+${Own.form}], ${Form.packed}; je packed_receive
virtio_receive:
  mov eax, [ebx+${Card.next}]; cmp ax, [ebx+${Receiver.device + 2}]; je virtio_refilled
  and eax, ${ENTRIES - 1}
  mov ecx, [ebx+eax*8+${Receiver.device + 8}]; sub ecx, ${HEADER}
  mov esi, [ebx+eax*8+${Receiver.device + 4}]; push esi; shl esi, 4; mov esi, [ebx+esi+${Receiver.desc}]; add esi, ${HEADER}
  call [on_frame]
  pop esi
  mov eax, [ebx+${Card.next}]; and eax, ${ENTRIES - 1}; mov [ebx+eax*2+${Receiver.driver + 4}], si
  inc dword [ebx+${Card.next}]
  mov eax, [ebx+${Card.next}]; add eax, ${ENTRIES}; mov [ebx+${Receiver.driver + 2}], ax
  cmp dword [ebx+${Own.event}], 0; je virtio_receive
  mov eax, [ebx+${Card.next}]; mov [ebx+${Receiver.driver + 4 + 2 * ENTRIES}], ax
  jmp virtio_receive
virtio_refilled:
  cmp dword [ebx+${Own.event}], 0; jne refilled_by_event
  test word [ebx+${Receiver.device}], 1; jnz reclaimed
notify_refilled:
  mov eax, [ebx+${Card.next}]; cmp eax, [ebx+${Own.kicked0}]; je reclaimed
  mov [ebx+${Own.kicked0}], eax
  mov eax, [ebx+${Own.notify0}]; mov word [eax], 0
  ret

refilled_by_event:
  mov eax, [ebx+${Card.next}]; mov ecx, eax; sub ecx, [ebx+${Own.kicked0}]; mov [ebx+${Own.kicked0}], eax
  ${dueAt('Receiver', ENTRIES)}; jae reclaimed
  mov eax, [ebx+${Own.notify0}]; mov word [eax], 0
  ret

# --- Packed (2.8): one ring, whose flags say whose a descriptor is ---

packed_room:
  call packed_reclaim
  mov eax, [ebx+${Card.dirty}]; sub eax, [ebx+${Card.current}]; add eax, ${ENTRIES}; ret
packed_put:
  mov edx, [ebx+${Card.current}]; mov eax, edx; and edx, ${ENTRIES - 1}
  mov edi, edx; shl edi, 4; lea edi, [ebx+edi+${Sender.desc}]
  sub esi, ${HEADER}; add ecx, ${HEADER}
  mov dword [esi], 0; mov dword [esi+4], 0; mov dword [esi+8], 0
  mov [edi], esi; mov dword [edi+4], 0; mov [edi+8], ecx; mov [edi+12], dx
  # Once round, the two bits have changed places.
  mov ecx, ${AVAIL}; test eax, ${ENTRIES}; jz packed_first
  mov ecx, ${USED}
packed_first:
  mov [edi+14], cx
  inc dword [ebx+${Card.current}]
  ret
packed_kick:
  test word [ebx+${Sender.device + 2}], 1; jnz kicked_not
  jmp virtio_notify_device
packed_reclaim:
  mov eax, [ebx+${Card.dirty}]; cmp eax, [ebx+${Card.current}]; je reclaimed
  mov edi, eax; and edi, ${ENTRIES - 1}; shl edi, 4
  movzx ecx, word [ebx+edi+${Sender.desc + 14}]; and ecx, ${AVAIL | USED}
  mov edx, ${AVAIL | USED}; test eax, ${ENTRIES}; jz packed_turn
  xor edx, edx
packed_turn:
  cmp ecx, edx; jne reclaimed
  inc dword [ebx+${Card.dirty}]; inc dword [ebx+${Card.sent}]
  jmp packed_reclaim
packed_receive:
  mov eax, [ebx+${Card.next}]; mov edi, eax; and edi, ${ENTRIES - 1}; shl edi, 4; lea edi, [ebx+edi+${Receiver.desc}]
  movzx ecx, word [edi+14]; and ecx, ${AVAIL | USED}
  mov edx, ${AVAIL | USED}; test eax, ${ENTRIES}; jz packed_received
  xor edx, edx
packed_received:
  cmp ecx, edx; jne packed_refilled
  # Buffers come back in their order here: the one of this place is the one that was filled.
  mov esi, [edi]; add esi, ${HEADER}; mov ecx, [edi+8]; sub ecx, ${HEADER}
  push edi; call [on_frame]; pop edi
  mov dword [edi+8], ${FRAME_BYTES}
  mov ecx, ${USED | WRITE}; test dword [ebx+${Card.next}], ${ENTRIES}; jz packed_give
  mov ecx, ${AVAIL | WRITE}
packed_give:
  mov [edi+14], cx
  inc dword [ebx+${Card.next}]
  jmp packed_receive
packed_refilled:
  test word [ebx+${Receiver.device + 2}], 1; jnz reclaimed
  jmp notify_refilled
`;
