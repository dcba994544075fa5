/**
 * The code of a module of translations as text, an instruction a line: names as assembly/translate/wasm.ts has them, addresses by region of linear memory. For
 * goldens, so it knows what the translator writes and no more; anything else throws. WebAssembly Core Specification 2.0, chapter 5.
 */
import { readFileSync } from 'node:fs';

const SOURCE = readFileSync(new URL('../../assembly/translate/wasm.ts', import.meta.url), 'utf8');

/** Numbers to names of an enum in that file, in lower case. */
function namesOf(name: string): Map<number, string> {
  const body = new RegExp(`enum ${name} \\{([\\s\\S]*?)\\n?\\}`).exec(SOURCE)![1]!.replace(/\/\*\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '');
  return new Map([...body.matchAll(/(\w+) = (0x[0-9a-f]+|\d+)/g)].map(([, word, value]) => [Number(value), word!.toLowerCase().replace(/^([if]\d\d)_/, '$1.')]));
}
const NAMES = namesOf('W'), VECTORS = namesOf('X'), IMPORTS = /enum Import \{([\s\S]*?)\}/.exec(readFileSync(new URL('../../assembly/translate/imports.ts', import.meta.url), 'utf8'))![1]!.split(',').map((w) => w.trim().toLowerCase());

class Reader {
  constructor(private readonly bytes: Uint8Array, public at = 0) {}
  byte(): number { return this.bytes[this.at++]!; }
  unsigned(): number {
    let v = 0, shift = 0, b: number;
    do { b = this.byte(); v += (b & 127) * 2 ** shift; shift += 7; } while (b & 128);
    return v;
  }
  signed(): bigint {
    let v = 0n, shift = 0n, b: number;
    do { b = this.byte(); v |= BigInt(b & 127) << shift; shift += 7n; } while (b & 128);
    return b & 64 ? v - (1n << shift) : v;
  }
  hex(n: number): string { return Buffer.from(this.bytes.subarray(this.at, (this.at += n))).toString('hex'); }
}

/** Where the code section's contents begin. */
function codeAt(bytes: Uint8Array): number {
  const r = new Reader(bytes, 8);
  for (;;) {
    const id = r.byte(), length = r.unsigned();
    if (id === 10) return r.at;
    r.at += length;
  }
}

/** Names an address of linear memory, that of an access or a constant that may be one. */
export type Places = (address: number, isAccess: boolean) => string;

export function wasmText(bytes: Uint8Array, place: Places): string {
  const r = new Reader(bytes, codeAt(bytes)), out: string[] = [];
  for (let n = r.unsigned(); n > 0; n--) writeFunction(r, out, place);
  return out.join('\n');
}

function writeFunction(r: Reader, out: string[], place: Places): void {
  const length = r.unsigned(), end = r.at + length;
  let locals = 0, depth = 0;
  for (let n = r.unsigned(); n > 0; n--) { locals += r.unsigned(); r.byte(); }
  out.push(`func, ${locals} locals`);
  while (r.at < end) {
    const op = r.byte();
    if (op === 0x05 || op === 0x0b) depth--;
    out.push(`${'  '.repeat(Math.max(depth, 0) + 1)}${instruction(op, r, place)}`);
    if (op >= 0x02 && op <= 0x05) depth++;
  }
}

function instruction(op: number, r: Reader, place: Places): string {
  // Some are made by adding to others' numbers, and have no name of their own there.
  const name = NAMES.get(op) ?? (op >= 0x45 && op <= 0xc4 ? `op 0x${op.toString(16)}` : undefined);
  if (op === 0xfd) return vector(r, place);
  if (name === undefined) throw new Error(`opcode 0x${op.toString(16)} is not among those that the translator writes.`);
  if (op >= 0x02 && op <= 0x04) { r.byte(); return name; }
  if (op === 0x0c || op === 0x0d) return `${name} ${r.unsigned()}`;
  if (op === 0x0e) return `${name} ${Array.from({ length: r.unsigned() + 1 }, () => r.unsigned()).join(' ')}`;
  if (op === 0x10) { const f = r.unsigned(); return `${name} ${IMPORTS[f] ?? f}`; }
  if (op >= 0x20 && op <= 0x22) return `${name} ${r.unsigned()}`;
  if (op >= 0x28 && op <= 0x3e) return `${name} ${access(r, place)}`;
  if (op === 0x41) return `${name} ${place(Number(r.signed()), false)}`;
  if (op === 0x42) return `${name} ${r.signed()}`;
  if (op === 0x43) return `${name} ${r.hex(4)}`;
  if (op === 0x44) return `${name} ${r.hex(8)}`;
  if (op === 0xfc) return `${name} ${r.unsigned()}`;
  return name;
}
function access(r: Reader, place: Places): string { r.unsigned(); return place(r.unsigned(), true); }

function vector(r: Reader, place: Places): string {
  const op = r.unsigned(), name = `v128.${VECTORS.get(op) ?? `op${op}`}`;
  if (op <= 11 || op === 92 || op === 93) return `${name} ${access(r, place)}`;
  if (op >= 84 && op <= 91) return `${name} ${access(r, place)} ${r.byte()}`;
  if (op === 12 || op === 13) return `${name} ${r.hex(16)}`;
  if (op >= 21 && op <= 34) return `${name} ${r.byte()}`;
  return name;
}
