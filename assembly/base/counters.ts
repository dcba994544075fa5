// Every boundary is counted: one table of u64 values with names and units, read by the host, and one of histograms.
// Ids below FIRST_DEVICE are fixed and listed here; from there on each bus handler owns two (reads, writes), named when
// the handler is made. A counter costs one add. What is said of it is a row of 16 bytes; names are addresses of static strings (UTF-16, length
// in bytes 4 before).

import { COUNTERS, COUNTERS_SIZE } from "./layout";
import { About, CounterId, Crossing, Owner } from "../surface/counters";

export const enum Counter {
  // The emulator's own: how it went about its work, not what the machine did. No state.
  BLOCKS_DECODED, CODE_DROPPED, YIELDS, BLOCK_EXITS,
  OWN = 8,
  // The machine's.
  TICKS = 8, INSTRUCTIONS, EXCEPTIONS, INTERRUPTS_TAKEN, NMIS_TAKEN, BOUNDARIES, HALTS, IDLE_NS,
  TLB_FILLS, TLB_FLUSHES, PAGE_WALKS,
  PORT_READS, PORT_WRITES, MMIO_READS, MMIO_WRITES, UNMAPPED_READS, UNMAPPED_WRITES, NARROW_WRITES,
  LINES_ASSERTED, MSIS_SENT, MSIS_REFUSED, INTERRUPTS_ACCEPTED, INTERRUPTS_COALESCED, EOIS, SPURIOUS, TIMERS_FIRED,
  DMA_READS, DMA_WRITES, DMA_BYTES_READ, DMA_BYTES_WRITTEN, DMA_ABORTS,
  RING_BYTES_OUT, RING_BYTES_IN, RING_FULL,
  DEVICE_WORK, DEVICE_WAITS,
  FIXED,
}

/** Bytes of the values that are the emulator's own. */
@inline export const OWN_COUNTERS_SIZE: usize = 8 * Counter.OWN;
/** Values that are the machine's, histograms behind them. */
@inline export const MACHINE_COUNTERS: usize = COUNTERS + OWN_COUNTERS_SIZE;
@inline export const MACHINE_COUNTERS_SIZE: usize = COUNTERS_SIZE / 2 - OWN_COUNTERS_SIZE;
/** The first id owned by a bus handler: handler h reads at FIRST_DEVICE + 2h, writes one above. */
@inline export const FIRST_DEVICE: u32 = CounterId.FIRST_DEVICE;
/** Ids in the table: eight network cards of seventeen queues and all else. */
@inline export const COUNTER_IDS: u32 = 4096;
/** Histograms (histograms.ts), 128 bytes each, behind the counters' values. */
@inline export const HISTOGRAMS: usize = COUNTERS + (<usize>COUNTER_IDS << 3);
@inline export const HISTOGRAM_IDS: u32 = 1024;
/** What is said of a counter or a histogram. */
@unmanaged class CounterRow {
  name: u32; unit: u32;
  /** Of a card's: the model's name as it stands before the number; 0 otherwise. */
  card: u32;
  /** As counterAbout gives it. */
  about: u32;
}
/** The rows, counters' first. */
@inline export const COUNTER_ROWS: usize = COUNTERS + COUNTERS_SIZE / 2;
@inline const HISTOGRAM_ROWS: usize = COUNTER_ROWS + (<usize>COUNTER_IDS << 4);
@inline const ROWS_END: usize = HISTOGRAM_ROWS + (<usize>HISTOGRAM_IDS << 4);
@inline function rowOf(id: u32): CounterRow { return changetype<CounterRow>(COUNTER_ROWS + (<usize>id << 4)); }
@inline function histogramRow(id: u32): CounterRow { return changetype<CounterRow>(HISTOGRAM_ROWS + (<usize>id << 4)); }

@inline export function addCount(id: u32, n: u64): void {
  const at = COUNTERS + (<usize>id << 3);
  store<u64>(at, load<u64>(at) + n);
}
@inline export function count(id: u32): void { addCount(id, 1); }
/** Ticks that have retired no instruction: iterations of a repetition but for its last, and deliveries. */
@inline export function countUnretired(ticks: u64): void { addCount(Counter.INSTRUCTIONS, 0 - ticks); }
@inline export function readCount(id: u32): u64 { return load<u64>(COUNTERS + (<usize>id << 3)); }

/** Says what a counter is; `name` and `unit` must be string literals. */
export function nameCounter(id: u32, name: string, unit: string, owner: u32, crossing: u32 = 0): void {
  if (id >= COUNTER_IDS) return;
  const r = rowOf(id);
  r.name = <u32>changetype<usize>(name); r.unit = <u32>changetype<usize>(unit);
  r.card = 0; r.about = crossing | owner << About.OWNER;
}

// --- Counters of cards: ids are handed out at attach, names are put together from a card, a number and a row's own name ---

/** The first id handed out to cards; below are the bus handlers'. */
@inline const FIRST_OWNED: u32 = FIRST_DEVICE + 512;
@unmanaged class Owned { nextId: u32; nextByte: u32; nextHistogram: u32; missing: u32; }
@inline const owned = changetype<Owned>(ROWS_END);
@inline const TEXT: usize = ROWS_END + 16;
@inline const TEXT_BYTES: u32 = <u32>(COUNTERS + COUNTERS_SIZE - TEXT);

/** Hands out `n` ids in a row; the first. When the table is full they are the last ones, shared, and countersMissing says so. */
export function takeCounters(n: u32): u32 {
  if (owned.nextId + n > COUNTER_IDS) { owned.missing += n; return COUNTER_IDS - n; }
  owned.nextId += n;
  return owned.nextId - n;
}

/** The same of histograms. */
export function takeHistograms(n: u32): u32 {
  if (owned.nextHistogram + n > HISTOGRAM_IDS) { owned.missing += n; return HISTOGRAM_IDS - n; }
  owned.nextHistogram += n;
  return owned.nextHistogram - n;
}

/** For the host, after attach: how many counters, histograms and names found no room. The machine must not be used then. */
export function countersMissing(): u32 { return owned.missing; }

/** Names a counter of a card: "card0 what", or with `queue` not negative "card0 q1 what". All are string literals. */
export function nameOwned(id: u32, card: string, number: u32, queue: i32, what: string, unit: string, crossing: u32 = 0): void {
  if (id < COUNTER_IDS) describe(rowOf(id), card, number, queue, what, unit, crossing);
}
export function nameOwnedHistogram(id: u32, card: string, number: u32, queue: i32, what: string, unit: string): void {
  if (id < HISTOGRAM_IDS) describe(histogramRow(id), card, number, queue, what, unit, Crossing.NONE);
}

function describe(r: CounterRow, card: string, number: u32, queue: i32, what: string, unit: string, crossing: u32): void {
  const bytes = <u32>(card.length + what.length + 16) << 1;
  if (owned.nextByte + bytes + 8 > TEXT_BYTES) { owned.missing++; return; }
  const start = TEXT + owned.nextByte + 4;
  let at = appendText(start, card);
  at = appendNumber(at, number);
  if (queue >= 0) at = appendNumber(appendText(at, " q"), <u32>queue);
  at = appendText(appendText(at, " "), what);
  store<u32>(start - 4, <u32>(at - start));
  owned.nextByte = (<u32>(at - TEXT) + 3) & ~3;
  r.name = <u32>start; r.unit = <u32>changetype<usize>(unit); r.card = <u32>changetype<usize>(card);
  r.about = crossing | <u32>Owner.CARD << About.OWNER | (number & 0xff) << About.NUMBER | <u32>(queue + 1) << About.QUEUE;
}

function appendText(at: usize, text: string): usize {
  memory.copy(at, changetype<usize>(text), <usize>text.length << 1);
  return at + (<usize>text.length << 1);
}

/** A number below 1000 in decimal. */
function appendNumber(at: usize, n: u32): usize {
  let to = at;
  for (let unit: u32 = n >= 100 ? 100 : n >= 10 ? 10 : 1; unit; unit /= 10) { store<u16>(to, <u16>(48 + n / unit % 10)); to += 2; }
  return to;
}

/** Sets all values to zero. */
export function clearCounters(): void { memory.fill(COUNTERS, 0, (<usize>COUNTER_IDS << 3) + (<usize>HISTOGRAM_IDS << 7)); }

/** Forgets all names and what was handed out; once, at attach. */
export function clearNames(): void {
  memory.fill(COUNTER_ROWS, 0, COUNTERS_SIZE / 2);
  owned.nextId = FIRST_OWNED;
}

/** For the host: ids in use below the device counters' end, addresses of value, name (0: unused id), unit and the card's model; what else is said. */
export function counterIds(): u32 { return COUNTER_IDS; }
export function counterAddress(id: u32): usize { return id < COUNTER_IDS ? COUNTERS + (<usize>id << 3) : 0; }
export function counterName(id: u32): u32 { return id < COUNTER_IDS ? rowOf(id).name : 0; }
export function counterUnit(id: u32): u32 { return id < COUNTER_IDS ? rowOf(id).unit : 0; }
export function counterCard(id: u32): u32 { return id < COUNTER_IDS ? rowOf(id).card : 0; }
export function counterAbout(id: u32): u32 { return id < COUNTER_IDS ? rowOf(id).about : 0; }

/** Says that a counter's events cross another boundary than its row did. */
export function setCrossing(id: u32, crossing: u32): void { if (id < COUNTER_IDS) rowOf(id).about = (rowOf(id).about & ~<u32>About.CROSSING) | crossing; }

/** The same of histograms: sixteen u64 buckets at the address (histograms.ts). */
export function histogramIds(): u32 { return HISTOGRAM_IDS; }
export function histogramAddress(id: u32): usize { return id < HISTOGRAM_IDS ? HISTOGRAMS + (<usize>id << 7) : 0; }
export function histogramName(id: u32): u32 { return id < HISTOGRAM_IDS ? histogramRow(id).name : 0; }
export function histogramUnit(id: u32): u32 { return id < HISTOGRAM_IDS ? histogramRow(id).unit : 0; }
