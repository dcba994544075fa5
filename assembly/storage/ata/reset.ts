// What a drive's task file holds after power-up, a reset, DEVICE RESET and a diagnosis (ATA/ATAPI-7, 5.1 and 9.12).

import { isCd, Unit } from "../unit/state";
import { Device, Error, HEADS, MOST_MULTIPLE, Signature, Status, TRACK } from "./spec";

/** The registers by which a host tells disks from CD-ROM drives. */
export function putSignature(u: Unit): void {
  u.count = 1; u.low = 1;
  u.mid = isCd(u) ? <u8>Signature.CD_MID : 0;
  u.high = isCd(u) ? <u8>Signature.CD_HIGH : 0;
  u.countWas = 0; u.lowWas = 0; u.midWas = 0; u.highWas = 0; u.featureWas = 0;
  u.device = u.device & (<u8>Device.SECOND | <u8>Device.ALWAYS);
}

/** A reset: what SET FEATURES chose goes back, but for the write cache, which the machine's options chose. */
export function resetTask(u: Unit): void {
  u.feature = 0; u.command = 0; u.control = 0; u.device = <u8>Device.ALWAYS;
  putSignature(u);
  u.error = <u8>Error.PASSED;
  u.status = isCd(u) ? 0 : <u8>(Status.DRDY | Status.DSC);
  u.multiple = MOST_MULTIPLE; u.mode = 0; u.heads = HEADS; u.track = TRACK;
  u.data = 0;
}
