// The register table of the 82540EM (manual, chapter 13): a row a register. Tables of addresses and VLANs are plain storage and
// have no rows; bytes that nothing covers read as zero.

import { Access, Block, countAccesses, define, hook, makeBlock } from "../../device/registers";
import { readCtrl, writeCtrl, writeDuplicate, writeRctl, writeRdt, writeRdtr, writeTctl, writeTdt } from "./control";
import { writeEecd, writeEerd } from "./eeprom";
import { readIcr, writeIcr, writeIcs, writeImc, writeIms, writeItr } from "./interrupts";
import { writeMdic } from "./phy";
import { readHigh } from "./statistics";
import { Cause, Ctrl, Eecd, Eerd, Rctl, Reg, Stat, Tctl } from "./spec";

@inline const ALL: u64 = 0xffff_ffff;
@inline const ROWS: u32 = 192;

export function makeRegisters(card: string, number: u32): Block {
  const b = makeBlock(Reg.BYTES, ROWS);
  defineGeneral(b);
  defineReceive(b);
  defineTransmit(b);
  defineErrors(b);
  defineTraffic(b);
  countAccesses(b, card, number);
  return b;
}

@inline function rw(b: Block, name: string, at: u32, reset: u64, mask: u64): void { define(b, name, at, 4, Access.RW, reset, mask); }

function defineGeneral(b: Block): void {
  hook(define(b, "CTRL", Reg.CTRL, 4, Access.RW, Ctrl.RESET, <u32>Ctrl.WRITABLE), 0, writeCtrl.index);
  hook(define(b, "CTRL at 4", Reg.CTRL_DUP, 4, Access.RO, 0, 0), readCtrl.index, writeDuplicate.index);
  define(b, "STATUS", Reg.STATUS, 4, Access.RO, 0x681, 0);
  hook(define(b, "EECD", Reg.EECD, 4, Access.RW, Eecd.PRES | Eecd.FWE_OFF, Eecd.WRITABLE), 0, writeEecd.index);
  hook(define(b, "EERD", Reg.EERD, 4, Access.RO, Eerd.DONE, 0), 0, writeEerd.index);
  rw(b, "CTRL_EXT", Reg.CTRL_EXT, 0, 0x00cc_bde1);
  rw(b, "FLA", Reg.FLA, 0, 0);
  hook(define(b, "MDIC", Reg.MDIC, 4, Access.RO, 0x1000_0000, 0), 0, writeMdic.index);
  rw(b, "FCAL", Reg.FCAL, 0x00c2_8001, ALL);
  rw(b, "FCAH", Reg.FCAH, 0x0100, 0xffff);
  rw(b, "FCT", Reg.FCT, 0x8808, 0xffff);
  rw(b, "VET", Reg.VET, 0x8100, 0xffff);
  hook(define(b, "ICR", Reg.ICR, 4, Access.RC, 0, 0), readIcr.index, writeIcr.index);
  hook(define(b, "ITR", Reg.ITR, 4, Access.RW, 0, 0xffff), 0, writeItr.index);
  hook(define(b, "ICS", Reg.ICS, 4, Access.WO, 0, 0), 0, writeIcs.index);
  hook(define(b, "IMS", Reg.IMS, 4, Access.RO, 0, 0), 0, writeIms.index);
  hook(define(b, "IMC", Reg.IMC, 4, Access.WO, 0, 0), 0, writeImc.index);
  rw(b, "FCTTV", Reg.FCTTV, 0, 0xffff);
  rw(b, "TXCW", Reg.TXCW, 0, 0xc000_ffff);
  define(b, "RXCW", Reg.RXCW, 4, Access.RO, 0, 0);
  rw(b, "LEDCTL", Reg.LEDCTL, 0x0706_8302, 0xcfcf_cfcf);
  rw(b, "PBA", Reg.PBA, 0x0010_0030, 0x7f);
  rw(b, "WUC", Reg.WUC, 0, 0x0f);
  rw(b, "WUFC", Reg.WUFC, 0, 0x000f_80ff);
  define(b, "WUS", Reg.WUS, 4, Access.W1C, 0, 0x000f_00ff);
  rw(b, "IPAV", Reg.IPAV, 0, 0x0001_000f);
  for (let i: u32 = 0; i < 4; i++) { rw(b, "IP4AT", Reg.IP4AT + 8 * i, 0, ALL); rw(b, "IP6AT", Reg.IP6AT + 4 * i, 0, ALL); rw(b, "FFLT", Reg.FFLT + 8 * i, 0, 0x07ff); }
  rw(b, "WUPL", Reg.WUPL, 0, 0x0fff);
  rw(b, "MANC", Reg.MANC, 0, 0x007f_ff6f);
}

function defineReceive(b: Block): void {
  hook(define(b, "RCTL", Reg.RCTL, 4, Access.RW, 0, Rctl.WRITABLE), 0, writeRctl.index);
  rw(b, "FCRTL", Reg.FCRTL, 0, 0x8000_fff8);
  rw(b, "FCRTH", Reg.FCRTH, 0, 0xfff8);
  rw(b, "RDFH", Reg.RDFH, 0, 0x1fff);
  rw(b, "RDFT", Reg.RDFT, 0, 0x1fff);
  rw(b, "RDFHS", Reg.RDFHS, 0, 0x1fff);
  rw(b, "RDFTS", Reg.RDFTS, 0, 0x1fff);
  rw(b, "RDFPC", Reg.RDFPC, 0, 0x1fff);
  rw(b, "RDBAL", Reg.RDBAL, 0, 0xffff_fff0);
  rw(b, "RDBAH", Reg.RDBAH, 0, ALL);
  rw(b, "RDLEN", Reg.RDLEN, 0, 0x000f_ff80);
  rw(b, "RDH", Reg.RDH, 0, 0xffff);
  hook(define(b, "RDT", Reg.RDT, 4, Access.RW, 0, 0xffff), 0, writeRdt.index);
  hook(define(b, "RDTR", Reg.RDTR, 4, Access.RW, 0, 0xffff), 0, writeRdtr.index);
  rw(b, "RXDCTL", Reg.RXDCTL, 0x0101_0000, 0x013f_3f3f);
  rw(b, "RADV", Reg.RADV, 0, 0xffff);
  rw(b, "RSRPD", Reg.RSRPD, 0, 0xfff);
  rw(b, "RXCSUM", Reg.RXCSUM, 0, 0x7ff);
}

function defineTransmit(b: Block): void {
  hook(define(b, "TCTL", Reg.TCTL, 4, Access.RW, 0, Tctl.WRITABLE), 0, writeTctl.index);
  rw(b, "TIPG", Reg.TIPG, 0x0060_2008, 0x3fff_ffff);
  rw(b, "AIFS", Reg.AIFS, 0, 0xffff);
  rw(b, "TXDMAC", Reg.TXDMAC, 0, 1);
  rw(b, "TDFH", Reg.TDFH, 0x600, 0x7ff);
  rw(b, "TDFT", Reg.TDFT, 0x600, 0x7ff);
  rw(b, "TDFHS", Reg.TDFHS, 0x600, 0x1fff);
  rw(b, "TDFTS", Reg.TDFTS, 0x600, 0x1fff);
  rw(b, "TDFPC", Reg.TDFPC, 0, 0x1fff);
  rw(b, "TDBAL", Reg.TDBAL, 0, 0xffff_fff0);
  rw(b, "TDBAH", Reg.TDBAH, 0, ALL);
  rw(b, "TDLEN", Reg.TDLEN, 0, 0x000f_ff80);
  rw(b, "TDH", Reg.TDH, 0, 0xffff);
  hook(define(b, "TDT", Reg.TDT, 4, Access.RW, 0, 0xffff), 0, writeTdt.index);
  rw(b, "TIDV", Reg.TIDV, 0, 0xffff);
  rw(b, "TXDCTL", Reg.TXDCTL, 0, 0xff3f_3f3f);
  rw(b, "TADV", Reg.TADV, 0, 0xffff);
  rw(b, "TSPMT", Reg.TSPMT, 0x0100_0400, ALL);
}

@inline function stat(b: Block, name: string, at: u32): void { define(b, name, at, 4, Access.RC, 0, 0); }
function wide(b: Block, low: string, high: string, at: u32): void {
  define(b, low, at, 4, Access.RO, 0, 0);
  hook(define(b, high, at + 4, 4, Access.RC, 0, 0), readHigh.index, 0);
}

function defineErrors(b: Block): void {
  stat(b, "CRCERRS", Stat.CRCERRS); stat(b, "ALGNERRC", Stat.ALGNERRC); stat(b, "SYMERRS", Stat.SYMERRS); stat(b, "RXERRC", Stat.RXERRC);
  stat(b, "MPC", Stat.MPC); stat(b, "SCC", Stat.SCC); stat(b, "ECOL", Stat.ECOL); stat(b, "MCC", Stat.MCC); stat(b, "LATECOL", Stat.LATECOL);
  stat(b, "COLC", Stat.COLC); stat(b, "DC", Stat.DC); stat(b, "TNCRS", Stat.TNCRS); stat(b, "SEC", Stat.SEC); stat(b, "CEXTERR", Stat.CEXTERR);
  stat(b, "RLEC", Stat.RLEC); stat(b, "XONRXC", Stat.XONRXC); stat(b, "XONTXC", Stat.XONTXC); stat(b, "XOFFRXC", Stat.XOFFRXC);
  stat(b, "XOFFTXC", Stat.XOFFTXC); stat(b, "FCRUC", Stat.FCRUC); stat(b, "RNBC", Stat.RNBC); stat(b, "RUC", Stat.RUC); stat(b, "RFC", Stat.RFC);
  stat(b, "ROC", Stat.ROC); stat(b, "RJC", Stat.RJC); stat(b, "MGTPRC", Stat.MGTPRC); stat(b, "MGTPDC", Stat.MGTPDC); stat(b, "MGTPTC", Stat.MGTPTC);
}

function defineTraffic(b: Block): void {
  stat(b, "PRC64", Stat.PRC64); stat(b, "PRC127", Stat.PRC127); stat(b, "PRC255", Stat.PRC255); stat(b, "PRC511", Stat.PRC511);
  stat(b, "PRC1023", Stat.PRC1023); stat(b, "PRC1522", Stat.PRC1522); stat(b, "GPRC", Stat.GPRC); stat(b, "BPRC", Stat.BPRC);
  stat(b, "MPRC", Stat.MPRC); stat(b, "GPTC", Stat.GPTC); stat(b, "TPR", Stat.TPR); stat(b, "TPT", Stat.TPT);
  stat(b, "PTC64", Stat.PTC64); stat(b, "PTC127", Stat.PTC127); stat(b, "PTC255", Stat.PTC255); stat(b, "PTC511", Stat.PTC511);
  stat(b, "PTC1023", Stat.PTC1023); stat(b, "PTC1522", Stat.PTC1522); stat(b, "MPTC", Stat.MPTC); stat(b, "BPTC", Stat.BPTC);
  stat(b, "TSCTC", Stat.TSCTC); stat(b, "TSCTFC", Stat.TSCTFC);
  wide(b, "GORCL", "GORCH", Stat.GORCL); wide(b, "GOTCL", "GOTCH", Stat.GOTCL); wide(b, "TORL", "TORH", Stat.TORL); wide(b, "TOTL", "TOTH", Stat.TOTL);
}
