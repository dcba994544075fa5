// MSI-X: a table of messages in a BAR, each with its own mask, and an array of pending bits. PCI 3.0, 6.8.2 and 6.8.3.
//
// A vector is sent at once, or, while it or the function is masked or the function may not master the bus, noted in the
// pending bits and sent when that ends. The table lies in the PCI region behind the functions; which function owns
// which part is a cache made at attach. The BAR shows the table at 0 and the pending bits at PBA_OFFSET.

import { makeHandler, Width } from "../memory/bus";
import { Access, hook } from "../device/registers";
import { addBar } from "./bars";
import { addCapability, defineConfig } from "./header";
import { canMaster, valuesOf } from "./functions";
import { deliverMessage } from "./message";
import { MSIX_OWNERS, MSIX_PART_BYTES, MSIX_PARTS, MSIX_TABLES, PCI_COUNTS } from "./layout";
import { BarKind, CapabilityId, Msix, MsixControl } from "./spec";

@inline export const MSIX_BAR_BYTES: u32 = 4096;
@inline const PBA_OFFSET: u32 = 2048;
/** Entries a function may have: one word of pending bits. */
@inline export const MAX_VECTORS: u32 = 48;
/** How many tables have been handed out. */
@inline const HANDED_OUT: usize = PCI_COUNTS + 4;

/** Cache. */
@unmanaged class Vectors { table: u32; count: u32; capability: u32; pad0: u32; }
@inline function vectorsOf(f: u32): Vectors { return changetype<Vectors>(MSIX_OWNERS + (<usize>f << 4)); }
@inline function entry(v: Vectors, vector: u32): usize { return <usize>v.table + <usize>vector * Msix.ENTRY_BYTES; }
/** Pending bits, behind the entries. */
@inline function pendingAt(v: Vectors): usize { return <usize>v.table + <usize>MAX_VECTORS * Msix.ENTRY_BYTES; }
@inline function controlOf(f: u32): u32 { return load<u16>(valuesOf(f) + vectorsOf(f).capability + Msix.CONTROL); }

/** Gives the function `count` vectors in a memory BAR; false when the tables are used up. */
export function addMsix(f: u32, count: u32, barIndex: u32, name: string): bool {
  const part = load<u32>(HANDED_OUT), v = vectorsOf(f);
  if (part >= MSIX_PARTS || count == 0 || count > MAX_VECTORS) return false;
  store<u32>(HANDED_OUT, part + 1);
  v.table = <u32>(MSIX_TABLES + <usize>part * MSIX_PART_BYTES); v.count = count;
  const at = addCapability(f, CapabilityId.MSIX, Msix.BYTES);
  v.capability = at;
  hook(defineConfig(f, "MSI-X control", at + Msix.CONTROL, 2, Access.RW, count - 1, MsixControl.ENABLE | MsixControl.MASK_ALL), 0, writeControl.index);
  defineConfig(f, "MSI-X table", at + Msix.TABLE, 4, Access.RO, barIndex, 0);
  defineConfig(f, "MSI-X PBA", at + Msix.PBA, 4, Access.RO, PBA_OFFSET | barIndex, 0);
  addBar(f, barIndex, MSIX_BAR_BYTES, BarKind.MEMORY32, makeHandler(f, readTable.index, writeTable.index, name, Width.DWORD | Width.QWORD));
  return true;
}

/** Every vector masked and nothing pending. */
export function resetMsix(f: u32): void {
  const v = vectorsOf(f);
  if (!v.count) return;
  memory.fill(v.table, 0, MSIX_PART_BYTES);
  for (let i: u32 = 0; i < v.count; i++) store<u32>(entry(v, i), Msix.ENTRY_MASKED, 12);
}

@inline export function vectorCount(f: u32): u32 { return vectorsOf(f).count; }
/** The function signals by MSI-X and not by INTx. */
export function msixEnabled(f: u32): bool { return vectorsOf(f).count != 0 && (controlOf(f) & MsixControl.ENABLE) != 0; }

/** Sends a vector's message, or notes it as pending and is false; what the function does not have is ignored. */
export function sendVector(f: u32, vector: u32): bool {
  const v = vectorsOf(f);
  if (vector >= v.count || !msixEnabled(f)) return false;
  if (isHeld(f, v, vector)) { store<u64>(pendingAt(v), load<u64>(pendingAt(v)) | <u64>1 << vector); return false; }
  deliverMessage(f, load<u64>(entry(v, vector)) & ~<u64>3, load<u32>(entry(v, vector), 8));
  return true;
}

function isHeld(f: u32, v: Vectors, vector: u32): bool {
  return (controlOf(f) & MsixControl.MASK_ALL) != 0 || !canMaster(f) || (load<u32>(entry(v, vector), 12) & Msix.ENTRY_MASKED) != 0;
}

/** Sends what was pending and is no longer held; also after bus mastering was switched on. */
export function flushVectors(f: u32): void {
  const v = vectorsOf(f);
  if (!v.count || !msixEnabled(f)) return;
  for (let left = load<u64>(pendingAt(v)); left; left &= left - 1) {
    const vector = <u32>ctz(left);
    if (isHeld(f, v, vector)) continue;
    store<u64>(pendingAt(v), load<u64>(pendingAt(v)) & ~(<u64>1 << vector));
    sendVector(f, vector);
  }
}

function writeControl(dev: usize, offset: u32, old: u64, written: u64): void { flushVectors(<u32>dev); }

// --- The BAR ---

function readTable(dev: usize, offset: u32, bytes: u32): u64 {
  const v = vectorsOf(<u32>dev);
  if (offset >= PBA_OFFSET) {
    const shift = <u64>(offset - PBA_OFFSET) << 3;
    return shift < 64 ? load<u64>(pendingAt(v)) >> shift : 0;
  }
  if (offset + bytes > v.count * Msix.ENTRY_BYTES) return 0;
  return bytes == 8 ? load<u64>(<usize>v.table + offset) : load<u32>(<usize>v.table + offset);
}

function writeTable(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const v = vectorsOf(<u32>dev);
  if (offset + bytes > v.count * Msix.ENTRY_BYTES) return;
  if (bytes == 8) store<u64>(<usize>v.table + offset, value);
  else store<u32>(<usize>v.table + offset, <u32>value);
  flushVectors(<u32>dev);
}
