/** The parts of a Wasm binary that the checks look at. WebAssembly Core Specification 2.0, 5.5. */

const SECTION_GLOBAL = 6;
const END = 0x0b;

interface Reader {
  bytes: Uint8Array;
  at: number;
}

function leb(reader: Reader): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.bytes[reader.at++]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
}

/** Skips a constant expression: an operator with its immediate, then `end`. */
function skipInitialiser(reader: Reader): void {
  const opcode = reader.bytes[reader.at++]!;
  if (opcode === 0x43) reader.at += 4;
  else if (opcode === 0x44) reader.at += 8;
  else leb(reader);
  if (reader.bytes[reader.at++] !== END) throw new Error('a global has an initialiser of more than one operator');
}

/** Indices of the module's own mutable globals. */
export function mutableGlobals(bytes: Uint8Array): number[] {
  const reader: Reader = { bytes, at: 8 };
  while (reader.at < bytes.length) {
    const id = bytes[reader.at++]!;
    const size = leb(reader);
    if (id !== SECTION_GLOBAL) {
      reader.at += size;
      continue;
    }
    const out: number[] = [];
    const count = leb(reader);
    for (let i = 0; i < count; i++) {
      reader.at++; // its type
      if (bytes[reader.at++] === 1) out.push(i);
      skipInitialiser(reader);
    }
    return out;
  }
  return [];
}
