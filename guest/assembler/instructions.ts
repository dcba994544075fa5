/**
 * The instructions that the text assembler knows, by name. Intel SDM vol. 2; the rows are those that our kernels use.
 */
import { isGeneral, isRm, type Encoder, type Form } from './encoder.js';
import type { Immediate, Memory, Operand, Register } from './operands.js';

type Write = (e: Encoder, operands: readonly Operand[]) => void;

/** Instructions without operands; `s` in front of a row's bytes gives the operand size. */
const PLAIN: Readonly<Record<string, readonly number[]>> = {
  nop: [0x90], hlt: [0xf4], cli: [0xfa], sti: [0xfb], cld: [0xfc], std: [0xfd], clc: [0xf8], stc: [0xf9], cmc: [0xf5], int3: [0xcc], int1: [0xf1],
  into: [0xce], iret: [0xcf], pushf: [0x9c], popf: [0x9d], pushfq: [0x9c], popfq: [0x9d], pusha: [0x60], popa: [0x61], lahf: [0x9f], sahf: [0x9e], xlat: [0xd7], salc: [0xd6],
  leave: [0xc9], aaa: [0x37], daa: [0x27], fwait: [0x9b], fninit: [0xdb, 0xe3], fnclex: [0xdb, 0xe2], fld1: [0xd9, 0xe8], fldz: [0xd9, 0xee],
  cpuid: [0x0f, 0xa2], rdtsc: [0x0f, 0x31], rdmsr: [0x0f, 0x32], wrmsr: [0x0f, 0x30], rdpmc: [0x0f, 0x33], clts: [0x0f, 0x06], invd: [0x0f, 0x08],
  wbinvd: [0x0f, 0x09], ud2: [0x0f, 0x0b], syscall: [0x0f, 0x05], sysret: [0x0f, 0x07], sysenter: [0x0f, 0x34], sysexit: [0x0f, 0x35], rsm: [0x0f, 0xaa],
  swapgs: [0x0f, 0x01, 0xf8], rdtscp: [0x0f, 0x01, 0xf9], stac: [0x0f, 0x01, 0xcb], clac: [0x0f, 0x01, 0xca], xgetbv: [0x0f, 0x01, 0xd0],
  xsetbv: [0x0f, 0x01, 0xd1], monitor: [0x0f, 0x01, 0xc8], mwait: [0x0f, 0x01, 0xc9], vmcall: [0x0f, 0x01, 0xc1], emms: [0x0f, 0x77],
  movsb: [0xa4], stosb: [0xaa], lodsb: [0xac], cmpsb: [0xa6], scasb: [0xae], insb: [0x6c], outsb: [0x6e], retf: [0xcb], ret: [0xc3],
};

/** Instructions without operands that have an operand size: name, bytes, size. */
const SIZED: readonly (readonly [string, readonly number[], number])[] = [
  ['iretw', [0xcf], 16], ['iretd', [0xcf], 32], ['iretq', [0xcf], 64], ['pushfw', [0x9c], 16], ['pushfd', [0x9c], 32], ['popfw', [0x9d], 16], ['popfd', [0x9d], 32],
  ['pushad', [0x60], 32], ['popad', [0x61], 32], ['retfw', [0xcb], 16], ['retfd', [0xcb], 32], ['retfq', [0xcb], 64], ['sysretq', [0x0f, 0x07], 64],
  ['sysexitq', [0x0f, 0x35], 64], ['movsw', [0xa5], 16], ['movsd', [0xa5], 32], ['movsq', [0xa5], 64], ['stosw', [0xab], 16], ['stosd', [0xab], 32],
  ['stosq', [0xab], 64], ['lodsw', [0xad], 16], ['lodsd', [0xad], 32], ['insw', [0x6d], 16], ['insd', [0x6d], 32], ['outsw', [0x6f], 16], ['outsd', [0x6f], 32],
  ['retw', [0xc3], 16], ['retd', [0xc3], 32],
];

/** Group instructions with one operand in r/m: opcode, extension, size (0: the operand's own, else fixed or none). */
const GROUPS: readonly (readonly [string, readonly number[], number])[] = [
  ['lgdt', [0x0f, 0x01], 2], ['lidt', [0x0f, 0x01], 3], ['sgdt', [0x0f, 0x01], 0], ['sidt', [0x0f, 0x01], 1], ['invlpg', [0x0f, 0x01], 7], ['lmsw', [0x0f, 0x01], 6],
  ['lldt', [0x0f, 0x00], 2], ['ltr', [0x0f, 0x00], 3], ['verr', [0x0f, 0x00], 4], ['verw', [0x0f, 0x00], 5],
  ['fxsave', [0x0f, 0xae], 0], ['fxrstor', [0x0f, 0xae], 1], ['ldmxcsr', [0x0f, 0xae], 2], ['stmxcsr', [0x0f, 0xae], 3], ['clflush', [0x0f, 0xae], 7],
  ['fldcw', [0xd9], 5], ['fnstcw', [0xd9], 7], ['cmpxchg8b', [0x0f, 0xc7], 1],
];

const CONDITIONS = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');
const ARITHMETIC = 'add or adc sbb and sub xor cmp'.split(' ');
const SHIFTS = 'rol ror rcl rcr shl shr sal sar'.split(' ');
const UNARY: Readonly<Record<string, readonly [number, number]>> = { inc: [0xfe, 0], dec: [0xfe, 1], not: [0xf6, 2], neg: [0xf6, 3], mul: [0xf6, 4], imul: [0xf6, 5], div: [0xf6, 6], idiv: [0xf6, 7] };
const BIT_TESTS: Readonly<Record<string, number>> = { bt: 4, bts: 5, btr: 6, btc: 7 };
/** Loads of a far pointer into a segment register and another. */
const POINTERS: Readonly<Record<string, readonly number[]>> = { les: [0xc4], lds: [0xc5], lss: [0x0f, 0xb2], lfs: [0x0f, 0xb4], lgs: [0x0f, 0xb5] };

function refuse(): never {
  throw new Error('no form of the instruction takes these operands');
}

/** Operand size: a general register's, else the memory operand's. */
function sizeOf(operands: readonly Operand[]): number {
  const found = operands.find(isGeneral)?.bits ?? operands.find((o): o is Memory => o.kind === 'memory' && o.bits !== 0)?.bits;
  if (found === undefined) throw new Error('the operand size is not known: write byte, word, dword or qword');
  return found;
}
const isNumber = (operand: Operand | undefined): operand is Immediate => operand?.kind === 'immediate';
const isKind = (operand: Operand | undefined, cls: Register['class']): operand is Register => operand?.kind === 'register' && operand.class === cls;
const isByte = (value: Immediate): boolean => value.label === undefined && value.value >= -128n && value.value <= 127n;
/** The opcode for bytes, plus 1 for more. */
const wide = (opcode: number, size: number): number => (size === 8 ? opcode : opcode + 1);

function twoOperands(opcode: number, e: Encoder, [to, from]: readonly Operand[]): boolean {
  if (isGeneral(to) && isGeneral(from) && to.bits !== from.bits) return false;
  if (isRm(to) && isGeneral(from)) e.encode({ opcode: [wide(opcode, from.bits)], size: from.bits, regRegister: from, rm: to });
  else if (isGeneral(to) && from?.kind === 'memory') e.encode({ opcode: [wide(opcode + 2, to.bits)], size: to.bits, regRegister: to, rm: from });
  else return false;
  return true;
}

function arithmetic(n: number): Write {
  return (e, operands) => {
    const [to, from] = operands;
    if (twoOperands(n << 3, e, operands)) return;
    if (!isRm(to) || !isNumber(from)) return refuse();
    const size = sizeOf(operands), short = size > 8 && isByte(from);
    e.encode({ opcode: [size === 8 ? 0x80 : short ? 0x83 : 0x81], size, reg: n, rm: to, immediate: from, immediateBytes: size === 8 || short ? 1 : Math.min(size >> 3, 4) });
  };
}

/** MOV to and from control and debug registers has no operand size. */
function moveSpecial(e: Encoder, to: Operand | undefined, from: Operand | undefined): boolean {
  for (const [special, general, opcode] of [[to, from, 0x22], [from, to, 0x20]] as const) {
    if (!isGeneral(general) || !(isKind(special, 'control') || isKind(special, 'debug'))) continue;
    e.encode({ opcode: [0x0f, special.class === 'debug' ? opcode + 1 : opcode], regRegister: special, rm: general });
    return true;
  }
  return false;
}

const move: Write = (e, operands) => {
  const [to, from] = operands;
  if (moveSpecial(e, to, from)) return;
  if (isKind(to, 'segment') && isRm(from)) return e.encode({ opcode: [0x8e], reg: to.number, rm: from });
  if (isKind(from, 'segment') && isRm(to)) return e.encode({ opcode: [0x8c], size: isGeneral(to) ? to.bits : 0, reg: from.number, rm: to });
  if (twoOperands(0x88, e, operands)) return;
  if (!isRm(to) || !isNumber(from)) return refuse();
  const size = sizeOf(operands);
  if (isGeneral(to) && size === 64 && (from.value > 0x7fff_ffffn || from.value < -0x8000_0000n)) {
    e.bytes(to.number >= 8 ? 0x49 : 0x48, 0xb8 | to.number & 7);
    return e.immediate(from, 8);
  }
  e.encode({ opcode: [wide(0xc6, size)], size, reg: 0, rm: to, immediate: from, immediateBytes: Math.min(size >> 3, 4) });
};

/** PUSH (0) and POP (1). */
function stack(pop: number): Write {
  const segments = [0x06, 0x0e, 0x16, 0x1e];
  return (e, [operand]) => {
    if (isKind(operand, 'segment')) {
      const { number } = operand;
      return number < 4 ? e.bytes(segments[number]! + pop) : e.bytes(0x0f, (number === 4 ? 0xa0 : 0xa8) + pop);
    }
    if (isNumber(operand) && !pop) return e.encode({ opcode: [0x68], immediate: operand, immediateBytes: Math.min(e.bits >> 3, 4) });
    if (!isRm(operand)) return refuse();
    const size = operand.kind === 'memory' && operand.bits === 0 ? e.bits : operand.bits;
    e.encode({ opcode: [pop ? 0x8f : 0xff], size, default64: true, reg: pop ? 0 : 6, rm: operand });
  };
}

const test: Write = (e, operands) => {
  const [to, from] = operands;
  if (isNumber(from) && isRm(to)) {
    const size = sizeOf(operands);
    return e.encode({ opcode: [wide(0xf6, size)], size, reg: 0, rm: to, immediate: from, immediateBytes: Math.min(size >> 3, 4) });
  }
  if (!isGeneral(from) || !twoOperands(0x84, e, operands)) refuse();
};

function relative(e: Encoder, opcode: readonly number[], target: Operand | undefined, bytes: number): void {
  if (!isNumber(target) || target.label === undefined) return refuse();
  e.bytes(...opcode);
  e.reference(target.label, bytes, true, Number(target.value));
}
const nearBytes = (e: Encoder): number => (e.bits === 16 ? 2 : 4);

/** JMP and CALL: near and far, direct and indirect. A far pointer in memory is dword (16:16) or fword (16:32). */
function branch(near: number, far: number, extension: number): Write {
  return (e, [target]) => {
    if (target?.kind === 'far') {
      e.bytes(far);
      e.immediate(target.offset, nearBytes(e));
      return e.immediate(target.selector, 2);
    }
    if (!isRm(target)) return relative(e, [near], target, nearBytes(e));
    const isFar = target.kind === 'memory' && (target.bits === 48 || target.bits === 32 && e.bits !== 32 || target.bits === 80);
    if (!isFar) return e.encode({ opcode: [0xff], size: target.bits === 0 ? e.bits : target.bits, default64: true, reg: extension, rm: target });
    e.encode({ opcode: [0xff], size: target.bits === 80 ? 64 : target.bits === 48 ? 32 : 16, reg: extension + 1, rm: target });
  };
}

/** IN and OUT: AL, AX or EAX, and DX or a byte. */
function port(opcode: number, register: 0 | 1): Write {
  return (e, operands) => {
    const data = operands[register], where = operands[1 - register];
    if (!isGeneral(data)) return refuse();
    const form: Form = { opcode: [wide(isNumber(where) ? opcode : opcode + 8, data.bits)], size: data.bits };
    e.encode(isNumber(where) ? { ...form, immediate: where } : form);
  };
}

function registerAndRm(opcode: readonly number[]): Write {
  return (e, [to, from]) => (isGeneral(to) && isRm(from) ? e.encode({ opcode, size: to.bits, regRegister: to, rm: from }) : refuse());
}

function extend(opcode: number): Write {
  return (e, [to, from]) => (isGeneral(to) && isRm(from) ? e.encode({ opcode: [0x0f, from.bits === 8 ? opcode : opcode + 1], size: to.bits, regRegister: to, rm: from }) : refuse());
}

/** SLDT, STR, SMSW: to a register of any size, to 16 bits of memory. */
function storeWord(opcode: number, reg: number): Write {
  return (e, [to]) => (isRm(to) ? e.encode({ opcode: [0x0f, opcode], size: isGeneral(to) ? to.bits : 0, reg, rm: to }) : refuse());
}

/** The order of the operands makes no difference. */
const exchange: Write = (e, [a, b]) => { if (!a || !b || !twoOperands(0x86, e, isGeneral(b) ? [a, b] : [b, a])) refuse(); };
const interrupt: Write = (e, [n]) => (isNumber(n) ? e.encode({ opcode: [0xcd], immediate: n }) : refuse());
const enter: Write = (e, [size, level]) => {
  if (!isNumber(size) || !isNumber(level)) return refuse();
  e.bytes(0xc8);
  e.immediate(size, 2);
  e.immediate(level, 1);
};
const shift = (reg: number): Write => (e, operands) => {
  const [to, count] = operands;
  if (!isRm(to)) return refuse();
  const size = sizeOf(operands.slice(0, 1));
  if (isNumber(count)) e.encode({ opcode: [wide(0xc0, size)], size, reg, rm: to, immediate: count });
  else e.encode({ opcode: [wide(0xd2, size)], size, reg, rm: to });
};
const bitTest = (reg: number): Write => (e, operands) => {
  const [to, bit] = operands;
  if (!isRm(to) || !isNumber(bit)) return refuse();
  e.encode({ opcode: [0x0f, 0xba], size: sizeOf(operands), reg, rm: to, immediate: bit });
};
const aligned = (load: number): Write => (e, [to, from]) => {
  if (isKind(to, 'vector') && (from?.kind === 'memory' || isKind(from, 'vector'))) return e.encode({ opcode: [0x0f, load], regRegister: to, rm: from });
  if (isKind(from, 'vector') && to?.kind === 'memory') return e.encode({ opcode: [0x0f, load + 1], regRegister: from, rm: to });
  refuse();
};
/** RDFSBASE and its kin: F3 0F AE /n. */
const base = (reg: number): Write => (e, [operand]) => (isGeneral(operand) ? e.encode({ opcode: [0x0f, 0xae], mandatory: 0xf3, size: operand.bits, reg, rm: operand }) : refuse());
const invpcid: Write = (e, [type, descriptor]) =>
  (isGeneral(type) && descriptor?.kind === 'memory' ? e.encode({ opcode: [0x0f, 0x38, 0x82], mandatory: 0x66, regRegister: type, rm: descriptor }) : refuse());
const adjust: Write = (e, [to, from]) => (isRm(to) && isGeneral(from) ? e.encode({ opcode: [0x63], regRegister: from, rm: to }) : refuse());
/** D4 and D5 with their base. */
const divideAl = (opcode: number): Write => (e, [by]) => (isNumber(by) ? e.encode({ opcode: [opcode], immediate: by }) : refuse());

function collect(): Map<string, Write> {
  const all = new Map<string, Write>();
  for (const [name, opcode] of Object.entries(PLAIN)) all.set(name, (e, { length }) => (length === 0 ? e.bytes(...opcode) : refuse()));
  for (const [name, opcode, size] of SIZED) all.set(name, (e) => e.encode({ opcode, size }));
  for (const [name, opcode, reg] of GROUPS) all.set(name, (e, [rm]) => (isRm(rm) ? e.encode({ opcode, reg, rm }) : refuse()));
  ARITHMETIC.forEach((name, n) => all.set(name, arithmetic(n)));
  SHIFTS.forEach((name, n) => all.set(name, shift(n)));
  for (const [name, [opcode, reg]] of Object.entries(UNARY)) all.set(name, (e, operands) => (isRm(operands[0]) ? e.encode({ opcode: [wide(opcode, sizeOf(operands))], size: sizeOf(operands), reg, rm: operands[0] }) : refuse()));
  for (const [name, reg] of Object.entries(BIT_TESTS)) all.set(name, bitTest(reg));
  for (const [name, opcode] of Object.entries(POINTERS)) all.set(name, registerAndRm(opcode));
  CONDITIONS.forEach((name, n) => all.set(`j${name}`, (e, [target]) => relative(e, [0x0f, 0x80 | n], target, nearBytes(e))));
  all.set('jz', all.get('je')!).set('jnz', all.get('jne')!).set('jc', all.get('jb')!).set('jnc', all.get('jae')!);
  all.set('loop', (e, [target]) => relative(e, [0xe2], target, 1));
  all.set('mov', move).set('push', stack(0)).set('pop', stack(1)).set('test', test).set('xchg', exchange).set('lea', registerAndRm([0x8d]));
  all.set('lar', registerAndRm([0x0f, 0x02])).set('lsl', registerAndRm([0x0f, 0x03])).set('movzx', extend(0xb6)).set('movsx', extend(0xbe));
  all.set('bound', registerAndRm([0x62])).set('arpl', adjust).set('jmp', branch(0xe9, 0xea, 4)).set('call', branch(0xe8, 0x9a, 2));
  all.set('in', port(0xe4, 0)).set('out', port(0xe6, 1)).set('int', interrupt).set('enter', enter);
  all.set('sldt', storeWord(0x00, 0)).set('str', storeWord(0x00, 1)).set('smsw', storeWord(0x01, 4));
  all.set('movaps', aligned(0x28)).set('movups', aligned(0x10)).set('aam', divideAl(0xd4)).set('aad', divideAl(0xd5)).set('invpcid', invpcid);
  ['rdfsbase', 'rdgsbase', 'wrfsbase', 'wrgsbase'].forEach((name, n) => all.set(name, base(n)));
  return all;
}

export const INSTRUCTIONS: ReadonlyMap<string, Write> = collect();
