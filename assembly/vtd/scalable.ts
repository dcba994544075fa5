// Scalable mode's tables (3.4.3): the root entry's half, the context, the PASID directory, the PASID's entry. No card sends a PASID: its requests have the one
// that the context says.

import { Context, secondStage, SUPERVISOR } from "./contexts";
import {
  DIRECTORY_RESERVED, HALF_RESERVED, Pasid, PasidEntry, PASID_FIRST_RESERVED, PASID_LOW_RESERVED, PASID_MID_RESERVED, PasidType, SCALABLE_CONTEXT_HIGH_RESERVED, SCALABLE_CONTEXT_RESERVED,
  ScalableContext, ScalableReason, ScalableRoot,
} from "./scalable-spec";
import { Entry, Reason, TABLE_ADDRESS } from "./spec";
import { beyondMemory, fetch, fetchPair, unit } from "./state";

/** What the tables say now; a ScalableReason. */
export function readScalable(c: Context, requester: u32): u32 {
  const half = (requester & 0xff) >= <u32>ScalableRoot.HALF ? <u64>8 : 0, devfn = requester & (ScalableRoot.HALF - 1);
  if (!fetch((unit.root & TABLE_ADDRESS) + <u64>(requester >> 8) * Entry.BYTES + half)) return ScalableReason.ROOT_ACCESS;
  if (!(unit.word & Entry.PRESENT)) return ScalableReason.ROOT_ABSENT;
  if (unit.word & (HALF_RESERVED | beyondMemory())) return ScalableReason.ROOT_RESERVED;
  return readContext(c, (unit.word & TABLE_ADDRESS) + <u64>devfn * ScalableRoot.CONTEXT_BYTES);
}

function readContext(c: Context, at: u64): u32 {
  if (!fetchPair(at + 16)) return ScalableReason.CONTEXT_ACCESS;
  const more = unit.word | unit.word2;
  if (!fetchPair(at)) return ScalableReason.CONTEXT_ACCESS;
  c.hidden = unit.word & Entry.FPD ? 1 : 0;
  if (!(unit.word & Entry.PRESENT)) return ScalableReason.CONTEXT_ABSENT;
  if (unit.word & (SCALABLE_CONTEXT_RESERVED | beyondMemory()) || unit.word2 & SCALABLE_CONTEXT_HIGH_RESERVED || more) return ScalableReason.CONTEXT_RESERVED;
  const pasid = <u32>unit.word2 & ScalableContext.RID_PASID, bits = (<u32>(unit.word >> ScalableContext.PDTS_SHIFT) & ScalableContext.PDTS) + Pasid.DIRECTORY_LEAST;
  c.pasid = pasid | (unit.word2 & ScalableContext.RID_PRIVILEGED ? SUPERVISOR : 0);
  return pasid >> Pasid.TABLE_BITS >> bits ? <u32>ScalableReason.RID_PASID : readDirectory(c, unit.word & TABLE_ADDRESS, pasid);
}

function readDirectory(c: Context, directory: u64, pasid: u32): u32 {
  if (!fetch(directory + <u64>(pasid >> Pasid.TABLE_BITS) * 8)) return ScalableReason.DIRECTORY_ACCESS;
  hide(c);
  if (!(unit.word & Entry.PRESENT)) return ScalableReason.DIRECTORY_ABSENT;
  if (unit.word & (DIRECTORY_RESERVED | beyondMemory())) return ScalableReason.DIRECTORY_RESERVED;
  return readPasid(c, (unit.word & TABLE_ADDRESS) + <u64>(pasid & ((1 << Pasid.TABLE_BITS) - 1)) * Pasid.BYTES);
}

/** A switch of any table on the way keeps faults from being recorded. */
function hide(c: Context): void { if (unit.word & Entry.FPD) c.hidden = 1; }

function readPasid(c: Context, at: u64): u32 {
  let more: u64 = 0;
  for (let half: u64 = 32; half < <u64>Pasid.BYTES; half += 16) {
    if (!fetchPair(at + half)) return ScalableReason.PASID_ACCESS;
    more |= unit.word | unit.word2;
  }
  if (!fetchPair(at + 16)) return ScalableReason.PASID_ACCESS;
  const stage = unit.word;
  more |= unit.word2;
  if (!fetchPair(at)) return ScalableReason.PASID_ACCESS;
  hide(c);
  if (!(unit.word & Entry.PRESENT)) return ScalableReason.PASID_ABSENT;
  return more || unit.word & PASID_LOW_RESERVED || unit.word2 & PASID_MID_RESERVED ? <u32>ScalableReason.PASID_RESERVED : takePasid(c, stage);
}

/** The stages that the entry names, as far as the unit has them. */
function takePasid(c: Context, stage: u64): u32 {
  const type = <u32>(unit.word >> PasidEntry.TYPE_SHIFT) & 7, first = type == PasidType.FIRST || type == PasidType.NESTED, second = type == PasidType.SECOND || type == PasidType.NESTED;
  if (!(first && unit.firsts || type == PasidType.SECOND || type == PasidType.PASS && unit.passes)) return ScalableReason.PASID_INVALID;
  c.domain = <u32>unit.word2 & PasidEntry.DOMAIN;
  c.bits = <u16>unit.addressBits;
  if (second) {
    const width = <u32>(unit.word >> PasidEntry.WIDTH_SHIFT) & 7;
    if (!(unit.widths >> width & 1)) return ScalableReason.PASID_INVALID;
    if (unit.word & beyondMemory()) return ScalableReason.PASID_RESERVED;
    secondStage(c, unit.word & TABLE_ADDRESS, width);
  }
  return first ? firstStage(c, stage, second) : <u32>Reason.NONE;
}

function firstStage(c: Context, stage: u64, nested: bool): u32 {
  if (stage & PASID_FIRST_RESERVED || !nested && stage & beyondMemory()) return ScalableReason.PASID_RESERVED;
  const levels = 4 + (<u32>(stage >> PasidEntry.LEVELS_SHIFT) & 3);
  if (levels > 5 || levels == 5 && unit.addressBits < 57) return ScalableReason.PASID_INVALID;
  if (c.pasid & SUPERVISOR && !(stage & PasidEntry.SUPERVISOR)) return ScalableReason.SUPERVISOR;
  c.first = stage & TABLE_ADDRESS; c.firstLevels = levels;
  c.protects = <u32>stage & PasidEntry.PROTECTS;
  return Reason.NONE;
}
