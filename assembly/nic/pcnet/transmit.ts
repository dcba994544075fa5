// Transmission. Data sheet, "Transmit Operation", TMD0-3, CSR3 DXSUFLO, CSR4 APAD_XMT, CSR15 DXMTFCS.
//
// Descriptors are taken in order while the card owns them. A frame goes from STP to ENP; what comes without STP is given back
// unsent. Data goes straight into the entry of the frame ring: a frame is begun only when that has room for the longest, so
// no room leaves it with its descriptors until the host has drained. A frame whose next descriptor is not the
// card's ends there (BUFF, UFLO, and the transmitter stops unless DXSUFLO). Longer than 1518 bytes is babble, sent all
// the same; longer than the jabber timer allows is cut off and reaches nobody. Neither does one of more than MAX_PIECES descriptors,
// which no driver makes: what is left of it is passed over, a descriptor an item (device/allowance.ts).
// The line takes no FCS: one that the driver has appended is checked and left off, and a frame with a wrong one, which
// every station would drop, is counted and goes nowhere.

import { readCount } from "../../base/counters";
import { notePackets, notePoll } from "../../base/histograms";
import { beginFrame, commitFrame, Frame, frameData, port } from "../../device/frames";
import { mayWork } from "../../device/allowance";
import { dmaRead } from "../../device/dma";
import { fcsOf } from "../fcs";
import { failBus, isGoing, raise, raiseFeature } from "./control";
import { advance, currentAt, Descriptor, nextAt, readDescriptor, Ring, writeErrors, writeStatus } from "./descriptor";
import { HERE, MAX_PIECES, NEXT } from "./layout";
import { loopBack } from "./receive";
import { Csr, Csr0, Csr3, Csr4, Csr5, FCS_BYTES, JABBER_BYTES, MAX_LEGAL, MIN_FRAME, Mode, Tmd, TmdError } from "./spec";
import { Card, Count, countCard, countMany, csr, isStopped, requesterOf, setCsr, txHistograms, txRates } from "./state";

/** Upper half of TMD1 that the card does not write. */
@inline const KEPT: u32 = Tmd.ADD_FCS | Tmd.STP | Tmd.ENP | 0xff;

@inline const here = changetype<Descriptor>(HERE);
@inline const next = changetype<Descriptor>(NEXT);

/** Sends what the driver has handed over. */
export function transmit(c: Card): void {
  const before = readCount(c.counters + Count.SENT);
  sendAll(c);
  notePoll(txHistograms(c), <u32>(readCount(c.counters + Count.SENT) - before));
}

function sendAll(c: Card): void {
  while (isGoing(c, Csr0.TXON) && mayWork(c.turn)) {
    if (!readDescriptor(c, currentAt(c, Ring.TRANSMIT), here)) { failBus(c); return; }
    if (!(here.status & Tmd.OWN)) return;
    if (c.passing) {
      if (!passOver(c)) return;
      continue;
    }
    if (!(here.status & Tmd.STP)) {
      if (!release(c, here.status & KEPT)) return;
      continue;
    }
    const f = beginFrame(c.port, JABBER_BYTES);
    if (!changetype<usize>(f)) { countCard(c, Count.SEND_WAITS); return; }
    if (!send(c, f)) return;
  }
}

/** Gives the descriptor in hand back and goes to the next one. */
function release(c: Card, status: u32): bool {
  if (!writeStatus(c, here, status)) { failBus(c); return false; }
  countCard(c, Count.SEND_DESCRIPTORS);
  advance(c, Ring.TRANSMIT);
  return true;
}

/** A descriptor of a frame cut off; with its last one the frame is over. */
function passOver(c: Card): bool {
  if (!(here.status & Tmd.ENP)) return release(c, here.status & KEPT);
  c.passing = 0;
  return complete(c, changetype<Frame>(0), JABBER_BYTES + 1, false);
}

/** Gathers a frame and sends it; false when nothing more can be sent now. */
function send(c: Card, f: Frame): bool {
  const addFcs = (here.status & Tmd.ADD_FCS) != 0;
  let bytes: u32 = 0, pieces: u32 = 0;
  for (;;) {
    if (bytes + here.bytes <= JABBER_BYTES) {
      if (!dmaRead(requesterOf(c), here.address, frameData(f) + bytes, here.bytes)) { failBus(c); return false; }
      countMany(c, Count.SEND_COPIED, here.bytes);
    }
    bytes += here.bytes;
    if (here.status & Tmd.ENP) break;
    if (++pieces == MAX_PIECES) { c.passing = 1; return release(c, here.status & KEPT); }
    if (!readDescriptor(c, nextAt(c, Ring.TRANSMIT), next)) { failBus(c); return false; }
    if (!(next.status & Tmd.OWN)) return underflow(c);
    if (!release(c, here.status & KEPT)) return false;
    memory.copy(HERE, NEXT, offsetof<Descriptor>());
  }
  return complete(c, f, bytes, addFcs);
}

/** The frame's next buffer is not there. */
function underflow(c: Card): bool {
  countCard(c, Count.BUFFER_ERRORS);
  if (!writeErrors(c, here, TmdError.BUFF | TmdError.UFLO)) { failBus(c); return false; }
  if (!release(c, here.status & KEPT | Tmd.ERR)) return false;
  if (!(csr(c, Csr.MASKS) & Csr3.DXSUFLO)) setCsr(c, Csr.STATUS, csr(c, Csr.STATUS) & ~(<u32>Csr0.TXON));
  raise(c, Csr0.TINT);
  return true;
}

/** FCOLL in internal loopback: every attempt collides, and the last is reported (CSR15). */
function isCollided(c: Card): bool {
  const test = Mode.LOOP | Mode.INTL | Mode.FCOLL;
  return (csr(c, Csr.MODE) & test) == test;
}

/** The last descriptor goes back, then the frame goes out. */
function complete(c: Card, f: Frame, bytes: u32, addFcs: bool): bool {
  if (isCollided(c)) return collide(c);
  const quiet = isQuiet(c, here.status), lost = port(c.port).unplugged != 0 && !(csr(c, Csr.MODE) & Mode.LOOP), cut = bytes > JABBER_BYTES || lost;
  // Without a link there is no carrier (TMD2 LCAR).
  if (!writeErrors(c, here, lost ? TmdError.LCAR : 0)) { failBus(c); return false; }
  if (!release(c, here.status & KEPT | (lost ? Tmd.ERR : 0))) return false;
  if (cut) countCard(c, Count.SEND_REFUSED);
  else putOut(c, f, bytes, addFcs);
  if (isStopped(c)) return false;
  raiseFeature(c, bytes > JABBER_BYTES ? Csr4.TXSTRT | Csr4.JAB : Csr4.TXSTRT);
  if (quiet) countCard(c, Count.MODERATED);
  raise(c, (quiet ? 0 : Csr0.TINT) | (bytes > MAX_LEGAL + FCS_BYTES ? Csr0.BABL : 0));
  return true;
}

function collide(c: Card): bool {
  countCard(c, Count.SEND_REFUSED);
  if (!writeErrors(c, here, TmdError.RTRY)) { failBus(c); return false; }
  if (!release(c, here.status & KEPT | Tmd.ERR)) return false;
  raise(c, Csr0.TINT);
  return true;
}

/** CSR5: no interrupt for a frame sent well, or only for those that ask with LTINT. */
function isQuiet(c: Card, status: u32): bool {
  const extended = csr(c, Csr.EXTENDED);
  return (extended & Csr5.TOKINTD) != 0 || ((extended & Csr5.LTINTEN) != 0 && !(status & Tmd.LTINT));
}

/** Pads, takes the driver's own FCS off, and sends, loops back, or both. */
function putOut(c: Card, f: Frame, gathered: u32, addFcs: bool): void {
  const mode = csr(c, Csr.MODE), pad = (csr(c, Csr.FEATURES) & Csr4.APAD_XMT) != 0, data = frameData(f);
  let bytes = gathered;
  if (pad && bytes < MIN_FRAME) { memory.fill(data + bytes, 0, MIN_FRAME - bytes); bytes = MIN_FRAME; }
  let fcs: u32 = 0, good = true;
  if (!pad && !addFcs && mode & Mode.DXMTFCS) {
    if (bytes <= FCS_BYTES) { countCard(c, Count.SEND_REFUSED); return; }
    bytes -= FCS_BYTES;
    fcs = load<u32>(data + bytes);
    good = fcs == fcsOf(data, bytes);
  } else if (mode & Mode.LOOP) fcs = fcsOf(data, bytes);
  if (!good) countCard(c, Count.BAD_FCS);
  if (good && !(mode & Mode.LOOP && mode & Mode.INTL)) commit(c, f, bytes);
  if (mode & Mode.LOOP) loopBack(c, data, bytes, fcs, good);
}

function commit(c: Card, f: Frame, bytes: u32): void {
  if (bytes < 14) { countCard(c, Count.SEND_REFUSED); return; }
  f.bytes = bytes;
  commitFrame(c.port, f);
  countCard(c, Count.SENT);
  notePackets(txRates(c), 1);
  countMany(c, Count.BYTES_SENT, bytes);
}
