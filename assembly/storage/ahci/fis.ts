// FISes between a port and its device: a command taken from the guest's table into the task file, and what the device sends put where the guest wants it.
// Serial ATA 2.6, 10.3; AHCI 1.3.1, 4.2.1 and 5.

import { dmaWrite } from "../../device/dma";
import { requesterOf } from "../../pci/functions";
import { Unit } from "../unit/state";
import { Cmd, Fis, Is, Px, Received } from "./spec";
import { Ahci, getBase, getPx, isOn, setPx } from "./state";
import { raise } from "./interrupt";

const FIS: usize = memory.data(64, 8);
@inline const ERR: u32 = 1;
@inline const BSY_DRQ: u32 = 0x88;

/** A command's registers (10.3.4), from the FIS at `at`. */
export function takeTask(u: Unit, at: usize): void {
  u.command = load<u8>(at, 2);
  u.feature = load<u8>(at, 3); u.featureWas = load<u8>(at, 11);
  u.low = load<u8>(at, 4); u.mid = load<u8>(at, 5); u.high = load<u8>(at, 6);
  u.lowWas = load<u8>(at, 8); u.midWas = load<u8>(at, 9); u.highWas = load<u8>(at, 10);
  u.device = load<u8>(at, 7);
  u.count = load<u8>(at, 12); u.countWas = load<u8>(at, 13);
  u.control = load<u8>(at, 15);
}

export function putStatus(a: Ahci, p: u32, u: Unit): void { setPx(a, p, Px.TFD, <u32>u.error << 8 | u.status); }

function begin(type: u32, bits: u32, u: Unit): void {
  memory.fill(FIS, 0, 20);
  store<u8>(FIS, <u8>type); store<u8>(FIS, <u8>bits, 1);
  store<u8>(FIS, u.status, 2); store<u8>(FIS, u.error, 3);
}
function putTask(u: Unit): void {
  store<u8>(FIS, u.low, 4); store<u8>(FIS, u.mid, 5); store<u8>(FIS, u.high, 6); store<u8>(FIS, u.device, 7);
  store<u8>(FIS, u.lowWas, 8); store<u8>(FIS, u.midWas, 9); store<u8>(FIS, u.highWas, 10);
  store<u8>(FIS, u.count, 12); store<u8>(FIS, u.countWas, 13);
}

/** Writes it to the received FIS area, while the port receives. */
function send(a: Ahci, p: u32, offset: u32, bytes: u32): bool {
  if (!isOn(a, p, Cmd.FRE)) return false;
  return dmaWrite(requesterOf(a.pci), getBase(a, p, Px.FB, 256) + offset, FIS, bytes);
}

/** Device to host: the registers as they are, and an interrupt. */
export function sendRegisters(a: Ahci, p: u32, u: Unit): void {
  begin(Fis.DEVICE_TO_HOST, Fis.INTERRUPT, u);
  putTask(u);
  putStatus(a, p, u);
  send(a, p, Received.DEVICE_TO_HOST, 20);
  raise(a, p, Is.DHRS | (u.status & ERR ? Is.TFES : 0));
}

/** PIO setup: so many bytes go by PIO. The status in it is the one before them, E_STATUS the one behind. */
export function sendPioSetup(a: Ahci, p: u32, u: Unit, bytes: u32, inward: bool, tell: bool): void {
  begin(Fis.PIO_SETUP, (inward ? Fis.INWARD : 0) | (tell ? Fis.INTERRUPT : 0), u);
  putTask(u);
  store<u8>(FIS, u.status | 0x08, 2);
  store<u8>(FIS, u.status, 15);
  store<u16>(FIS, <u16>bytes, 16);
  send(a, p, Received.PIO_SETUP, 20);
  if (tell) raise(a, p, Is.PSS);
}

/** Set device bits: queued commands are done, or one has failed. */
export function sendBits(a: Ahci, p: u32, u: Unit, done: u32): void {
  memory.fill(FIS, 0, 8);
  store<u8>(FIS, Fis.SET_BITS); store<u8>(FIS, Fis.INTERRUPT, 1);
  store<u8>(FIS, u.status & 0x77, 2); store<u8>(FIS, u.error, 3);
  store<u32>(FIS, done, 4);
  setPx(a, p, Px.SACT, getPx(a, p, Px.SACT) & ~done);
  setPx(a, p, Px.TFD, <u32>u.error << 8 | u.status & 0x77 | getPx(a, p, Px.TFD) & BSY_DRQ);
  send(a, p, Received.SET_BITS, 8);
  raise(a, p, Is.SDBS | (u.status & ERR ? Is.TFES : 0));
}
