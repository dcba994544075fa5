// Completions on their way to the guest (4.6, 7.5): a command that is done waits for its time, and then for room in its completion queue; each entry that is told
// interrupts by its queue's vector, or by INTx while the function has MSI-X off.

import { cancelTimer, nowNs, setTimer } from "../../device/clock";
import { dmaWrite } from "../../device/dma";
import { requesterOf } from "../../pci/functions";
import { setIntx } from "../../pci/intx";
import { msixEnabled, sendVector } from "../../pci/msix";
import { Cqe, Status } from "./spec";
import { completionAt, Count, countNvme, Done, doneAt, failController, hasCompletion, hasSubmission, isReady, MOST_DONE, Nvme, Queue, submissionAt } from "./state";

/** Virtual ns from a command to its completion: of one that needs no host, and of one from the host's answer on. */
@inline const AT_ONCE_NS: u64 = 10_000;
@inline const DELAY_NS: u64 = 50_000;
const ENTRY: usize = memory.data(16, 16);

/** A command needs no host, or was refused. */
export function tell(n: Nvme, queue: u32, id: u32, status: u32, result: u32): void { note(n, queue, id, status, result, AT_ONCE_NS); }
/** The host has done it. */
export function tellLater(n: Nvme, queue: u32, id: u32, status: u32): void { note(n, queue, id, status, 0, DELAY_NS); }

function note(n: Nvme, queue: u32, id: u32, status: u32, result: u32, delay: u64): void {
  if (n.completions >= MOST_DONE) return;
  const d = doneAt(n, n.completions++);
  d.due = nowNs() + delay; d.result = result; d.queue = queue; d.id = id; d.status = status;
  if (status) countNvme(n, Count.REFUSED);
  arm(n);
}

/** Of a queue that is gone nothing is told. */
export function dropDone(n: Nvme, queue: u32): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n.completions; i++) if (doneAt(n, i).queue != queue) keep(n, i, kept++);
  n.completions = kept;
}
@inline function keep(n: Nvme, from: u32, to: u32): void { if (from != to) memory.copy(changetype<usize>(doneAt(n, to)), changetype<usize>(doneAt(n, from)), offsetof<Done>()); }

/** For the earliest that waits for its time. */
function arm(n: Nvme): void {
  const now = nowNs();
  let due: u64 = ~0;
  for (let i: u32 = 0; i < n.completions; i++) due = min(due, max(doneAt(n, i).due, now + 1));
  if (n.completions && isReady(n)) setTimer(n.timer, due);
  else cancelTimer(n.timer);
}

@inline function after(q: Queue, at: u32): u32 { return at + 1 >= q.entries ? 0 : at + 1; }
@inline function isFull(q: Queue): bool { return after(q, q.tail) == q.head; }

/** Tells what is due and has room; true when something was told. What has none waits for the guest's doorbell. */
export function tellDue(n: Nvme): bool {
  const now = nowNs(), before = n.completions;
  let kept: u32 = 0, soonest: u64 = ~0;
  for (let i: u32 = 0; i < n.completions; i++) {
    const d = doneAt(n, i), there = hasSubmission(n, d.queue) && isReady(n), to = submissionAt(n, d.queue).partner;
    if (!there || !hasCompletion(n, to)) continue;
    if (d.due <= now && !isFull(completionAt(n, to))) { post(n, d, to); continue; }
    if (d.due > now) soonest = min(soonest, d.due);
    keep(n, i, kept++);
  }
  n.completions = kept;
  if (soonest != ~0) setTimer(n.timer, soonest);
  else cancelTimer(n.timer);
  return kept < before;
}

/** An entry of the completion queue, and its interrupt. */
function post(n: Nvme, d: Done, to: u32): void {
  const q = completionAt(n, to);
  store<u64>(ENTRY, d.result);
  store<u32>(ENTRY, submissionAt(n, d.queue).head | d.queue << 16, Cqe.HEAD);
  store<u32>(ENTRY, d.id | q.phase << Cqe.PHASE_SHIFT | d.status << Cqe.STATUS_SHIFT, Cqe.CID);
  if (!dmaWrite(requesterOf(n.pci), q.base + <u64>q.tail * Cqe.BYTES, ENTRY, Cqe.BYTES)) { failController(n); return; }
  q.tail = after(q, q.tail);
  if (q.tail == 0) q.phase ^= 1;
  if (q.interrupts) raise(n, q);
}

function raise(n: Nvme, q: Queue): void {
  countNvme(n, Count.INTERRUPTS);
  if (msixEnabled(n.pci)) { sendVector(n.pci, q.vector); return; }
  n.pending |= 1 << (q.vector & 31);
  refreshPin(n);
}

/** INTx is up while a queue has something to tell that is not masked (7.5.1.1). */
export function refreshPin(n: Nvme): void { setIntx(n.pci, (n.pending & ~n.masked) != 0 && !msixEnabled(n.pci)); }

/** The guest has taken what a queue had. */
export function lowerPin(n: Nvme, q: Queue): void {
  if (q.head != q.tail) return;
  n.pending &= ~(1 << (q.vector & 31));
  refreshPin(n);
}

@inline export function refuse(n: Nvme, queue: u32, id: u32, status: u32): void { tell(n, queue, id, status | Status.DNR, 0); }
