// CSRs and BCRs by table, a word each, and what writing some of them does. Data sheet, "User Accessible Registers".
// Which CSRs can be written while the card runs is in ports.ts.

import { crossHosted } from "../../base/hosted";
import { noteBell } from "../../base/histograms";
import { chargeDoorbell } from "../../device/charges";
import { port } from "../../device/frames";
import { Access, Block, countAccesses, define, hook, makeBlock, Register, resetBlock, setValue, row } from "../../device/registers";
import { stop, initialize, refreshInterrupt, start } from "./control";
import { lookAtRings } from "./poll";
import { Bcr, Bcr18, Bcr20, Csr, Csr0, Csr3, Csr4, Csr5, Csr124, Style } from "./spec";
import { bcrsOf, bcr, Card, Count, countCard, csr, csrsOf, setBcr, setCsr, txHistograms, txRates } from "./state";

@inline const ALL: u64 = 0xffff;

function word(b: Block, name: string, n: u32, reset: u64): Register { return define(b, name, 2 * n, 2, Access.RW, reset, ALL); }

export function defineCsrs(card: string, number: u32): Block {
  const b = makeBlock(2 * Csr.COUNT, 96);
  const status = define(b, "CSR0", 2 * Csr.STATUS, 2, Access.W1C, Csr0.STOP, Csr0.CLEARED);
  status.writable = Csr0.IENA;
  hook(status, 0, writeCsr0.index);
  hook(word(b, "CSR1", Csr.IADR_LOW, 0), 0, mirrorAddress.index);
  hook(word(b, "CSR2", Csr.IADR_HIGH, 0), 0, mirrorAddress.index);
  hook(define(b, "CSR3", 2 * Csr.MASKS, 2, Access.RW, 0, Csr3.WRITABLE), 0, writeMasks.index);
  const features = define(b, "CSR4", 2 * Csr.FEATURES, 2, Access.RW, Csr4.RESET, Csr4.WRITABLE);
  features.clear = Csr4.CLEARED;
  hook(features, 0, writeCsr4.index);
  const extended = define(b, "CSR5", 2 * Csr.EXTENDED, 2, Access.RW, 0, Csr5.WRITABLE);
  extended.clear = Csr5.CLEARED;
  hook(extended, 0, writeCsr5.index);
  define(b, "CSR6", 2 * Csr.LENGTHS, 2, Access.RO, 0, 0);
  defineAddresses(b);
  defineRings(b);
  defineRest(b);
  countAccesses(b, card, number);
  return b;
}

function defineAddresses(b: Block): void {
  word(b, "CSR8", Csr.LADRF, 0); word(b, "CSR9", Csr.LADRF + 1, 0); word(b, "CSR10", Csr.LADRF + 2, 0); word(b, "CSR11", Csr.LADRF + 3, 0);
  word(b, "CSR12", Csr.PADR, 0); word(b, "CSR13", Csr.PADR + 1, 0); word(b, "CSR14", Csr.PADR + 2, 0);
  word(b, "CSR15", Csr.MODE, 0);
  hook(word(b, "CSR16", Csr.IADR_LOW_2, 0), 0, mirrorAddress.index);
  hook(word(b, "CSR17", Csr.IADR_HIGH_2, 0), 0, mirrorAddress.index);
}

function defineRings(b: Block): void {
  word(b, "CSR18", Csr.CRBA, 0); word(b, "CSR19", Csr.CRBA + 1, 0); word(b, "CSR20", Csr.CXBA, 0); word(b, "CSR21", Csr.CXBA + 1, 0);
  word(b, "CSR22", Csr.NRBA, 0); word(b, "CSR23", Csr.NRBA + 1, 0); word(b, "CSR24", Csr.BADR, 0); word(b, "CSR25", Csr.BADR + 1, 0);
  word(b, "CSR26", Csr.NRDA, 0); word(b, "CSR27", Csr.NRDA + 1, 0); word(b, "CSR28", Csr.CRDA, 0); word(b, "CSR29", Csr.CRDA + 1, 0);
  word(b, "CSR30", Csr.BADX, 0); word(b, "CSR31", Csr.BADX + 1, 0); word(b, "CSR32", Csr.NXDA, 0); word(b, "CSR33", Csr.NXDA + 1, 0);
  word(b, "CSR34", Csr.CXDA, 0); word(b, "CSR35", Csr.CXDA + 1, 0); word(b, "CSR36", Csr.NNRDA, 0); word(b, "CSR37", Csr.NNRDA + 1, 0);
  word(b, "CSR38", Csr.NNXDA, 0); word(b, "CSR39", Csr.NNXDA + 1, 0); word(b, "CSR40", Csr.CRBC, 0); word(b, "CSR41", Csr.CRST, 0);
  word(b, "CSR42", Csr.CXBC, 0); word(b, "CSR43", Csr.CXST, 0); word(b, "CSR44", Csr.NRBC, 0); word(b, "CSR45", Csr.NRST, 0);
  word(b, "CSR46", Csr.POLL, 0); word(b, "CSR47", Csr.POLLINT, 0);
  word(b, "CSR60", Csr.PXDA, 0); word(b, "CSR61", Csr.PXDA + 1, 0); word(b, "CSR62", Csr.PXBC, 0); word(b, "CSR63", Csr.PXST, 0);
  word(b, "CSR64", Csr.NXBA, 0); word(b, "CSR65", Csr.NXBA + 1, 0); word(b, "CSR66", Csr.NXBC, 0); word(b, "CSR67", Csr.NXST, 0);
  word(b, "CSR72", Csr.RCVRC, 0); word(b, "CSR74", Csr.XMTRC, 0); word(b, "CSR76", Csr.RCVRL, 0); word(b, "CSR78", Csr.XMTRL, 0);
}

function defineRest(b: Block): void {
  hook(word(b, "CSR58", Csr.SWS, Bcr20.CSRPCNET), 0, writeCsr58.index);
  define(b, "CSR80", 2 * Csr.DMATCFW, 2, Access.RW, 0xd410, 0x3fff); word(b, "CSR82", Csr.DMABAT, 0);
  word(b, "CSR84", Csr.DMABA, 0); word(b, "CSR85", Csr.DMABA + 1, 0); word(b, "CSR86", Csr.DMABC, 0);
  define(b, "CSR88", 2 * Csr.CHIPID_LOW, 2, Access.RO, 0x1003, 0);
  define(b, "CSR89", 2 * Csr.CHIPID_HIGH, 2, Access.RO, 0x0262, 0);
  word(b, "CSR92", Csr.RCON, 0); word(b, "CSR94", Csr.XMTTDR, 0); word(b, "CSR100", Csr.MERRTO, 0x0200);
  define(b, "CSR112", 2 * Csr.MFC, 2, Access.RO, 0, 0);
  define(b, "CSR114", 2 * Csr.RCC, 2, Access.RO, 0, 0);
  define(b, "CSR122", 2 * Csr.RCVALGN, 2, Access.RW, 0, 1);
  define(b, "CSR124", 2 * Csr.TEST, 2, Access.RW, 0, Csr124.RPA);
}

export function defineBcrs(card: string, number: u32): Block {
  const b = makeBlock(2 * Bcr.COUNT, 16);
  define(b, "BCR0", 2 * Bcr.MSRDA, 2, Access.RO, 0x0005, 0);
  define(b, "BCR1", 2 * Bcr.MSWRA, 2, Access.RO, 0x0005, 0);
  word(b, "BCR2", Bcr.MC, 0x0002);
  // The link LED's output is on: the line is up as long as there is a card.
  hook(word(b, "BCR4", Bcr.LNKST, 0x80c0), 0, keepLink.index);
  word(b, "BCR5", Bcr.LED1, 0x0084); word(b, "BCR6", Bcr.LED2, 0x0088); word(b, "BCR7", Bcr.LED3, 0x0090); word(b, "BCR9", Bcr.FDC, 0);
  define(b, "BCR16", 2 * Bcr.IOBASEL, 2, Access.RO, 0, 0);
  define(b, "BCR17", 2 * Bcr.IOBASEU, 2, Access.RO, 0, 0);
  define(b, "BCR18", 2 * Bcr.BSBC, 2, Access.RW, 0x9001, ALL & ~(<u64>Bcr18.DWIO));
  // PVALID and EEDET: the address has been loaded. Its serial port leads nowhere: the PROM's bytes are at the card's first addresses.
  define(b, "BCR19", 2 * Bcr.EECAS, 2, Access.RO, 0xa000, 0);
  hook(define(b, "BCR20", 2 * Bcr.SWS, 2, Access.RW, Bcr20.CSRPCNET, Bcr20.STYLE | Bcr20.APERREN), 0, writeBcr20.index);
  word(b, "BCR21", Bcr.INTCON, 0);
  define(b, "BCR22", 2 * Bcr.PCILAT, 2, Access.RW, 0xff06, ALL);
  countAccesses(b, card, number);
  return b;
}

@inline function blockOf(at: u32): Block { return changetype<Block>(<usize>at); }

/** H_RESET: every register. */
export function resetRegisters(c: Card): void {
  resetBlock(blockOf(c.csrs), csrsOf(c));
  resetBlock(blockOf(c.bcrs), bcrsOf(c));
}

/** S_RESET: what a read of the reset register puts back; BCRs, addresses and rings stay. */
export function softReset(c: Card): void {
  countCard(c, Count.RESETS);
  stop(c);
  const b = blockOf(c.csrs);
  for (let i: u32 = 0; i < b.count; i++) {
    const r = row(b, i), n = r.offset >> 1;
    const back = n == <u32>Csr.MASKS || n == <u32>Csr.FEATURES || n == <u32>Csr.EXTENDED || n == <u32>Csr.MODE || n == <u32>Csr.POLLINT || n == <u32>Csr.DMATCFW || n >= <u32>Csr.MERRTO;
    if (back) setValue(r, csrsOf(c), r.reset);
  }
  c.rap = 0;
  refreshInterrupt(c);
}

// --- Hooks: dev is the card ---

function writeCsr0(dev: usize, offset: u32, old: u64, written: u64): void {
  const c = changetype<Card>(dev), v = <u32>written, before = <u32>old;
  if (v & Csr0.STOP) { stop(c); return; }
  const begins = (v & ~before & (Csr0.INIT | Csr0.STRT)) != 0;
  if (v & ~before & Csr0.INIT && !initialize(c)) return;
  if (v & ~before & Csr0.STRT) start(c);
  if (v & Csr0.TDMD) { countCard(c, Count.DEMANDS); crossHosted(c.counters + Count.DEMANDS); chargeDoorbell(); noteBell(txRates(c), txHistograms(c)); }
  // The driver takes what is signalled: it writes ones to the causes it has seen.
  if (c.line && before & v & Csr0.INTERRUPTS) countCard(c, Count.DELIVERED);
  if (begins || !(csr(c, Csr.STATUS) & Csr0.STOP)) lookAtRings(c);
  refreshInterrupt(c);
}

function writeMasks(dev: usize, offset: u32, old: u64, written: u64): void { refreshInterrupt(changetype<Card>(dev)); }

function writeCsr4(dev: usize, offset: u32, old: u64, written: u64): void {
  const c = changetype<Card>(dev);
  if (<u32>written & Csr4.UINTCMD) setCsr(c, Csr.FEATURES, csr(c, Csr.FEATURES) | Csr4.UINT);
  refreshInterrupt(c);
}

/** Leaving suspension, the rings are looked at. It is granted at once: nothing is ever half-way. In STOP it cannot be had. */
function writeCsr5(dev: usize, offset: u32, old: u64, written: u64): void {
  const c = changetype<Card>(dev), stopped = (csr(c, Csr.STATUS) & Csr0.STOP) != 0;
  if (stopped) setCsr(c, Csr.EXTENDED, csr(c, Csr.EXTENDED) & ~(<u32>Csr5.SPND));
  else lookAtRings(c);
  refreshInterrupt(c);
}

/** CSR16 and 17 are other names of CSR1 and 2. */
function mirrorAddress(dev: usize, offset: u32, old: u64, written: u64): void {
  const c = changetype<Card>(dev), n = offset >> 1;
  setCsr(c, n < <u32>Csr.IADR_LOW_2 ? n + 15 : n - 15, csr(c, n));
}

/** CSR58 is another name of BCR20. */
function writeCsr58(dev: usize, offset: u32, old: u64, written: u64): void { setStyle(changetype<Card>(dev), <u32>written); }
function writeBcr20(dev: usize, offset: u32, old: u64, written: u64): void { setStyle(changetype<Card>(dev), bcr(changetype<Card>(dev), Bcr.SWS)); }

/** Styles from 4 up are reserved, and are the first one here. SSIZE32 and CSRPCNET follow. */
function setStyle(c: Card, value: u32): void {
  const asked = value & Bcr20.STYLE, style: u32 = asked > <u32>Style.PCNET_2 ? <u32>Style.LANCE : asked;
  const bits = (style != Style.LANCE ? <u32>Bcr20.SSIZE32 : 0) | (style != Style.ILACC ? <u32>Bcr20.CSRPCNET : 0);
  setBcr(c, Bcr.SWS, style | bits | value & Bcr20.APERREN);
  setCsr(c, Csr.SWS, bcr(c, Bcr.SWS));
}

/** BCR4's LEDOUT is the link, as the driver sees it. */
function keepLink(dev: usize, offset: u32, old: u64, written: u64): void { showLink(changetype<Card>(dev)); }
export function showLink(c: Card): void {
  setBcr(c, Bcr.LNKST, bcr(c, Bcr.LNKST) & 0x7fff | (port(c.port).unplugged ? 0 : 0x8000));
}
