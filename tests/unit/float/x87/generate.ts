/** Draws x87 cases, has the processor run them (record.c), and writes x87.vec. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CASE_BYTES, NO_REGISTER, VECTORS, readRegister, registersBefore, writeRegister, type Register } from './cases.js';

const INPUT_BYTES = 132;
const OUTPUT_BYTES = 140;
const IMAGE_IN = 24;
const INTEGER_BIT = 1n << 63n;
const QUIET_BIT = 1n << 62n;

let seed = 1;
function draw(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return (t ^ (t >>> 14)) >>> 0;
}
const below = (n: number): number => draw() % n;
const once = (n: number): boolean => below(n) === 0;

/** Random, but often a run of ones or zeros. */
function drawLong(): bigint {
  const v = (BigInt(draw()) << 32n) | BigInt(draw());
  const n = BigInt(below(64));
  switch (below(8)) {
    case 0: return v >> n;
    case 1: return BigInt.asUintN(64, -(v >> n));
    case 2: return BigInt.asUintN(64, v << n);
    case 3: return 1n << n;
    case 4: return (1n << n) - 1n;
    default: return v;
  }
}

function smallInteger(): [number, bigint] {
  let m = BigInt(1 + below(20));
  let e = 0x3fff + 63;
  for (; !(m & INTEGER_BIT); e--) m <<= 1n;
  return [e, m];
}

/** Exponent and significand: zeros, infinities, NaNs, denormals and unsupported ones, then ranges around every boundary. */
function drawMagnitude(): [number, bigint] {
  const normal = (from: number, count: number): [number, bigint] => [from + below(count), INTEGER_BIT | drawLong()];
  switch (below(20)) {
    case 0: return [0, 0n];
    case 1: return [0x7fff, INTEGER_BIT];
    case 2: return [0x7fff, INTEGER_BIT | QUIET_BIT | drawLong()];
    case 3: return [0x7fff, INTEGER_BIT | (drawLong() & (QUIET_BIT - 1n)) || 1n];
    case 4: return [0, drawLong() & (INTEGER_BIT - 1n)];
    case 5: return [0, INTEGER_BIT | drawLong()];
    case 6: return [below(0x8000), drawLong() & (INTEGER_BIT - 1n)];
    case 7: return normal(1, 70);
    case 8: return normal(0x7ffe - 69, 70);
    case 9: return normal(0, 0x8000);
    case 10: return normal(0x3fff, 66);
    case 11: return [0x3fff, INTEGER_BIT];
    case 12: return smallInteger();
    case 13: return normal(0x3ffc, 3);
    case 14: return normal(0x3fff, 4);
    case 15: return normal(0x3c01 - 64, 80);
    case 16: return normal(0x3f81 - 30, 40);
    case 17: return normal(0x407d, 4);
    case 18: return normal(0x43fd, 4);
    default: return normal(0x3fff - 69, 70);
  }
}
function drawRegister(): Register {
  const [exponent, mantissa] = drawMagnitude();
  return { exponent: exponent | (below(2) << 15), mantissa };
}
/** A second operand, often near the first. */
function drawNear(first: Register): Register {
  const exponent = (first.exponent & 0x7fff) + below(135) - 67;
  if (!once(3) || exponent <= 0 || exponent >= 0x7fff) return drawRegister();
  return { exponent: exponent | (below(2) << 15), mantissa: once(3) ? first.mantissa | INTEGER_BIT : INTEGER_BIT | drawLong() };
}

/** [opcode's low bits, ModRM] of every form that is there and touches neither AX nor an environment. */
function forms(): [number, number][] {
  const all: [number, number][] = [];
  const absent: Record<number, (reg: number, modrm: number) => boolean> = {
    1: (reg, modrm) => (reg === 2 && modrm !== 0xd0) || [0xe2, 0xe3, 0xe6, 0xe7, 0xef].includes(modrm),
    2: (reg, modrm) => reg >= 4 && modrm !== 0xe9,
    3: (reg, modrm) => reg === 7 || (reg === 4 && modrm > 0xe4),
    5: (reg) => reg >= 6,
    6: (reg, modrm) => reg === 3 && modrm !== 0xd9,
    7: (reg) => reg === 7 || reg === 4,
  };
  const noMemory: Record<number, number[]> = { 1: [1, 4, 5, 6, 7], 3: [4, 6], 5: [4, 5, 6, 7] };
  for (let op = 0; op < 8; op++) {
    for (let reg = 0; reg < 8; reg++) if (!noMemory[op]?.includes(reg)) all.push([op, reg << 3]);
    for (let modrm = 0xc0; modrm < 0x100; modrm++) {
      // Of eight registers two stand for all, but in the columns where each ModRM is another instruction.
      if (absent[op]?.((modrm >> 3) & 7, modrm) || ((op !== 1 || modrm < 0xe0) && (op !== 3 || (modrm & 0x38) !== 0x20) && (modrm & 7) > 1)) continue;
      all.push([op, modrm]);
    }
  }
  return all;
}

function drawMemory(op: number, modrm: number): Uint8Array {
  const bytes = new Uint8Array(10);
  const view = new DataView(bytes.buffer);
  const reg = modrm >> 3;
  view.setBigUint64(0, drawLong(), true);
  view.setUint16(8, below(0x10000), true);
  if (modrm >= 0xc0) return new Uint8Array(10);
  if (op === 0 || (op === 1 && reg === 0)) view.setUint32(0, (draw() & 0x807f_ffff) | ((once(4) ? (below(2) ? 255 : 0) : below(256)) << 23), true);
  if (op === 4 || (op === 5 && reg === 0)) view.setUint32(4, (draw() & 0x800f_ffff) | ((once(4) ? (below(2) ? 2047 : 0) : below(2048)) << 20), true);
  if (op === 7 && reg === 4) for (let i = 0; i < 9; i++) bytes[i] = (below(10) << 4) | below(10);
  if (op === 3 && reg === 5) writeRegister(view, 0, drawRegister());
  return bytes;
}

/** A case's first half (see cases.ts). */
function drawCase(op: number, modrm: number): Uint8Array {
  const bytes = new Uint8Array(CASE_BYTES);
  const view = new DataView(bytes.buffer);
  const masks = once(3) ? (once(3) ? 0 : draw() & 63) : 63;
  const base = below(8);
  const precision = once(3) ? below(4) : 3;
  let tags = 0;
  for (let physical = 0; physical < 8; physical++) if (!once(12)) tags |= 1 << physical;
  if (once(2)) tags &= ~(1 << ((base - 1) & 7));
  bytes[0] = op;
  bytes[1] = modrm;
  view.setUint16(2, draw() & 0x8d5, true);
  view.setUint16(4, 0x40 | masks | (precision << 8) | (below(4) << 10), true);
  view.setUint16(6, (draw() & 0x4700) | (base << 11) | (once(4) ? draw() & masks : 0), true);
  bytes[8] = tags;
  const top = drawRegister();
  writeRegister(view, 10, top);
  writeRegister(view, 20, drawNear(top));
  bytes.set(drawMemory(op, modrm), 30);
  return bytes;
}

function before(view: DataView): Register[] {
  return registersBefore({ fsw: view.getUint16(6, true), modrm: view.getUint8(1), top: readRegister(view, 10), other: readRegister(view, 20) });
}

/** The input record of record.c. */
function encode(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  const record = new Uint8Array(INPUT_BYTES);
  const to = new DataView(record.buffer);
  record.set(bytes.subarray(0, 2));
  to.setUint32(4, view.getUint16(2, true), true);
  record.set(bytes.subarray(30, 40), 8);
  to.setUint32(IMAGE_IN, 0xffff_0000 | view.getUint16(4, true), true);
  to.setUint32(IMAGE_IN + 4, view.getUint16(6, true), true);
  let tags = 0;
  for (let physical = 0; physical < 8; physical++) if (!((bytes[8]! >> physical) & 1)) tags |= 3 << (2 * physical);
  to.setUint32(IMAGE_IN + 8, tags, true);
  const base = (view.getUint16(6, true) >> 11) & 7;
  const registers = before(view);
  for (let i = 0; i < 8; i++) writeRegister(to, IMAGE_IN + 28 + 10 * i, registers[(base + i) & 7]!);
  return record;
}

/** Fills in a case's second half from the output record. */
function complete(bytes: Uint8Array, output: DataView): void {
  const view = new DataView(bytes.buffer);
  const fsw = output.getUint16(4, true);
  let tags = 0;
  for (let physical = 0; physical < 8; physical++) if (((output.getUint16(8, true) >> (2 * physical)) & 3) !== 3) tags |= 1 << physical;
  view.setUint16(40, fsw, true);
  bytes[42] = tags;
  view.setUint16(44, output.getUint16(124, true) & 0x8d5, true);
  for (let i = 0; i < 10; i++) bytes[46 + i] = output.getUint8(108 + i);
  const changed: number[] = [];
  before(view).forEach((was, physical) => {
    const now = readRegister(output, 28 + 10 * ((physical - (fsw >> 11)) & 7));
    if (now.mantissa === was.mantissa && now.exponent === was.exponent) return;
    if (changed.length === 2) throw new Error(`${bytes[0]} ${bytes[1]} changed more than two registers`);
    writeRegister(view, 56 + 10 * changed.length, now);
    changed.push(physical);
  });
  bytes[43] = (changed[0] ?? NO_REGISTER) | ((changed[1] ?? NO_REGISTER) << 4);
}

export function main([count = '24']: string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'x87-'));
  try {
    const program = join(folder, 'record');
    execFileSync('cc', ['-O1', '-o', program, fileURLToPath(new URL('./record.c', import.meta.url))]);
    const cases = forms().flatMap(([op, modrm]) => Array.from({ length: Number(count) }, () => drawCase(op, modrm)));
    const output = execFileSync(program, { input: Buffer.concat(cases.map(encode)), maxBuffer: 1 << 30 });
    cases.forEach((bytes, n) => complete(bytes, new DataView(output.buffer, output.byteOffset + n * OUTPUT_BYTES, OUTPUT_BYTES)));
    const packed = gzipSync(Buffer.concat(cases), { level: 9 });
    writeFileSync(VECTORS, packed);
    console.log(`${cases.length} cases, ${packed.length} bytes`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
