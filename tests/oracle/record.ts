/** Runs made-up cases on the processor and turns the outcomes into vectors. */
import { isSegmented, modesOf, type Row } from './catalogue.js';
import { seedOf } from './expand.js';
import { runCases, type Outcome } from './harness.js';
import { makeFlat, makeSegmented, type Attempt } from './instruction.js';
import { codeAddress, SETTINGS, SETTINGS_16, stackAddress } from './ldt.js';
import type { Reach } from './reach.js';
import { createState } from './state.js';
import { hasErrorCode, type Fault, type Memory } from './vectors.js';
import type { Recorded, RecordedRow } from './write-vectors.js';

/** A case and its number in the row, which is part of its seed. */
interface Numbered {
  readonly index: number;
  readonly attempt: Attempt;
}

const TF_RF = 0x1_0100;
const STEP = 1;

/** A seed for a row that depends on nothing but its key and the run's seed. */
function rowSeed({ key, chapter }: Row, seed: number): number {
  return [...(isSegmented(chapter) ? `16 ${key}` : key)].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x0100_0193), seed ^ 0x811c_9dc5) >>> 0;
}

function faultOf(outcome: Outcome): Fault | null {
  const { vector } = outcome;
  if (vector === STEP) return null;
  return { vector, errorCode: hasErrorCode(vector) ? outcome.errorCode : null, cr2: vector === 14 ? outcome.cr2 : null };
}

/** The flags image that PUSHF stored has the TF of the recording in it. */
function withoutPushedTrap(row: Row, outcome: Outcome): readonly Memory[] {
  if (row.name !== 'PUSHF' || outcome.vector !== STEP) return outcome.changes;
  const at = Number(stackAddress(outcome.state)) + 1;
  return outcome.changes.map(({ address, bytes }) => ({ address, bytes: bytes.map((byte, i) => (address + i === at ? byte & ~1 : byte)) }));
}

function recordedOf(row: Row, index: number, attempt: Attempt, outcome: Outcome): Recorded {
  const final = createState(outcome.state.bytes);
  final.rflags &= ~TF_RF;
  if (attempt.setting !== null) for (let i = 0; i < 16; i++) final.gpr[i] = i < 8 ? final.gpr[i]! & 0xffff_ffffn : 0n;
  return { ...attempt, index, profile: row.profile, final, memoryChanges: withoutPushedTrap(row, outcome), fault: faultOf(outcome) };
}

/** Three vectors in four are 16-bit code. */
function settingFor(index: number, seed: number): number {
  const mixed = (seed ^ (seed >>> 11)) >>> 0;
  return index % 4 === 3 ? SETTINGS_16 + (mixed % (SETTINGS - SETTINGS_16)) : mixed % SETTINGS_16;
}

function attemptsOf(row: Row, seed: number, count: number, reach: Reach): Numbered[] {
  const modes = modesOf(row);
  const one = (index: number): Attempt => {
    const own = seedOf(seed, index);
    if (isSegmented(row.chapter)) return makeSegmented(row, own, settingFor(index, own));
    return makeFlat(row, own, modes.length === 1 ? modes[0]! : index % 3 === 2 ? 32 : 64);
  };
  const attempts = Array.from({ length: count }, (_, index) => ({ index, attempt: one(index) }));
  return attempts.filter(({ attempt }) => reach({ ...attempt, key: row.key }) === null);
}

/** `count` vectors of each row, less those that cannot be run on this machine. */
export function recordRows(rows: readonly Row[], seed: number, count: number | null, reach: Reach): RecordedRow[] {
  const batches = rows.map((row) => ({ row, seed: rowSeed(row, seed), attempts: attemptsOf(row, rowSeed(row, seed), count ?? row.count, reach) }));
  const cases = batches.flatMap(({ attempts }) => attempts.map(({ attempt: { mode, initial, memory, code } }) => ({
    mode, state: initial, patches: [...memory, { address: codeAddress(initial), bytes: code }],
  })));
  const outcomes = runCases(cases);
  let next = 0;
  return batches.map(({ row, seed: own, attempts }) => ({
    key: row.key,
    name: row.name,
    seed: own,
    vectors: attempts.map(({ index, attempt }) => recordedOf(row, index, attempt, outcomes[next++]!)),
  }));
}
