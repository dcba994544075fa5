// The packed virtqueue from the device's side. Virtio 1.2, 2.8, with indirect tables (2.8.7) and event suppression (2.8.14).
//
// One ring of descriptors, gone round by both sides; a descriptor's AVAIL and USED bits, compared with a wrap counter, say
// whose it is. A buffer is one or more places in a row, its id in the last; it is answered at the device's own next place,
// which then passes over as many places as the buffer had. Buffers may be answered in any order.
//
// packedTake copies what it takes (copies.ts) and checks it once: a chain has no more places than are free, an id is below the
// queue's size and not out already. Answers are noted by packedPut and written by packedShow, the first last, so that the driver sees
// all of them or none; until then packedRewind can take them and their chains back.

import { dmaRead16, dmaRead32, dmaWrite32, dmaWrite64 } from "../../device/dma";
import { deviceOf, has, Queue, requesterOf } from "../device";
import { DESCRIPTOR } from "../layout";
import { Desc, DescFlag, FeatureBit, Notify, Packed, PackedFlag, Suppress } from "../spec";
import { addPiece, Chain, clearChain, readDescriptor } from "./chain";
import { answeredAt, copyAt, NO_COPY, outOf, takenAt } from "./copies";
import { Shown, Take } from "./outcome";

/** A descriptor with these flags has been made available in this round (2.8.1). */
@inline function isAvailable(flags: u32, wrap: u32): bool {
  const avail: u32 = flags & PackedFlag.AVAIL ? 1 : 0, used: u32 = flags & PackedFlag.USED ? 1 : 0;
  return avail == wrap && used != wrap;
}
@inline function placeOf(q: Queue, at: u32): u64 { return q.desc + (<u64>at << 4); }

export function packedWaiting(q: Queue): bool {
  return isAvailable(dmaRead16(requesterOf(deviceOf(q)), placeOf(q, q.nextAvail) + Packed.FLAGS), q.availWrap);
}

/** Takes the next chain into `c`; a Take. */
export function packedTake(q: Queue, c: Chain): u32 {
  if (!readDescriptor(q, placeOf(q, q.nextAvail))) return Take.BROKEN;
  if (!isAvailable(load<u16>(DESCRIPTOR, Packed.FLAGS), q.availWrap)) return Take.NONE;
  const first = q.freeCopy;
  let at = q.nextAvail, places: u32 = 0, copy = first;
  for (;;) {
    // More places than the driver has left: it has gone round and over what is out.
    if (places + q.outstanding >= q.size || copy == NO_COPY) return Take.BROKEN;
    copy = keep(q, copy);
    places++;
    at = at + 1 == q.size ? 0 : at + 1;
    if (!(<u32>load<u16>(DESCRIPTOR, Packed.FLAGS) & DescFlag.NEXT)) break;
    if (!readDescriptor(q, placeOf(q, at))) return Take.BROKEN;
  }
  const id = <u32>load<u16>(DESCRIPTOR, Packed.ID);
  if (id >= q.size || outOf(q.packed, id).places) return Take.BROKEN;
  if (at <= q.nextAvail) q.availWrap ^= 1;
  q.nextAvail = at;
  q.freeCopy = copy;
  q.outstanding += places;
  outOf(q.packed, id).places = <u16>places;
  outOf(q.packed, id).copy = <u16>first;
  store<u16>(takenAt(q.packed, q.maxSize, q.taken++), <u16>id);
  return packedWalk(q, c, id) ? Take.CHAIN : Take.BROKEN;
}

/** Copies the descriptor in hand into the free place `copy`; the next free one. */
function keep(q: Queue, copy: u32): u32 {
  const to = copyAt(q.packed, q.maxSize, copy), next = <u32>load<u16>(to, Desc.NEXT_INDEX);
  store<u64>(to, load<u64>(DESCRIPTOR, Packed.ADDR), Desc.ADDR);
  store<u32>(to, load<u32>(DESCRIPTOR, Packed.LEN), Desc.LEN);
  store<u16>(to, load<u16>(DESCRIPTOR, Packed.FLAGS), Desc.FLAGS);
  return next;
}

/** The buffers of an id that is out, from its copies; an indirect table is read anew. False for whatever the specification forbids. */
export function packedWalk(q: Queue, c: Chain, id: u32): bool {
  clearChain(c, id);
  if (id >= q.size) return false;
  const o = outOf(q.packed, id), places = <u32>o.places;
  let at = copyAt(q.packed, q.maxSize, o.copy);
  for (let i: u32 = 0; i < places; i++) {
    const address = load<u64>(at, Desc.ADDR), bytes = load<u32>(at, Desc.LEN), flags = <u32>load<u16>(at, Desc.FLAGS);
    if (flags & DescFlag.INDIRECT) {
      // 2.8.19.1: not without the feature, not beside others.
      if (places != 1 || !has(deviceOf(q), FeatureBit.INDIRECT_DESC)) return false;
      return walkTable(q, c, address, bytes);
    }
    if (!addPiece(c, address, bytes, (flags & DescFlag.WRITE) != 0)) return false;
    at = copyAt(q.packed, q.maxSize, load<u16>(at, Desc.NEXT_INDEX));
  }
  return places != 0;
}

/** 2.8.7: a plain array; only WRITE means something in it. No chain is longer than the queue. */
function walkTable(q: Queue, c: Chain, table: u64, bytes: u32): bool {
  if (bytes == 0 || bytes & (Packed.BYTES - 1) || bytes >> 4 > q.size) return false;
  for (let i: u32 = 0; i < bytes; i += Packed.BYTES) {
    if (!readDescriptor(q, table + i)) return false;
    const flags = <u32>load<u16>(DESCRIPTOR, Packed.FLAGS);
    if (!addPiece(c, load<u64>(DESCRIPTOR, Packed.ADDR), load<u32>(DESCRIPTOR, Packed.LEN), (flags & DescFlag.WRITE) != 0)) return false;
  }
  return true;
}

/** Notes the answer to a buffer; one that is not out (its queue was reset meanwhile) is nobody's. */
export function packedPut(q: Queue, id: u32, written: u32): bool {
  if (id >= q.size || !outOf(q.packed, id).places || q.pending >= q.maxSize) return false;
  const a = answeredAt(q.packed, q.maxSize, q.pending);
  a.id = id; a.written = written;
  return true;
}

/** Gives back the last `chains` taken; their answers have been forgotten. */
export function packedRewind(q: Queue, chains: u32): void {
  for (let i: u32 = 0; i < chains; i++) {
    const id = <u32>load<u16>(takenAt(q.packed, q.maxSize, --q.taken)), places = release(q, id);
    if (q.nextAvail < places) { q.nextAvail += q.size; q.availWrap ^= 1; }
    q.nextAvail -= places;
  }
}

/** The id is not out any more and its copies are free; how many places of the ring it took. */
function release(q: Queue, id: u32): u32 {
  const o = outOf(q.packed, id), places = <u32>o.places;
  let last = <u32>o.copy;
  for (let i: u32 = 1; i < places; i++) last = load<u16>(copyAt(q.packed, q.maxSize, last), Desc.NEXT_INDEX);
  if (places) {
    store<u16>(copyAt(q.packed, q.maxSize, last), <u16>q.freeCopy, Desc.NEXT_INDEX);
    q.freeCopy = o.copy;
  }
  q.outstanding -= places;
  o.places = 0;
  return places;
}

/** Writes the answers into the ring, the first last; a Shown. */
export function packedShow(q: Queue): u32 {
  const first = placeOf(q, q.nextUsed), firstWrap = q.usedWrap;
  let passed: u32 = 0;
  for (let i: u32 = 0; i < q.pending; i++) {
    if (i && !answer(q, i, placeOf(q, q.nextUsed), q.usedWrap)) return Shown.REFUSED;
    const places = release(q, answeredAt(q.packed, q.maxSize, i).id);
    passed += places;
    q.nextUsed += places;
    if (q.nextUsed >= q.size) { q.nextUsed -= q.size; q.usedWrap ^= 1; }
  }
  if (!answer(q, 0, first, firstWrap)) return Shown.REFUSED;
  return wantsInterrupt(q, passed) ? Shown.SIGNAL : Shown.QUIET;
}

/** 2.8.13: length, id and flags of a used element; WRITE when its length means something. */
function answer(q: Queue, i: u32, place: u64, wrap: u32): bool {
  const a = answeredAt(q.packed, q.maxSize, i);
  const flags: u32 = (wrap ? PackedFlag.AVAIL | PackedFlag.USED : 0) | (a.written ? DescFlag.WRITE : 0);
  return dmaWrite64(requesterOf(deviceOf(q)), place + Packed.LEN, <u64>a.written | <u64>a.id << 32 | <u64>flags << 48);
}

/** What the driver's structure says, after `passed` places (2.8.14). */
function wantsInterrupt(q: Queue, passed: u32): bool {
  const d = deviceOf(q), event = dmaRead32(requesterOf(d), q.driver);
  const how = event >> 16 & 3;
  if (how != <u32>Notify.AT_DESC || !has(d, FeatureBit.EVENT_IDX)) return how != <u32>Notify.DISABLE;
  // As distances before the next place, so that the last round's places are negative.
  const wrap = event >> 15 & 1, at = <i32>(event & 0x7fff) - (wrap == q.usedWrap ? 0 : <i32>q.size);
  const now = <i32>q.nextUsed;
  return at < now && at >= now - <i32>passed;
}

/** Asks to be notified of the next chain, or of none. */
export function packedListen(q: Queue): void {
  const d = deviceOf(q), requester = requesterOf(d);
  if (has(d, FeatureBit.EVENT_IDX)) dmaWrite32(requester, q.used, q.nextAvail | q.availWrap << 15 | <u32>Notify.AT_DESC << 16);
  else if (q.quiet) dmaWrite32(requester, q.used, <u32>Notify.ENABLE << 16);
}
export function packedHush(q: Queue): void { dmaWrite32(requesterOf(deviceOf(q)), q.used, <u32>Notify.DISABLE << 16); }
