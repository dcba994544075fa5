// A console card's state beside its queues: its ports, and what the driver has not been told yet.

import { nameOwned } from "../../base/counters";
import { Crossing } from "../../surface/counters";
import { Count, has, ownOf, VirtioDevice } from "../device";
import { ConsoleFeature, ConsoleQueue } from "./spec";

@inline export const MAX_PORTS: u32 = 8;
@inline export const NAME_BYTES: u32 = 64;

/** Messages that wait for a buffer of the driver, a bit each; sent in this order. */
export const enum Tell { ADD = 1, CONSOLE = 2, NAME = 4, OPEN = 8, RESIZE = 16 }

@unmanaged export class ConsoleState {
  /** From the machine's list: ports that are there, and those that are consoles, a bit each; the first one's stream to the host. */
  there: u32;
  consoles: u32;
  stream: u32;
  ports: u32;
}
@unmanaged export class PortState {
  // Cleared by a reset.
  tell: u32;
  /** The driver takes its messages; somebody in the guest has it open. */
  ready: u32;
  guestOpen: u32;
  /** What the driver was told of the host's side. */
  hostOpen: u32;
  size: u32;
  /** Bytes of the chain in hand that have gone to the host. */
  sent: u32;
  pad0: u64;
}
@inline export function consoleOf(d: VirtioDevice): ConsoleState { return changetype<ConsoleState>(ownOf(d)); }
@inline export function portAt(d: VirtioDevice, i: u32): PortState { return changetype<PortState>(ownOf(d) + 64 + (<usize>(i & 7) << 5)); }
/** A port's name: a length, then its bytes. The host writes it before the machine is made. */
@inline export function nameAt(d: VirtioDevice, i: u32): usize { return ownOf(d) + 512 + <usize>(i & 7) * NAME_BYTES; }
@inline export function isThere(d: VirtioDevice, i: u32): bool { return i < MAX_PORTS && (consoleOf(d).there >> i & 1) != 0; }
@inline export function streamOf(d: VirtioDevice, i: u32): u32 { return consoleOf(d).stream + i; }

export function forgetPorts(d: VirtioDevice): void { memory.fill(ownOf(d) + 64, 0, <usize>MAX_PORTS << 5); }

@inline export function receiveQueue(i: u32): u32 { return i ? 2 + 2 * i : ConsoleQueue.RECEIVE; }
@inline export function transmitQueue(i: u32): u32 { return receiveQueue(i) + 1; }
/** The port that a data queue belongs to. */
@inline export function portOf(queue: u32): u32 { return queue < 4 ? 0 : (queue >> 1) - 1; }

/** Bytes go to a port that somebody in the guest has open; without MULTIPORT there is no telling. */
export function listens(d: VirtioDevice, i: u32): bool { return has(d, ConsoleFeature.MULTIPORT) ? portAt(d, i).guestOpen != 0 : i == 0; }

export const enum ConsoleCount { BYTES_SENT = 4, BYTES_RECEIVED, WAITS, MESSAGES_SENT, MESSAGES_RECEIVED, MESSAGES_REFUSED, EMERGENCY, END }
@inline export const CONSOLE_COUNTERS: u32 = ConsoleCount.END - Count.OWN;

export function nameConsoleCounters(d: VirtioDevice, card: string): void {
  const c = d.counters, n = d.number;
  nameOwned(c + ConsoleCount.BYTES_SENT, card, n, -1, "bytes sent", "bytes");
  nameOwned(c + ConsoleCount.BYTES_RECEIVED, card, n, -1, "bytes received", "bytes");
  nameOwned(c + ConsoleCount.WAITS, card, n, -1, "waits for room at the host", "events", Crossing.B3);
  nameOwned(c + ConsoleCount.MESSAGES_SENT, card, n, -1, "control messages sent", "events");
  nameOwned(c + ConsoleCount.MESSAGES_RECEIVED, card, n, -1, "control messages received", "events");
  nameOwned(c + ConsoleCount.MESSAGES_REFUSED, card, n, -1, "control messages refused", "events");
  nameOwned(c + ConsoleCount.EMERGENCY, card, n, -1, "emergency writes", "bytes");
}
