/** Attacks, each on a board of its own, and how much of what isolation promises held. */

import type { Experiment } from '../experiment.js';
import { AT, CARD_VECTOR, FAULT_VECTOR, requesterOf, rightStructures, WRONGS, type Attack, type Structures } from './attack.js';
import { BYTES, Victim, type Fault } from './victim.js';

/** What was there before in the pages, and what the card has to write. */
const [SECRET, OWN] = [0x5a, 0xa5];
const PAGES = [AT.BEFORE, AT.PAGE, AT.BEHIND] as const;

/** Each true where it is as it should be. */
export interface Outcome {
  /** The unit's record: the reason, who asked, what for, and no second record; or that there is none. */
  reason: boolean;
  source: boolean;
  address: boolean;
  direction: boolean;
  /** The fault was told by its message, or none was sent. */
  message: boolean;
  /** Memory is as it was, and what may be done by right has been done. */
  memory: boolean;
  /** Nothing of memory got to the card that it may not have, and no interrupt to the processor. */
  nothingGot: boolean;
  /** With right structures the same request goes through: the attack could have succeeded. */
  possible: boolean;
}

export interface Attacked {
  attack: Attack;
  /** One a phase. */
  outcomes: Outcome[];
}

/** The share of what was looked at that held. */
export const isolationOf = (outcome: Outcome): number => Object.values(outcome).filter(Boolean).length / Object.values(outcome).length;

const isAll = (bytes: Uint8Array, byte: number): boolean => bytes.every((one) => one === byte);
/** The page of the card holds what it wrote at its beginning, and else what was there. */
const isWritten = (page: Uint8Array): boolean => isAll(page.subarray(0, BYTES), OWN) && isAll(page.subarray(BYTES), SECRET);

/** Puts bytes of the card's own into its buffer, over what was there. */
function arm(victim: Victim, right: Structures, requester: number): void {
  victim.install(right, requester);
  victim.fill(AT.PAGE, OWN);
  victim.transfer(right.iova, false);
  for (const page of PAGES) victim.fill(page, SECRET);
}

/** What the card holds, by writing it where it may. */
function heldBy(victim: Victim, right: Structures, requester: number): Uint8Array {
  victim.install(right, requester);
  victim.transfer(right.iova, true);
  return victim.page(AT.PAGE).subarray(0, BYTES);
}

function ask(victim: Victim, { way }: Attack, { iova }: Structures): void {
  if (way === 'interrupt') victim.interrupt();
  else victim.transfer(iova, way === 'write');
}

/** What the record of a refused request has to say of what was asked for. */
const infoOf = ({ way, reason }: Attack, { iova, message }: Structures): bigint => (way !== 'interrupt' ? iova : reason === 0x25 ? 0n : BigInt(message[0] >>> 5 & 0x7fff) << 48n);

function recorded(attack: Attack, wrong: Structures, requester: number, faults: readonly Fault[]): Pick<Outcome, 'reason' | 'source' | 'address' | 'direction'> {
  const [fault] = faults, alone = faults.length === (attack.reason === undefined ? 0 : 1);
  if (attack.reason === undefined) return { reason: alone, source: alone, address: alone, direction: alone };
  return {
    reason: alone && fault?.reason === attack.reason, source: fault?.source === requester, address: fault?.info === infoOf(attack, wrong),
    // The direction of an interrupt is not said (7.2).
    direction: attack.way === 'interrupt' || fault?.read === (attack.way === 'read'),
  };
}

/** Whether the same request goes through where everything is right. */
async function couldSucceed(attack: Attack): Promise<boolean> {
  const victim = await Victim.make(attack.behind === true), requester = requesterOf(attack.behind === true), right = rightStructures(requester);
  try {
    arm(victim, right, requester);
    ask(victim, attack, right);
    if (victim.faults().length > 0) return false;
    if (attack.way === 'interrupt') return victim.waits(CARD_VECTOR);
    return attack.way === 'write' ? isWritten(victim.page(AT.PAGE)) : isAll(heldBy(victim, right, requester), SECRET);
  } finally {
    await victim.close();
  }
}

export async function runAttack(attack: Attack): Promise<Outcome> {
  const victim = await Victim.make(attack.behind === true), requester = requesterOf(attack.behind === true), right = rightStructures(requester);
  const wrong = { ...right, ...WRONGS[attack.wrong]!(right) }, goesThrough = attack.reason === undefined;
  try {
    arm(victim, right, requester);
    victim.install(wrong, requester);
    ask(victim, attack, wrong);
    const record = recorded(attack, wrong, requester, victim.faults()), message = victim.waits(FAULT_VECTOR) !== goesThrough;
    const [before, page, behind] = PAGES.map((at) => victim.page(at)) as [Uint8Array, Uint8Array, Uint8Array];
    const memory = isAll(before, SECRET) && isAll(behind, SECRET) && (attack.way === 'write' && goesThrough ? isWritten(page) : isAll(page, SECRET));
    const got = attack.way === 'interrupt' ? victim.waits(CARD_VECTOR) : attack.way === 'read' && isAll(heldBy(victim, right, requester), SECRET);
    return { ...record, message, memory, nothingGot: goesThrough || !got, possible: await couldSucceed(attack) };
  } finally {
    await victim.close();
  }
}

export async function runAttacks({ attacks, phases }: Experiment, onProgress?: (message: string) => void, signal?: AbortSignal): Promise<Attacked[]> {
  const out: Attacked[] = [];
  if (attacks.length > 0) onProgress?.(`${attacks.length} attacks`);
  for (const attack of attacks) {
    const outcomes: Outcome[] = [];
    for (let phase = 0; phase < phases; phase++) {
      signal?.throwIfAborted();
      outcomes.push(await runAttack(attack));
    }
    out.push({ attack, outcomes });
  }
  return out;
}

