// Which frames the card takes: addresses and VLANs. Manual 10.2 (VLAN), 13.4.22 (RCTL), 13.5.1 to 13.5.4 (MTA, RAL, RAH, VFTA).

import { get16 } from "../../device/sums";
import { E1000, getReg } from "./state";
import { isBroadcast } from "./statistics";
import { Ctrl, Rah, Rctl, Reg, Table } from "./spec";

export const enum Match { NONE, EXACT, INEXACT }

/** How the frame at `frame` passes; an inexact match is one by hash or by a promiscuous mode. */
export function matchAddress(d: E1000, frame: usize): u32 {
  const rctl = getReg(d, Reg.RCTL), group = (load<u8>(frame) & 1) != 0;
  if (matchesTable(d, frame)) return Match.EXACT;
  if (isBroadcast(frame) && rctl & Rctl.BAM) return Match.EXACT;
  if (group ? rctl & Rctl.MPE : rctl & Rctl.UPE) return Match.INEXACT;
  return group && matchesHash(d, frame, rctl >> Rctl.MO_SHIFT & 3) ? Match.INEXACT : Match.NONE;
}

/** RAL and RAH: the destination's address, or with AS the source's. */
function matchesTable(d: E1000, frame: usize): bool {
  for (let i: u32 = 0; i < <u32>Table.RA_ENTRIES; i++) {
    const high = getReg(d, Reg.RAH + (i << 3)), at = (high & Rah.AS_MASK) == Rah.AS_SOURCE ? frame + 6 : frame;
    if (high & Rah.AV && load<u32>(at) == getReg(d, Reg.RAL + (i << 3)) && load<u16>(at, 4) == <u16>high) return true;
  }
  return false;
}

/** Twelve bits of the last two bytes, chosen by MO, name a bit of the MTA. */
function matchesHash(d: E1000, frame: usize, offset: u32): bool {
  const tail = <u32>load<u16>(frame, 4), hash = tail >> (offset == 3 ? 0 : 4 - offset) & 0xfff;
  return (getReg(d, Reg.MTA + (hash >> 5 << 2)) >> (hash & 31) & 1) != 0;
}

/** Tagged by the ethertype in VET. */
export function isTagged(d: E1000, frame: usize, bytes: u32): bool {
  return bytes >= 18 && get16(frame + 12) == (getReg(d, Reg.VET) & 0xffff);
}

/** VFTA holds a bit for each VLAN; RCTL.CFIEN compares the CFI bit too. */
export function matchesVlan(d: E1000, frame: usize, bytes: u32): bool {
  const rctl = getReg(d, Reg.RCTL);
  if (!(rctl & Rctl.VFE) || !isTagged(d, frame, bytes)) return true;
  const tag = get16(frame + 14), id = tag & 0xfff;
  if (rctl & Rctl.CFIEN && (tag >> 12 & 1) != (rctl & Rctl.CFI ? <u32>1 : <u32>0)) return false;
  return (getReg(d, Reg.VFTA + (id >> 5 << 2)) >> (id & 31) & 1) != 0;
}

/** The tag is taken out of received frames and put into sent ones. */
@inline export function stripsTags(d: E1000): bool { return (getReg(d, Reg.CTRL) & Ctrl.VME) != 0; }
