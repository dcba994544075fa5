// Legacy mode's tables: root table by bus, context table by device and function (3.4.2, 9.1, 9.3).

import { Context, secondStage } from "./contexts";
import { CONTEXT_HIGH_RESERVED, CONTEXT_LOW_RESERVED, Entry, Reason, ROOT_RESERVED, TABLE_ADDRESS, TranslationType } from "./spec";
import { beyondMemory, fetchPair, unit } from "./state";

/** What the tables say now; a Reason. */
export function readLegacy(c: Context, requester: u32): u32 {
  if (!fetchPair((unit.root & TABLE_ADDRESS) + <u64>(requester >> 8) * Entry.BYTES)) return Reason.ROOT_ACCESS;
  if (!(unit.word & Entry.PRESENT)) return Reason.ROOT_ABSENT;
  if (unit.word & (ROOT_RESERVED | beyondMemory()) || unit.word2) return Reason.ROOT_RESERVED;
  if (!fetchPair((unit.word & TABLE_ADDRESS) + <u64>(requester & 0xff) * Entry.BYTES)) return Reason.CONTEXT_ACCESS;
  // Evaluated whether the entry is present or not (9.3).
  c.hidden = unit.word & Entry.FPD ? 1 : 0;
  if (!(unit.word & Entry.PRESENT)) return Reason.CONTEXT_ABSENT;
  if (unit.word & (CONTEXT_LOW_RESERVED | beyondMemory()) || unit.word2 & CONTEXT_HIGH_RESERVED) return Reason.CONTEXT_RESERVED;
  return take(c, <u32>(unit.word >> Entry.TT_SHIFT) & 3, <u32>unit.word2 & 7);
}

/** Translation type and width must be ones that the unit has; device TLBs it has none. */
function take(c: Context, type: u32, width: u32): u32 {
  if (type != <u32>TranslationType.PAGES && type != <u32>TranslationType.PASS || !(unit.widths >> width & 1)) return Reason.CONTEXT_INVALID;
  c.domain = <u32>(unit.word2 >> Entry.DOMAIN_SHIFT) & 0xffff;
  c.bits = <u16>unit.addressBits;
  if (type == TranslationType.PAGES) secondStage(c, unit.word & TABLE_ADDRESS, width);
  return Reason.NONE;
}
