/** `--jit` and what is told of translated code: `--dump-ir`, `--dump-wasm`, `--jit-symbols`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { JIT_MODES } from '../machine/options.js';
import type { LocalMachine } from '../machine/local.js';
import { parseSymbols, symbolFinder } from '../machine/symbols.js';
import { MAX_JIT_THRESHOLD } from '../machine/translator.js';
import type { JitMode, JitOptions } from '../machine/types.js';
import { parseCount, type Given } from './arguments.js';
import { UsageError } from './faults.js';
import { readEach, readOption, type Reading } from './reading.js';
import { readProperties, splitWords, type Property } from './words.js';

const JIT: readonly Property[] = [
  { name: 'threshold', kind: { is: 'count', least: 1, most: MAX_JIT_THRESHOLD }, about: 'instructions that a block runs in the interpreter before it is translated' },
];

export interface JitPlan {
  jit: JitOptions | undefined;
  /** Linear addresses whose code is to be told of. */
  ir: bigint[];
  wasm: bigint[];
  symbols: string | undefined;
}

function isMode(word: string): word is JitMode {
  return (JIT_MODES as readonly string[]).includes(word);
}

/** `--jit=on,threshold=5000`. */
function jitOf(given: Given, reading: Reading): JitOptions {
  const words = splitWords(given), mode = words.head;
  if (!isMode(mode)) throw new UsageError(given.argument, `want ${JIT_MODES.join(', ')}, and threshold=N behind a comma.`);
  const threshold = readProperties(words, '--jit', JIT, reading.faults).get('threshold');
  return typeof threshold === 'number' ? { mode, threshold } : { mode };
}

const addressOf = ({ argument, value }: Given): bigint => parseCount(argument, /^[0-9a-f]*[a-f][0-9a-f]*$/i.test(value) ? `0x${value}` : value);

export function readJit(reading: Reading): JitPlan {
  const jit = readOption(reading, 'jit', (given) => jitOf(given, reading));
  const plan = { jit, ir: readEach(reading, 'dump-ir', addressOf), wasm: readEach(reading, 'dump-wasm', addressOf), symbols: reading.parsed.value('jit-symbols') };
  for (const name of ['dump-ir', 'dump-wasm', 'jit-symbols']) {
    const given = reading.parsed.given(name);
    if (given !== undefined && jit?.mode === 'off') reading.faults.add(given.argument, 'nothing is translated with --jit=off.');
  }
  return plan;
}

const hex = (address: bigint): string => address.toString(16).padStart(16, '0');

/** Tells of what is translated, notes by `note`. The function says at the end what was not there. */
export function watchTranslation(machine: LocalMachine, { ir, wasm, symbols }: JitPlan, note: (text: string) => void): () => void {
  if (symbols !== undefined) machine.symbolAt = symbolFinder(parseSymbols(readFileSync(symbols, 'latin1')));
  const missing = new Set([...ir, ...wasm]);
  if (missing.size === 0) return () => undefined;
  machine.onTranslated = ({ addresses, bytes }) => {
    for (const address of addresses) {
      if (!missing.delete(address)) continue;
      if (ir.includes(address)) process.stderr.write(`${hex(address)}:\n${machine.readIr(address)}\n`);
      if (!wasm.includes(address)) continue;
      writeFileSync(`pintail-${hex(address)}.wasm`, bytes);
      note(`pintail-${hex(address)}.wasm has the code for 0x${hex(address)}, as guest_${hex(address)} among what was compiled with it.`);
    }
  };
  return () => missing.forEach((address) => note(`nothing that begins at 0x${hex(address)} was translated.`));
}
