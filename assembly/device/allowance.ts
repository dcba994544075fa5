// What devices may cost the host: one allowance for the whole machine, in units of work of about 10 ns each.
//
//   Whatever moves guest memory or goes over bytes spends units: transfers (dma.ts), sums, checks. A device asks mayWork before each item: a
//   packet, a chain, a part of a disk's request. An item is done whole within the instruction in hand and costs at most ITEM; what it
//   spends is known afterwards, so the balance may fall below zero.
//
//   The balance refills with virtual time, a unit a ns, up to BURST. With nothing left the device keeps its place in its ring, and its
//   turn, a timer, goes on there when there is allowance again. Turns are at least TURN_NS apart and each is good for an item whatever
//   the balance, so that devices that wait take turns and none waits for ever. While its turn is armed a device looks at nothing:
//   a doorbell only marks. Resets and the like are done at once and cancel the turn.
//
// All of it is state: what a guest may do depends on virtual time alone, not on the host's speed. Ordinary drivers never come here.

import { anew } from "../base/anew";
import { spend as spendTurn } from "../base/control";
import { addCount, Counter, count } from "../base/counters";
import { cancelTimer, deadlineOf, nowNs, setTimer, timerArmed } from "./clock";
import { ALLOWANCE } from "./layout";
import { takeTimers } from "./timers";

/** Units that may be spent at once: 1 ms of work. */
@inline export const BURST: i64 = 100_000;
/** What one item may cost: 0.2 ms of work. Devices cut what could cost more. */
@inline export const ITEM: i64 = 20_000;
/** Devices' timers are apart by what refills an item. */
@inline const TURN_NS: u64 = 20_000;
/** Work of a turn after which no further item begins. */
@inline const TURN: i64 = 4_000;

@unmanaged class Allowance {
  balance: i64;
  /** Up to when it has been refilled. */
  filledNs: u64;
  /** Items may begin above this balance: 0, less within a turn. */
  floor: i64;
  /** Timers that are turns, a bit each: at attach, the same again after a snapshot. */
  turns0: u64; turns1: u64;
}
@inline const allowance = changetype<Allowance>(ALLOWANCE);

export function resetAllowance(): void {
  allowance.balance = BURST;
  allowance.filledNs = nowNs();
  allowance.floor = 0;
}

/** Work has been done; it counts for the loop's yields too. Debt has an end, so that what is done without asking (resets) cannot keep devices waiting for ever. */
export function spend(units: u32): void {
  spendTurn(units);
  addCount(Counter.DEVICE_WORK, units);
  allowance.balance = max<i64>(allowance.balance - units, -BURST);
}

/** There are no turns; before anything is attached. */
export function clearTurns(): void {
  allowance.turns0 = 0; allowance.turns1 = 0;
  anew(changetype<usize>(allowance) + offsetof<Allowance>("turns0"), 16);
}

/** A timer for a device's turn; at attach, bound to a handler that calls beginTurn. */
export function takeTurn(): u32 {
  const timer = takeTimers(1);
  keepTurn(timer);
  return timer;
}
/** A timer of the board's own is a device's turn. */
export function keepTurn(timer: u32): void {
  if (timer < 64) allowance.turns0 |= <u64>1 << timer;
  else allowance.turns1 |= <u64>1 << (timer & 63);
}

function refill(now: u64): void {
  if (now <= allowance.filledNs) return;
  allowance.balance = min(BURST, allowance.balance + <i64>min<u64>(now - allowance.filledNs, 2 * BURST));
  allowance.filledNs = now;
}

/** The device waits for its turn. */
@inline export function waitsForTurn(turn: u32): bool { return timerArmed(turn); }

/** An item may begin. If not, the device's turn is armed. */
export function mayWork(turn: u32): bool {
  if (timerArmed(turn)) return false;
  refill(nowNs());
  if (allowance.balance > allowance.floor) return true;
  armTurn(turn);
  return false;
}

/** When there is allowance again, and the devices that wait already have had their turns. */
function armTurn(turn: u32): void {
  let at = nowNs() + <u64>max<i64>(1 - allowance.balance, 1);
  at = max(at, afterTurns(allowance.turns0, 0));
  at = max(at, afterTurns(allowance.turns1, 64));
  count(Counter.DEVICE_WAITS);
  setTimer(turn, at);
}

function afterTurns(turns: u64, first: u32): u64 {
  let at: u64 = 0;
  for (let left = turns; left; left &= left - 1) {
    const id = first + <u32>ctz(left);
    if (timerArmed(id)) at = max(at, deadlineOf(id) + TURN_NS);
  }
  return at;
}

/** A turn has come: an item may begin whatever the balance. endTurn must follow. */
export function beginTurn(): void {
  refill(nowNs());
  allowance.floor = min<i64>(allowance.balance, 0) - TURN;
}
export function endTurn(): void { allowance.floor = 0; }

/** What waits is given up: a reset, a queue taken away, the bus or the link gone. */
export function cancelTurn(turn: u32): void { cancelTimer(turn); }
