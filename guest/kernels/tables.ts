/** Descriptors, gates and task state segments as text for the assembler. Intel SDM vol. 3, 3.4.5, 6.11, 6.14.1, 7.2. */
import { IMAGE, OWN_SELECTORS, RING0_STACK, SELECTOR, VECTORS } from './layout.js';

/** A segment: `base` may be a label of the image. */
export interface Segment {
  base?: number | string;
  /** As stored: in pages if `flags` has 8. */
  limit?: number;
  /** Present, DPL, S and type. */
  access: number;
  /** G 8, D/B 4, L 2. */
  flags?: number;
}

/** Labels lie in the 64 KiB of the image: these are the upper 16 bits of their addresses. */
const LABEL_HIGH = IMAGE >>> 16;

export function segment({ base = 0, limit = 0xf_ffff, access, flags = 0 }: Segment): string {
  const high = typeof base === 'string' ? LABEL_HIGH : base >>> 16;
  const low = typeof base === 'string' ? base : base & 0xffff;
  return `dw ${limit & 0xffff}, ${low}; db ${high & 0xff}, ${access}, ${flags << 4 | limit >>> 16}, ${high >>> 8}`;
}

/** A call, interrupt or trap gate to a label (or a 16-bit number). `type` is the access byte, `count` its parameters or IST. */
export function gate(target: string | number, selector: number, type: number, count = 0): string {
  return `dw ${target}, ${selector}; db ${count}, ${type}; dw ${typeof target === 'string' ? LABEL_HIGH : 0}`;
}

/** A 16-bit gate to a label in segments whose base is IMAGE. */
export function shortGate(target: string, selector: number, type: number, count = 0): string {
  return `dw ${target}, ${selector}; db ${count}, ${type}; dw 0`;
}

/** The same with 16 bytes. */
export function longGate(target: string | number, selector: number, type: number, ist = 0): string {
  return `${gate(target, selector, type, ist)}; dd 0, 0`;
}

/** TSS descriptors of 32-bit (9) or 16-bit (1) tasks in the image; ORed with 0x60 for DPL 3. */
export function taskSegment(label: string, limit: number, access = 0x89): string {
  return segment({ base: label, limit, access });
}

export const TSS32_LIMIT = 0x67 + 0x20 + 1;
const FLAT = { flags: 0xc }, LONG = { flags: 0xa };

const DESCRIPTORS: readonly string[] = [
  'dq 0',
  segment({ access: 0x9b, ...FLAT }), segment({ access: 0x93, ...FLAT }),
  segment({ base: IMAGE, limit: 0xffff, access: 0x9b }), segment({ limit: 0xffff, access: 0x93 }),
  segment({ access: 0x9b, ...LONG }),
  segment({ access: 0xfb, ...FLAT }), segment({ access: 0xf3, ...FLAT }), segment({ access: 0xfb, ...LONG }),
  segment({ access: 0xbb, ...FLAT }), segment({ access: 0xb3, ...FLAT }),
  segment({ access: 0xdb, ...FLAT }), segment({ access: 0xd3, ...FLAT }),
  taskSegment('tss32', TSS32_LIMIT),
  `${taskSegment('tss64', TSS32_LIMIT)}; dq 0`,
  segment({ base: IMAGE, limit: 0xffff, access: 0xfb }), segment({ limit: 0xffff, access: 0xf3 }),
  segment({ base: IMAGE, limit: 0xffff, access: 0x93 }), segment({ base: IMAGE, limit: 0xffff, access: 0xf3 }),
];

const INTERRUPT_GATE = 0x8e, USER_INTERRUPT_GATE = 0xee, INTERRUPT_GATE_16 = 0x86, USER_INTERRUPT_GATE_16 = 0xe6;
const isOpen = (vector: number): boolean => vector >= 0x30 || vector === 3 || vector === 4;

function gates(make: (vector: number) => string): string {
  return Array.from({ length: VECTORS }, (_, vector) => make(vector)).join('\n');
}

/** 104 bytes, a map of ports 0-ff all closed, and the byte of ones behind. */
function stateSegments(): string {
  const closed = Array.from({ length: 0x21 }, () => '0xff').join(', ');
  return `
    tss32: dd 0, ${RING0_STACK}, ${SELECTOR.data32}, 0x7800, ${SELECTOR.ring1Data}, 0x7400, ${SELECTOR.ring2Data}
      ${'dd 0\n'.repeat(18)} dw 0, 0x68
    ports32: db ${closed}
    tss64: dd 0; dq ${RING0_STACK}, 0x7800, 0x7400, 0
    ist64: dq ${RING0_STACK}, 0, 0, 0, 0, 0, 0
      dq 0; dw 0, 0x68
    ports64: db ${closed}`;
}

/** GDT with `own` descriptors behind, IDTs for 32-bit, 16-bit and 64-bit handlers, task states, and their pointers. */
export function tables(own: readonly string[]): string {
  return `
    gdt: ${[...DESCRIPTORS, ...own].join('\n')}
    idt32: ${gates((v) => gate(`stub32_${v}`, SELECTOR.code32, isOpen(v) ? USER_INTERRUPT_GATE : INTERRUPT_GATE))}
    idt286: ${gates((v) => shortGate(`stub286_${v}`, SELECTOR.code16, isOpen(v) ? USER_INTERRUPT_GATE_16 : INTERRUPT_GATE_16))}
    idt64: ${gates((v) => longGate(`stub64_${v}`, SELECTOR.code64, isOpen(v) ? USER_INTERRUPT_GATE : INTERRUPT_GATE))}
    ${stateSegments()}
    idtr32: dw ${VECTORS * 8 - 1}; dd idt32
    idtr286: dw ${VECTORS * 8 - 1}; dd idt286
    idtr64: dw ${VECTORS * 16 - 1}; dq idt64
    idtr16: dw 0x3ff; dd 0
    gdtr: dw ${OWN_SELECTORS + own.length * 8 - 1}; dq gdt`;
}
