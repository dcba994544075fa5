// What the device keeps of one packed ring, beside the queue's own record. Virtio 1.2, 2.8.
//
// A packed ring is one table: the device answers a buffer by writing over the next place of the ring, which may hold the
// description of another buffer that is still out. So each buffer's descriptors are copied when it is taken, into a table of as many
// places as the ring has, linked by its NEXT field; the free places are linked the same way. For M, the queue's largest size:
//
//      0      4M          6M      8M           16M
//      | out  | taken ids | 0     | answers    | copies of descriptors |      32M bytes
//
//   out      by buffer id: places of the ring it takes (0: not out), and its first copy
//   taken    the ids in the order they were taken, by the count of takes modulo M: for rewinding
//   answers  buffer id and bytes written of chains put and not shown yet

import { spend } from "../../device/allowance";
import { PACKED_STATE, PACKED_STATE_SIZE } from "../layout";
import { Desc } from "../spec";

@unmanaged class Room { next: u32; }
@unmanaged export class Out { places: u16; copy: u16; }
@unmanaged export class Answered { id: u32; written: u32; }

@inline export const NO_COPY: u32 = 0xffff;

/** Forgets what was handed out; before cards are attached. */
export function clearPackedRoom(): void { changetype<Room>(PACKED_STATE).next = 64; }

/** Hands out the part of a queue: there is room for eight cards of seventeen queues. 0 when there is no more, and the queue then has no packed ring. */
export function roomForPacked(maxSize: u32): u32 {
  const room = changetype<Room>(PACKED_STATE), at = room.next, bytes = maxSize << 5;
  if (at + bytes > <u32>PACKED_STATE_SIZE) return 0;
  room.next = at + bytes;
  return <u32>PACKED_STATE + at;
}

/** Bytes not handed out. */
export function packedRoomLeft(): u32 { return <u32>PACKED_STATE_SIZE - changetype<Room>(PACKED_STATE).next; }

/** Nothing is out and every copy is free, the first one first. */
export function resetPacked(packed: u32, maxSize: u32): void {
  if (!packed) return;
  spend(maxSize >> 3);
  memory.fill(packed, 0, <usize>maxSize << 5);
  for (let i: u32 = 0; i < maxSize; i++) store<u16>(copyAt(packed, maxSize, i), <u16>(i + 1 < maxSize ? i + 1 : NO_COPY), Desc.NEXT_INDEX);
}

/** `id` is below the queue's size, `i` is taken modulo M, `copy` comes from the list of free ones: none leaves the part. */
@inline export function outOf(packed: u32, id: u32): Out { return changetype<Out>(<usize>packed + (<usize>id << 2)); }
@inline export function takenAt(packed: u32, maxSize: u32, i: u32): usize { return <usize>packed + (<usize>maxSize << 2) + (<usize>(i & (maxSize - 1)) << 1); }
@inline export function answeredAt(packed: u32, maxSize: u32, i: u32): Answered { return changetype<Answered>(<usize>packed + (<usize>maxSize << 3) + (<usize>(i & (maxSize - 1)) << 3)); }
@inline export function copyAt(packed: u32, maxSize: u32, copy: u32): usize { return <usize>packed + (<usize>maxSize << 4) + (<usize>(copy & (maxSize - 1)) << 4); }
