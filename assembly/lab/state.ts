// A lab's state, in the header of the rings' region (lab.ts says what it does), and what passes to the guest.

import { addCount } from "../base/counters";
import { scaleDown } from "../base/scale";
import { countEvent } from "../base/trace";
import { commitEntry, Frame, port, receiveRing } from "../device/frames";
import { LAB_WORDS } from "../device/layout";
import { Accepts } from "../surface/rings";
import { captureFrame, isCaptured } from "./capture";

export const enum Count { TAKEN, BYTES_TAKEN, SEGMENTS, GIVEN, BYTES_GIVEN, MISSED, UNECHOED, ANSWERS, ECHOES, ECHO_NS, COUNT }

@unmanaged export class Lab {
  mode: u32;
  /** Bytes of a source's frames, without FCS. */
  size: u32;
  /** Frames a second; frames at once. */
  rate: u32; burst: u32;
  /** 1000 bits a second of the line, 0: no limit. */
  kbits: u32;
  /** First of its counters. */
  counters: u32;
  /** Frames that a source gives in all, 0: without end. */
  limit: u64;
  /** The card's address, first byte lowest: where a source's frames go. */
  mac: u64;
  /** When the source began, NEVER before a driver listens; frames it has had to give since, and in all; when it looks again. */
  startNs: u64; due: u64; sent: u64; nextNs: u64;
  /** When the frame at the head of what the guest sends has arrived, NEVER: none is on its way. */
  arrivesNs: u64;
  /** The line to the guest is free, and the line from it. */
  outFreeNs: u64; inFreeNs: u64;
  /** An echo waits for the guest to take something. */
  waiting: u32;
  /** A LabStart. */
  start: u32;
  /** Of a line without a FIFO: when the frame at the card's head will have gone, 0: it has asked for none. */
  goneNs: u64;
}
@inline export function lab(n: u32): Lab { return changetype<Lab>(LAB_WORDS + (<usize>(n & 7) << 7)); }

/** Preamble, FCS and gap. */
@inline export const LINE_BYTES: u64 = 24;
/** Frames handled for one port, each way, in one turn of the timer. */
@inline export const MAX_TURN: u32 = 512;

export function lineTime(l: Lab, bytes: u64): u64 { return l.kbits ? scaleDown(bytes << 3, 1_000_000, l.kbits) : 0; }
@inline export function listens(n: u32): bool { return (port(n).accepts & Accepts.LINK_UP) != 0; }

export function handOver(n: u32, l: Lab, f: Frame): void {
  countEvent(l.counters + Count.GIVEN, 1);
  addCount(l.counters + Count.BYTES_GIVEN, f.bytes);
  commit(n, f);
}

export function commit(n: u32, f: Frame): void {
  if (isCaptured()) captureFrame(n, f, true);
  commitEntry(receiveRing(n), f);
}
