// What module and host share of the trace (assembly/base/trace.ts). Valid in both languages.

/** What an event is. */
export const enum TraceKind {
  /** A counter of a card has counted: `id` is the counter's, `value` how many. */
  COUNT,
  /** A register was read or written: `id` is the counter of its reads or writes. */
  READ, WRITE,
  /** A transfer from or to memory: `id` is the requester, `value` the address. */
  DMA_READ, DMA_WRITE,
  /** An interrupt is sent, as a message or by a line (`id`), and taken by the processor (`id` is the vector, `value` the handler). */
  MESSAGE, LINE, TAKEN,
  /** What the remapping unit made of a transfer: `id` is the requester, `value` the address in memory, in the place of bytes the entries that it read, 0 for what it kept; or the
   * address that was refused, and the reason. */
  TRANSLATED, REFUSED,
}

/** An event's words, by offset in bytes; the ring holds EVENTS of them, and is asked to be emptied when it is half full. */
export const enum TraceAt { TICK = 0, RIP = 8, VALUE = 16, ID = 24, KIND = 28, BYTES = 32, EVENT_BYTES = 40, EVENTS = 65536 }
