// Initialization, start, stop, errors of the bus, and the interrupt. Data sheet, "Initialization", "Suspend", CSR0, CSR3-5.
//
// STOP ends everything and is where the card is after a reset. INIT reads the block at CSR1-2 and sets IDON; STRT turns the
// two sides on. Both can come in one write. Suspend (SPND) holds the rings and opens the registers that STOP opens.
// An access that the bus refuses is a system error: SINT, PCI's master abort, and everything stops. Without
// bus-master enable the bus is never granted: MERR, and the access is tried again at the next poll.

import { noteInterrupt } from "../../base/histograms";
import { cancelTurn } from "../../device/allowance";
import { dmaFailed, dmaRead } from "../../device/dma";
import { port } from "../../device/frames";
import { Accepts } from "../../surface/rings";
import { canMaster, noteMasterAbort } from "../../pci/functions";
import { setIntx } from "../../pci/intx";
import { Ring, showRing } from "./descriptor";
import { SCRATCH } from "./layout";
import { Csr, Csr0, Csr4, Csr5, Init16, Init32, Mode } from "./spec";
import { cancelPoll, Card, Count, countCard, csr, csrPair, csrsOf, isSuspended, isWide, requesterOf, rxHistograms, rxRates, setCsr, setCsrPair, txHistograms, txRates, upperByte } from "./state";

/** Sets bits of CSR0 and lets the interrupt follow. */
export function raise(c: Card, bits: u32): void {
  setCsr(c, Csr.STATUS, csr(c, Csr.STATUS) | bits);
  refreshInterrupt(c);
}
export function raiseFeature(c: Card, bits: u32): void {
  setCsr(c, Csr.FEATURES, csr(c, Csr.FEATURES) | bits);
  refreshInterrupt(c);
}

/** ERR and INTR from what they stand for, and INTA. SINT, SLPINT and MPINT do not ask IENA: STOP clears it (CSR5). */
export function refreshInterrupt(c: Card): void {
  const features = csr(c, Csr.FEATURES), extended = csr(c, Csr.EXTENDED), enabled = extended & extended << 1;
  let status = csr(c, Csr.STATUS) & ~(<u32>(Csr0.ERR | Csr0.INTR));
  const causes = status & Csr0.INTERRUPTS & ~csr(c, Csr.MASKS)
    | features & Csr4.MASKED & ~(features << 1) | features & Csr4.UINT | enabled & Csr5.EXDINT;
  const always = enabled & (Csr5.SINT | Csr5.SLPINT | Csr5.MPINT);
  if (status & Csr0.ERRORS) status |= Csr0.ERR;
  if (causes | always) status |= Csr0.INTR;
  setCsr(c, Csr.STATUS, status);
  const line: u32 = always || (causes && status & Csr0.IENA) ? 1 : 0;
  if (line == c.line) return;
  c.line = line;
  if (line) {
    countCard(c, Count.ASSERTED);
    noteInterrupt(rxRates(c), rxHistograms(c));
    noteInterrupt(txRates(c), txHistograms(c));
  }
  setIntx(c.pci, line != 0);
}

/** One side of the card is on and may use the bus. */
export function isGoing(c: Card, side: u32): bool {
  if (!(csr(c, Csr.STATUS) & side) || isSuspended(c)) return false;
  if (canMaster(c.pci)) return true;
  raise(c, Csr0.MERR);
  return false;
}

/** Everything ends; masks, modes and rings stay as they are. */
export function stop(c: Card): void {
  countCard(c, Count.STOPS);
  cancelPoll(c);
  cancelTurn(c.turn);
  c.passing = 0;
  setCsr(c, Csr.STATUS, Csr0.STOP);
  setCsr(c, Csr.FEATURES, csr(c, Csr.FEATURES) & ~(<u32>Csr4.CLEARED));
  setCsr(c, Csr.EXTENDED, csr(c, Csr.EXTENDED) & ~(<u32>Csr5.SPND));
  port(c.port).accepts = 0;
  refreshInterrupt(c);
}

/** The bus refused an access. */
export function failBus(c: Card): void {
  if (dmaFailed()) noteMasterAbort(c.pci);
  countCard(c, Count.BUS_ERRORS);
  stop(c);
  setCsr(c, Csr.EXTENDED, csr(c, Csr.EXTENDED) | Csr5.SINT);
  refreshInterrupt(c);
}

/** INIT: false when the block could not be read. */
export function initialize(c: Card): bool {
  const wide = isWide(c), at = csrPair(c, Csr.IADR_LOW);
  setCsr(c, Csr.STATUS, csr(c, Csr.STATUS) & ~(<u32>Csr0.STOP) | Csr0.INIT);
  if (!canMaster(c.pci)) { raise(c, Csr0.MERR); return false; }
  if (!dmaRead(requesterOf(c), at, SCRATCH, wide ? Init32.BYTES : Init16.BYTES)) { failBus(c); return false; }
  if (wide) {
    takeAddresses(c, Init32.MODE, Init32.PADR, Init32.LADRF);
    setRings(c, load<u8>(SCRATCH, Init32.RLEN) >> 4, load<u8>(SCRATCH, Init32.TLEN) >> 4, load<u32>(SCRATCH, Init32.RDRA) & ~15, load<u32>(SCRATCH, Init32.TDRA) & ~15);
  } else {
    const receive = load<u32>(SCRATCH, Init16.RDRA), transmit = load<u32>(SCRATCH, Init16.TDRA), upper = upperByte(c);
    takeAddresses(c, Init16.MODE, Init16.PADR, Init16.LADRF);
    setRings(c, receive >> 29, transmit >> 29, receive & 0xff_fff8 | upper, transmit & 0xff_fff8 | upper);
  }
  raise(c, Csr0.IDON);
  return true;
}

function takeAddresses(c: Card, mode: u32, padr: u32, ladrf: u32): void {
  setCsr(c, Csr.MODE, load<u16>(SCRATCH + mode));
  memory.copy(csrsOf(c) + 2 * <usize>Csr.PADR, SCRATCH + padr, 6);
  memory.copy(csrsOf(c) + 2 * <usize>Csr.LADRF, SCRATCH + ladrf, 8);
}

/** Ring lengths as powers of two: three bits in the 16-bit block, in the 32-bit one four, of which 9 and more are 512. */
function setRings(c: Card, receive: u32, transmit: u32, receiveAt: u32, transmitAt: u32): void {
  const receiveLength = <u32>0 - (<u32>1 << min(receive, 9)), transmitLength = <u32>0 - (<u32>1 << min(transmit, 9));
  setCsr(c, Csr.LENGTHS, transmit << 12 | receive << 8);
  setCsrPair(c, Csr.BADR, receiveAt);
  setCsrPair(c, Csr.BADX, transmitAt);
  setCsr(c, Csr.RCVRL, receiveLength); setCsr(c, Csr.RCVRC, receiveLength);
  setCsr(c, Csr.XMTRL, transmitLength); setCsr(c, Csr.XMTRC, transmitLength);
  showRing(c, Ring.RECEIVE);
  showRing(c, Ring.TRANSMIT);
}

/** STRT. */
export function start(c: Card): void {
  const mode = csr(c, Csr.MODE);
  let status = csr(c, Csr.STATUS) & ~(<u32>Csr0.STOP) | Csr0.STRT;
  if (!(mode & Mode.DTX)) status |= Csr0.TXON;
  if (!(mode & Mode.DRX)) status |= Csr0.RXON;
  setCsr(c, Csr.STATUS, status);
  tellHost(c);
}

/** The host delivers while the card is started and the cable is in. */
export function tellHost(c: Card): void {
  port(c.port).accepts = csr(c, Csr.STATUS) & Csr0.STRT && !port(c.port).unplugged ? Accepts.LINK_UP : 0;
}
