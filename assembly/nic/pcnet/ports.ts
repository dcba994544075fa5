// The card's 32 bytes, in I/O space and in memory alike. Data sheet, "I/O Resources".
//
//      offset   00-0f   10     12    14      16    18      1c
//      WIO      APROM   RDP    RAP   reset   BDP               words
//      DWIO     APROM   RDP          RAP           reset   BDP     dwords
//
// The card comes up in WIO. A dword written at 10h, which WIO does not know, makes it DWIO until the next hardware reset.
// An access of another width than the mode's is refused: ones, or nothing, and counted.

import { countAccess } from "../../base/trace";
import { Block, guestRead, guestWrite } from "../../device/registers";
import { TraceKind } from "../../surface/trace";
import { Bcr, Bcr18, Bcr2, Csr, Csr4, Port } from "./spec";
import { addressOf, bcr, bcrsOf, Card, Count, csr, csrsOf, isStopped, isSuspended, promOf, setBcr } from "./state";
import { softReset } from "./registers";

@inline const APROM_END: u32 = 16;
@inline const ONES: u64 = 0xffff_ffff;
/** What an access means, whatever the mode. */
const enum Target { NONE, RDP, RAP, RESET, BDP }

function targetOf(c: Card, offset: u32, bytes: u32): u32 {
  if (bytes != (c.dwio ? <u32>4 : <u32>2)) return Target.NONE;
  if (offset == Port.RDP) return Target.RDP;
  if (c.dwio) return offset == Port.DWORD_RAP ? Target.RAP : offset == Port.DWORD_RESET ? Target.RESET : offset == Port.DWORD_BDP ? Target.BDP : Target.NONE;
  return offset == Port.WORD_RAP ? Target.RAP : offset == Port.WORD_RESET ? Target.RESET : offset == Port.WORD_BDP ? Target.BDP : Target.NONE;
}

export function readPort(dev: usize, offset: u32, bytes: u32): u64 {
  const c = changetype<Card>(dev);
  if (offset < APROM_END) return readProm(c, offset, bytes);
  switch (targetOf(c, offset, bytes)) {
    case Target.RDP: return c.rap < <u32>Csr.COUNT ? guestRead(changetype<Block>(<usize>c.csrs), csrsOf(c), dev, 2 * c.rap, 2) : 0;
    case Target.BDP: return c.rap < <u32>Bcr.COUNT ? guestRead(changetype<Block>(<usize>c.bcrs), bcrsOf(c), dev, 2 * c.rap, 2) : 0;
    case Target.RAP: countAccess(c.counters + Count.RAP_READS, TraceKind.READ, c.rap, bytes); return c.rap;
    case Target.RESET: softReset(c); return 0;
    default: countAccess(c.counters + Count.REFUSED_ACCESSES, TraceKind.READ, ONES, bytes); return ONES;
  }
}

export function writePort(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const c = changetype<Card>(dev), v = <u32>value & 0xffff;
  if (offset < APROM_END) { writeProm(c, offset, bytes, value); return; }
  if (offset == Port.RDP && bytes == 4 && !c.dwio) { c.dwio = 1; setBcr(c, Bcr.BSBC, bcr(c, Bcr.BSBC) | Bcr18.DWIO); }
  switch (targetOf(c, offset, bytes)) {
    case Target.RDP: writeCsr(c, v); break;
    case Target.BDP: if (bcrOpen(c)) guestWrite(changetype<Block>(<usize>c.bcrs), bcrsOf(c), dev, 2 * c.rap, 2, v); break;
    case Target.RAP: countAccess(c.counters + Count.RAP_WRITES, TraceKind.WRITE, v, bytes); c.rap = v & 0xff; break;
    // Only ISA cards of the family are reset by a write.
    case Target.RESET: break;
    default: countAccess(c.counters + Count.REFUSED_ACCESSES, TraceKind.WRITE, value, bytes);
  }
}

function writeCsr(c: Card, value: u32): void {
  if (!csrOpen(c)) { countAccess(c.counters + Count.REFUSED_ACCESSES, TraceKind.WRITE, value, 2); return; }
  guestWrite(changetype<Block>(<usize>c.csrs), csrsOf(c), addressOf(c), 2 * c.rap, 2, value);
}

/** CSR0 and 3 to 5 can always be written, the others while the card is stopped or suspended, CSR124 when CSR4 says so. */
function csrOpen(c: Card): bool {
  const n = c.rap;
  if (n >= <u32>Csr.COUNT) return false;
  if (n == Csr.STATUS || (n >= <u32>Csr.MASKS && n <= <u32>Csr.EXTENDED)) return true;
  if (n == Csr.TEST && !(csr(c, Csr.FEATURES) & Csr4.EN124)) return false;
  return isStopped(c) || isSuspended(c);
}

/** The software style changes only while nothing runs by it. */
function bcrOpen(c: Card): bool {
  return c.rap < <u32>Bcr.COUNT && (c.rap != <u32>Bcr.SWS || isStopped(c) || isSuspended(c));
}

function readProm(c: Card, offset: u32, bytes: u32): u64 {
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytes && offset + i < APROM_END; i++) value |= <u64>load<u8>(promOf(c) + offset + i) << (<u64>i << 3);
  countAccess(c.counters + Count.PROM_ACCESSES, TraceKind.READ, value, bytes);
  return value;
}

/** The PROM is shadowed by RAM that can be written when BCR2 says so. */
function writeProm(c: Card, offset: u32, bytes: u32, value: u64): void {
  countAccess(c.counters + Count.PROM_ACCESSES, TraceKind.WRITE, value, bytes);
  if (!(bcr(c, Bcr.MC) & Bcr2.APROMWE)) return;
  for (let i: u32 = 0; i < bytes && offset + i < APROM_END; i++) store<u8>(promOf(c) + offset + i, <u8>(value >> (<u64>i << 3)));
}
