// Faults: eight records in registers, taken in turn (7.2 and 7.3). With the next one still in use the fault is lost and FSTS.PFO says so, until software
// clears it; nothing is recorded meanwhile. However many faults there are, each costs the same.

import { Count, tally, tallyFault } from "./counters";
import { dropEvent, raiseEvent } from "./events";
import { FAULT_RECORDS, Frcd, Fsts, RECORD_BYTES, RECORD_HIGH, Reg } from "./spec";
import { get32, get64, put32, put64, unit } from "./state";

@inline export const PENDING: u32 = Fsts.PFO | Fsts.PPF | Fsts.IQE | Fsts.ICE | Fsts.ITE;
@inline function recordAt(n: u32): u32 { return <u32>Reg.FRCD + n * RECORD_BYTES; }
@inline function inUse(n: u32): bool { return get64(recordAt(n) + RECORD_HIGH) >> Frcd.FAULT_SHIFT != 0; }

/** A refused request. `info` is the page's address or the interrupt's index in its place; `hidden`: an entry says that it is not to be recorded. */
export function noteFault(requester: u32, info: u64, reason: u32, read: bool, hidden: bool): void {
  tallyFault(reason);
  if (hidden) { tally(Count.FAULTS_HIDDEN); return; }
  const status = get32(Reg.FSTS), n = unit.nextRecord;
  if (status & Fsts.PFO) { tally(Count.FAULTS_LOST); return; }
  if (inUse(n)) { tally(Count.FAULTS_LOST); setStatus(Fsts.PFO); return; }
  put64(recordAt(n), info);
  put64(recordAt(n) + RECORD_HIGH, <u64>1 << Frcd.FAULT_SHIFT | <u64>(read ? 1 : 0) << Frcd.READ_SHIFT | <u64>reason << Frcd.REASON_SHIFT | requester);
  unit.nextRecord = (n + 1) % FAULT_RECORDS;
  if (!(status & Fsts.PPF)) put32(Reg.FSTS, (get32(Reg.FSTS) & ~(<u32>Fsts.FRI)) | n << Fsts.FRI_SHIFT);
  setStatus(Fsts.PPF);
}

/** Sets a bit of FSTS. It is told only when nothing was pending (11.4.7.2). */
export function setStatus(bit: u32): void {
  const before = get32(Reg.FSTS);
  put32(Reg.FSTS, before | bit);
  if (!(before & PENDING)) raiseEvent(Reg.FECTL);
}

/** A record or FSTS was written: PPF follows the records, and with nothing left to look after the event is not pending either. */
export function refreshFaults(): void {
  let some: u32 = 0;
  for (let n: u32 = 0; n < FAULT_RECORDS; n++) if (inUse(n)) some = Fsts.PPF;
  put32(Reg.FSTS, (get32(Reg.FSTS) & ~(<u32>Fsts.PPF)) | some);
  if (!(get32(Reg.FSTS) & PENDING)) dropEvent(Reg.FECTL);
}
