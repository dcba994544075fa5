// A drive's medium: what it is when the machine starts, and its change by somebody outside.

import { Card, cardAt, optionOf, setOption, wordOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { Unit, UnitKind } from "./state";

/** The event that GET EVENT STATUS NOTIFICATION tells next (MMC-6, 6.6.2, table 289), with the medium's state. */
export const enum MediaEvent { NONE, EJECT_REQUEST, NEW_MEDIA, REMOVAL }

/** The medium as the machine's list has it. */
export function loadMedium(u: Unit): void {
  const c = cardAt(u.card);
  u.sectors = optionOf(c, CardOption.SECTORS);
  u.readOnly = u.kind == UnitKind.CD || wordOf(c, CardOption.READ_ONLY) ? 1 : 0;
}

/** Puts another medium in, or with 0 sectors takes it out. The list has it too, so that a reset and a snapshot find it. */
export function changeMedium(u: Unit, sectors: u64, readOnly: bool): void {
  const c = cardAt(u.card);
  setOption(c, CardOption.SECTORS, sectors);
  setOption(c, CardOption.READ_ONLY, readOnly ? 1 : 0);
  loadMedium(u);
  u.attention = 1;
  u.event = sectors ? MediaEvent.NEW_MEDIA : MediaEvent.REMOVAL;
}

/** Somebody presses the drive's button: true where the guest has locked the tray. It is told, and may give the medium out. */
export function askEject(u: Unit): bool {
  if (!u.locked) return false;
  u.event = MediaEvent.EJECT_REQUEST;
  return true;
}

/** The guest has opened the tray: nothing is in it any more. */
export function ejectMedium(u: Unit): void {
  setOption(cardAt(u.card), CardOption.SECTORS, 0);
  u.sectors = 0;
  u.event = MediaEvent.REMOVAL;
}
