// What a PCnet card keeps beside its registers, its counters, and how its parts reach the registers.

import { countEvent } from "../../base/trace";
import { addCount, count, nameOwned, takeCounters } from "../../base/counters";
import { Crossing } from "../../surface/counters";
import { makeRates, Rates, RATES } from "../../base/histograms";
import { cancelTimer } from "../../device/clock";
import { requesterOf as functionRequester } from "../../pci/functions";
import { nicState } from "../layout";
import { Part } from "./layout";
import { Bcr, Bcr20, Csr, Csr0, Csr5, Style } from "./spec";

@unmanaged export class Card {
  // Written at attach.
  pci: u32;
  /** Number among its own kind, for names; the frame port. */
  number: u32;
  port: u32;
  counters: u32;
  csrs: u32;
  bcrs: u32;
  timer: u32;
  /** Histograms of the receive queue and, behind them, of the transmit queue (base/histograms.ts). */
  histograms: u32;
  /** Timer that goes on when there is allowance again (device/allowance.ts). */
  turn: u32;
  pad0: u32;
  // From the command line; survives a reset.
  mac: u64;
  // Cleared by a reset.
  rap: u32;
  /** Registers are 32 bits apart. */
  dwio: u32;
  /** ns to the next look at the rings. */
  pollNs: u32;
  /** INTA as it is driven. */
  line: u32;
  /** Rates of the two queues. */
  rxRate: u64; txRate: u64;
  /** A frame cut off is being passed over, up to its last descriptor. */
  passing: u32;
  /** The receive ring is looked at first at the next turn. */
  receiveFirst: u32;
}
@inline export const STATE_FROM: usize = offsetof<Card>("rap");

@inline export function rxRates(c: Card): Rates { return changetype<Rates>(changetype<usize>(c) + offsetof<Card>("rxRate")); }
@inline export function txRates(c: Card): Rates { return changetype<Rates>(changetype<usize>(c) + offsetof<Card>("txRate")); }
@inline export function rxHistograms(c: Card): u32 { return c.histograms; }
@inline export function txHistograms(c: Card): u32 { return c.histograms + RATES; }

export const enum Count {
  SENT, BYTES_SENT, SEND_DESCRIPTORS, SEND_WAITS, SEND_REFUSED, BAD_FCS, LOOPED, RECEIVED, BYTES_RECEIVED, RECEIVE_DESCRIPTORS, RECEIVE_WAITS,
  FILTERED, RECEIVE_REFUSED, NO_DRIVER, BUFFER_ERRORS, MISSED, ASSERTED, MODERATED, DELIVERED, SEND_COPIED, RECEIVE_COPIED, DEMANDS, POLLS, STOPS, BUS_ERRORS, RESETS, PROM_ACCESSES, REFUSED_ACCESSES, RAP_READS, RAP_WRITES, END,
}

/** The card at a place of the machine's list. */
@inline export function cardAt(i: u32): Card { return changetype<Card>(nicState(i)); }
@inline export function addressOf(c: Card): usize { return changetype<usize>(c); }
@inline export function csrsOf(c: Card): usize { return changetype<usize>(c) + Part.CSRS; }
@inline export function bcrsOf(c: Card): usize { return changetype<usize>(c) + Part.BCRS; }
@inline export function promOf(c: Card): usize { return changetype<usize>(c) + Part.APROM; }
export function cancelPoll(c: Card): void { cancelTimer(c.timer); }
@inline export function requesterOf(c: Card): u32 { return functionRequester(c.pci); }

@inline export function csr(c: Card, n: u32): u32 { return load<u16>(csrsOf(c) + (<usize>n << 1)); }
@inline export function setCsr(c: Card, n: u32, value: u32): void { store<u16>(csrsOf(c) + (<usize>n << 1), <u16>value); }
/** A pair of registers, the lower half first. */
@inline export function csrPair(c: Card, n: u32): u32 { return load<u32>(csrsOf(c) + (<usize>n << 1)); }
@inline export function setCsrPair(c: Card, n: u32, value: u32): void { store<u32>(csrsOf(c) + (<usize>n << 1), value); }
@inline export function bcr(c: Card, n: u32): u32 { return load<u16>(bcrsOf(c) + (<usize>n << 1)); }
@inline export function setBcr(c: Card, n: u32, value: u32): void { store<u16>(bcrsOf(c) + (<usize>n << 1), <u16>value); }

@inline export function isStopped(c: Card): bool { return (csr(c, Csr.STATUS) & Csr0.STOP) != 0; }
@inline export function isSuspended(c: Card): bool { return (csr(c, Csr.EXTENDED) & Csr5.SPND) != 0; }
@inline export function styleOf(c: Card): u32 { return bcr(c, Bcr.SWS) & Bcr20.STYLE; }
@inline export function isWide(c: Card): bool { return styleOf(c) != Style.LANCE; }
/** In 16-bit software styles CSR2's upper byte completes every address. */
@inline export function upperByte(c: Card): u32 { return isWide(c) ? 0 : (csr(c, Csr.IADR_HIGH) & 0xff00) << 16; }

export function countCard(c: Card, what: u32): void { countEvent(c.counters + what, 1); }
export function countMany(c: Card, what: u32, n: u64): void { countEvent(c.counters + what, n); }

export function nameCard(c: Card, card: string): void {
  const at = takeCounters(Count.END), n = c.number;
  c.counters = at;
  nameOwned(at + Count.SENT, card, n, -1, "packets sent", "packets");
  nameOwned(at + Count.BYTES_SENT, card, n, -1, "bytes sent", "bytes");
  nameOwned(at + Count.SEND_DESCRIPTORS, card, n, -1, "transmit descriptors used", "descriptors");
  nameOwned(at + Count.SEND_WAITS, card, n, -1, "waits for room in the frame ring", "events", Crossing.B3);
  nameOwned(at + Count.SEND_REFUSED, card, n, -1, "packets to send refused", "packets");
  nameOwned(at + Count.BAD_FCS, card, n, -1, "packets sent with a wrong FCS", "packets");
  nameOwned(at + Count.LOOPED, card, n, -1, "packets looped back", "packets");
  nameOwned(at + Count.RECEIVED, card, n, -1, "packets received", "packets");
  nameOwned(at + Count.BYTES_RECEIVED, card, n, -1, "bytes received", "bytes");
  nameOwned(at + Count.RECEIVE_DESCRIPTORS, card, n, -1, "receive descriptors used", "descriptors");
  nameOwned(at + Count.RECEIVE_WAITS, card, n, -1, "waits for a receive buffer", "events");
  nameOwned(at + Count.FILTERED, card, n, -1, "packets filtered", "packets");
  nameOwned(at + Count.RECEIVE_REFUSED, card, n, -1, "packets received refused", "packets");
  nameOwned(at + Count.NO_DRIVER, card, n, -1, "packets received without a driver", "packets");
  nameOwned(at + Count.MISSED, card, n, -1, "packets looped back without a buffer", "packets");
  nameOwned(at + Count.BUFFER_ERRORS, card, n, -1, "packets without enough buffers", "packets");
  nameOwned(at + Count.ASSERTED, card, n, -1, "interrupts asserted", "events", Crossing.B1);
  nameOwned(at + Count.MODERATED, card, n, -1, "interrupts moderated", "events");
  nameOwned(at + Count.DELIVERED, card, n, -1, "interrupts delivered", "events", Crossing.B1);
  nameOwned(at + Count.SEND_COPIED, card, n, 1, "bytes copied", "bytes", Crossing.B0);
  nameOwned(at + Count.RECEIVE_COPIED, card, n, 0, "bytes copied", "bytes", Crossing.B0);
  nameOwned(at + Count.DEMANDS, card, n, -1, "doorbells", "events", Crossing.B1);
  nameOwned(at + Count.POLLS, card, n, -1, "polls by timer", "events");
  nameOwned(at + Count.STOPS, card, n, -1, "stops", "events");
  nameOwned(at + Count.BUS_ERRORS, card, n, -1, "bus errors", "events");
  nameOwned(at + Count.RESETS, card, n, -1, "resets by register", "events");
  nameOwned(at + Count.PROM_ACCESSES, card, n, -1, "address PROM accesses", "accesses", Crossing.B1);
  nameOwned(at + Count.REFUSED_ACCESSES, card, n, -1, "accesses refused", "accesses", Crossing.B1);
  nameOwned(at + Count.RAP_READS, card, n, -1, "RAP", "reads", Crossing.B1);
  nameOwned(at + Count.RAP_WRITES, card, n, -1, "RAP", "writes", Crossing.B1);
  c.histograms = makeRates(card, n, 0, true);
  makeRates(card, n, 1, true);
}
