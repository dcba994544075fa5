// The PHY behind MDIC (13.4.6): registers of IEEE 802.3 clause 22 and of the M88E1011 (13.5), and the link. The partner, if there
// is one, is at 1000 Mb/s full duplex, so negotiation is over as soon as it starts; the link is down while the host has taken the cable out,
// the PHY is powered down or the MAC has not said SLU.

import { cancelTurn } from "../../device/allowance";
import { port } from "../../device/frames";
import { raise } from "./interrupts";
import { E1000, getPhy, getReg, phyOf, setPhy, setReg } from "./state";
import { Cause, Ctrl, Mdic, Phy, PhyCtrl, PhySpecific, PhyStatus, Reg, Status } from "./spec";

export function resetPhy(d: E1000): void {
  memory.fill(phyOf(d), 0, Phy.COUNT << 1);
  setPhy(d, Phy.PCTRL, PhyCtrl.DEFAULT);
  setPhy(d, Phy.PHYID1, 0x0141); setPhy(d, Phy.PHYID2, 0x0c20);
  // 10 and 100 Mb/s both ways and PAUSE, ours and the partner's; 1000 Mb/s likewise.
  setPhy(d, Phy.ANA, 0x0de1); setPhy(d, Phy.LPA, 0x4de1); setPhy(d, Phy.ANE, 0x000d); setPhy(d, Phy.NPT, 0x2001);
  setPhy(d, Phy.GCON, 0x0e00); setPhy(d, Phy.GSTATUS, 0x7c00); setPhy(d, Phy.EPSTATUS, 0x3000);
  setPhy(d, Phy.PSCON, 0x0068); setPhy(d, Phy.EPSCON1, 0x0d60);
  refreshLink(d, false);
}

/** Brings PHY and MAC status in step; `tell` raises LSC when the link has changed. */
export function refreshLink(d: E1000, tell: bool): void {
  const phyUp = !(getPhy(d, Phy.PCTRL) & PhyCtrl.POWER_DOWN) && !port(d.port).unplugged;
  setPhy(d, Phy.PSTATUS, phyUp ? PhyStatus.CAPABLE | PhyStatus.LINK | PhyStatus.AUTONEG_DONE : PhyStatus.CAPABLE);
  setPhy(d, Phy.PSSTAT, phyUp ? PhySpecific.LINKED_1000_FD : PhySpecific.UNLINKED);
  const before = getReg(d, Reg.STATUS), ctrl = getReg(d, Reg.CTRL);
  let status = before & ~(<u32>Status.LU | Status.FD) | (ctrl & Ctrl.FD);
  if (phyUp && ctrl & Ctrl.SLU) status |= Status.LU | Status.FD;
  setReg(d, Reg.STATUS, status);
  if (!(status & Status.LU)) cancelTurn(d.turn);
  if (tell && (before ^ status) & Status.LU) raise(d, Cause.LSC);
}

/** Registers that software cannot change. */
@inline const READ_ONLY: u32 = 1 << Phy.PSTATUS | 1 << Phy.PHYID1 | 1 << Phy.PHYID2 | 1 << Phy.LPA | 1 << Phy.ANE | 1 << Phy.LPN | 1 << Phy.GSTATUS | 1 << Phy.EPSTATUS | 1 << Phy.PSSTAT | 1 << Phy.PINTS | 1 << Phy.PREC;

export function writeMdic(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = changetype<E1000>(dev), value = <u32>written, n = value >> Mdic.REG_SHIFT & 31;
  let answer = value & Mdic.WRITABLE & ~(<u32>Mdic.ERROR) | Mdic.READY;
  if ((value >> Mdic.PHY_SHIFT & 31) != Phy.ADDRESS) answer |= Mdic.ERROR;
  else if (value & Mdic.OP_READ) answer = answer & ~0xffff | getPhy(d, n);
  else if (value & Mdic.OP_WRITE) writePhy(d, n, value & 0xffff);
  setReg(d, Reg.MDIC, answer);
  if (value & Mdic.INTERRUPT) raise(d, Cause.MDAC);
}

function writePhy(d: E1000, n: u32, value: u32): void {
  if (n == Phy.PCTRL) { writeControl(d, value); return; }
  if (!(READ_ONLY >> n & 1)) setPhy(d, n, value);
}

/** RESET and RESTART end at once and clear themselves. A link that came back by negotiation is a change of the link. */
function writeControl(d: E1000, value: u32): void {
  if (value & PhyCtrl.RESET) { resetPhy(d); return; }
  setPhy(d, Phy.PCTRL, value & ~(<u32>PhyCtrl.RESTART));
  refreshLink(d, true);
  if (value & PhyCtrl.RESTART && getReg(d, Reg.STATUS) & Status.LU) raise(d, Cause.LSC);
}
