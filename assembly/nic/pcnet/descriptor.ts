// Descriptors in memory, in every software style. Data sheet, "Descriptor Rings" and RMD/TMD tables.
//
//      style 0   8 bytes    address 15-0 | status 15-8, address 23-16 | -bytes | count or errors
//      style 2  16 bytes    address | -bytes, status in 31-16 | count, or errors in 31-16 | driver's own
//      style 3  16 bytes    count or errors | -bytes, status in 31-16 | address | driver's own
//
// Rings are walked by counters of two's complement, CSR72 and CSR74, that start again from the ring's length (CSR76, CSR78)
// when they reach zero: a length of 0 is one of 65536, and every value a driver can write names some descriptor.

import { dmaRead, dmaWrite16, dmaWrite32 } from "../../device/dma";
import { SCRATCH } from "./layout";
import { Csr, Style } from "./spec";
import { Card, csr, csrPair, isWide, requesterOf, setCsr, setCsrPair, styleOf, upperByte } from "./state";

/** A descriptor as it was read. `status` is the upper half of xMD1. */
@unmanaged export class Descriptor { at: u32; address: u32; bytes: u32; status: u32; }

/** A ring's registers: base, length, counter, and where the current and next descriptors are shown. */
export const enum Ring { RECEIVE, TRANSMIT }
@inline function baseOf(c: Card, ring: u32): u32 { return csrPair(c, ring == Ring.RECEIVE ? Csr.BADR : Csr.BADX); }
@inline function lengthAt(ring: u32): u32 { return ring == Ring.RECEIVE ? Csr.RCVRL : Csr.XMTRL; }
@inline function counterAt(ring: u32): u32 { return ring == Ring.RECEIVE ? Csr.RCVRC : Csr.XMTRC; }

/** Address of the descriptor at a value of the ring's counter. */
function placeOf(c: Card, ring: u32, counter: u32): u32 {
  return baseOf(c, ring) + (counter - csr(c, lengthAt(ring)) & 0xffff) * (isWide(c) ? 16 : 8);
}

function stepped(c: Card, ring: u32, counter: u32): u32 {
  const next = counter + 1 & 0xffff;
  return next ? next : csr(c, lengthAt(ring));
}

/** The place of the ring's current descriptor, and of the one after. */
export function currentAt(c: Card, ring: u32): u32 { return placeOf(c, ring, csr(c, counterAt(ring))); }
export function nextAt(c: Card, ring: u32): u32 { return placeOf(c, ring, stepped(c, ring, csr(c, counterAt(ring)))); }

export function advance(c: Card, ring: u32): void {
  setCsr(c, counterAt(ring), stepped(c, ring, csr(c, counterAt(ring))));
  showRing(c, ring);
}

/** CSRs 26 to 35 show where the rings are. */
export function showRing(c: Card, ring: u32): void {
  setCsrPair(c, ring == Ring.RECEIVE ? Csr.CRDA : Csr.CXDA, currentAt(c, ring));
  setCsrPair(c, ring == Ring.RECEIVE ? Csr.NRDA : Csr.NXDA, nextAt(c, ring));
}

/** Reads a descriptor; false when the bus refuses. */
export function readDescriptor(c: Card, at: u32, d: Descriptor): bool {
  const wide = isWide(c);
  d.at = at;
  if (!dmaRead(requesterOf(c), at, SCRATCH, wide ? 16 : 8)) return false;
  const word1 = load<u32>(SCRATCH, 4);
  if (!wide) {
    d.status = load<u16>(SCRATCH, 2);
    d.address = load<u32>(SCRATCH) & 0xff_ffff | upperByte(c);
    d.bytes = bytesOf(word1);
  } else {
    d.status = word1 >> 16;
    d.address = styleOf(c) == Style.PCNET_2 ? load<u32>(SCRATCH, 8) : load<u32>(SCRATCH);
    d.bytes = bytesOf(word1);
  }
  return true;
}

/** BCNT: twelve bits of a negative count, of which none are all of 4096. */
@inline function bytesOf(word: u32): u32 { return 4096 - (word & 0xfff); }

/** Gives a descriptor back with this status; false when the bus refuses. */
export function writeStatus(c: Card, d: Descriptor, status: u32): bool {
  return dmaWrite16(requesterOf(c), d.at + (isWide(c) ? 6 : 2), status);
}

/** The message count of a frame received. */
export function writeCount(c: Card, d: Descriptor, bytes: u32): bool {
  if (!isWide(c)) return dmaWrite16(requesterOf(c), d.at + 6, bytes);
  return dmaWrite32(requesterOf(c), d.at + (styleOf(c) == Style.PCNET_2 ? 0 : 8), bytes);
}

/** The errors of a frame sent, TmdError; no retries and no reflection to report. */
export function writeErrors(c: Card, d: Descriptor, errors: u32): bool {
  if (!isWide(c)) return dmaWrite16(requesterOf(c), d.at + 6, errors);
  return dmaWrite32(requesterOf(c), d.at + (styleOf(c) == Style.PCNET_2 ? 0 : 8), errors << 16);
}
