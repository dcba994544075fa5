// What is behind a bridge: which bus that is, which addresses pass to it, and what of the functions there follows. PCI-to-PCI Bridge Architecture 1.2, 3.2.5
// and chapter 4. A bridge has one function behind it, and no bridge is behind another.
//
// A bus number leads to the first bridge that has it. A bridge without a number of its own passes nothing on: its function answers no configuration access and
// starts no transfers: it goes by the bridge's own requester id, which is held for it.

import { spend } from "../device/allowance";
import { setMaster, setPlain } from "../device/dma";
import { commandOf, functionAt, functionCount, refreshMaster, requesterOf, valuesOf } from "./functions";
import { Bridge, PciCommand } from "./spec";

/** Of each function behind a bridge (device/allowance.ts). */
@inline const RENUMBER_UNITS: u32 = 16;
/** Windows are of whole MiB, and of 4 KiB of ports. */
@inline const MEMORY_REST: u64 = 0xf_ffff;
@inline const PORTS_REST: u64 = 0xfff;

@inline function secondaryOf(bridge: u32): u32 { return load<u8>(valuesOf(bridge) + Bridge.SECONDARY); }

/** The bridge that a bus number leads to, plus one; 0 for none. */
function bridgeTo(bus: u32): u32 {
  for (let f: u32 = 0; bus != 0 && f < functionCount(); f++) if (functionAt(f).child && secondaryOf(f) == bus) return f + 1;
  return 0;
}

/** The function at a place of a bus other than 0, plus one: there is one, device 0, as on a link. */
export function findBehind(bus: u32, devfn: u32): u32 {
  const bridge = bridgeTo(bus);
  return bridge && devfn == 0 ? functionAt(bridge - 1).child : 0;
}

/** By which requester id a function goes now. */
export function requesterBy(f: u32): u32 {
  const it = functionAt(f);
  if (!it.parent) return it.devfn;
  const bus = secondaryOf(it.parent - 1);
  return bridgeTo(bus) == it.parent ? bus << 8 | it.devfn : functionAt(it.parent - 1).devfn;
}

/** A function behind a bridge takes its place; at attach. */
export function seat(f: u32, bridge: u32): void {
  functionAt(f).parent = bridge + 1;
  functionAt(bridge).child = f + 1;
  functionAt(f).requester = requesterBy(f);
}

/** A bus number changed: who of those behind bridges goes by which id, and what that id may. */
export function renumber(): void {
  for (let f: u32 = 0; f < functionCount(); f++) if (functionAt(f).parent) release(requesterOf(f));
  for (let f: u32 = 0; f < functionCount(); f++) {
    if (!functionAt(f).parent) continue;
    spend(RENUMBER_UNITS);
    functionAt(f).requester = requesterBy(f);
    refreshMaster(f);
    setPlain(requesterOf(f), functionAt(f).plain != 0);
  }
}

function release(requester: u32): void { setMaster(requester, true); setPlain(requester, false); }

/** The bridge passes accesses to `bytes` at `base` down; all of it, or none. */
export function passes(bridge: u32, isIo: bool, base: u64, bytes: u64): bool {
  if (!(commandOf(bridge) & (isIo ? PciCommand.IO : PciCommand.MEMORY))) return false;
  const at = valuesOf(bridge), last = base + bytes - 1;
  if (isIo) return isWithin(base, last, <u64>(load<u8>(at + Bridge.IO_BASE) & 0xf0) << 8, <u64>(load<u8>(at + Bridge.IO_LIMIT) & 0xf0) << 8 | PORTS_REST);
  return isWithin(base, last, windowAt(at + Bridge.MEMORY_BASE), windowAt(at + Bridge.MEMORY_LIMIT) | MEMORY_REST)
    || isWithin(base, last, windowAt(at + Bridge.PREFETCH_BASE) | <u64>load<u32>(at + Bridge.PREFETCH_UPPER_BASE) << 32,
      windowAt(at + Bridge.PREFETCH_LIMIT) | <u64>load<u32>(at + Bridge.PREFETCH_UPPER_LIMIT) << 32 | MEMORY_REST);
}

@inline function windowAt(at: usize): u64 { return <u64>(load<u16>(at) & 0xfff0) << 16; }
@inline function isWithin(base: u64, last: u64, from: u64, to: u64): bool { return base >= from && last <= to; }
