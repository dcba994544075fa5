/**
 * Random programs for 64-bit code, for one execution against another: a loop of instructions of every chapter with forward branches, calls, jumps
 * through registers, and stores into the program itself. Registers: RSI is the data page's middle, R15 the loop's counter, RSP the stack.
 */

type Random = () => number;

/** Displacements from RSI that instructions use: within two pages, so that some accesses cross. */
const REACH = 4096;
const MXCSRS = [0x1fa0, 0x1fa0, 0x1fa0, 0x1f80, 0x9fe0, 0x3fa0, 0x7fa0];

class Builder {
  readonly out: number[] = [];
  /** Where the last immediate byte lies that a store may change. */
  patch = -1;
  constructor(readonly random: Random) {}
  below(n: number): number { return this.random() % n; }
  pick<T>(of: readonly T[]): T { return of[this.below(of.length)]!; }
  put(...bytes: number[]): void { for (const b of bytes) this.out.push(b & 0xff); }
  put32(v: number): void { this.put(v, v >> 8, v >> 16, v >> 24); }
  /** A register that may change. */
  reg(): number { return this.pick([0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14]); }

  /** [prefix] REX opcode ModRM with registers, or [rsi + disp32]. */
  modrm(prefix: number[], wide: boolean, opcode: number[], reg: number, rm: number | undefined, tail: number[] = [], disp?: number): void {
    this.put(...prefix, 0x40 | (wide ? 8 : 0) | (reg >> 3 << 2) | ((rm ?? 6) >> 3), ...opcode);
    if (rm !== undefined) this.put(0xc0 | (reg & 7) << 3 | (rm & 7));
    else { this.put(0x86 | (reg & 7) << 3); this.put32(disp ?? this.displacement()); }
    this.put(...tail);
  }
  displacement(aligned = 1): number { return (this.below(2 * REACH - 32) - REACH) & -aligned; }
  /** Size by prefix and REX.W: 16, 32 or 64 bits. */
  size(): { prefix: number[]; wide: boolean } { return this.pick([{ prefix: [], wide: false }, { prefix: [], wide: true }, { prefix: [0x66], wide: false }]); }
  operand(): number | undefined { return this.below(2) ? this.reg() : undefined; }
}

function alu(b: Builder): void {
  const { prefix, wide } = b.size(), op = b.below(8) << 3, byte = b.below(4) === 0 ? 0 : 1;
  b.modrm(prefix, wide, [op | b.pick([0, 2]) | byte], b.reg(), b.operand());
}
function aluImmediate(b: Builder): void {
  const { prefix, wide } = b.size();
  b.modrm(prefix, wide, [0x83], b.below(8), b.operand(), [b.below(256)]);
  b.patch = b.out.length - 1;
}
function move(b: Builder): void {
  const { prefix, wide } = b.size();
  b.modrm(prefix, wide, b.pick([[0x88], [0x89], [0x8a], [0x8b], [0x0f, 0xb6], [0x0f, 0xb7], [0x0f, 0xbe], [0x0f, 0xbf], [0x63]]), b.reg(), b.operand());
}
function shift(b: Builder): void {
  const { prefix, wide } = b.size(), op = b.pick([0, 1, 2, 3, 4, 5, 7]), rm = b.operand();
  if (b.below(2)) b.modrm(prefix, wide, [b.pick([0xc0, 0xc1])], op, rm, [b.below(70)]);
  else b.modrm(prefix, wide, [b.pick([0xd1, 0xd3, 0xd2])], op, rm);
}
function doubleShift(b: Builder): void {
  const { prefix, wide } = b.size();
  if (b.below(2)) b.modrm(prefix, wide, [0x0f, b.pick([0xa4, 0xac])], b.reg(), b.operand(), [b.below(70)]);
  else b.modrm(prefix, wide, [0x0f, b.pick([0xa5, 0xad])], b.reg(), b.operand());
}
function unary(b: Builder): void {
  const { prefix, wide } = b.size();
  if (b.below(2)) b.modrm(prefix, wide, [0xff], b.below(2), b.operand());
  else b.modrm(prefix, wide, [0xf7], b.pick([2, 3, 4, 5]), b.operand());
}
/** The divisor is not 0 and the upper half is small: now and then it faults all the same. */
function divide(b: Builder): void {
  const wide = b.below(2) === 1, signed = b.below(2), divisor = b.pick([1, 3, 5, 8, 9]);
  b.modrm([], true, [0x83], 1, divisor, [1 + b.below(64)]);
  if (b.below(40)) { if (signed) b.put(0x48, 0xc1, 0xfa, 0x3f); else b.put(0x31, 0xd2); }
  b.modrm([], wide, [0xf7], signed ? 7 : 6, divisor);
}
function various(b: Builder): void {
  const { prefix, wide } = b.size(), rm = b.operand(), reg = b.reg();
  switch (b.below(12)) {
    case 0: b.modrm([], wide, [0x0f, 0x90 | b.below(16)], 0, rm); break;
    case 1: b.modrm(prefix, wide, [0x0f, 0x40 | b.below(16)], reg, rm); break;
    case 2: b.modrm(prefix, wide, [0x0f, b.pick([0xa3, 0xab, 0xb3, 0xbb])], reg, b.reg()); break;
    case 3: b.modrm(prefix, wide, [0x0f, 0xba], b.pick([4, 5, 6, 7]), rm, [b.below(64)]); break;
    case 4: b.modrm(prefix, wide, [0x0f, b.pick([0xbc, 0xbd])], reg, rm); break;
    case 5: b.modrm([0xf3, ...prefix], wide, [0x0f, 0xb8], reg, rm); break;
    case 6: b.put(0x48 | reg >> 3, 0x0f, 0xc8 | (reg & 7)); break;
    case 7: b.modrm(prefix, wide, [0x87], reg, rm); break;
    case 8: b.modrm(prefix, wide, [0x0f, b.pick([0xc1, 0xb1])], reg, rm); break;
    case 9: b.put(...b.pick([[0xf8], [0xf9], [0xf5], [0x98], [0x48, 0x98], [0x99], [0x48, 0x99], [0x9f], [0x9e], [0xfc]])); break;
    case 10: b.modrm(prefix, wide, [0x0f, 0xaf], reg, rm); break;
    default: b.modrm(prefix, wide, [0x6b], reg, rm, [b.below(256)]);
  }
}
function stack(b: Builder): void {
  const r = b.reg(), s = b.reg(), pop = (to: number): void => b.put(0x40 | to >> 3, 0x58 | (to & 7));
  if (b.below(3) === 0) b.put(0x9c); else b.put(0x40 | r >> 3, 0x50 | (r & 7));
  pop(s);
}
/** LEA with an index, and an access through it near RSI. */
function indexed(b: Builder): void {
  const index = b.reg(), to = b.reg();
  b.modrm([], false, [0x83], 4, index, [0x7f]); // and index, 127
  const rex = 0x48 | to >> 3 << 2 | index >> 3 << 1;
  b.put(rex, b.pick([0x8b, 0x89, 0x03, 0x01, 0x8d, 0x33]), 0x44 | (to & 7) << 3, b.pick([0, 0x40, 0x80, 0xc0]) | (index & 7) << 3 | 6, b.below(256));
}
const SCALARS = [0x58, 0x59, 0x5c, 0x5e, 0x5d, 0x5f, 0x51];
function real(b: Builder): void {
  const x = b.below(8), prefix = b.pick([[0xf2], [0xf2], [0xf3]]), memory = b.below(3) === 0;
  b.modrm(prefix, false, [0x0f, b.pick(SCALARS)], x, memory ? undefined : b.below(8));
}
function realMoves(b: Builder): void {
  const x = b.below(8), y = b.below(8), memory = b.below(2) === 0 ? undefined : y, wide = b.below(2) === 1;
  switch (b.below(9)) {
    case 0: b.modrm([b.pick([0xf2, 0xf3])], false, [0x0f, b.pick([0x10, 0x11])], x, memory); break;
    case 1: b.modrm(b.pick([[], [0x66]]), false, [0x0f, b.pick([0x2e, 0x2f])], x, memory); break;
    case 2: b.modrm([b.pick([0xf2, 0xf3])], wide, [0x0f, 0x2a], x, b.operand()); break;
    case 3: b.modrm([b.pick([0xf2, 0xf3])], wide, [0x0f, b.pick([0x2c, 0x2d])], b.reg(), memory); break;
    case 4: b.modrm([b.pick([0xf2, 0xf3])], false, [0x0f, 0x5a], x, memory); break;
    case 5: b.modrm([b.pick([0xf2, 0xf3])], false, [0x0f, 0xc2], x, memory, [b.below(8)]); break;
    case 6: b.modrm([0x66], wide, [0x0f, b.pick([0x6e, 0x7e])], x, b.operand()); break;
    case 7: b.modrm([0x66], false, [0x0f, b.pick([0xd7, 0x50])], b.reg(), y); break;
    default: b.modrm([0xf3], false, [0x0f, 0x7e], x, memory);
  }
}
function packed(b: Builder): void {
  const x = b.below(8), rm = b.below(3) ? b.below(8) : undefined, disp = b.displacement(16);
  if (b.below(3) === 0) b.modrm(b.pick([[], [0x66]]), false, [0x0f, b.pick([...SCALARS, 0x54, 0x57, 0x14, 0x15])], x, rm, [], disp);
  else if (b.below(8) === 0) b.modrm(b.pick([[], [0x66]]), false, [0x0f, b.pick([0xc2, 0xc6])], x, rm, [b.below(8)], disp);
  else if (b.below(6) === 0) shiftLanes(b);
  else b.modrm([0x66], false, [0x0f, b.pick(INTEGERS)], x, rm, [], disp);
}
const INTEGERS = [
  0xfc, 0xfd, 0xfe, 0xd4, 0xf8, 0xf9, 0xfa, 0xfb, 0xdb, 0xdf, 0xeb, 0xef, 0x60, 0x61, 0x62, 0x6c, 0x68, 0x69, 0x6a, 0x6d, 0x63, 0x67, 0x6b, 0x64, 0x65, 0x66,
  0x74, 0x75, 0x76, 0xd5, 0xe4, 0xe5, 0xf4, 0xf5, 0xf6, 0xe0, 0xe3, 0xda, 0xde, 0xea, 0xee, 0xd1, 0xd2, 0xd3, 0xe1, 0xe2, 0xf1, 0xf2, 0xf3, 0xdd, 0xd9,
];
function shiftLanes(b: Builder): void {
  const [opcode, kinds] = b.pick([[0x71, [2, 4, 6]], [0x72, [2, 4, 6]], [0x73, [2, 3, 6, 7]]] as const);
  b.modrm([0x66], false, [0x0f, opcode], b.pick(kinds), b.below(8), [b.below(2) ? b.below(70) : b.below(20)]);
}
/** Upper halves multiplied, as compilers do it without SSE4.1. */
function multiplyHalves(b: Builder): void {
  const x = b.below(8), y = b.below(8);
  for (const r of b.pick([[x], [y], [x, y]])) b.modrm([0x66], false, [0x0f, 0x73], 2, r, [32]);
  b.modrm([0x66], false, [0x0f, 0xf4], x, y);
}
/** SSSE3 and SSE4.1 by the opcode behind 0f 38, and behind 0f 3a with an immediate. */
const LATER = [
  0x00, 0x01, 0x02, 0x04, 0x08, 0x09, 0x0b, 0x1c, 0x1d, 0x1e, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x28, 0x29, 0x2b, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35,
  0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x10, 0x14, 0x15, 0x17,
];
function laterLanes(b: Builder): void {
  const x = b.below(8), rm = b.below(3) ? b.below(8) : undefined, disp = b.displacement(16);
  switch (b.below(5)) {
    case 0: b.modrm([0x66], false, [0x0f, 0x3a, b.pick([0x0f, 0x0c, 0x0d, 0x0e, 0x21])], x, rm, [b.below(b.below(2) ? 256 : 36)], disp); break;
    case 1: b.modrm([0x66], b.below(2) === 1, [0x0f, 0x3a, b.pick([0x14, 0x15, 0x16, 0x17, 0x20, 0x22])], x, b.operand(), [b.below(256)]); break;
    case 2: multiplyHalves(b); break;
    default: b.modrm([0x66], false, [0x0f, 0x38, b.pick(LATER)], x, rm, [], disp);
  }
}
function vectorMoves(b: Builder): void {
  const x = b.below(8), rm = b.below(2) ? b.below(8) : undefined;
  if (b.below(3) === 0) b.modrm([b.pick([0x66, 0xf2, 0xf3])], false, [0x0f, 0x70], x, rm, [b.below(256)], b.displacement(16));
  else b.modrm(b.pick([[0x66], [0xf3]]), false, [0x0f, b.pick([0x6f, 0x7f])], x, rm, [], b.displacement(16));
}
function stackReal(b: Builder): void {
  const r = b.below(8);
  switch (b.below(6)) {
    case 0: b.modrm([], false, [b.pick([0xdd, 0xd9, 0xdf, 0xdb])], 0, undefined); break;
    case 1: b.modrm([], false, [b.pick([0xdd, 0xd9])], b.pick([2, 3]), undefined); break;
    case 2: b.modrm([], false, [b.pick([0xdc, 0xd8])], b.pick([0, 1, 4, 6]), undefined); break;
    case 3: b.put(...b.pick([[0xd9, 0xc0 | r], [0xd9, 0xc8 | r], [0xd8, 0xc0 | r], [0xde, 0xc9], [0xdc, 0xe8 | r], [0xd9, 0xe0], [0xd9, 0xe8]])); break;
    case 4: b.put(0xdb, b.pick([0xe8, 0xf0]) | r); break;
    default: b.put(0xdf, 0xe0);
  }
}
/** x87 as compilers write it: as much is popped as was pushed, though not everything that ran before did so. */
function stackReals(b: Builder): void {
  if (b.below(3) === 0) b.put(0xdb, 0xe3); // fninit
  if (b.below(6) === 0) controlWord(b);
  let depth = 0;
  for (let n = 2 + b.below(10); n > 0; n--) depth = depth === 0 || depth < 7 && b.below(3) === 0 ? pushReal(b, depth) : withReals(b, depth);
  while (depth > 0) depth = popReal(b, depth);
}
function controlWord(b: Builder): void {
  b.put(0x66, 0xc7, 0x86); b.put32(0x50); // mov word [rsi + 80], ...
  const word = b.pick(CONTROL_WORDS);
  b.put(word, word >> 8, 0xd9, 0xae); b.put32(0x50); // fldcw [rsi + 80]
}
/** Precisions and roundings; now and then an exception that is not masked. */
const CONTROL_WORDS = [0x37f, 0x37f, 0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f, 0x67f, 0x35f];
function pushReal(b: Builder, depth: number): number {
  const load = b.below(7);
  if (depth > 0 && load === 6) b.put(0xd9, 0xc0 | b.below(depth));
  else if (load === 5) b.put(0xd9, b.pick([0xe8, 0xee]));
  else if (load === 4) b.modrm([], false, [0xdf], 5, undefined);
  else b.modrm([], false, [[0xdd, 0xd9, 0xdf, 0xdb][load & 3]!], 0, undefined);
  return depth + 1;
}
/** An operation on what is there; how deep the stack is then. */
function withReals(b: Builder, depth: number): number {
  const r = b.below(depth), group = b.pick([0, 1, 4, 5, 6, 7]) << 3;
  switch (b.below(9)) {
    case 0: b.modrm([], false, [b.pick([0xd8, 0xda, 0xdc, 0xde])], b.pick([0, 1, 2, 4, 5, 6, 7]), undefined); break;
    case 1: case 2: b.put(b.pick([0xd8, 0xdc]), 0xc0 | group | r); break;
    case 3: if (depth > 1) { b.put(0xde, 0xc0 | group | (1 + b.below(depth - 1))); return depth - 1; } break;
    case 4: b.put(...b.pick([[0xd9, 0xe0], [0xd9, 0xe1], [0xd9, 0xfa], [0xd9, 0xc8 | r], [0xdd, 0xd0 | r]])); break;
    case 5: b.put(...b.pick([[0xd8, 0xd0 | r], [0xdd, 0xe0 | r], [0xdb, 0xe8 | r], [0xdb, 0xf0 | r]])); break;
    case 6: b.put(0xdf, 0xe0); break;
    case 7: b.modrm([], false, [b.pick([0xd9, 0xdd, 0xdb, 0xdf])], 2, undefined); break;
    default: b.put(...b.pick([[0xd9, 0xe4], [0xd9, 0xe5], [0xda, 0xc0 | r], [0xd9, 0xfe], [0xd9, 0xeb, 0xdd, 0xd8]])); // by RUN
  }
  return depth;
}
function popReal(b: Builder, depth: number): number {
  const r = b.below(depth);
  switch (b.below(6)) {
    case 0: if (depth > 1) { b.put(...b.pick([[0xde, 0xd9], [0xda, 0xe9]])); return depth - 2; } break;
    case 1: b.put(...b.pick([[0xd8, 0xd8 | r], [0xdd, 0xe8 | r], [0xdf, 0xe8 | r], [0xdf, 0xf0 | r]])); return depth - 1;
    case 2: b.put(0xdd, 0xd8 | r); return depth - 1;
  }
  b.modrm([], false, ...b.pick<[number[], number]>([[[0xd9], 3], [[0xdd], 3], [[0xdb], 3], [[0xdf], 3], [[0xdf], 7], [[0xdb], 1], [[0xdd], 1], [[0xdf], 1], [[0xdb], 7]]), undefined);
  return depth - 1;
}
function rounding(b: Builder): void {
  b.put(0xc7, 0x86); b.put32(0x40); b.put32(b.pick(MXCSRS)); // mov dword [rsi + 64], ...
  b.put(0x0f, 0xae, 0x96); b.put32(0x40); // ldmxcsr [rsi + 64]
}
function system(b: Builder): void { b.put(...b.pick([[0x0f, 0x31], [0xf3, 0x90], [0x90], [0xfa], [0xfb], [0x0f, 0xa2]])); }
function fill(b: Builder): void {
  b.put(0xb9); b.put32(b.below(20)); // mov ecx, n
  b.put(0x48, 0x8d, 0xbe); b.put32(b.displacement()); // lea rdi, [rsi + x]
  b.put(0xf3, b.pick([0xaa, 0xab]));
}
/** A byte of the program's last patchable immediate. */
function patchSelf(b: Builder): void {
  if (b.patch < 0 || b.below(6)) return;
  b.put(0xc6, 0x05); b.put32(b.patch - (b.out.length + 5)); b.put(b.below(256));
}

const CHAPTERS: readonly (readonly [number, (b: Builder) => void])[] = [
  [10, alu], [6, aluImmediate], [10, move], [4, shift], [1, doubleShift], [3, unary], [1, divide], [8, various], [3, stack], [5, indexed], [8, real], [6, realMoves],
  [6, packed], [2, laterLanes], [3, vectorMoves], [1, stackReal], [1.5, stackReals], [0.3, rounding], [0.5, system], [0.5, fill], [1, patchSelf],
];
const WEIGHT = CHAPTERS.reduce((sum, [weight]) => sum + weight, 0);
function one(b: Builder): void {
  let at = b.random() / 2 ** 32 * WEIGHT;
  for (const [weight, write] of CHAPTERS) if ((at -= weight) < 0) { write(b); return; }
}

/** A jump over the next few instructions, or a call or jump that leads there by another way. */
function branch(b: Builder, functions: number[]): void {
  const over = 1 + b.below(5), kind = b.below(8);
  if (kind === 0 && functions.length) { b.put(0xe8); b.put32(b.pick(functions) - (b.out.length + 4)); return; }
  if (kind === 1) { // lea rax, [behind]; jmp rax
    b.put(0x48, 0x8d, 0x05);
    const hole = b.out.length;
    b.put32(0); b.put(0xff, 0xe0);
    for (let k = 0; k < over; k++) one(b);
    fix(b, hole, 4);
    return;
  }
  b.put(0x0f, 0x80 | b.below(16));
  const hole = b.out.length;
  b.put32(0);
  for (let k = 0; k < over; k++) one(b);
  fix(b, hole, 4);
}
function fix(b: Builder, hole: number, after: number): void {
  const distance = b.out.length - (hole + after);
  for (let k = 0; k < 4; k++) b.out[hole + k] = (distance >> (8 * k)) & 0xff;
}

/** A loop without end of up to `most` instructions, behind the functions that it calls. The entry is `start`. */
export function makeProgram(random: Random, most: number): { code: Uint8Array; start: number } {
  const b = new Builder(random), functions: number[] = [];
  for (let n = b.below(3); n > 0; n--) {
    functions.push(b.out.length);
    for (let k = 1 + b.below(6); k > 0; k--) one(b);
    b.put(0xc3);
  }
  const start = b.out.length;
  for (let k = 1 + b.below(most); k > 0; k--) if (b.below(7) === 0) branch(b, functions); else one(b);
  b.put(0x41, 0xff, 0xcf, 0x0f, 0x85); b.put32(start - (b.out.length + 4)); // dec r15d; jnz start
  b.put(0xe9); b.put32(start - (b.out.length + 4));
  return { code: Uint8Array.from(b.out), start };
}
