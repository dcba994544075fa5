// Requests on their way from the guest to the host. Virtio 1.2, 5.2.6. A request that makes no sense is answered at once; one that
// is longer than a batch goes in parts, one batch after the other, before any other request.

import { ask, Asked, askedAt, askedCount, DATA_BYTES, dataOf, roomToAsk, unask } from "../../device/blocks";
import { has, isLive, mayServe, Queue, queueOf, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { Chain, chain, gather, scatter } from "../queue/chain";
import { hush, listen, publish, putUsed, rewind, Take, takeChain, walkAgain } from "../queue/queue";
import { BlockFeature } from "./spec";
import { BlockCount, blockOf, countBlock, countRequest, isWritethrough, MAX_COMPLETIONS } from "./state";
import { Answer, AskedFlag, Range, Request, RequestType } from "../../surface/blocks";

@inline export const MAX_RANGES: u32 = 16;
@inline export const MAX_DISCARD_SECTORS: u32 = 1 << 22;
/** Zeroes may have to be written: not more at once than a host writes while its other work waits. */
@inline export const MAX_ZERO_RANGES: u32 = 1;
@inline export const MAX_ZERO_SECTORS: u32 = 1 << 17;

/** Buffers of a batch's chains, which are walked again together when the host has answered: what that may cost (device/allowance.ts). */
@inline const MAX_BATCH_PIECES: u32 = 512;

/** What becomes of an answer: it completes the request; or more parts follow; or nobody waits for it any more. */
export const enum Fate { LAST, MORE, FORGOTTEN }

/** Takes what waits in a queue, as far as the batch, the completions and the allowance have room. */
export function submit(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), s = blockOf(d), q = queueOf(d, queue), c = chain(0);
  if (!isLive(d, queue)) return;
  while (!s.partTotal && askedCount(s.disk) + s.completions < MAX_COMPLETIONS) {
    if (!mayServe(d)) { hush(q); break; }
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    if (!request(d, q, c)) { rewind(q, 1, 0); countBlock(d, BlockCount.WAITS); break; }
  }
  publish(q);
}

/** There is room again: the long request goes on, then every queue is looked at, another one first each time. */
export function submitAll(d: VirtioDevice): void {
  const s = blockOf(d);
  if (s.partTotal) {
    if (!mayServe(d)) return;
    askRest(d);
  }
  for (let i: u32 = 0; i < d.queueCount && !s.partTotal; i++) submit(changetype<usize>(d), (s.turn + i) % d.queueCount);
  s.turn = (s.turn + 1) % d.queueCount;
}

/** Asks the host, or answers what needs no host. False when the batch is full. */
function request(d: VirtioDevice, q: Queue, c: Chain): bool {
  const s = blockOf(d);
  // The last writable byte is the status (5.2.6); without it there is nobody to answer.
  if (c.readBytes < <u32>Request.BYTES || c.writeBytes < 1) { countBlock(d, BlockCount.REFUSED); putUsed(q, c.head, 0); return true; }
  if (!gather(q, c, 0, SCRATCH, Request.BYTES)) return true;
  const type = load<u32>(SCRATCH, Request.TYPE), sector = load<u64>(SCRATCH, Request.SECTOR);
  const out = c.readBytes - Request.BYTES, into = c.writeBytes - 1;
  const answer = check(d, type, sector, out, into);
  if (answer != Answer.OK) { refuse(d, q, c, answer); return true; }
  const total = type == RequestType.GET_ID ? min(into, <u32>Request.ID_BYTES) : max(out, into);
  // What fits in a batch of its own is not cut.
  if (!askedCount(s.disk)) s.pieces = 0;
  else if (roomToAsk(s.disk) < min(total, DATA_BYTES) || s.pieces + c.pieces > MAX_BATCH_PIECES) return false;
  s.pieces += c.pieces;
  if (!askPart(d, q, c, type, sector, 0, total)) return d.broken != 0;
  if (type >= <u32>RequestType.DISCARD && !rangesGood(d, type)) { unask(blockOf(d).disk); refuse(d, q, c, Answer.IOERR); return true; }
  countRequest(d, type, total);
  return true;
}

/** Asks for a request's bytes from `offset` on, as many as fit. False when the batch is full, or memory refused. */
function askPart(d: VirtioDevice, q: Queue, c: Chain, type: u32, sector: u64, offset: u32, total: u32): bool {
  const s = blockOf(d), room = roomToAsk(s.disk), left = total - offset;
  const bytes = left <= room ? left : room & ~(Request.SECTOR_BYTES - 1), last = bytes == left;
  const a = ask(s.disk, type, sector + (offset >> 9), bytes);
  if (!changetype<usize>(a)) return false;
  a.head = c.head; a.queue = q.index; a.offset = offset;
  a.fate = last ? Fate.LAST : Fate.MORE;
  if (type != RequestType.IN && type != RequestType.GET_ID && bytes && !gather(q, c, Request.BYTES + offset, dataOf(a), bytes)) {
    unask(s.disk);
    s.partTotal = 0;
    return false;
  }
  if (type != RequestType.IN && isWritethrough(d)) a.flags = AskedFlag.STABLE;
  notePart(d, a, last, offset + bytes, total);
  return true;
}

/** Keeps or forgets the request in hand. */
function notePart(d: VirtioDevice, a: Asked, last: bool, done: u32, total: u32): void {
  const s = blockOf(d);
  if (last) { s.partTotal = 0; return; }
  s.partTotal = total; s.partDone = done; s.partType = a.type; s.partHead = a.head; s.partQueue = a.queue;
  s.partSector = a.sector - (a.offset >> 9);
}

/** The next part of the request in hand. The driver may have changed its chain: what is not there any more fails it. */
function askRest(d: VirtioDevice): void {
  const s = blockOf(d), q = queueOf(d, s.partQueue), c = chain(0);
  if (!isLive(d, s.partQueue) || !walkAgain(q, c, s.partHead)) { s.partTotal = 0; return; }
  const there = s.partType == RequestType.IN ? c.writeBytes - min(c.writeBytes, 1) : c.readBytes - min(c.readBytes, <u32>Request.BYTES);
  if (there < s.partTotal) { s.partTotal = 0; refuse(d, q, c, Answer.IOERR); publish(q); return; }
  countBlock(d, BlockCount.PARTS);
  askPart(d, q, c, s.partType, s.partSector, s.partDone, s.partTotal);
}

/** An Answer: whether the request makes sense before its data is looked at. */
function check(d: VirtioDevice, type: u32, sector: u64, out: u32, into: u32): u32 {
  const readOnly = (d.offered >> BlockFeature.RO & 1) != 0;
  switch (type) {
    case RequestType.IN: return out == 0 ? span(d, sector, into) : <u32>Answer.IOERR;
    case RequestType.OUT: return readOnly || into ? <u32>Answer.IOERR : span(d, sector, out);
    case RequestType.FLUSH: return out || into || readOnly ? Answer.UNSUPP : Answer.OK;
    case RequestType.GET_ID: return out == 0 && into ? Answer.OK : Answer.IOERR;
    case RequestType.DISCARD: return has(d, BlockFeature.DISCARD) ? ranges(out, into, MAX_RANGES) : <u32>Answer.UNSUPP;
    case RequestType.WRITE_ZEROES: return has(d, BlockFeature.WRITE_ZEROES) ? ranges(out, into, MAX_ZERO_RANGES) : <u32>Answer.UNSUPP;
    default: return Answer.UNSUPP;
  }
}

function span(d: VirtioDevice, sector: u64, bytes: u32): u32 {
  const sectors = blockOf(d).sectors;
  if (bytes == 0 || bytes & (Request.SECTOR_BYTES - 1)) return Answer.IOERR;
  return sector <= sectors && <u64>(bytes >> 9) <= sectors - sector ? Answer.OK : Answer.IOERR;
}

function ranges(out: u32, into: u32, most: u32): u32 {
  return into || out == 0 || out & (Range.BYTES - 1) || out > most * Range.BYTES ? Answer.IOERR : Answer.OK;
}

/** Every range of the last request asked lies on the disk and has no flag that the request does not know (5.2.6.2). */
function rangesGood(d: VirtioDevice, type: u32): bool {
  const a = askedAt(blockOf(d).disk, askedCount(blockOf(d).disk) - 1), at = dataOf(a), bytes = a.bytes;
  const known = type == RequestType.WRITE_ZEROES ? <u32>Range.UNMAP : 0, most = type == RequestType.DISCARD ? MAX_DISCARD_SECTORS : MAX_ZERO_SECTORS;
  for (let i: u32 = 0; i < bytes; i += Range.BYTES) {
    const sector = load<u64>(at + i, Range.SECTOR), n = load<u32>(at + i, Range.COUNT);
    if (load<u32>(at + i, Range.FLAGS) & ~known || n > most) return false;
    if (sector > blockOf(d).sectors || <u64>n > blockOf(d).sectors - sector) return false;
  }
  return true;
}

function refuse(d: VirtioDevice, q: Queue, c: Chain, answer: u32): void {
  countBlock(d, BlockCount.REFUSED);
  putUsed(q, c.head, writeAnswer(q, c, answer) ? 1 : 0);
}

/** The status byte, in the last writable byte. */
export function writeAnswer(q: Queue, c: Chain, answer: u32): bool {
  store<u8>(SCRATCH, <u8>answer);
  return c.writeBytes != 0 && scatter(q, c, c.writeBytes - 1, SCRATCH, 1);
}
