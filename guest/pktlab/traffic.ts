/**
 * What pktlab does with its cards: `tx` sends, `rx` receives, `echo` gives each frame back, `forward` hands frames of the first card to the second. It sends with interrupts off and
 * lets them in after a frame as often as `interrupts` says (of 1,000 frames): with a device that is done at once, that many interrupts there are.
 */
import { Card, CARD_BYTES, FIRST_CARD, FRAME_BYTES, wordHash } from './layout.js';
import { End } from './start.js';

const SECOND_CARD = FIRST_CARD + CARD_BYTES;
/** Of a frame: to the lab, of a type for local experiments (IEEE 802, 88b5h). */
const DESTINATION = [0x52, 0x55, 0x0a, 0x00, 0x02, 0x02];
/** Of the time-stamp counter; on the machine here there are 2.5 a ns. */
const TICKS_A_MICROSECOND = 2500;

export const TRAFFIC = `
cards:
  mov ebx, ${FIRST_CARD}; mov eax, [o_card]; mov ecx, [o_form]; xor ebp, ebp; call open_card
  cmp dword [o_second], 0; je one_card
  mov ebx, ${SECOND_CARD}; mov eax, [o_second]; mov ecx, [o_secondform]; xor ebp, ebp
  cmp eax, [o_card]; jne other_model
  mov ebp, 1
other_model:
  call open_card
one_card:
  mov ebx, ${FIRST_CARD}
  mov edi, frame; mov esi, frame_to; movsd; movsw
  lea esi, [ebx+${Card.mac}]; movsd; movsw
  mov eax, [o_mode]
  mov dword [on_frame], count_frame
  cmp eax, ${wordHash('tx')}; je send_all
  cmp eax, ${wordHash('rx')}; je receive_all
  mov dword [on_frame], return_frame
  cmp eax, ${wordHash('echo')}; je receive_all
  mov dword [on_frame], forward_frame
  cmp eax, ${wordHash('forward')}; jne bad_word
  cmp dword [o_second], 0; jne receive_all
no_card:
  mov esi, text_card; mov al, ${End.card}; jmp fail

# --- Sending ---

send_all:
  mov edi, [o_warmup]; call send_many
send_phase:
  call wait_offset
  call begin_region
  mov edi, [o_count]; call send_many
  call end_region
  inc dword [phase]; mov eax, [phase]; cmp eax, [o_phases]; jb send_phase
all_done:
  cli
  mov esi, text_sent; call say; mov eax, [${FIRST_CARD + Card.sent}]; add eax, [${SECOND_CARD + Card.sent}]; call number
  mov esi, text_received; call say; mov eax, [${FIRST_CARD + Card.received}]; call number
  mov esi, text_dropped; call say; mov eax, [dropped]; call number
  mov esi, text_end; call say
  mov al, ${End.good}; jmp finish

# EDI frames, and until the last is done.
send_many:
  mov [left], edi
  test edi, edi; jz sent_all
send_next:
  call [ebx+${Card.room}]
  test eax, eax; jnz send_one
  call flush
  call wait_card; jmp send_next
send_one:
  mov ecx, [o_work]
  test ecx, ecx; jz worked
working: dec ecx; jnz working
worked:
  mov esi, frame; mov ecx, [o_size]
  call [ebx+${Card.put}]
  inc dword [held]
  mov eax, [held]; cmp eax, [o_burst]; jb kicked
  call flush
kicked:
  mov eax, [o_interrupts]; add [credit], eax
  cmp dword [credit], 1000; jb shut
  sub dword [credit], 1000
  sti; nop; cli
shut:
  dec dword [left]; jnz send_next
  call flush
until_done:
  mov eax, [ebx+${Card.current}]; cmp eax, [ebx+${Card.dirty}]; je sent_all
  sti; rep nop; cli
  call [ebx+${Card.reclaim}]; jmp until_done
sent_all: ret

flush:
  cmp dword [held], 0; je flushed
  mov dword [held], 0
  call [ebx+${Card.kick}]
flushed: ret

# Until the card interrupts, or a look at its ring where it does not.
wait_card:
  cmp dword [ebx+${Card.polled}], 0; jne wait_look
  sti; hlt; cli; ret
wait_look:
  call [ebx+${Card.reclaim}]
  sti; rep nop; cli; ret

wait_offset:
  mov eax, [o_offset]; mov ecx, [phase]; mul ecx
  mov ecx, ${TICKS_A_MICROSECOND}; mul ecx; mov ecx, eax
  rdtsc; mov esi, eax
  sti
offset_more: rdtsc; sub eax, esi; cmp eax, ecx; jb offset_more
  cli; ret

# --- Receiving ---

receive_all:
  mov dword [phase], 0
  call mark_port
  mov edi, [o_warmup]; call receive_many
receive_phase:
  call wait_offset
  call begin_region
  mov edi, [o_count]; call receive_many
  call end_region
  inc dword [phase]; mov eax, [phase]; cmp eax, [o_phases]; jb receive_phase
  call mark_port
  jmp all_done
# EDI more than there were.
receive_many:
  mov eax, [ebx+${Card.received}]; add eax, edi; mov [left], eax
receive_more:
  mov eax, [left]; cmp [ebx+${Card.received}], eax; jns received_all
  sti; hlt; cli; jmp receive_more
received_all: ret

# A frame has come to EBX: ESI, ECX.
count_frame:
  inc dword [ebx+${Card.received}]; ret
return_frame:
  inc dword [ebx+${Card.received}]
  push ebx; call copy_frame
  # Back to whom it came from, from us.
  mov eax, [esi+6]; mov [esi], eax; mov ax, [esi+10]; mov [esi+4], ax
  mov eax, [ebx+${Card.mac}]; mov [esi+6], eax; mov ax, [ebx+${Card.mac + 4}]; mov [esi+10], ax
  jmp pass_on
forward_frame:
  inc dword [ebx+${Card.received}]
  push ebx; mov ebx, ${SECOND_CARD}; call copy_frame
pass_on:
  push esi; push ecx
  call [ebx+${Card.room}]; test eax, eax; jnz pass_room
  call [ebx+${Card.reclaim}]
  call [ebx+${Card.room}]; test eax, eax; jnz pass_room
  inc dword [dropped]; pop ecx; pop esi; pop ebx; ret
pass_room:
  pop ecx; pop esi
  call [ebx+${Card.put}]
  call [ebx+${Card.kick}]
  pop ebx; ret
# To the next place of EBX: ESI is there.
copy_frame:
  push edi; push ecx
  mov eax, [ebx+${Card.copies}]; inc dword [ebx+${Card.copies}]
  and eax, 0xff; mov edi, ${FRAME_BYTES}; mul edi
  lea edi, [ebx+eax+${Card.copied0}]; push edi
  add ecx, 3; shr ecx, 2; rep movsd
  pop esi; pop ecx; pop edi; ret
`;

export const FRAMES = `
on_frame: dd count_frame
frame_to: db ${DESTINATION.join(', ')}
# A driver may put its own header right before a frame.
before_frame: dd 0, 0, 0, 0
frame: dd 0, 0, 0
  db 0x88, 0xb5
`;
