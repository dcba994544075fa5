// Events of ports and the function's interrupt. AHCI 1.3.1, 10.7: PxIS under PxIE into IS, IS under GHC.IE into INTx or a message.

import { count } from "../../base/counters";
import { setIntx } from "../../pci/intx";
import { msiEnabled, sendMessage } from "../../pci/msi";
import { root } from "../../pci/functions";
import { Ghc, Hba, PORTS, Px } from "./spec";
import { Ahci, Count, getPx, getReg, setPx, setReg } from "./state";

/** Ports with an event that is enabled have their bit in IS, whatever was cleared there. */
export function refresh(a: Ahci): void {
  let waiting = getReg(a, Hba.IS);
  for (let p: u32 = 0; p < PORTS; p++) if (getPx(a, p, Px.IS) & getPx(a, p, Px.IE)) waiting |= 1 << p;
  setReg(a, Hba.IS, waiting);
  setIntx(a.pci, waiting != 0 && (getReg(a, Hba.GHC) & Ghc.IE) != 0);
}

/** Events have come. One that comes while the line is up is a message of its own. */
export function raise(a: Ahci, p: u32, events: u32): void {
  const up = (root.intx >> a.pci & 1) != 0;
  setPx(a, p, Px.IS, getPx(a, p, Px.IS) | events);
  refresh(a);
  if (!(events & getPx(a, p, Px.IE)) || !(root.intx >> a.pci & 1)) return;
  count(a.counters + Count.INTERRUPTS);
  if (up && msiEnabled(a.pci)) sendMessage(a.pci, 0);
}
