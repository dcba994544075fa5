/** Builds the native harness (once) and runs cases through it. The record layouts are those of native/harness.c. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Mode } from './expand.js';
import { LDT, type Segment } from './ldt.js';
import { backgroundOf, REGIONS } from './pages.js';
import { createState, STATE_BYTES, type State } from './state.js';
import type { Memory } from './vectors.js';

const SOURCE = fileURLToPath(new URL('./native/harness.c', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../build/oracle/', import.meta.url));
const PROGRAM = `${FOLDER}harness`;
const HEADER_BYTES = 8 + STATE_BYTES;
/** A count in the first 16 bytes, then 16 a descriptor. */
const LDT_BLOCK_BYTES = 16 * 33;
const RESPONSE_BYTES = 24 + STATE_BYTES;

const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-nostdlib', '-static', '-ffreestanding', '-fno-stack-protector', '-fcf-protection=none',
  '-fno-pie', '-no-pie', '-mno-sse', '-mno-mmx', '-mno-80387'];

export interface Case {
  readonly mode: Mode;
  readonly state: State;
  /** The code among them. */
  readonly patches: readonly Memory[];
}

/** The vector of a case that was not run: native/harness.c. */
export const NOT_RUN = 0x100;

export interface Outcome {
  /** 1 when the instruction ended normally (the single-step trap). */
  readonly vector: number;
  readonly errorCode: number;
  readonly cr2: bigint;
  readonly state: State;
  readonly changes: readonly Memory[];
}

/** Compiles the harness if its source is newer. Needs gcc on an x86-64 Linux machine. */
export function buildHarness(): void {
  if (process.arch !== 'x64' || process.platform !== 'linux') {
    throw new Error(`vectors are recorded on x86-64 Linux; this is ${process.platform} ${process.arch}`);
  }
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs > statSync(SOURCE).mtimeMs) return;
  mkdirSync(FOLDER, { recursive: true });
  execFileSync('gcc', [...FLAGS, '-o', PROGRAM, SOURCE], { stdio: 'inherit' });
}

const pad = (bytes: number): number => (bytes + 7) & ~7;

function packCase({ mode, state, patches }: Case): Uint8Array {
  const size = HEADER_BYTES + patches.reduce((sum, patch) => sum + pad(8 + patch.bytes.length), 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size, true);
  bytes[4] = mode;
  bytes[5] = patches.length;
  bytes.set(state.bytes, 8);
  let at = HEADER_BYTES;
  for (const patch of patches) {
    view.setUint32(at, patch.address, true);
    view.setUint32(at + 4, patch.bytes.length, true);
    bytes.set(patch.bytes, at + 8);
    at += pad(8 + patch.bytes.length);
  }
  return bytes;
}

function unpackOutcome(file: Uint8Array, start: number): { outcome: Outcome; size: number } {
  const view = new DataView(file.buffer, file.byteOffset + start);
  const changes: Memory[] = [];
  let at = RESPONSE_BYTES;
  for (let i = view.getUint32(12, true); i > 0; i--) {
    const length = view.getUint32(at + 4, true);
    changes.push({ address: view.getUint32(at, true), bytes: file.slice(start + at + 8, start + at + 8 + length) });
    at += pad(8 + length);
  }
  const state = createState(file.slice(start + 24, start + 24 + STATE_BYTES));
  const [size, vector, errorCode] = [0, 4, 8].map((offset) => view.getUint32(offset, true)) as [number, number, number];
  return { outcome: { vector, errorCode, cr2: view.getBigUint64(16, true), state, changes }, size };
}

/** As modify_ldt takes it. */
function userDescriptor({ base, limit, pages, kind, big, restricted, present }: Segment, index: number): Uint32Array {
  const contents = { data: 0, down: 1, code: 2 }[kind];
  return Uint32Array.of(index, base, limit, Number(big) | (contents << 1) | (Number(restricted) << 3) | (Number(pages) << 4) | (Number(!present) << 5));
}

function ldtBlock(): Uint8Array {
  const block = new Uint8Array(LDT_BLOCK_BYTES);
  new DataView(block.buffer).setUint32(0, LDT.length, true);
  LDT.forEach((segment, i) => block.set(new Uint8Array(userDescriptor(segment, i).buffer), 16 + 16 * i));
  return block;
}

/** Runs the cases, each from a clean background, and returns their outcomes in order. `under` is a command to run the harness with. */
export function runCases(cases: readonly Case[], under: readonly string[] = []): Outcome[] {
  const input = `${FOLDER}cases.bin`;
  const output = `${FOLDER}outcomes.bin`;
  writeFileSync(input, Buffer.concat([...REGIONS.map(backgroundOf), ldtBlock(), ...cases.map(packCase)]));
  const [command = PROGRAM, ...args] = [...under, PROGRAM, input, output];
  execFileSync(command, args, { stdio: 'inherit', timeout: 60_000 });
  const read = readFileSync(output);
  const file = new Uint8Array(read.buffer, read.byteOffset, read.length);
  const outcomes: Outcome[] = [];
  for (let at = 0; at < file.length; ) {
    const { outcome, size } = unpackOutcome(file, at);
    outcomes.push(outcome);
    at += size;
  }
  if (outcomes.length !== cases.length) throw new Error(`the harness ran ${outcomes.length} of ${cases.length} cases`);
  return outcomes;
}

/** What the vector files say about where they were recorded. */
export function processorName(): string {
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const field = (name: string): string => new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(info)?.[1] ?? '?';
  return `${field('vendor_id')} family ${field('cpu family')} model ${field('model')} stepping ${field('stepping')}: ${field('model name')}`;
}
