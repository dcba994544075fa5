// An AHCI controller as ICH9 has it, at 00:1f.2 unless it is given a slot: attach, reset, and what writing its registers does. Serial ATA AHCI 1.3.1.
// Drives are cards of their own (unit/drive.ts); a port without one has no link. Commands are port.ts's business.

import { anew } from "../../base/anew";
import { Card } from "../../device/card";
import { Access, Block, countAccesses, define, guestRead, guestWrite, hook, makeBlock, resetBlock } from "../../device/registers";
import { makeHandler, Width } from "../../memory/bus";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { functionAt, makeMaster } from "../../pci/functions";
import { addCapabilityAt, defineConfig, setPin, setSubsystem } from "../../pci/header";
import { setIntx } from "../../pci/intx";
import { addMsi } from "../../pci/msi-capability";
import { BarKind, Config, MsiControl } from "../../pci/spec";
import { Bus, BUS_BYTES, isCd, isThere } from "../unit/state";
import { refresh } from "./interrupt";
import { endCommand, goOn, moveMemory, reachMemory, resetPort, servePort, stopPort, tellSignature } from "./port";
import { CAP, Cmd, Ghc, Hba, Id, Is, Pair, Pci, PORTS, Px, VERSION } from "./spec";
import { Ahci, ahciOfCard, busAddress, driveAt, getPx, getReg, isOn, nameAhci, setPx, setReg, valuesOf } from "./state";

/** The place of the board's own: a function of the slot in which the LPC bridge is. */
@inline const BOARD_SLOT: u32 = 31;
@inline const BOARD_DEVFN: u32 = 0xfa;

/** A card of the machine's list. */
export function attachAhci(c: Card): void {
  const a = ahciOfCard(c.index), dev = changetype<usize>(a), bus = changetype<Bus>(busAddress(a));
  const f = attachFunction(c.slot == BOARD_SLOT ? BOARD_DEVFN : placeOf(c), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, c.slot == BOARD_SLOT, Config.BYTES);
  anew(changetype<usize>(bus), BUS_BYTES);
  anew(dev, offsetof<Ahci>("index"));
  a.pci = f;
  functionAt(f).owner = <u32>dev;
  makeMaster(f);
  setSubsystem(f, Id.SUBSYSTEM_VENDOR, Id.SUBSYSTEM);
  setPin(f, 1);
  defineConfig(f, "MAP", Pci.MAP, 1, Access.RW, 0x40, 0xc0);
  addMsi(f, Pci.MSI_AT, 0, MsiControl.WIDE);
  addCapabilityAt(f, Pci.SATA_ID, Pci.SATA_AT, Pci.SATA_BYTES);
  defineConfig(f, "SATA revision", Pci.SATA_AT + 2, 2, Access.RO, Pci.SATA_REVISION, 0);
  defineConfig(f, "SATA index and data", Pci.SATA_AT + 4, 4, Access.RO, Pci.SATA_PLACE, 0);
  addBar(f, Pci.PORTS_BAR, Pci.PORTS_BYTES, BarKind.IO, makeHandler(dev, readPair.index, writePair.index, "ahci index and data", Width.DWORD));
  addBar(f, Pci.MEMORY_BAR, Pci.MEMORY_BYTES, BarKind.MEMORY32, makeHandler(dev, readAhci.index, writeAhci.index, "ahci memory", Width.DWORD));
  nameAhci(a, c.number);
  bus.onReach = reachMemory.index; bus.onMove = moveMemory.index; bus.onDone = endCommand.index; bus.onTurn = goOn.index;
  a.block = <u32>changetype<usize>(defineRegisters(c.number));
}

function defineRegisters(number: u32): Block {
  const b = makeBlock(Hba.BYTES, 11 + 16 * PORTS);
  define(b, "CAP", Hba.CAP, 4, Access.RO, CAP, 0);
  hook(define(b, "GHC", Hba.GHC, 4, Access.RW, <u32>Ghc.AE, Ghc.HR | Ghc.IE), 0, writeGhc.index);
  hook(define(b, "IS", Hba.IS, 4, Access.W1C, 0, (1 << PORTS) - 1), 0, writeIs.index);
  define(b, "PI", Hba.PI, 4, Access.RO, (1 << PORTS) - 1, 0);
  define(b, "VS", Hba.VS, 4, Access.RO, VERSION, 0);
  for (let p: u32 = 0; p < PORTS; p++) definePort(b, Hba.FIRST_PORT + p * Hba.PORT_BYTES);
  countAccesses(b, "ahci", number);
  return b;
}

function definePort(b: Block, at: u32): void {
  const all: u64 = 0xffff_ffff;
  define(b, "PxCLB", at + Px.CLB, 4, Access.RW, 0, 0xffff_fc00);
  define(b, "PxCLBU", at + Px.CLBU, 4, Access.RW, 0, all);
  define(b, "PxFB", at + Px.FB, 4, Access.RW, 0, 0xffff_ff00);
  define(b, "PxFBU", at + Px.FBU, 4, Access.RW, 0, all);
  hook(define(b, "PxIS", at + Px.IS, 4, Access.W1C, 0, <u32>Is.CLEARS), 0, writeEvents.index);
  hook(define(b, "PxIE", at + Px.IE, 4, Access.RW, 0, <u32>Is.ENABLES), 0, writeEvents.index);
  hook(define(b, "PxCMD", at + Px.CMD, 4, Access.RW, Cmd.SUD | Cmd.POD, Cmd.WRITABLE | Cmd.CLO), 0, writeCmd.index);
  define(b, "PxTFD", at + Px.TFD, 4, Access.RO, 0, 0);
  define(b, "PxSIG", at + Px.SIG, 4, Access.RO, 0, 0);
  define(b, "PxSSTS", at + Px.SSTS, 4, Access.RO, 0, 0);
  hook(define(b, "PxSCTL", at + Px.SCTL, 4, Access.RW, 0, 0xfff), 0, writeScontrol.index);
  define(b, "PxSERR", at + Px.SERR, 4, Access.W1C, 0, all);
  hook(define(b, "PxSACT", at + Px.SACT, 4, Access.RW, 0, all), 0, writeSact.index);
  hook(define(b, "PxCI", at + Px.CI, 4, Access.RW, 0, all), 0, writeCi.index);
}

/** At the machine's reset, before its drives'. */
export function resetAhci(c: Card): void {
  const a = ahciOfCard(c.index);
  a.index = 0;
  resetBlock(changetype<Block>(<usize>a.block), valuesOf(a));
  for (let p: u32 = 0; p < PORTS; p++) resetPort(a, p);
  for (let p: u32 = 0; p < PORTS; p++) if (isThere(driveAt(a, p)) && isCd(driveAt(a, p))) setPx(a, p, Px.CMD, getPx(a, p, Px.CMD) | Cmd.ATAPI);
  setIntx(a.pci, false);
}

// --- Access ---

function readAhci(dev: usize, offset: u32, bytes: u32): u64 {
  const a = changetype<Ahci>(dev);
  return guestRead(changetype<Block>(<usize>a.block), valuesOf(a), dev, offset, bytes);
}
function writeAhci(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const a = changetype<Ahci>(dev);
  guestWrite(changetype<Block>(<usize>a.block), valuesOf(a), dev, offset, bytes, value);
}

/** BAR 4: the same registers for who reaches ports alone (316972, 15.2.2.1). */
function readPair(dev: usize, offset: u32, bytes: u32): u64 {
  const a = changetype<Ahci>(dev);
  if (offset == Pair.INDEX) return a.index;
  return offset == Pair.DATA ? readAhci(dev, a.index, bytes) : 0;
}
function writePair(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const a = changetype<Ahci>(dev);
  if (offset == Pair.INDEX) a.index = <u32>value & (Pci.MEMORY_BYTES - 4);
  else if (offset == Pair.DATA) writeAhci(dev, a.index, bytes, value);
}

// --- Hooks ---

@inline function portOf(offset: u32): u32 { return (offset - Hba.FIRST_PORT) / Hba.PORT_BYTES; }

function writeGhc(dev: usize, offset: u32, old: u64, written: u64): void {
  const a = changetype<Ahci>(dev);
  if (getReg(a, Hba.GHC) & Ghc.HR) resetHba(a);
  refresh(a);
}

/** GHC.HR: everything but what a BIOS would have set, which is nothing here (10.4.3). */
function resetHba(a: Ahci): void {
  for (let p: u32 = 0; p < PORTS; p++) stopPort(a, p);
  resetBlock(changetype<Block>(<usize>a.block), valuesOf(a));
  for (let p: u32 = 0; p < PORTS; p++) {
    if (isThere(driveAt(a, p)) && isCd(driveAt(a, p))) setPx(a, p, Px.CMD, getPx(a, p, Px.CMD) | Cmd.ATAPI);
    resetPort(a, p);
  }
  setReg(a, Hba.IS, 0);
}

function writeIs(dev: usize, offset: u32, old: u64, written: u64): void { refresh(changetype<Ahci>(dev)); }
function writeEvents(dev: usize, offset: u32, old: u64, written: u64): void { refresh(changetype<Ahci>(dev)); }

/** CR and FR follow ST and FRE; CLO takes BSY and DRQ away (3.3.7). */
function writeCmd(dev: usize, offset: u32, old: u64, written: u64): void {
  const a = changetype<Ahci>(dev), p = portOf(offset);
  let value = getPx(a, p, Px.CMD);
  if (value & Cmd.CLO) { setPx(a, p, Px.TFD, getPx(a, p, Px.TFD) & ~<u32>0x88); value &= ~(<u32>Cmd.CLO); }
  value = value & ~(<u32>Cmd.CR | Cmd.FR) | (value & Cmd.ST ? Cmd.CR : 0) | (value & Cmd.FRE ? Cmd.FR : 0);
  if (!(value & Cmd.ST)) value &= ~(<u32>Cmd.CCS);
  setPx(a, p, Px.CMD, value);
  if (<u32>old & Cmd.ST && !(value & Cmd.ST)) stopPort(a, p);
  tellSignature(a, p);
  servePort(a, p);
}

/** A COMRESET goes out while DET is 1 and ends when it is 0 again. */
function writeScontrol(dev: usize, offset: u32, old: u64, written: u64): void {
  const a = changetype<Ahci>(dev), p = portOf(offset);
  if ((<u32>old & 15) == 1 && (getPx(a, p, Px.SCTL) & 15) == 0) resetPort(a, p);
}

/** Bits are set by software and cleared by the device; none while the port does not run. */
function writeSact(dev: usize, offset: u32, old: u64, written: u64): void {
  const a = changetype<Ahci>(dev), p = portOf(offset);
  setPx(a, p, Px.SACT, isOn(a, p, Cmd.ST) ? <u32>(old | written) : <u32>old);
}
function writeCi(dev: usize, offset: u32, old: u64, written: u64): void {
  const a = changetype<Ahci>(dev), p = portOf(offset);
  setPx(a, p, Px.CI, isOn(a, p, Cmd.ST) ? <u32>(old | written) : <u32>old);
  servePort(a, p);
}
