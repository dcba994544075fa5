// A job: one transfer between a drive's medium and the guest, or a flush, whatever controller asks for it.
//
//   NONE -> start -> READY -> ask (device/blocks.ts) -> ASKED -> the host answers, no instruction has run -> service
//     more is left: READY, the next part          all is there: WAITING -> timer, after a fixed virtual delay -> NONE, the controller is told
//
// A part is what a batch holds and what the guest's list covers in a bounded number of entries; each is drawn from the allowance, and waits for its turn
// when there is none. Ranges to discard are in the drive's buffer. Reads go into the guest's memory when the host has answered, writes are taken from it when they are asked.

import { ask, Asked, askedAt, askedCount, clearAsked, dataOf, roomToAsk, unask } from "../../device/blocks";
import { beginTurn, cancelTurn, endTurn, mayWork } from "../../device/allowance";
import { cancelTimer, nowNs, setTimer } from "../../device/clock";
import { Answer, Request, RequestType } from "../../surface/blocks";
import { bufferOf, busOf, countBytes, countUnit, JobState, Result, Unit, UnitCount } from "./state";

/** What a request takes, and a block of a PIO transfer after the first. */
@inline export const DELAY_NS: u32 = 50_000;
@inline export const BLOCK_DELAY_NS: u32 = 5_000;

/** Begins a job; none may be in hand. */
export function startJob(u: Unit, type: u32, sector: u64, bytes: u32, flags: u32, delayNs: u32): void {
  u.jobType = type; u.jobSector = sector; u.jobTotal = bytes; u.jobDone = 0; u.jobResult = Result.OK;
  u.jobFlags = flags; u.jobDelay = delayNs;
  u.jobState = JobState.READY;
  pump(u);
}

/** Asks for the next part, if it may. */
export function pump(u: Unit): void {
  if (u.jobState != JobState.READY || !mayWork(u.turn)) return;
  const moves = u.jobType == RequestType.IN || u.jobType == RequestType.OUT;
  const bytes = moves ? partBytes(u) : u.jobTotal;
  if (moves && !bytes) { finish(u, Result.SHORT); return; }
  // The medium may have been changed for a smaller one since the command was looked at.
  if (moves && u.jobSector + ((<u64>u.jobDone + bytes) >> 9) > u.sectors) { finish(u, Result.HOST); return; }
  const a = ask(u.table, u.jobType, u.jobSector + (u.jobDone >> 9), bytes);
  if (!changetype<usize>(a)) return;
  a.flags = u.jobFlags;
  u.jobPart = bytes;
  if (!moves) memory.copy(dataOf(a), bufferOf(u), bytes);
  else if (u.jobType == RequestType.OUT && !move(u, a, false)) { unask(u.table); finish(u, Result.MEMORY); return; }
  u.jobState = JobState.ASKED;
  if (u.jobDone) countUnit(u, UnitCount.PARTS);
}

/** Whole sectors that have a place in the guest and in the batch. */
function partBytes(u: Unit): u32 {
  const wanted = min(u.jobTotal - u.jobDone, roomToAsk(u.table));
  return min(wanted, call_indirect<u32>(busOf(u).onReach, changetype<usize>(u), wanted)) & ~(Request.SECTOR_BYTES - 1);
}

@inline function move(u: Unit, a: Asked, inward: bool): bool {
  return call_indirect<u32>(busOf(u).onMove, changetype<usize>(u), dataOf(a), u.jobPart, inward ? <u32>1 : <u32>0) != 0;
}

/** The host has answered. */
export function serviceUnit(unit: usize): void {
  const u = changetype<Unit>(unit);
  if (!askedCount(u.table)) return;
  const a = askedAt(u.table, 0), answer = a.answer;
  if (answer == Answer.UNANSWERED) return;
  if (u.jobState != JobState.ASKED || a.fate) { clearAsked(u.table); pump(u); return; }
  const ok = answer == Answer.OK, there = !ok || u.jobType != RequestType.IN || move(u, a, true);
  clearAsked(u.table);
  if (!ok) { finish(u, Result.HOST); return; }
  if (!there) { finish(u, Result.MEMORY); return; }
  u.jobDone += u.jobPart;
  if (u.jobType == RequestType.IN) countBytes(u, UnitCount.BYTES_READ, u.jobPart);
  else if (u.jobType == RequestType.OUT) countBytes(u, UnitCount.BYTES_WRITTEN, u.jobPart);
  if (u.jobDone >= u.jobTotal) { finish(u, Result.OK); return; }
  u.jobState = JobState.READY;
  pump(u);
}

function finish(u: Unit, result: u32): void {
  u.jobResult = result;
  u.jobState = JobState.WAITING;
  setTimer(u.timer, nowNs() + u.jobDelay);
}

/** The timer: its time has come. */
export function endJob(unit: usize): void {
  const u = changetype<Unit>(unit);
  if (u.jobState != JobState.WAITING) return;
  u.jobState = JobState.NONE;
  call_indirect<void>(busOf(u).onDone, unit);
}

/** There is allowance again. */
export function takeTurnOf(unit: usize): void {
  const u = changetype<Unit>(unit);
  beginTurn();
  if (u.jobState == JobState.NONE) call_indirect<void>(busOf(u).onTurn, unit);
  else pump(u);
  endTurn();
}

/** The drive or its controller is reset: what the host has been asked is done, and nobody is told. */
export function forgetJob(u: Unit): void {
  for (let i: u32 = 0; i < askedCount(u.table); i++) askedAt(u.table, i).fate = 1;
  u.jobState = JobState.NONE;
  cancelTimer(u.timer);
  cancelTurn(u.turn);
}
