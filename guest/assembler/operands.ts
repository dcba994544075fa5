/**
 * Operands of the text assembler: registers, memory, numbers with labels, far addresses. Intel's syntax:
 *
 *   eax  cr3  es       [ebx + ecx*4 + label + 8]  dword [es:di]  byte [label]       0x10  label + 4       0x08:label
 */

/** Of the code: 16, 32 or 64. */
export type Bits = 16 | 32 | 64;

export interface Register {
  kind: 'register';
  class: 'general' | 'segment' | 'control' | 'debug' | 'vector';
  number: number;
  /** Of a general register: 8 to 64. */
  bits: number;
  /** SPL, BPL, SIL, DIL: there only with a REX prefix. */
  wantsRex: boolean;
}

/** A number, or a label's address and a number. */
export interface Immediate {
  kind: 'immediate';
  value: bigint;
  label?: string;
}

export interface Memory {
  kind: 'memory';
  /** As the size keyword says; 0 without. */
  bits: number;
  /** Segment register of the override, or -1. */
  segment: number;
  /** 0 for an absolute address: it has the mode's own size. */
  addressBits: number;
  /** Register numbers or -1. With 16 bits, `base` is the r/m field. */
  base: number;
  index: number;
  scale: number;
  displacement: Immediate;
}

export interface FarAddress {
  kind: 'far';
  selector: Immediate;
  offset: Immediate;
}

export type Operand = Register | Immediate | Memory | FarAddress;

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const LOW = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'];
const HIGH = ['ah', 'ch', 'dh', 'bh'];
const WORDS = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const SIZES: Readonly<Record<string, number>> = { byte: 8, word: 16, dword: 32, fword: 48, qword: 64, tbyte: 80, oword: 128 };
/** r/m fields of 16-bit addresses. */
const PAIRS: Readonly<Record<string, number>> = {
  'bx+si': 0, 'bx+di': 1, 'bp+si': 2, 'bp+di': 3, si: 4, di: 5, bp: 6, bx: 7,
};

function register(cls: Register['class'], number: number, bits: number, wantsRex = false): Register {
  return { kind: 'register', class: cls, number, bits, wantsRex };
}

function nameRegisters(): Map<string, Register> {
  const all = new Map<string, Register>();
  LOW.forEach((name, n) => all.set(name, register('general', n, 8, n >= 4)));
  HIGH.forEach((name, n) => all.set(name, register('general', n + 4, 8)));
  WORDS.forEach((name, n) => {
    all.set(name, register('general', n, 16));
    all.set(`e${name}`, register('general', n, 32));
    all.set(`r${name}`, register('general', n, 64));
  });
  for (let n = 8; n < 16; n++) {
    for (const [suffix, bits] of [['b', 8], ['w', 16], ['d', 32], ['', 64]] as const) all.set(`r${n}${suffix}`, register('general', n, bits));
  }
  SEGMENTS.forEach((name, n) => all.set(name, register('segment', n, 16)));
  for (let n = 0; n < 16; n++) {
    all.set(`cr${n}`, register('control', n, 0));
    all.set(`dr${n}`, register('debug', n, 0));
    all.set(`xmm${n}`, register('vector', n, 128));
  }
  return all;
}

const REGISTERS = nameRegisters();

function parseNumber(text: string): bigint | undefined {
  return /^-?(0x[0-9a-f]+|\d+)$/i.test(text) ? (text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)) : undefined;
}

/** The terms of a sum, each with its sign in front. */
function termsOf(text: string): string[] {
  return text.replace(/\s+/g, '').replace(/-/g, '+-').split('+').filter((term) => term !== '');
}

function parseSum(terms: readonly string[], text: string): Immediate {
  const sum: Immediate = { kind: 'immediate', value: 0n };
  for (const term of terms) {
    const number = parseNumber(term);
    if (number !== undefined) sum.value += number;
    else if (sum.label === undefined && /^[a-z_.@][\w.@]*$/i.test(term)) sum.label = term;
    else throw new Error(`"${text}" is not a number, a label, or a label and a number`);
  }
  return sum;
}

/** Takes the registers out of the terms of an address. */
function placeRegisters(memory: Memory, terms: readonly string[], text: string): string[] {
  const rest: string[] = [], short: string[] = [];
  for (const term of terms) {
    const [name, scale] = term.split('*') as [string, string?];
    const found = REGISTERS.get(name.toLowerCase());
    if (!found) { rest.push(term); continue; }
    if (found.class !== 'general' || found.bits < 16) throw new Error(`${name} is no address register in "${text}"`);
    memory.addressBits = found.bits;
    if (found.bits === 16) short.push(name.toLowerCase());
    else if (scale === undefined && memory.base < 0) memory.base = found.number;
    else {
      memory.index = found.number;
      memory.scale = Number(scale ?? 1);
    }
  }
  if (short.length > 0) {
    memory.base = PAIRS[short.join('+')] ?? -1;
    if (memory.base < 0) throw new Error(`"${text}" is no 16-bit address`);
  }
  return rest;
}

function parseMemory(text: string): Memory | undefined {
  const match = /^(?:(byte|word|dword|fword|qword|tbyte|oword)\s*)?\[(?:(es|cs|ss|ds|fs|gs):)?([^\]]+)\]$/i.exec(text);
  if (!match) return undefined;
  const memory: Memory = {
    kind: 'memory', bits: match[1] === undefined ? 0 : SIZES[match[1].toLowerCase()]!, segment: match[2] === undefined ? -1 : SEGMENTS.indexOf(match[2].toLowerCase()),
    addressBits: 0, base: -1, index: -1, scale: 1, displacement: { kind: 'immediate', value: 0n },
  };
  memory.displacement = parseSum(placeRegisters(memory, termsOf(match[3]!), text), text);
  return memory;
}

export function parseOperand(text: string): Operand {
  const found = REGISTERS.get(text.toLowerCase());
  if (found) return found;
  const memory = parseMemory(text);
  if (memory) return memory;
  const far = text.split(':');
  if (far.length === 2) return { kind: 'far', selector: parseSum(termsOf(far[0]!), text), offset: parseSum(termsOf(far[1]!), text) };
  return parseSum(termsOf(text), text);
}
