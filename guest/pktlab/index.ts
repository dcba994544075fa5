/**
 * pktlab: a small kernel whose drivers do to network cards what a paper's did, access by access, and nothing beside. One image, by PVH or multiboot, here and on QEMU; its command line says what it does:
 *
 *     pintail run -kernel pktlab.elf -append 'card=pcnet form=replay mode=tx count=5000' -netdev lab,id=n0 -device pcnet,netdev=n0
 *
 *     1 MiB   code, variables, texts, IDT and stack; then at 4 MiB a card's state, rings and frames, 2 MiB each
 */
import { TextAssembler } from '../assembler/text.js';
import { pvhElf } from '../elf.js';
import { E1000, E1000_ID } from './e1000.js';
import { BASE, Card, CARD_BYTES, FIRST_CARD, FRAME_BYTES, wordHash } from './layout.js';
import { PCI } from './pci.js';
import { PCNET, PCNET_ID } from './pcnet.js';
import { DATA, IDT_BYTES, OPTIONS, START } from './start.js';
import { FRAMES, TRAFFIC } from './traffic.js';
import { VIRTIO, VIRTIO_ID } from './virtio.js';

const STACK_BYTES = 4096;

/** Cards by their models' names. */
const DRIVERS = [['pcnet', PCNET_ID, 'open_pcnet'], ['e1000', E1000_ID, 'open_e1000'], ['virtio-net', VIRTIO_ID, 'open_virtio']] as const;

/** EAX: the model, ECX: its driver's form, EBP: how many of that model to pass over, EBX: where its state is. */
const OPEN = `
open_card:
${DRIVERS.map(([name, id, open]) => `  cmp eax, ${wordHash(name)}; jne not_${open}\n  mov edx, ${id}; mov eax, ${open}; jmp open_found\nnot_${open}:`).join('\n')}
  jmp no_card
open_found:
  push eax; push ecx
  call find_card; test ecx, ecx; jz no_card
  mov dword [ebx+${Card.polled}], 0
  call enable_card
  pop ecx; ret
`;

/** The image, an ELF file with a PVH note and a multiboot header. */
export function pktlab(): Uint8Array {
  const code = new TextAssembler(BASE);
  code.bits = 32;
  for (const text of [START, PCI, TRAFFIC, OPEN, PCNET, E1000, VIRTIO]) code.text(text);
  code.align(16);
  code.text(`option_table:\n${DATA}${FRAMES}`);
  code.reserve(FRAME_BYTES);
  code.align(16);
  code.label('idt');
  code.reserve(IDT_BYTES);
  code.reserve(STACK_BYTES);
  code.label('stack_top');
  return pvhElf(code.assemble(), BASE, BASE, FIRST_CARD + 2 * CARD_BYTES - code.here);
}

/** Names of the command line's options. */
export const PKTLAB_OPTIONS: readonly string[] = Object.keys(OPTIONS);
