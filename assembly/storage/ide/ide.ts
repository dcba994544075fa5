// An IDE function as PIIX3 has it, with two channels of two drives at their old ports: attach, reset, and the bus master's registers. Drives are cards of their
// own (unit/drive.ts). Its ports are always decoded, as on QEMU's board.

import { anew } from "../../base/anew";
import { Card } from "../../device/card";
import { Access } from "../../device/registers";
import { makeHandler, mapPorts, Width } from "../../memory/bus";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { placeOf } from "../../pci/place";
import { functionAt, makeMaster } from "../../pci/functions";
import { defineConfig, setStatus, setSubsystem } from "../../pci/header";
import { BarKind, Config, PciStatus } from "../../pci/spec";
import { forgetJob } from "../unit/job";
import { Bus, BUS_BYTES, isThere } from "../unit/state";
import { endJobOf, goOn, move, reach, tryMaster } from "./flow";
import { refreshLine } from "./line";
import { readControl, readTask, resetDrives, writeControl, writeTask } from "./registers";
import { CHANNELS, Id, Master, MasterCommand, MasterStatus, Pci, Place } from "./spec";
import { busAddress, Channel, channelAt, driveOf, Ide, ideOfCard, nameIde, Phase } from "./state";

/** A card of the machine's list. */
export function attachIde(card: Card): void {
  const d = ideOfCard(card.index), dev = changetype<usize>(d), bus = changetype<Bus>(busAddress(d));
  const f = attachFunction(placeOf(card), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, false, Config.BYTES);
  anew(changetype<usize>(bus), BUS_BYTES);
  anew(dev, offsetof<Ide>());
  d.pci = f;
  functionAt(f).owner = <u32>dev;
  makeMaster(f);
  setStatus(f, PciStatus.FAST_BACK | PciStatus.MEDIUM);
  setSubsystem(f, Id.SUBSYSTEM_VENDOR, Id.SUBSYSTEM);
  defineConfig(f, "IDETIM", Pci.IDETIM0, 2, Access.RW, Pci.DECODE, 0xffff);
  defineConfig(f, "IDETIM", Pci.IDETIM1, 2, Access.RW, Pci.DECODE, 0xffff);
  addBar(f, Pci.PORTS_BAR, Pci.PORTS_BYTES, BarKind.IO, makeHandler(dev, readMaster.index, writeMaster.index, "ide bus master", Width.UP_TO_DWORD));
  nameIde(d, card.number);
  bus.onReach = reach.index; bus.onMove = move.index; bus.onDone = endJobOf.index; bus.onTurn = goOn.index;
  attachChannel(d, 0, Place.FIRST_TASK, Place.FIRST_CONTROL);
  attachChannel(d, 1, Place.SECOND_TASK, Place.SECOND_CONTROL);
}

function attachChannel(d: Ide, n: u32, task: u32, control: u32): void {
  const c = channelAt(d, n), dev = changetype<usize>(c);
  anew(dev, offsetof<Channel>("selected"));
  c.ide = <u32>changetype<usize>(d); c.number = n;
  mapPorts(task, Place.TASK_BYTES, dev, readTask.index, writeTask.index, "ide task file", Width.UP_TO_DWORD);
  mapPorts(control, 1, dev, readControl.index, writeControl.index, "ide control", Width.BYTE);
}

/** At the machine's reset, before its drives'. */
export function resetIde(card: Card): void {
  const d = ideOfCard(card.index);
  for (let n: u32 = 0; n < CHANNELS; n++) {
    const c = channelAt(d, n);
    c.control = 0; c.command = 0; c.status = 0; c.table = 0;
    resetDrives(c);
    refreshLine(c);
  }
}

// --- The bus master ---

function readMaster(dev: usize, offset: u32, bytes: u32): u64 {
  const c = channelAt(changetype<Ide>(dev), offset / Master.BYTES), first = offset & (Master.BYTES - 1);
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytes; i++) value |= <u64>masterByte(c, first + i) << (<u64>i << 3);
  return value;
}

function masterByte(c: Channel, at: u32): u32 {
  if (at == Master.COMMAND) return c.command;
  if (at == Master.STATUS) return c.status;
  return at >= <u32>Master.TABLE ? c.table >> ((at - Master.TABLE) << 3) & 0xff : 0;
}

function writeMaster(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const c = channelAt(changetype<Ide>(dev), offset / Master.BYTES), first = offset & (Master.BYTES - 1);
  for (let i: u32 = 0; i < bytes; i++) putByte(c, first + i, <u32>(value >> (<u64>i << 3)) & 0xff);
}

function putByte(c: Channel, at: u32, value: u32): void {
  if (at == Master.COMMAND) { writeMasterCommand(c, value); return; }
  if (at == Master.STATUS) { c.status = value & MasterStatus.CAPABLE | c.status & MasterStatus.ACTIVE | c.status & ~value & (MasterStatus.ERROR | MasterStatus.INTERRUPT); return; }
  if (at < <u32>Master.TABLE) return;
  const shift = (at - Master.TABLE) << 3;
  c.table = (c.table & ~(0xff << shift) | value << shift) & ~3;
}

/** Started, a transfer that waits begins; stopped, one under way is given up, and its drive waits again. */
function writeMasterCommand(c: Channel, value: u32): void {
  const was = c.command;
  c.command = value & MasterCommand.WRITABLE;
  if (c.command & MasterCommand.START && !(was & MasterCommand.START)) { c.status |= MasterStatus.ACTIVE; tryMaster(c); return; }
  if (c.command & MasterCommand.START || !(was & MasterCommand.START)) return;
  c.status &= ~(<u32>MasterStatus.ACTIVE);
  const u = driveOf(c, c.busy);
  if (c.phase != Phase.BUSY || !isThere(u) || !u.byDma) return;
  forgetJob(u);
  c.phase = Phase.MASTER;
}
