// Queues made and deleted by the guest (5.3 to 5.6), and the doorbells by which it says how far it is (3.1.24, 3.1.25).

import { msixEnabled, vectorCount } from "../../pci/msix";
import { askedAt, askedCount } from "../../device/blocks";
import { Event, MOST_ENTRIES, QueueFlag, Status } from "./spec";
import { completionAt, hasCompletion, hasSubmission, IO_QUEUES, Nvme, pageShift, Queue, QUEUES, submissionAt } from "./state";
import { dropDone, lowerPin } from "./done";
import { noteEvent } from "./events";

/** What becomes of an answer of the host: it completes the command; the bytes are held against the guest's first; nobody waits for it. */
export const enum Fate { TELL, COMPARE, FORGOTTEN }

/** Makes a queue of a size that is less one. */
export function makeQueue(q: Queue, base: u64, size: u32): void {
  memory.fill(changetype<usize>(q), 0, offsetof<Queue>());
  q.base = base; q.entries = size + 1;
}

function checkQueue(n: Nvme, size: u32, base: u64, flags: u32): u32 {
  if (!size || size > MOST_ENTRIES) return Status.QUEUE_SIZE;
  if (base & ((<u64>1 << pageShift(n)) - 1)) return Status.INVALID_PRP_OFFSET;
  return flags & QueueFlag.CONTIGUOUS ? Status.OK : Status.INVALID_FIELD;
}

export function createCompletion(n: Nvme, base: u64, dw10: u32, dw11: u32): u32 {
  const id = dw10 & 0xffff, size = dw10 >> 16, vector = dw11 >> 16;
  if (!id || id > IO_QUEUES || hasCompletion(n, id)) return Status.INVALID_QUEUE;
  const status = checkQueue(n, size, base, QueueFlag.CONTIGUOUS);
  if (status) return status;
  if (vector >= vectorCount(n.pci) || (vector && !msixEnabled(n.pci))) return Status.INVALID_VECTOR;
  if (!(dw11 & QueueFlag.CONTIGUOUS)) return Status.INVALID_FIELD;
  const q = completionAt(n, id);
  makeQueue(q, base, size);
  q.phase = 1; q.interrupts = dw11 & QueueFlag.INTERRUPTS ? 1 : 0; q.vector = vector;
  return Status.OK;
}

export function createSubmission(n: Nvme, base: u64, dw10: u32, dw11: u32): u32 {
  const id = dw10 & 0xffff, partner = dw11 >> 16;
  if (!partner || !hasCompletion(n, partner)) return Status.INVALID_CQ;
  if (!id || id > IO_QUEUES || hasSubmission(n, id)) return Status.INVALID_QUEUE;
  const status = checkQueue(n, dw10 >> 16, base, dw11);
  if (status) return status;
  makeQueue(submissionAt(n, id), base, dw10 >> 16);
  submissionAt(n, id).partner = partner;
  return Status.OK;
}

/** What the host has been asked for it is done, and nobody is told. */
export function deleteSubmission(n: Nvme, id: u32): u32 {
  if (!id || !hasSubmission(n, id)) return Status.INVALID_QUEUE;
  for (let i: u32 = 0; i < askedCount(n.table); i++) if (askedAt(n.table, i).queue == id) askedAt(n.table, i).fate = Fate.FORGOTTEN;
  dropDone(n, id);
  submissionAt(n, id).entries = 0;
  return Status.OK;
}

export function deleteCompletion(n: Nvme, id: u32): u32 {
  if (!id || !hasCompletion(n, id)) return Status.INVALID_CQ;
  for (let i: u32 = 1; i < QUEUES; i++) if (hasSubmission(n, i) && submissionAt(n, i).partner == id) return Status.QUEUE_DELETION;
  const q = completionAt(n, id);
  q.head = q.tail;
  lowerPin(n, q);
  q.entries = 0;
  return Status.OK;
}

/** A doorbell's value, by its offset from the first; false where it is refused, of which the guest is told. */
export function ring(n: Nvme, offset: u32, value: u32): bool {
  const id = offset >> 3, isHead = (offset & 4) != 0;
  if (offset & 3 || !(isHead ? hasCompletion(n, id) : hasSubmission(n, id))) { noteEvent(n, Event.INVALID_DOORBELL); return false; }
  const q = isHead ? completionAt(n, id) : submissionAt(n, id);
  if (value >= q.entries || (isHead && !isWithin(q, value))) { noteEvent(n, Event.INVALID_VALUE); return false; }
  if (!isHead) { q.tail = value; return true; }
  q.head = value;
  lowerPin(n, q);
  return true;
}

/** A head goes no further than what was told. */
function isWithin(q: Queue, head: u32): bool { return q.head <= q.tail ? head >= q.head && head <= q.tail : head >= q.head || head <= q.tail; }
