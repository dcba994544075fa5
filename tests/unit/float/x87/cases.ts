/**
 * x87 cases: the state before one instruction and what an Intel processor made of it. x87.vec holds them gzipped, 80 bytes each,
 * little-endian:
 *
 *    0   1      2      4    6    8   9       10     20     30      | 40   42  43       44     46      56      66     76
 *   | op| modrm| flags| fcw| fsw| ftw| zero | ST(0)| ST(i)| memory | fsw| ftw| changed| flags| memory| first | second| unused
 *
 * Registers are ten bytes; the ones not given hold `filler`. ST(i) is put in ST(1) and in ST(ModRM.rm). `changed` holds the physical
 * numbers of up to two registers that differ afterwards: low and high half, 8 for none.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export const CASE_BYTES = 80;
export const VECTORS = new URL('./x87.vec', import.meta.url);
export const NO_REGISTER = 8;

export interface Register { mantissa: bigint; exponent: number }
export interface Case {
  op: number; modrm: number; flags: number; fcw: number; fsw: number; ftw: number;
  top: Register; other: Register; memory: Uint8Array;
  after: { fsw: number; ftw: number; flags: number; memory: Uint8Array; changed: Map<number, Register> };
}

export function readRegister(view: DataView, at: number): Register {
  return { mantissa: view.getBigUint64(at, true), exponent: view.getUint16(at + 8, true) };
}

export function writeRegister(view: DataView, at: number, { mantissa, exponent }: Register): void {
  view.setBigUint64(at, mantissa, true);
  view.setUint16(at + 8, exponent, true);
}

/** What a physical register holds unless a case says otherwise. */
export function filler(physical: number): Register {
  return { mantissa: (1n << 63n) | BigInt(physical), exponent: 0x3fff + physical };
}

/** The eight physical registers before the instruction. */
export function registersBefore({ fsw, modrm, top, other }: Pick<Case, 'fsw' | 'modrm' | 'top' | 'other'>): Register[] {
  const registers = Array.from({ length: 8 }, (_, physical) => filler(physical));
  const base = (fsw >> 11) & 7;
  registers[(base + 1) & 7] = other;
  if (modrm >= 0xc0) registers[(base + (modrm & 7)) & 7] = other;
  registers[base] = top;
  return registers;
}

export function readCases(): Case[] {
  const bytes = gunzipSync(readFileSync(VECTORS));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / CASE_BYTES }, (_, n) => readCase(bytes, view, n * CASE_BYTES));
}

function readCase(bytes: Uint8Array, view: DataView, at: number): Case {
  const changed = new Map<number, Register>();
  const which = bytes[at + 43]!;
  if ((which & 15) < NO_REGISTER) changed.set(which & 15, readRegister(view, at + 56));
  if (which >> 4 < NO_REGISTER) changed.set(which >> 4, readRegister(view, at + 66));
  return {
    op: bytes[at]!, modrm: bytes[at + 1]!, flags: view.getUint16(at + 2, true), fcw: view.getUint16(at + 4, true),
    fsw: view.getUint16(at + 6, true), ftw: bytes[at + 8]!,
    top: readRegister(view, at + 10), other: readRegister(view, at + 20), memory: bytes.subarray(at + 30, at + 40),
    after: {
      fsw: view.getUint16(at + 40, true), ftw: bytes[at + 42]!, flags: view.getUint16(at + 44, true),
      memory: bytes.subarray(at + 46, at + 56), changed,
    },
  };
}
