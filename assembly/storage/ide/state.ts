// What an IDE function keeps: 0 its Bus, 80h overlay, c0h its two channels.

import { nameOwned, takeCounters } from "../../base/counters";
import { cardState } from "../../device/card";
import { isThere, Unit, unitAt } from "../unit/state";

@unmanaged export class Ide { pci: u32; counters: u32; }

/**
 * What a channel is about: nothing; the host reads or writes a block, or writes a packet, through the data port; the drive works; the drive waits for the
 * bus master to start.
 */
export const enum Phase { NONE, INWARD, OUTWARD, PACKET, BUSY, MASTER }
@unmanaged export class Channel {
  ide: u32; number: u32;
  /** Drive that is selected, 0 or 1, and the one whose command is in hand. */
  selected: u32; busy: u32;
  control: u32;
  /** The drive asks for an interrupt; how the line is. */
  wanted: u32;
  phase: u32;
  /** In the drive's buffer: the next byte, the end of this block, the end of what is there. */
  at: u32; end: u32; filled: u32;
  /** What the command has still to move behind that, and where it is. */
  left: u32; pad0: u32;
  sector: u64;
  // The bus master.
  command: u32; status: u32; table: u32;
}
@inline const OVERLAY: usize = 0x80;
@inline const FIRST_CHANNEL: usize = 0xc0;
@inline const CHANNEL_BYTES: usize = 128;

export const enum Count { INTERRUPTS, WORDS, MASTERED, END }

@inline export function ideOfBus(bus: usize): Ide { return changetype<Ide>(bus + OVERLAY); }
@inline export function ideOfCard(i: u32): Ide { return ideOfBus(cardState(i)); }
@inline export function busAddress(d: Ide): usize { return changetype<usize>(d) - OVERLAY; }
@inline export function channelAt(d: Ide, n: u32): Channel { return changetype<Channel>(busAddress(d) + FIRST_CHANNEL + <usize>n * CHANNEL_BYTES); }
@inline export function ideOf(c: Channel): Ide { return changetype<Ide>(<usize>c.ide); }
/** The channel of a drive: it has two. */
@inline export function channelOf(u: Unit): Channel { return channelAt(ideOfBus(u.bus), u.port >> 1); }
@inline export function driveOf(c: Channel, n: u32): Unit { return unitAt(busAddress(ideOf(c)), c.number << 1 | n); }
@inline export function hasDrives(c: Channel): bool { return isThere(driveOf(c, 0)) || isThere(driveOf(c, 1)); }

export function nameIde(d: Ide, n: u32): void {
  const c = takeCounters(Count.END);
  d.counters = c;
  nameOwned(c + Count.INTERRUPTS, "piix3-ide", n, -1, "interrupts raised", "events");
  nameOwned(c + Count.WORDS, "piix3-ide", n, -1, "data port accesses", "accesses");
  nameOwned(c + Count.MASTERED, "piix3-ide", n, -1, "bus master transfers", "transfers");
}
