// Reception. Data sheet, "Receive Operation", RMD0-3, CSR4 ASTRP_RCV, CSR8-15.
//
// A frame is padded to what the shortest on a wire has, gets its FCS, and goes into as many descriptors as it takes.
// When the first is not the card's, the frame stays in the host's ring and is tried again at the next poll, doorbell or
// service: the wire waits, so that MISS and the missed-frame count (CSR112) stay zero. When a later one is not the card's, the
// frame ends there with BUFF, as the data sheet has it; and with more than MAX_PIECES of them.
// With LAPPEN (CSR3) the driver says by STP where frames may begin: descriptors without it are passed over, the card's own given
// back unused, and one interrupt tells of a frame's first buffer before the others are filled.

import { readCount } from "../../base/counters";
import { notePackets, notePoll } from "../../base/histograms";
import { mayWork } from "../../device/allowance";
import { dropFrame, Frame, frameData, peekFrame } from "../../device/frames";
import { dmaWrite } from "../../device/dma";
import { fcsOf } from "../fcs";
import { failBus, isGoing, raise, raiseFeature } from "./control";
import { advance, currentAt, Descriptor, nextAt, readDescriptor, Ring, writeCount, writeStatus } from "./descriptor";
import { FRAME_SCRATCH, HERE, MAX_PIECES, NEXT } from "./layout";
import { Csr, Csr0, Csr3, Csr4, FCS_BYTES, MAX_RECEIVE, MIN_FRAME, Mode, Rmd } from "./spec";
import { Card, Count, countCard, countMany, csr, csrPair, csrsOf, isSuspended, isWide, requesterOf, setCsr, rxHistograms, rxRates } from "./state";

/** What became of a frame. */
const enum Outcome { DONE, WAIT, BROKEN }
@inline const HEADER: u32 = 14;
/** Descriptors looked at for an STP before the next poll goes on: rings from an init block have at most 512. */
@inline const MAX_SEARCH: u32 = 512;
@inline const SHORTEST_DATA: u32 = 46;
@inline const MAC_MASK: u64 = 0xffff_ffff_ffff;
@inline const here = changetype<Descriptor>(HERE);
@inline const next = changetype<Descriptor>(NEXT);

/** Hands the guest what the host has put, until the ring is empty or buffers run out; true if a frame is left waiting. */
export function receive(c: Card): bool {
  const before = readCount(c.counters + Count.RECEIVED), waits = takeAll(c);
  notePoll(rxHistograms(c), <u32>(readCount(c.counters + Count.RECEIVED) - before));
  return waits;
}

function takeAll(c: Card): bool {
  for (let f = peekFrame(c.port); changetype<usize>(f); f = peekFrame(c.port)) {
    if (!(csr(c, Csr.STATUS) & Csr0.RXON)) { countCard(c, Count.NO_DRIVER); dropFrame(c.port, f); continue; }
    if (isSuspended(c) || csr(c, Csr.MODE) & Mode.LOOP) return true;
    if (!isGoing(c, Csr0.RXON)) return true;
    if (!mayWork(c.turn)) return true;
    const what = accept(c, f);
    if (what == Outcome.WAIT) { countCard(c, Count.RECEIVE_WAITS); return true; }
    if (what == Outcome.BROKEN) return false;
    dropFrame(c.port, f);
  }
  return false;
}

function accept(c: Card, f: Frame): u32 {
  if (f.bytes < HEADER || f.bytes > MAX_RECEIVE - FCS_BYTES || f.gsoType || f.flags & 1) { countCard(c, Count.RECEIVE_REFUSED); return Outcome.DONE; }
  const match = matchOf(c, frameData(f));
  if (!match) { countCard(c, Count.FILTERED); return Outcome.DONE; }
  memory.copy(FRAME_SCRATCH, frameData(f), f.bytes);
  let bytes = f.bytes;
  if (bytes < MIN_FRAME) { memory.fill(FRAME_SCRATCH + bytes, 0, MIN_FRAME - bytes); bytes = MIN_FRAME; }
  return deliver(c, bytes, fcsOf(FRAME_SCRATCH, bytes), match & (Rmd.PAM | Rmd.LAFM | Rmd.BAM));
}

/** A frame sent in loopback comes in; the receiver takes short ones then. What finds no buffer is lost, as nobody repeats it. */
export function loopBack(c: Card, data: usize, bytes: u32, fcs: u32, good: bool): void {
  if (!isGoing(c, Csr0.RXON)) return;
  countCard(c, Count.LOOPED);
  if (bytes > MAX_RECEIVE - FCS_BYTES) { countCard(c, Count.RECEIVE_REFUSED); return; }
  memory.copy(FRAME_SCRATCH, data, bytes);
  if (bytes < 6) memory.fill(FRAME_SCRATCH + bytes, 0, 6 - bytes);
  const match = matchOf(c, FRAME_SCRATCH);
  if (!match) { countCard(c, Count.FILTERED); return; }
  if (deliver(c, bytes, fcs, match & (Rmd.PAM | Rmd.LAFM | Rmd.BAM) | (good ? 0 : Rmd.ERR | Rmd.CRC)) == Outcome.WAIT) miss(c);
}

/** A frame that nobody repeats has found no buffer: MISS, and the count in CSR112, which tells when it starts again. */
function miss(c: Card): void {
  const missed = csr(c, Csr.MFC) + 1 & 0xffff;
  countCard(c, Count.MISSED);
  setCsr(c, Csr.MFC, missed);
  if (!missed) raiseFeature(c, Csr4.MFCO);
  raise(c, Csr0.MISS);
}

// --- Address filter ---

/** Why the frame is for this card: PAM, LAFM, BAM or, for one only promiscuity accepts, OWN; 0 when it is not. */
function matchOf(c: Card, data: usize): u32 {
  const mode = csr(c, Csr.MODE), to = load<u32>(data) | <u64>load<u16>(data, 4) << 32;
  const other: u32 = mode & Mode.PROM ? Rmd.OWN : 0;
  if (to == MAC_MASK) return mode & Mode.DRCVBC ? other : Rmd.BAM;
  if (to & 1) return hashMatches(c, data) ? Rmd.LAFM : other;
  const own = <u64>csrPair(c, Csr.PADR) | <u64>csr(c, Csr.PADR + 2) << 32;
  return to == own && !(mode & Mode.DRCVPA) ? Rmd.PAM : other;
}

/** The upper six bits of the address's CRC choose a bit of LADRF. */
function hashMatches(c: Card, data: usize): bool {
  const index = ~fcsOf(data, 6) >> 26;
  return (load<u64>(csrsOf(c) + 2 * <usize>Csr.LADRF) >> index & 1) != 0;
}

// --- Descriptors ---

/** Bytes the driver sees of a frame of so many: ASTRP_RCV takes pad and FCS off what says by its length field that it is short. */
function shownBytes(c: Card, bytes: u32): u32 {
  const said = <u32>load<u8>(FRAME_SCRATCH, 12) << 8 | load<u8>(FRAME_SCRATCH, 13);
  const strip = (csr(c, Csr.FEATURES) & Csr4.ASTRP_RCV) != 0 && said < SHORTEST_DATA && HEADER + said <= bytes;
  return strip ? HEADER + said : bytes + FCS_BYTES;
}

/** Reads the descriptor that a frame begins in; DONE when it is there. */
function findStart(c: Card): u32 {
  const looksAhead = (csr(c, Csr.MASKS) & Csr3.LAPPEN) != 0;
  for (let left = MAX_SEARCH; left; left--) {
    if (!readDescriptor(c, currentAt(c, Ring.RECEIVE), here)) { failBus(c); return Outcome.BROKEN; }
    const own = (here.status & Rmd.OWN) != 0;
    if (!looksAhead || here.status & Rmd.STP) return own ? Outcome.DONE : Outcome.WAIT;
    if (!own) advance(c, Ring.RECEIVE);
    else if (!release(c, 0)) return Outcome.BROKEN;
  }
  return Outcome.WAIT;
}

/** Puts the frame in scratch into descriptors; `flags` go with its end. */
function deliver(c: Card, bytes: u32, fcs: u32, flags: u32): u32 {
  const found = findStart(c);
  if (found != Outcome.DONE) return found;
  store<u32>(FRAME_SCRATCH + bytes, fcs);
  const total = shownBytes(c, bytes);
  let done: u32 = 0, begin: u32 = Rmd.STP, pieces: u32 = 0;
  for (;;) {
    const n = min(here.bytes, total - done);
    if (!dmaWrite(requesterOf(c), here.address, FRAME_SCRATCH + done, n)) { failBus(c); return Outcome.BROKEN; }
    done += n;
    countMany(c, Count.RECEIVE_COPIED, n);
    if (done == total) break;
    if (++pieces == MAX_PIECES) return runOut(c, begin);
    if (!readDescriptor(c, nextAt(c, Ring.RECEIVE), next)) { failBus(c); return Outcome.BROKEN; }
    if (!(next.status & Rmd.OWN)) return runOut(c, begin);
    if (!release(c, begin)) return Outcome.BROKEN;
    if (begin && csr(c, Csr.MASKS) & Csr3.LAPPEN) raise(c, Csr0.RINT);
    memory.copy(HERE, NEXT, offsetof<Descriptor>());
    begin = 0;
  }
  if (!writeCount(c, here, total)) { failBus(c); return Outcome.BROKEN; }
  if (!release(c, begin | Rmd.ENP | (isWide(c) ? flags : flags & 0xff00))) return Outcome.BROKEN;
  countCard(c, Count.RECEIVED);
  notePackets(rxRates(c), 1);
  countMany(c, Count.BYTES_RECEIVED, bytes);
  raise(c, Csr0.RINT);
  return Outcome.DONE;
}

/** The frame's next buffer is not there: it ends in the one in hand. */
function runOut(c: Card, begin: u32): u32 {
  countCard(c, Count.BUFFER_ERRORS);
  if (!release(c, begin | Rmd.ERR | Rmd.BUFF)) return Outcome.BROKEN;
  raise(c, Csr0.RINT);
  return Outcome.DONE;
}

/** Gives the descriptor in hand back. Below the status, 16-bit descriptors have an address and others reserved bits. */
function release(c: Card, status: u32): bool {
  if (!writeStatus(c, here, status | here.status & (isWide(c) ? 0x0f : 0xff))) { failBus(c); return false; }
  countCard(c, Count.RECEIVE_DESCRIPTORS);
  advance(c, Ring.RECEIVE);
  return true;
}
