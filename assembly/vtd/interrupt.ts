// Interrupt remapping (chapter 5): a message names an entry of a table in memory, and the entry says what interrupt it is and who may send it. Messages
// of the old format pass where software lets them (CFI), and never with x2APIC ids. Posted interrupts there are none: their bit is reserved.

import { receiveMessage, receiveRemapped } from "../chipset/lapic/messages";
import { dmaWrite32 } from "../device/dma";
import { Count, tally } from "./counters";
import { sourceMask } from "./contexts";
import { readEntry } from "./entries";
import { noteFault } from "./faults";
import { Command, Entry, Frcd, Irta, Irte, IRTE_HIGH_RESERVED, IRTE_RESERVED, IRTE_XAPIC_RESERVED, Message, Reason, Verify } from "./spec";
import { rowAt, rowOf } from "./requesters";
import { isOn, unit } from "./state";

@inline const WINDOW: u64 = 0xfee;
/** Delivery modes that mean nothing: 3 and 6. */
@inline const RESERVED_MODES: u32 = 1 << 3 | 1 << 6;

@inline function isWide(): bool { return (unit.interrupts & <u64>Irta.EIME) != 0; }

/** Stands where messages arrive while interrupt remapping is on (device/slots message). */
export function remapMessage(requester: u32, address: u64, data: u32): void {
  if (address >> 20 != WINDOW) { dmaWrite32(requester, address, data); return; }
  if (!(address & Message.REMAPPABLE)) { passCompatible(requester, address, data); return; }
  const index = indexOf(<u32>address, data);
  const reason = address & Message.SUBHANDLE && data >> 16 ? <u32>Reason.MESSAGE_RESERVED : checkEntry(requester, index);
  const row = rowAt(rowOf(requester));
  if (!reason) { row.remapped++; deliverEntry(); return; }
  row.blocked++;
  const hidden = reason == <u32>Reason.IRTE_ABSENT || reason == <u32>Reason.IRTE_RESERVED || reason == <u32>Reason.SOURCE;
  noteFault(requester, <u64>index << Frcd.INDEX_SHIFT, reason, false, hidden && (unit.word & Entry.FPD) != 0);
}

function passCompatible(requester: u32, address: u64, data: u32): void {
  if (isWide() || !isOn(Command.CFI)) { rowAt(rowOf(requester)).blocked++; noteFault(requester, 0, Reason.COMPATIBILITY, false, false); return; }
  tally(Count.COMPATIBLE);
  receiveMessage(requester, address, data);
}

/** The handle, and with SHV the subhandle on top of it (5.1.3). */
function indexOf(address: u32, data: u32): u32 {
  const handle = (address >> Message.HANDLE_SHIFT & Message.HANDLE) | (address & Message.HANDLE_HIGH ? 0x8000 : 0);
  return address & Message.SUBHANDLE ? handle + (data & 0xffff) : handle;
}

/** Leaves the entry in the unit's words. */
function checkEntry(requester: u32, index: u32): u32 {
  const reason = readEntry(index);
  if (reason) return reason;
  if (!(unit.word & Entry.PRESENT)) return Reason.IRTE_ABSENT;
  const mode = <u32>(unit.word >> Irte.MODE_SHIFT) & 7, reserved = isWide() ? IRTE_RESERVED : IRTE_RESERVED | IRTE_XAPIC_RESERVED;
  if (unit.word & reserved || unit.word2 & IRTE_HIGH_RESERVED || RESERVED_MODES >> mode & 1) return Reason.IRTE_RESERVED;
  return isFrom(requester) ? Reason.NONE : Reason.SOURCE;
}

/** The sender is who the entry says (9.9: SVT, SQ, SID). */
function isFrom(requester: u32): bool {
  const source = <u32>unit.word2 & 0xffff;
  switch (<u32>(unit.word2 >> Irte.SVT_SHIFT) & 3) {
    case Verify.NONE: return true;
    case Verify.SOURCE: return !((requester ^ source) & sourceMask(<u32>(unit.word2 >> Irte.SQ_SHIFT) & 3));
    case Verify.BUS: return requester >> 8 >= source >> 8 && requester >> 8 <= (source & 0xff);
    default: return false;
  }
}

function deliverEntry(): void {
  const low = unit.word, wide = isWide();
  tally(Count.REMAPPED);
  const destination = wide ? <u32>(low >> Irte.DESTINATION_SHIFT) : <u32>(low >> Irte.XAPIC_SHIFT) & 0xff;
  receiveRemapped(destination, (low & Irte.LOGICAL) != 0, wide, <u32>(low >> Irte.MODE_SHIFT) & 7, <u32>(low >> Irte.VECTOR_SHIFT) & 0xff, (low & Irte.LEVEL) != 0);
}
