// Drives as cards of the machine's list: they have no place on the PCI bus but one on a controller, and a table of requests to the host.

import { anew } from "../../base/anew";
import { Card, wordOf } from "../../device/card";
import { bindTimer } from "../../device/clock";
import { bindRing } from "../../device/ring";
import { takeTurn } from "../../device/allowance";
import { takeTimers } from "../../device/timers";
import { CardOption } from "../../surface/cards";
import { RingId } from "../../surface/rings";
import { resetTask } from "../ata/reset";
import { endJob, forgetJob, serviceUnit, takeTurnOf } from "./job";
import { askEject, changeMedium, loadMedium } from "./medium";
import { busOfCard, MOST_UNITS, nameUnit, putUnit, serialOf, Unit, unitOfCard, UnitKind } from "./state";

export function attachHardDisk(c: Card): void { attachUnit(c, UnitKind.DISK, "ide-hd"); }
export function attachCd(c: Card): void { attachUnit(c, UnitKind.CD, "ide-cd"); }

export function attachDiskette(c: Card): void { attachUnit(c, UnitKind.FLOPPY, "floppy"); }

function attachUnit(c: Card, kind: u32, name: string): void {
  const u = unitOfCard(c.index), unit = changetype<usize>(u);
  anew(unit, offsetof<Unit>("sectors"));
  u.bus = <u32>busOfCard(wordOf(c, CardOption.CONTROLLER)); u.port = wordOf(c, CardOption.UNIT) % MOST_UNITS; u.kind = kind; u.card = c.index;
  u.table = c.first;
  u.timer = takeTimers(1);
  u.turn = takeTurn();
  nameUnit(u, name, c.number);
  putUnit(u);
  bindTimer(u.timer, endJob.index, unit);
  bindTimer(u.turn, takeTurnOf.index, unit);
  bindRing(RingId.FIRST_DISK + u.table, serviceUnit.index, unit);
}

/** At the machine's reset, after its controller's. */
export function resetDrive(c: Card): void {
  const u = unitOfCard(c.index);
  forgetJob(u);
  loadMedium(u);
  u.cached = wordOf(c, CardOption.WRITETHROUGH) ? 0 : 1;
  u.attention = 0; u.event = 0; u.locked = 0; u.stopped = 0; u.senseKey = 0; u.senseCode = 0;
  resetTask(u);
}

/** For the host, before the machine is made: where the serial number goes, a length and up to 20 bytes. */
export function driveSerial(i: u32): u32 { return <u32>serialOf(unitOfCard(i)); }
/** Between slices: another medium in the drive that is card `i`, or none. */
export function putMedium(i: u32, sectors: u64, readOnly: bool): void { changeMedium(unitOfCard(i), sectors, readOnly); }
/** Between slices: the button of the drive that is card `i`. */
export function pressButton(i: u32): bool { return askEject(unitOfCard(i)); }
