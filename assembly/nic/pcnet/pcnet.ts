// AMD Am79C970A PCnet-PCI II. Data sheet 19436 rev. E. This file: attach and hardware reset.
//
//      ports.ts       the 32 bytes: address PROM, RAP, RDP, BDP, reset; words or dwords
//      registers.ts   CSRs and BCRs by table, and what writing them does
//      control.ts     initialization, start, stop, bus errors, the interrupt
//      poll.ts        when the rings are looked at
//      descriptor.ts  rings and descriptors in the three layouts;  transmit.ts, receive.ts  the two sides
//
// What this card does not do: MISS (but in loopback), collisions (but by FCOLL) and line errors never come from a wire that waits and loses
// nothing; the EEPROM's serial port, byte swapping (BSWP), aligned reception (RCVALGN), magic packets and an expansion ROM are not there.

import { anew } from "../../base/anew";
import { makeHandler, Width } from "../../memory/bus";
import { cancelTurn, takeTurn } from "../../device/allowance";
import { Card as Listed, optionOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { bindTimer, cancelTimer } from "../../device/clock";
import { openPort, port, receiveRing } from "../../device/frames";
import { Access } from "../../device/registers";
import { bindRing } from "../../device/ring";
import { takeTimers } from "../../device/timers";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { canMaster, functionAt, makeMaster } from "../../pci/functions";
import { defineConfig, setPin, setStatus } from "../../pci/header";
import { setIntx } from "../../pci/intx";
import { BarKind, Config, PciStatus } from "../../pci/spec";
import { makeFcsTable } from "../fcs";
import { CARD_BYTES } from "./layout";
import { pollTimer, service, takeTurnNow } from "./poll";
import { readPort, writePort } from "./ports";
import { tellHost } from "./control";
import { defineBcrs, defineCsrs, resetRegisters, showLink } from "./registers";
import { Csr, Id, Prom } from "./spec";
import { addressOf, Card, cardAt, nameCard, promOf, setCsr, STATE_FROM } from "./state";

@inline const CARD: string = "pcnet";
@inline const MIN_GNT: u32 = 0x3e;
@inline const MAX_LAT: u32 = 0x3f;

/** A card of the machine's list: the network card of its frame port. */
export function attachPcnet(listed: Listed): void {
  const number = listed.number, framePort = listed.first, c = cardAt(framePort), f = attachFunction(placeOf(listed), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, false, Config.BYTES);
  anew(addressOf(c), STATE_FROM);
  c.pci = f; c.number = number; c.port = framePort; c.timer = takeTimers(1); c.turn = takeTurn(); c.mac = optionOf(listed, CardOption.MAC) & 0xffff_ffff_ffff;
  functionAt(f).owner = <u32>addressOf(c);
  functionAt(f).onCommand = commandWritten.index;
  makeMaster(f);
  setStatus(f, PciStatus.MEDIUM | PciStatus.FAST_BACK);
  setPin(f, 1);
  defineConfig(f, "MIN_GNT", MIN_GNT, 1, Access.RO, Id.MIN_GNT, 0);
  defineConfig(f, "MAX_LAT", MAX_LAT, 1, Access.RO, Id.MAX_LAT, 0);
  addBar(f, 0, Id.BAR_BYTES, BarKind.IO, makeHandler(addressOf(c), readPort.index, writePort.index, "pcnet I/O", Width.UP_TO_DWORD));
  addBar(f, 1, Id.BAR_BYTES, BarKind.MEMORY32, makeHandler(addressOf(c), readPort.index, writePort.index, "pcnet memory", Width.UP_TO_DWORD));
  nameCard(c, CARD);
  c.csrs = <u32>changetype<usize>(defineCsrs(CARD, number));
  c.bcrs = <u32>changetype<usize>(defineBcrs(CARD, number));
  makeFcsTable();
  bindTimer(c.timer, pollTimer.index, addressOf(c));
  bindTimer(c.turn, takeTurnNow.index, addressOf(c));
  openPort(framePort);
  bindRing(receiveRing(framePort), service.index, addressOf(c));
}

/** H_RESET; after the PCI functions' reset. */
export function resetPcnet(listed: Listed): void {
  const c = cardAt(listed.first);
  memory.fill(addressOf(c) + STATE_FROM, 0, CARD_BYTES - STATE_FROM);
  resetRegisters(c);
  showLink(c);
  fillProm(c);
  for (let w: u32 = 0; w < 3; w++) setCsr(c, Csr.PADR + w, <u32>(c.mac >> (16 * w)));
  cancelTimer(c.timer);
  cancelTurn(c.turn);
  port(c.port).accepts = 0;
  setIntx(c.pci, false);
}

/** Without the bus nothing goes on by itself: the next poll looks again. */
function commandWritten(f: u32): void {
  if (!canMaster(f)) cancelTurn(changetype<Card>(<usize>functionAt(f).owner).turn);
}

/** The host has put the cable in or taken it out. */
export function pcnetLinkChanged(listed: Listed): void {
  const c = cardAt(listed.first);
  showLink(c);
  tellHost(c);
}

/** Address, hardware id, "WW", and the sum of all bytes but its own. */
function fillProm(c: Card): void {
  const at = promOf(c);
  let sum: u32 = 0;
  store<u64>(at, c.mac);
  store<u8>(at, 0x11, Prom.HARDWARE_ID);
  store<u16>(at, 0x5757, Prom.W1);
  for (let i: u32 = 0; i < <u32>Prom.BYTES; i++) sum += load<u8>(at + i);
  store<u16>(at, <u16>sum, Prom.CHECKSUM);
}
