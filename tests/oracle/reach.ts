/**
 * What this machine's kernel lets its programs do. The harness needs 32-bit code, an LDT, any stack pointer and faults as the processor raises them; a
 * kernel may be built without some of these, and a hypervisor may stand in the way. What cannot be run here is counted and said, never compared.
 */
import { NOT_RUN, runCases, type Case, type Outcome } from './harness.js';
import { codeAddress } from './ldt.js';
import { CODE, CODE_SELECTOR_32, CODE_SELECTOR_64, DATA_SELECTOR, STACK } from './pages.js';
import { createState, type State } from './state.js';
import type { Memory, Vector } from './vectors.js';

/** A case, as far as it decides whether it can be run. */
export type Start = Pick<Vector, 'mode' | 'initial' | 'code' | 'key'> & { readonly memory: readonly Memory[] };

interface Limit {
  readonly what: string;
  /** Cases that need it. */
  readonly needs: (start: Start) => boolean;
  /** Whether it is there. */
  readonly probe: () => Outcome;
  readonly works: (outcome: Outcome) => boolean;
}

const STEP = 1;
const NOP = 0x90;

function caseOf(code: readonly number[], change: (state: State) => void, at = CODE.base + 0x800): Case {
  const state = createState();
  state.rip = BigInt(at);
  state.rflags = 0x202;
  state.mxcsr = 0x1f80;
  state.fcw = 0x37f;
  state.segment.set([DATA_SELECTOR, CODE_SELECTOR_64, DATA_SELECTOR, DATA_SELECTOR, 0, 0]);
  state.gpr[4] = BigInt(STACK.base + 0x800);
  change(state);
  return { mode: 64, state, patches: [{ address: codeAddress(state), bytes: Uint8Array.from(code) }] };
}

const run = (one: Case): Outcome => runCases([one])[0]!;
const stepped = ({ vector }: Outcome): boolean => vector === STEP;
const isWild = (address: bigint): boolean => BigInt.asIntN(48, address) !== BigInt.asIntN(64, address);
const usesLdt = ({ initial, key }: Start): boolean => initial.segment.some((selector) => (selector & 4) !== 0) || key.endsWith('.ldt');
/** Rows that load the selectors of a kernel with 32-bit programs. */
const NAMES_SELECTORS = /^(1\.(8e|07|1f|c4|c5|9a|ea|ca|cb|cf|ff\/[35]$)|0f\.(a1|a9|b4$|b5$|00|02|03))/;

const LIMITS: readonly Limit[] = [
  {
    what: '32-bit code', works: stepped,
    needs: ({ mode, key, initial }) => mode !== 64 && !initial.segment.some((selector) => (selector & 4) !== 0) || NAMES_SELECTORS.test(key),
    probe: () => run(caseOf([NOP], (state) => { state.segment[1] = CODE_SELECTOR_32; })),
  },
  {
    what: 'an LDT', needs: usesLdt, works: ({ vector }) => vector !== NOT_RUN,
    probe: () => run(caseOf([NOP], (state) => { state.segment[0] = 0x37; })),
  },
  {
    what: 'a stack pointer that is not canonical', works: stepped,
    needs: ({ mode, initial }) => mode === 64 && isWild(initial.gpr[4]!),
    probe: () => run(caseOf([NOP], (state) => { state.gpr[4] = 1n << 47n; })),
  },
  {
    what: 'the fault of an INT that crosses a page',
    needs: ({ key, initial, code }) => key === '1.cd' && (Number(initial.rip) & 0xfff) + code.length > 0x1000,
    works: ({ vector, errorCode }) => vector === 13 && errorCode === 0x1a * 8 + 2,
    probe: () => run(caseOf([0xcd, 0x1a], () => undefined, CODE.base + 0xfff)),
  },
];

/** The first thing that a case needs and this machine lacks; null if it can be run. */
export type Reach = (start: Start) => string | null;

export function probeReach(): Reach {
  const missing = LIMITS.filter(({ probe, works }) => !works(probe()));
  return (start) => missing.find(({ needs }) => needs(start))?.what ?? null;
}
