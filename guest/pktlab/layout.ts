/** Numbers that the parts of pktlab share: where it lies, what a card's state holds, and how words of the command line are known. */

/** The program is loaded and starts here. */
export const BASE = 0x10_0000;
/** Two cards' states and rings, 2 MiB each, and frames that are copied (echo, forward). */
export const FIRST_CARD = 0x40_0000, CARD_BYTES = 0x20_0000;
/** Of a frame's place. */
export const FRAME_BYTES = 2048;

/**
 * A card's state, from its base on; EBX is that base in all code that drives it. The functions: `room` gives EAX free places; `put` takes ESI, ECX (a frame's address and
 * bytes) where there is room; `kick` rings the doorbell; `serve` is the interrupt routine; `reclaim` takes what is done off the ring.
 */
export const Card = {
  io: 0, irq: 4, current: 8, dirty: 12, next: 16, sent: 20, received: 24, bdf: 28,
  room: 32, put: 36, kick: 40, serve: 44, reclaim: 48,
  /** Nothing interrupts when frames are sent: who waits looks. */
  polled: 52,
  /** A driver's own, a dword each. */
  own: 64,
  /** Where frames that are copied lie next, of 256. */
  copies: 60,
  mac: 128,
  transmitRing: 0x1000, receiveRing: 0x2000, third: 0x3000, fourth: 0x4000, fifth: 0x5000, sixth: 0x6000,
  /** 256 each. */
  received0: 0x1_0000, copied0: 0xa_0000,
} as const;

/** A word by its letters: what the program itself computes of its command line. */
export function wordHash(word: string): number {
  return [...word].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0, 0);
}
