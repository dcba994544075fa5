// When the rings are looked at. Data sheet, "Polling", CSR0 TDMD, CSR4 DPOLL, CSR47.
//
// At once: on TDMD, STRT and the end of a suspension, on any write to CSR0 and when the host has put or taken frames. Otherwise
// by a timer, for drivers that only set OWN. Its period is POLLINT's in clocks of 33 MHz; while it finds nothing to do
// it doubles, up to 64 ms, so that an idle guest is left idle. While the card waits for allowance nothing is looked at.

import { beginTurn, endTurn, waitsForTurn } from "../../device/allowance";
import { nowNs, setTimer, timerArmed } from "../../device/clock";
import { receive } from "./receive";
import { Csr, Csr0, Csr4 } from "./spec";
import { cancelPoll, Card, Count, countCard, csr, isSuspended } from "./state";
import { transmit } from "./transmit";

@inline const CLOCK_NS: u64 = 30;
@inline const SHORTEST_NS: u64 = 100_000;
@inline const LONGEST_NS: u64 = 64_000_000;

/** POLLINT is a negative count; zero is all of 65536. */
function periodNs(c: Card): u32 { return <u32>max(SHORTEST_NS, (0x1_0000 - <u64>csr(c, Csr.POLLINT)) * CLOCK_NS); }

/** Looks at both rings, and sees to it that the next look comes. */
export function lookAtRings(c: Card): void { look(c, false); }

function look(c: Card, receiveFirst: bool): void {
  const before = countersOf(c), waits = waitsForTurn(c.turn) || serveRings(c, receiveFirst), moved = countersOf(c) != before, status = csr(c, Csr.STATUS);
  const polls = (status & Csr0.TXON) != 0 && !(csr(c, Csr.FEATURES) & Csr4.DPOLL);
  if (isSuspended(c) || !(polls || (waits && status & Csr0.RXON))) { cancelPoll(c); return; }
  if (!moved && timerArmed(c.timer)) return;
  c.pollNs = moved || !c.pollNs ? periodNs(c) : <u32>min(LONGEST_NS, <u64>c.pollNs * 2);
  setTimer(c.timer, nowNs() + c.pollNs);
}

@inline function countersOf(c: Card): u32 { return csr(c, Csr.RCVRC) << 16 | csr(c, Csr.XMTRC); }

/** The timer's handler. */
export function pollTimer(dev: usize): void {
  const c = changetype<Card>(dev);
  countCard(c, Count.POLLS);
  lookAtRings(c);
}

/** Sends and receives; true if a frame is left waiting. */
function serveRings(c: Card, receiveFirst: bool): bool {
  const waits = receiveFirst && receive(c);
  transmit(c);
  return receiveFirst ? waits : receive(c);
}

/** There is allowance again. The two rings take turns at being first. */
export function takeTurnNow(dev: usize): void {
  const c = changetype<Card>(dev);
  c.receiveFirst ^= 1;
  beginTurn();
  look(c, c.receiveFirst != 0);
  endTurn();
}

/** The host has drained or filled the frame rings. */
export function service(dev: usize): void { lookAtRings(changetype<Card>(dev)); }
