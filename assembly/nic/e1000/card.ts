// The Intel 82540EM as a PCI card: attach, reset, its two windows and its timers. Manual, chapters 4 and 13.2.
//
//      BAR 0  memory, 128K   registers (registers.ts), of which tables of addresses and VLANs are plain storage
//      BAR 2  I/O, 64        0 IOADDR   4 IODATA: the same registers, for what cannot be done by memory access
//
// There is no flash. Only whole dwords mean anything; the bus cuts what a narrower read asks for out of one.

import { anew } from "../../base/anew";
import { beginTurn, cancelTurn, endTurn, takeTurn } from "../../device/allowance";
import { Card, optionOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { bindTimer } from "../../device/clock";
import { openPort, receiveRing } from "../../device/frames";
import { Block, guestRead, guestWrite } from "../../device/registers";
import { bindRing } from "../../device/ring";
import { takeTimers } from "../../device/timers";
import { makeHandler, Width } from "../../memory/bus";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { canMaster, functionAt, makeMaster } from "../../pci/functions";
import { setPin, setStatus, setSubsystem } from "../../pci/header";
import { addMsi } from "../../pci/msi-capability";
import { addFunctionReset } from "../../pci/function-reset";
import { addPower } from "../../pci/power";
import { BarKind, Config, MsiControl, PciStatus } from "../../pci/spec";
import { makeFcsTable } from "../fcs";
import { resetCard, tellHost } from "./control";
import { fillEeprom } from "./eeprom";
import { receiveDelayOver, throttleOver, transmitDelayOver } from "./interrupts";
import { refreshLink, resetPhy } from "./phy";
import { receive } from "./receive";
import { makeRegisters } from "./registers";
import { addressOf, cardAt, CardTimer, E1000, nameCounters, timerOf, valuesOf, STATE_FROM } from "./state";
import { endPause, transmit } from "./transmit";
import { Bar, Filter, IoWindow, PciId, Rah, Reg, Table } from "./spec";

/** A card of the machine's list: the network card of its frame port. */
export function attachE1000(c: Card): void {
  const d = cardAt(c.first), dev = addressOf(d), number = c.number, port = c.first;
  anew(dev, STATE_FROM);
  d.index = c.first; d.number = number; d.port = port; d.mac = optionOf(c, CardOption.MAC) & 0xffff_ffff_ffff;
  makeFcsTable();
  nameCounters(d, "e1000-");
  d.block = <u32>changetype<usize>(makeRegisters("e1000-", number));
  attachPciFunction(d, c);
  d.timers = takeTimers(CardTimer.COUNT); d.turn = takeTurn();
  bindTimer(timerOf(d, CardTimer.THROTTLE), throttleOver.index, dev);
  bindTimer(timerOf(d, CardTimer.RECEIVE), receiveDelayOver.index, dev);
  bindTimer(timerOf(d, CardTimer.TRANSMIT), transmitDelayOver.index, dev);
  bindTimer(timerOf(d, CardTimer.PAUSE), pauseOver.index, dev);
  bindTimer(d.turn, takeTurnNow.index, dev);
  openPort(port);
  bindRing(receiveRing(port), service.index, dev);
}

function attachPciFunction(d: E1000, c: Card): void {
  const dev = addressOf(d), f = attachFunction(placeOf(c), PciId.VENDOR, PciId.DEVICE, PciId.CLASS, PciId.REVISION, false, Config.BYTES);
  d.pci = f;
  functionAt(f).owner = <u32>dev;
  functionAt(f).onCommand = commandWritten.index;
  functionAt(f).onWake = wake.index;
  makeMaster(f);
  setStatus(f, PciStatus.MEDIUM | PciStatus.MHZ66);
  setSubsystem(f, PciId.VENDOR, PciId.SUBSYSTEM);
  setPin(f, 1);
  addBar(f, Bar.MEMORY, Bar.MEMORY_BYTES, BarKind.MEMORY32, makeHandler(dev, readMemory.index, writeMemory.index, "e1000 memory", Width.DWORD));
  addBar(f, Bar.IO, Bar.IO_BYTES, BarKind.IO, makeHandler(dev, readIo.index, writeIo.index, "e1000 ports", Width.DWORD));
  addPower(f, PciId.POWER_AT, PciId.POWER_CAPABILITIES);
  addMsi(f, PciId.MSI_AT, 0, MsiControl.WIDE);
  // Not in the data sheet: what gives the card to a program resets it by itself.
  addFunctionReset(f, PciId.RESET_AT);
}

/** Bus mastering may have come: what waits goes on. Without it nothing waits for allowance. */
function commandWritten(f: u32): void {
  const d = changetype<E1000>(<usize>functionAt(f).owner);
  if (canMaster(f)) service(functionAt(f).owner);
  else cancelTurn(d.turn);
}

/** Out of D3, or reset by itself: as after power-up, the PHY and the EEPROM included. */
function wake(f: u32): void {
  const d = changetype<E1000>(<usize>functionAt(f).owner);
  resetE1000(d);
}

/** A machine's reset, after the PCI functions'. */
export function resetE1000Card(c: Card): void { resetE1000(cardAt(c.first)); }

function resetE1000(d: E1000): void {
  d.ioAddress = 0; d.asserted = 0;
  fillEeprom(d);
  resetCard(d);
  resetPhy(d);
}

/** The host has drained or filled the rings. */
function service(dev: usize): void {
  const d = changetype<E1000>(dev);
  transmit(d);
  receive(d);
}

/** The host has put the cable in or taken it out. */
export function e1000LinkChanged(c: Card): void {
  const d = cardAt(c.first);
  refreshLink(d, true);
  tellHost(d);
  transmit(d);
}

function pauseOver(dev: usize): void { endPause(changetype<E1000>(dev)); }

/** There is allowance again. The two rings take turns at being first. */
function takeTurnNow(dev: usize): void {
  const d = changetype<E1000>(dev);
  d.receiveFirst ^= 1;
  beginTurn();
  if (d.receiveFirst) receive(d);
  transmit(d);
  if (!d.receiveFirst) receive(d);
  endTurn();
}

// --- Windows ---

/** MTA, RAL and RAH, VFTA, WUPM. */
function isTable(offset: u32): bool {
  return offset - Reg.MTA < <u32>(Table.MTA_WORDS * 4) || offset - Reg.RAL < <u32>(Table.RA_ENTRIES * 8) || offset - Reg.VFTA < <u32>(Table.VFTA_WORDS * 4) || offset - Reg.WUPM < <u32>(Table.WUPM_WORDS * 4);
}

/** Where a flexible filter's mask or value is kept, behind the registers; 0 for what is neither. */
function filterAt(d: E1000, offset: u32): usize {
  const mask = offset - Filter.FFMT, value = offset - Filter.FFVT;
  if (offset & 4 || (mask >= <u32>Filter.BYTES && value >= <u32>Filter.BYTES)) return 0;
  return valuesOf(d) + Reg.BYTES + (mask < <u32>Filter.BYTES ? mask >> 1 : <u32>Filter.BYTES + value >> 1);
}

@inline function isRah(offset: u32): bool { return offset - Reg.RAL < <u32>(Table.RA_ENTRIES * 8) && (offset & 4) != 0; }

function readMemory(dev: usize, offset: u32, bytes: u32): u64 {
  const d = changetype<E1000>(dev);
  if (isTable(offset)) return load<u32>(valuesOf(d) + offset);
  if (offset >= <u32>Reg.BYTES) { const at = filterAt(d, offset); return at ? load<u32>(at) : 0; }
  return guestRead(changetype<Block>(<usize>d.block), valuesOf(d), dev, offset, bytes);
}

function writeMemory(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const d = changetype<E1000>(dev);
  if (isTable(offset)) { store<u32>(valuesOf(d) + offset, <u32>value & (isRah(offset) ? <u32>Rah.WRITABLE : ~<u32>0)); return; }
  if (offset >= <u32>Reg.BYTES) {
    const at = filterAt(d, offset);
    if (at) store<u32>(at, <u32>value & (offset < <u32>Filter.FFVT ? <u32>Filter.MASK : ~<u32>0));
    return;
  }
  guestWrite(changetype<Block>(<usize>d.block), valuesOf(d), dev, offset, bytes, value);
  if (offset == <u32>Reg.MDIC) tellHost(d);
}

/** IOADDR reaches registers alone (13.2), by whole dwords. */
@inline const IO_REACH: u32 = Reg.BYTES;

function readIo(dev: usize, offset: u32, bytes: u32): u64 {
  const d = changetype<E1000>(dev);
  if (offset == IoWindow.IOADDR) return d.ioAddress;
  return offset == IoWindow.IODATA && d.ioAddress < IO_REACH ? readMemory(dev, d.ioAddress, 4) : 0;
}

function writeIo(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const d = changetype<E1000>(dev);
  if (offset == IoWindow.IOADDR) d.ioAddress = <u32>value & 0xf_fffc;
  else if (offset == IoWindow.IODATA && d.ioAddress < IO_REACH) writeMemory(dev, d.ioAddress, 4, value);
}
