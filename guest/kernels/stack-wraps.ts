/**
 * Stack instructions where the stack pointer wraps: by operand size, by the size of the stack and of the code. SDM 1, 6.2.2 to 6.2.5; SDM 2 and
 * APM 3, each instruction. A line shows EAX: what the test put there afterwards. Tests run at CPL 3, so that faults find another stack.
 */
import { Kernel, type TestOptions } from './kernel.js';
import { IMAGE, PAGES, SELECTOR } from './layout.js';
import { SHOW_EAX } from './runtime.js';
import { segment } from './tables.js';

/** A place to run the same tests: the code's and the stack's size, and the stack's selector (for DS too: what is stored is read through it). */
interface Place {
  code: 16 | 32;
  stack: 16 | 32;
  selector: number;
  /** Of code with the code's size, at CPL 3. */
  cs: number;
  /** What the code segment's base takes off a label. */
  base: number;
}

interface Case {
  name: string;
  /** The stack pointer before, as far as the stack's size goes. */
  sp: number;
  /** Before the instruction, with the stack pointer elsewhere. */
  set?: string;
  text: string;
  /** What to look at: a name, and instructions that put it into EAX. */
  looks: readonly (readonly [name: string, text: string])[];
  /** What the fault of it is, if it has one, is all there is to see. */
  faults?: boolean;
}

const UPPER = 0xabcd_0000;

class Cases {
  readonly bytes: number;
  constructor(readonly place: Place, readonly bits: 16 | 32) {
    this.bytes = bits / 8;
  }

  /** The accumulator and others in the operand's size. */
  register(name: string): string {
    return this.bits === 16 ? name : `e${name}`;
  }

  /** `n` bytes below the wrap. */
  below(n: number): number {
    return this.place.stack === 16 ? 0x1_0000 - n : 0x1_0000_0000 - n;
  }

  /** A raw instruction in the operand's size. */
  raw(...bytes: number[]): string {
    return `db ${[...(this.bits === this.place.code ? [] : [0x66]), ...bytes].join(', ')}`;
  }

  private get size(): string {
    return this.bits === 16 ? 'word' : 'dword';
  }

  /** Stores a value, a number or a label, in the operand's size. */
  put(at: number, value: number | string): string {
    const of = typeof value === 'string' ? `${value}-${this.place.base}` : value;
    return `mov ${this.size} [${at}], ${of};`;
  }

  stored(at: number): readonly [string, string] {
    return ['stored', `xor eax, eax; mov ${this.register('ax')}, [${at}]`];
  }
}

const ESP = ['ESP', 'mov eax, esp'] as const;
const EBP = ['EBP', 'mov eax, ebp'] as const;
const EAX = ['EAX', 'nop'] as const;

function pushes(c: Cases): Case[] {
  const { bytes: b } = c, ax = c.register('ax'), first = c.stored(c.below(b));
  const tops = (address: number): readonly [string, string] => ['last stored', c.stored(address)[1]];
  return [
    { name: 'PUSH', sp: 0, text: `push ${ax}`, looks: [ESP, first] },
    { name: 'PUSH of the stack pointer', sp: 0, text: `push ${c.register('sp')}`, looks: [ESP, first] },
    { name: 'PUSH of a byte', sp: 0, text: c.raw(0x6a, 0x85), looks: [ESP, first] },
    { name: 'PUSH of memory', sp: 0, set: c.put(0x100, 0x4567), text: c.place.code === 16 ? c.raw(0xff, 0x36, 0x00, 0x01) : c.raw(0xff, 0x35, 0x00, 0x01, 0, 0), looks: [ESP, first] },
    { name: 'PUSH of ES', sp: 0, text: c.raw(0x06), looks: [ESP] },
    { name: 'PUSHF', sp: 0, text: c.raw(0x9c), looks: [ESP] },
    { name: 'PUSHA', sp: 4 * b, text: c.raw(0x60), looks: [ESP, first, tops(c.below(4 * b))] },
  ];
}

function pops(c: Cases): Case[] {
  const { bytes: b } = c, ax = c.register('ax'), top = c.below(b);
  return [
    { name: 'POP', sp: top, set: c.put(top, 0x1234), text: `pop ${ax}`, looks: [ESP, EAX] },
    { name: 'POP of the stack pointer', sp: top, set: c.put(top, 0x1234), text: `pop ${c.register('sp')}`, looks: [ESP] },
    { name: 'POP of memory', sp: top, set: c.put(top, 0x1234), text: c.place.code === 16 ? c.raw(0x8f, 0x06, 0x00, 0x01) : c.raw(0x8f, 0x05, 0x00, 0x01, 0, 0), looks: [ESP, c.stored(0x100)] },
    { name: 'POP of ES', sp: top, set: c.put(top, SELECTOR.userData), text: c.raw(0x07), looks: [ESP, ['ES', 'mov eax, es']] },
    { name: 'POPF', sp: top, set: c.put(top, 3), text: c.raw(0x9d), looks: [ESP, ['CF', 'mov eax, 0; adc eax, 0']] },
    // DI SI BP below the wrap and the skipped SP on it; BX DX CX AX above.
    { name: 'POPA', sp: c.below(3 * b), set: `${c.put(c.below(2 * b), 0x51)} ${c.put(4 * b, 0xa0)}`, text: c.raw(0x61), looks: [ESP, EAX, ['ESI', 'mov eax, esi']] },
  ];
}

function frames(c: Cases): Case[] {
  const { bytes: b } = c, first = c.stored(c.below(b));
  const bp = (value: number): string => `mov ebp, ${value};`;
  const upper = c.place.stack === 16 ? UPPER : 0;
  return [
    { name: 'ENTER', sp: 0, set: bp(0x1357), text: c.raw(0xc8, 8, 0, 0), looks: [ESP, EBP, first] },
    { name: 'ENTER, level 1', sp: b, set: bp(0x1357), text: c.raw(0xc8, 4, 0, 1), looks: [ESP, EBP, first] },
    { name: 'ENTER, level 1, the first push at the wrap', sp: 0, set: bp(0x1357), text: c.raw(0xc8, 4, 0, 1), looks: [EBP, c.stored(c.below(2 * b))] },
    { name: 'ENTER, level 2', sp: b, set: `${c.put(c.below(b), 0x2468)} ${bp(upper)}`, text: c.raw(0xc8, 4, 0, 2), looks: [ESP, EBP, first] },
    { name: 'LEAVE', sp: 0x200, set: `${c.put(c.below(b), 0x1357)} ${bp((upper + c.below(b)) % 0x1_0000_0000)}`, text: c.raw(0xc9), looks: [ESP, EBP] },
  ];
}

/** Near and far, with the return addresses that 32-bit flat code has only in 32 bits. */
function transfers(c: Cases): Case[] {
  const { bytes: b, place: { cs, code } } = c;
  if (code === 32 && c.bits === 16) return [];
  const frame = (n: number, ...values: (number | string)[]): string => values.map((value, k) => c.put((c.below(n) + k * b) % c.below(0), value)).join(' ');
  const address = (at: number): readonly [string, string] => ['return address, from the next label', `${c.stored(at)[1]}; sub eax, .next-${c.place.base}`];
  const to = (bytes: number[]): string => `${c.raw(...bytes)}; int 0x31; .next: nop`;
  const relative = c.bits === 16 ? [0xe8, 2, 0] : [0xe8, 2, 0, 0, 0];
  return [
    { name: 'CALL', sp: 0, text: to(relative), looks: [ESP, address(c.below(b))] },
    { name: 'RET', sp: c.below(b), set: frame(b, '.next'), text: to([0xc3]), looks: [ESP] },
    { name: 'RET 4', sp: c.below(b), set: frame(b, '.next'), text: to([0xc2, 4, 0]), looks: [ESP] },
    { name: 'RET 4 that wraps after', sp: c.below(b + 2), set: frame(b + 2, '.next'), text: to([0xc2, 4, 0]), looks: [ESP] },
    { name: 'RETF', sp: c.below(b), set: frame(b, '.next', cs), text: to([0xcb]), looks: [ESP] },
    { name: 'RETF 4', sp: c.below(2 * b), set: frame(2 * b, '.next', cs), text: to([0xca, 4, 0]), looks: [ESP] },
    { name: 'IRET', sp: c.below(2 * b), set: frame(2 * b, '.next', cs, 2), text: to([0xcf]), looks: [ESP] },
    { name: 'CALL far', sp: b, set: frame(-0x80, '.next', cs), text: `${code === 16 ? c.raw(0xff, 0x1e, 0x80, 0) : c.raw(0xff, 0x1d, 0x80, 0, 0, 0)}; int 0x31; .next: nop`, looks: [ESP, ['CS', c.stored(0)[1]]] },
    { name: 'CALL to memory', sp: 0, set: frame(-0x80, '.next'), text: `${code === 16 ? c.raw(0xff, 0x16, 0x80, 0) : c.raw(0xff, 0x15, 0x80, 0, 0, 0)}; int 0x31; .next: nop`, looks: [ESP, address(c.below(b))] },
  ];
}

/** What lies over the wrap is beyond the limit. */
function straddles(c: Cases): Case[] {
  const odd = c.bytes / 2, ax = c.register('ax');
  return [
    { name: 'PUSH over the wrap', sp: odd, text: `push ${ax}`, looks: [EAX], faults: true },
    { name: 'POP over the wrap', sp: c.below(odd), text: `pop ${ax}`, looks: [EAX], faults: true },
    { name: 'PUSHA over the wrap', sp: odd + c.bytes, text: c.raw(0x60), looks: [EAX], faults: true },
    { name: 'POPA over the wrap', sp: c.below(odd + c.bytes), text: c.raw(0x61), looks: [EAX], faults: true },
    { name: 'ENTER over the wrap', sp: odd, text: c.raw(0xc8, 0, 0, 0), looks: [EAX], faults: true },
  ];
}

function runCases(k: Kernel, place: Place, bits: 16 | 32): void {
  const c = new Cases(place, bits), upper = place.stack === 16 ? UPPER : 0;
  const options: TestOptions = { ring: 3, bits: place.code, ss: place.selector, ds: place.selector, sp: 0x200, show: SHOW_EAX };
  for (const one of [...pushes(c), ...pops(c), ...frames(c), ...transfers(c), ...(place.stack === 16 ? straddles(c) : [])]) {
    const start = `mov eax, 0x89abcdef; mov edi, 0x13572468; ${one.set ?? ''} mov esp, ${(upper + one.sp) % 0x1_0000_0000}; .ip: ${one.text}`;
    for (const [name, look] of one.looks) k.test(`${place.code}-bit code, ${place.stack}-bit stack, ${bits}: ${one.name}${one.faults ? '' : `: ${name}`}`, `${start}; ${look}`, options);
  }
}

export function stackWraps(): Uint8Array {
  const k = new Kernel();
  const small = k.descriptor(segment({ base: PAGES, limit: 0xffff, access: 0xf3 })) + 3;
  const big = k.descriptor(segment({ base: PAGES + 0x8000, access: 0xf3, flags: 0xc })) + 3;
  k.protected();
  for (const bits of [16, 32] as const) {
    k.title(`SDM 1, 6.2: SP wraps at 64 KiB, ${bits}-bit operands`);
    runCases(k, { code: 16, stack: 16, selector: small, cs: SELECTOR.user16, base: IMAGE }, bits);
    runCases(k, { code: 32, stack: 16, selector: small, cs: SELECTOR.user32, base: 0 }, bits);
    k.title(`SDM 1, 6.2: ESP wraps at 4 GiB, ${bits}-bit operands`);
    runCases(k, { code: 32, stack: 32, selector: big, cs: SELECTOR.user32, base: 0 }, bits);
  }
  return k.image();
}
