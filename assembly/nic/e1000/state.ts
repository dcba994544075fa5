// What an 82540EM keeps, 32 KiB a card, and its counters.
//
//      0000  overlay    0400  EEPROM, 64 words    0480  PHY, 32 registers    1000  registers and tables by their offsets
//
// The overlay's first part is written at attach; from `asserted` on a machine's reset clears it.

import { countEvent } from "../../base/trace";
import { addCount, nameOwned, takeCounters } from "../../base/counters";
import { Crossing } from "../../surface/counters";
import { makeRates, Rates } from "../../base/histograms";
import { noteMasterAbort, requesterOf as functionRequester } from "../../pci/functions";
import { dmaFailed } from "../../device/dma";
import { nicState } from "../layout";
import { Phy, PhyCtrl, Rctl, Reg, Status } from "./spec";

@unmanaged export class E1000 {
  pci: u32;
  block: u32;
  port: u32;
  number: u32;
  counters: u32;
  index: u32;
  mac: u64;
  /** Histograms of the receive and the transmit queue (base/histograms.ts). */
  rxHistograms: u32; txHistograms: u32;
  /** The first of its CardTimers; the timer that goes on when there is allowance again (device/allowance.ts). */
  timers: u32; turn: u32;
  pad2: u64; pad3: u64;
  /** INTx is up. */
  asserted: u32;
  /** The I/O window's address. */
  ioAddress: u32;
  /** When throttling lets the line go up again. */
  nextAssert: u64;
  /** Delay timers: when they run out, NEVER while idle. */
  rxDelay: u64; rxAbsolute: u64;
  txDelay: u64; txAbsolute: u64;
  /** The link partner has asked for silence until then. */
  pausedUntil: u64;
  /** The frame at the head of the ring has been counted as waiting. */
  waiting: u32;
  /** It is a control frame and has been heeded. */
  heeded: u32;
  pad1: u32;
  /** The partner has been sent an XOFF, and no XON since. */
  silenced: u32;
  // The EEPROM's shift register (eeprom.ts).
  eePhase: u32; eeBits: u32; eeShift: u32; eeAddress: u32; eeOperation: u32; eeWritable: u32;
  /** A packet of too many descriptors is being passed over. */
  skipping: u32;
  /** The receive ring is looked at first at the next turn. */
  receiveFirst: u32;
  /** Rates of the two queues (base/histograms.ts). */
  rxRate: u64; txRate: u64;
}
/** A context descriptor's fields as they came. */
@unmanaged export class Context { startsLow: u32; startsHigh: u32; command: u32; sizes: u32; }
@inline export const CONTEXTS: usize = 0x200;
@inline export const STATE_FROM: usize = 64;
@inline const STATE_END: usize = 0x400;
@inline const EEPROM: usize = 0x400;
@inline const PHY: usize = 0x480;
@inline const VALUES: usize = 0x1000;

export const enum CardTimer { THROTTLE, RECEIVE, TRANSMIT, PAUSE, COUNT }
export const enum Count {
  SENT, BYTES_SENT, LARGE_SENT, SEND_WAITS, SEND_REFUSED, RECEIVED, BYTES_RECEIVED, RECEIVE_WAITS, FILTERED, RECEIVE_REFUSED, NO_RECEIVER, LOOPED,
  TX_READ, TX_WRITTEN, RX_READ, RX_WRITTEN, TX_COPIED, RX_COPIED, DOORBELLS, RX_DOORBELLS, ASSERTED, MODERATED, DELIVERED, CAUSES_DELAYED, MISUSED, RESETS, ABORTS, COUNT,
}

@inline export function cardAt(i: u32): E1000 { return changetype<E1000>(nicState(i)); }
@inline export function addressOf(d: E1000): usize { return changetype<usize>(d); }
@inline export function valuesOf(d: E1000): usize { return changetype<usize>(d) + VALUES; }
@inline export function eepromOf(d: E1000): usize { return changetype<usize>(d) + EEPROM; }
@inline export function phyOf(d: E1000): usize { return changetype<usize>(d) + PHY; }
/** Contexts for sums (0) and for segmentation (1). */
@inline export function contextOf(d: E1000, segments: u32): Context { return changetype<Context>(changetype<usize>(d) + CONTEXTS + (<usize>segments << 4)); }
@inline export function getReg(d: E1000, offset: u32): u32 { return load<u32>(changetype<usize>(d) + VALUES + offset); }
@inline export function setReg(d: E1000, offset: u32, value: u32): void { store<u32>(changetype<usize>(d) + VALUES + offset, value); }
@inline export function getPhy(d: E1000, n: u32): u32 { return load<u16>(phyOf(d) + (<usize>(n & 31) << 1)); }
@inline export function setPhy(d: E1000, n: u32, value: u32): void { store<u16>(phyOf(d) + (<usize>(n & 31) << 1), <u16>value); }
@inline export function requesterOf(d: E1000): u32 { return functionRequester(d.pci); }
@inline export function timerOf(d: E1000, which: u32): u32 { return d.timers + which; }
@inline export function bump(d: E1000, what: u32): void { countEvent(d.counters + what, 1); }
@inline export function bumpBy(d: E1000, what: u32, n: u64): void { countEvent(d.counters + what, n); }
@inline export function rxRates(d: E1000): Rates { return changetype<Rates>(changetype<usize>(d) + offsetof<E1000>("rxRate")); }
@inline export function txRates(d: E1000): Rates { return changetype<Rates>(changetype<usize>(d) + offsetof<E1000>("txRate")); }
@inline export function hasLink(d: E1000): bool { return (getReg(d, Reg.STATUS) & Status.LU) != 0; }

/** Frames go round inside: by the PHY, or in the MAC. */
export function isLooped(d: E1000): bool {
  return (getReg(d, Reg.RCTL) & Rctl.LBM) != 0 || (getPhy(d, Phy.PCTRL) & PhyCtrl.LOOPBACK) != 0;
}

/** A transfer was refused: the status register and a counter say so. */
export function noteAbort(d: E1000): void {
  if (!dmaFailed()) return;
  noteMasterAbort(d.pci);
  bump(d, Count.ABORTS);
}

/** Clears what a machine's reset clears, registers and PHY left to their owners. */
export function clearState(d: E1000): void { memory.fill(changetype<usize>(d) + STATE_FROM, 0, STATE_END - STATE_FROM); }

export function nameCounters(d: E1000, card: string): void {
  const c = takeCounters(Count.COUNT), n = d.number;
  d.counters = c;
  nameOwned(c + Count.SENT, card, n, -1, "packets sent", "packets");
  nameOwned(c + Count.BYTES_SENT, card, n, -1, "bytes sent", "bytes");
  nameOwned(c + Count.LARGE_SENT, card, n, -1, "packets sent to be segmented", "packets");
  nameOwned(c + Count.SEND_WAITS, card, n, -1, "waits for room in the frame ring", "events", Crossing.B3);
  nameOwned(c + Count.SEND_REFUSED, card, n, -1, "packets to send refused", "packets");
  nameOwned(c + Count.RECEIVED, card, n, -1, "packets received", "packets");
  nameOwned(c + Count.BYTES_RECEIVED, card, n, -1, "bytes received", "bytes");
  nameOwned(c + Count.RECEIVE_WAITS, card, n, -1, "waits for a receive buffer", "events");
  nameOwned(c + Count.FILTERED, card, n, -1, "packets filtered", "packets");
  nameOwned(c + Count.RECEIVE_REFUSED, card, n, -1, "packets received refused", "packets");
  nameOwned(c + Count.NO_RECEIVER, card, n, -1, "packets received without a driver", "packets");
  nameOwned(c + Count.LOOPED, card, n, -1, "packets looped back", "packets");
  nameOwned(c + Count.TX_READ, card, n, 1, "descriptors read", "descriptors", Crossing.B0);
  nameOwned(c + Count.TX_WRITTEN, card, n, 1, "descriptors written", "descriptors", Crossing.B0);
  nameOwned(c + Count.RX_READ, card, n, 0, "descriptors read", "descriptors", Crossing.B0);
  nameOwned(c + Count.RX_WRITTEN, card, n, 0, "descriptors written", "descriptors", Crossing.B0);
  nameOwned(c + Count.TX_COPIED, card, n, 1, "bytes copied", "bytes", Crossing.B0);
  nameOwned(c + Count.RX_COPIED, card, n, 0, "bytes copied", "bytes", Crossing.B0);
  nameOwned(c + Count.DOORBELLS, card, n, 1, "doorbells", "events", Crossing.B1);
  nameOwned(c + Count.RX_DOORBELLS, card, n, 0, "doorbells", "events", Crossing.B1);
  nameInterruptCounters(c, card, n);
  d.rxHistograms = makeRates(card, n, 0, true);
  d.txHistograms = makeRates(card, n, 1, true);
}

function nameInterruptCounters(c: u32, card: string, n: u32): void {
  nameOwned(c + Count.ASSERTED, card, n, -1, "interrupts asserted", "events", Crossing.B1);
  nameOwned(c + Count.MODERATED, card, n, -1, "interrupts moderated", "events");
  nameOwned(c + Count.DELIVERED, card, n, -1, "interrupts delivered", "events", Crossing.B1);
  nameOwned(c + Count.CAUSES_DELAYED, card, n, -1, "interrupt causes delayed", "events");
  nameOwned(c + Count.MISUSED, card, n, -1, "driver errors", "events");
  nameOwned(c + Count.RESETS, card, n, -1, "resets", "events");
  nameOwned(c + Count.ABORTS, card, n, -1, "transfers refused", "transfers");
}
