// Requests on their way back: the host's answers into the guest's buffers, and the completion when its time has come.

import { Asked, askedAt, askedCount, clearAsked, dataOf } from "../../device/blocks";
import { cancelTimer, nowNs, setTimer } from "../../device/clock";
import { isLive, Queue, queueOf, VirtioDevice } from "../device";
import { Chain, chain, scatter } from "../queue/chain";
import { publish, putUsed, walkAgain } from "../queue/queue";
import { blockOf, Completion, completionAt, forgetInFlight } from "./state";
import { Fate, submitAll, writeAnswer } from "./submit";
import { Answer, RequestType } from "../../surface/blocks";

/** Virtual ns from the host's answer to completion. */
@inline const DELAY_NS: u64 = 50_000;

/** The host has answered; no instruction has run since the doorbell. */
export function service(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), s = blockOf(d), n = askedCount(s.disk), c = chain(0);
  if (!n || !allAnswered(s.disk, n)) return;
  for (let i: u32 = 0; i < n; i++) {
    const a = askedAt(s.disk, i);
    if (a.fate != Fate.FORGOTTEN && isLive(d, a.queue)) finish(d, queueOf(d, a.queue), c, a);
  }
  clearAsked(s.disk);
  arm(d);
  // Chains that found the batch full.
  submitAll(d);
}

function allAnswered(disk: u32, n: u32): bool {
  for (let i: u32 = 0; i < n; i++) if (askedAt(disk, i).answer == Answer.UNANSWERED) return false;
  return true;
}

/** Data and status into the guest's buffers; the driver is told when the time has come. */
function finish(d: VirtioDevice, q: Queue, c: Chain, a: Asked): void {
  const s = blockOf(d);
  if (!walkAgain(q, c, a.head) || c.writeBytes < 1) return;
  const answer = min(a.answer, <u32>Answer.UNSUPP);
  const reads = a.type == RequestType.IN || a.type == RequestType.GET_ID, room = c.writeBytes - 1;
  const data = reads && answer == Answer.OK && a.offset < room ? min(a.bytes, room - a.offset) : 0;
  if (data && !scatter(q, c, a.offset, dataOf(a), data)) return;
  if (a.fate == Fate.MORE) {
    if (answer == Answer.OK) return;
    s.partTotal = 0;
  }
  if (!writeAnswer(q, c, answer)) return;
  const done = completionAt(d, s.completions++);
  done.head = <u16>a.head; done.queue = <u16>a.queue; done.due = nowNs() + DELAY_NS;
  done.written = data ? a.offset + data + 1 : 1;
}

function arm(d: VirtioDevice): void {
  const s = blockOf(d);
  if (s.completions) setTimer(s.timer, completionAt(d, 0).due);
}

/** The timer: completions that are due, in their order. */
export function complete(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), s = blockOf(d), now = nowNs();
  let done: u32 = 0;
  while (done < s.completions && completionAt(d, done).due <= now) {
    const one = completionAt(d, done++), queue = <u32>one.queue;
    if (isLive(d, queue)) putUsed(queueOf(d, queue), one.head, one.written);
  }
  s.completions -= done;
  memory.copy(changetype<usize>(completionAt(d, 0)), changetype<usize>(completionAt(d, done)), <usize>s.completions << 4);
  arm(d);
  for (let i: u32 = 0; i < d.queueCount; i++) if (isLive(d, i)) publish(queueOf(d, i));
  // There is room again, for a driver that had more in flight than there are places for.
  submitAll(d);
}

/** A queue is reset by itself (2.6.1): what was asked for it is done, and nobody is told. */
export function forgetQueue(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), s = blockOf(d);
  for (let i: u32 = 0; i < askedCount(s.disk); i++) if (askedAt(s.disk, i).queue == queue) askedAt(s.disk, i).fate = Fate.FORGOTTEN;
  let kept: u32 = 0;
  for (let i: u32 = 0; i < s.completions; i++) {
    if (<u32>completionAt(d, i).queue == queue) continue;
    memory.copy(changetype<usize>(completionAt(d, kept)), changetype<usize>(completionAt(d, i)), offsetof<Completion>());
    kept++;
  }
  s.completions = kept;
  if (s.partQueue == queue) s.partTotal = 0;
}

/** The device is reset: the same for all its queues. */
export function forgetAll(d: VirtioDevice): void {
  const s = blockOf(d);
  for (let i: u32 = 0; i < askedCount(s.disk); i++) askedAt(s.disk, i).fate = Fate.FORGOTTEN;
  forgetInFlight(d);
  cancelTimer(s.timer);
}
