/** Just enough decoding of a vector's code for the tables of undefined results: prefixes, opcode, ModRM, operand size. */
import type { Vector } from './vectors.js';

export interface Shape {
  readonly opsize: boolean;
  readonly rex: number;
  /** 0xf2, 0xf3 or 0: the last of them. */
  readonly repeat: number;
  /** The byte after the escapes. */
  readonly opcode: number;
  readonly modrm: number;
  /** 2, 4 or 8 for operands that follow the prefixes. */
  readonly operandBytes: number;
  readonly last: number;
}

const LEGACY_PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

export function shapeOf({ code, mode }: Vector): Shape {
  let at = 0;
  let rex = 0;
  let opsize = false;
  let repeat = 0;
  for (; at < code.length; at++) {
    const byte = code[at]!;
    if (LEGACY_PREFIXES.has(byte)) {
      rex = 0;
      if (byte === 0x66) opsize = true;
      if (byte === 0xf2 || byte === 0xf3) repeat = byte;
    } else if (mode === 64 && (byte & 0xf0) === 0x40) rex = byte;
    else break;
  }
  if (code[at] === 0x0f) at += code[at + 1] === 0x38 || code[at + 1] === 0x3a ? 2 : 1;
  const operandBytes = rex & 8 ? 8 : opsize === (mode === 16) ? 4 : 2;
  return { opsize, rex, repeat, opcode: code[at] ?? 0, modrm: code[at + 1] ?? 0, operandBytes, last: code[code.length - 1] ?? 0 };
}

/** The register number in the ModRM reg field. */
export function regField({ modrm, rex }: Shape): number {
  return ((modrm >> 3) & 7) | (rex & 4 ? 8 : 0);
}

/** The register number in the ModRM rm field, or null for memory. */
export function rmField({ modrm, rex }: Shape): number | null {
  return modrm >> 6 === 3 ? (modrm & 7) | (rex & 1 ? 8 : 0) : null;
}
