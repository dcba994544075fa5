// Flow control: IEEE 802.3 annex 31B; manual 8.7, 13.4.23 (FCRTL) and 13.4.24 (FCRTH).
//
// A frame with FCT's ethertype, to the address in FCAL and FCAH or to the card's own, is a control frame. PAUSE stops the transmitter
// for so many quanta of virtual time when CTRL.RFCE says so. The other way, what waits in the host's ring stands for the receive
// FIFO: at FCRTH bytes the partner is sent an XOFF of FCTTV quanta, and at FCRTL or below, with XONE, an XON; both with CTRL.TFCE.
// Software can send an XOFF by TCTL.SWXOFF. A frame that finds no room in the ring to the host is not sent, and tried again.

import { nowNs, setTimer } from "../../device/clock";
import { beginFrame, commitFrame, frameData, receiveRing } from "../../device/frames";
import { ringFill } from "../../device/ring";
import { get16, put16 } from "../../device/sums";
import { CardTimer, E1000, getReg, hasLink, isLooped, setReg, timerOf } from "./state";
import { addStat, countSent } from "./statistics";
import { Ctrl, Fcrt, Rctl, Reg, Stat, Status, Unit } from "./spec";

@inline const PAUSE: u32 = 1;
@inline const FRAME_BYTES: u32 = 60;

export function isControl(d: E1000, frame: usize, bytes: u32): bool {
  if (bytes < 18 || get16(frame + 12) != (getReg(d, Reg.FCT) & 0xffff)) return false;
  return isTo(d, frame, Reg.FCAL) || isTo(d, frame, Reg.RAL);
}

@inline function isTo(d: E1000, frame: usize, low: u32): bool {
  return load<u32>(frame) == getReg(d, low) && load<u16>(frame, 4) == <u16>getReg(d, low + 4);
}

/** Counts a control frame, and obeys a PAUSE if RFCE says so; true when it is passed on to the host. */
export function takeControl(d: E1000, frame: usize): bool {
  const quanta = get16(frame + 16), rctl = getReg(d, Reg.RCTL), again = d.heeded;
  d.heeded = 1;
  // A frame that waits for a buffer is looked at once more.
  if (again) return true;
  if (get16(frame + 14) != PAUSE) addStat(d, Stat.FCRUC, 1);
  else {
    addStat(d, quanta ? Stat.XOFFRXC : Stat.XONRXC, 1);
    if (getReg(d, Reg.CTRL) & Ctrl.RFCE) pause(d, quanta);
  }
  return (rctl & (Rctl.PMCF | Rctl.DPF)) == Rctl.PMCF;
}

function pause(d: E1000, quanta: u32): void {
  d.pausedUntil = nowNs() + <u64>quanta * Unit.PAUSE_NS;
  setReg(d, Reg.STATUS, getReg(d, Reg.STATUS) & ~(<u32>Status.TXOFF) | (quanta ? Status.TXOFF : 0));
  setTimer(timerOf(d, CardTimer.PAUSE), d.pausedUntil);
}

/** Asks the partner for silence, or to go on, by what waits for the guest. */
export function followFill(d: E1000): void {
  if (!(getReg(d, Reg.CTRL) & Ctrl.TFCE) || isLooped(d)) return;
  const high = getReg(d, Reg.FCRTH) & Fcrt.BYTES, low = getReg(d, Reg.FCRTL), fill = ringFill(receiveRing(d.port));
  if (!d.silenced && high && fill >= high) {
    if (sendPause(d, getReg(d, Reg.FCTTV) & 0xffff)) d.silenced = 1;
  } else if (d.silenced && fill <= (low & Fcrt.BYTES)) {
    if (!(low & Fcrt.XONE) || sendPause(d, 0)) d.silenced = 0;
  }
}

/** False when there is no room for it. */
export function sendPause(d: E1000, quanta: u32): bool {
  if (!hasLink(d)) return true;
  const f = beginFrame(d.port, FRAME_BYTES);
  if (!changetype<usize>(f)) return false;
  const data = frameData(f);
  memory.fill(data, 0, FRAME_BYTES);
  store<u32>(data, getReg(d, Reg.FCAL)); store<u16>(data, <u16>getReg(d, Reg.FCAH), 4);
  store<u32>(data, getReg(d, Reg.RAL), 6); store<u16>(data, <u16>getReg(d, Reg.RAH), 10);
  put16(data + 12, getReg(d, Reg.FCT)); put16(data + 14, PAUSE); put16(data + 16, quanta);
  commitFrame(d.port, f);
  addStat(d, quanta ? Stat.XOFFTXC : Stat.XONTXC, 1);
  countSent(d, data, FRAME_BYTES, 1);
  return true;
}
