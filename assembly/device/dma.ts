// The only door from devices to memory. Every transfer names who asks (the requester id: bus, device, function), and the translate slot,
// where somebody has filled it, says what its address means to that requester; without it the address is guest-physical.
// RAM only: an access to anything else is a master abort. Reads then give ones, writes vanish, both are counted, and
// a device can ask dmaFailed afterwards. A transfer that leaves RAM half-way moves what it can, page by page.
// Each transfer spends the machine's allowance (allowance.ts): so much for itself, for each page it touches and for its bytes.

import { TraceKind } from "../surface/trace";
import { isTraced, noteEvent } from "../base/trace";
import { Counter, addCount, count } from "../base/counters";
import { Attr, attrOf, noteWrite, pageOf, ramAt } from "../memory/ram";
import { spend } from "./allowance";
import { chargeBytes } from "./charges";
import { DMA_HELD, DMA_PLAIN, DMA_WORDS } from "./layout";
import { slots } from "./slots";

/** The outcome of transfers since a device last asked; consumed within one register access, hence not state. */
@unmanaged class Dma { failed: u32; pad0: u32; scratch: u64; }
@inline const dma = changetype<Dma>(DMA_WORDS);
@inline const SCRATCH: usize = DMA_WORDS + 8;
/** Units of a transfer and of each page; bytes of a unit, as a power of two. */
@inline const TRANSFER_UNITS: u32 = 6;
@inline const PAGE_UNITS: u32 = 2;
@inline const UNIT_BYTES_LOG2: u32 = 7;
/** What the translate slot gives for an access it refuses. */
@inline export const REFUSED: u64 = ~0;

/** A bit a requester, of every bus: its bus-master enable is off. Follows the command registers, which are state. */
@inline function heldAt(requester: u32): usize { return DMA_HELD + (requester >> 3 & 0x1fff); }

/** Linear address of `bytes` within a page at `address` for `requester`, 0 to refuse. */
@inline function translate(requester: u32, address: u64, bytes: u32, write: bool): usize {
  if (load<u8>(heldAt(requester)) >> <u8>(requester & 7) & 1) return 0;
  let gpa = address;
  if (slots.translate && !isPlain(requester)) {
    gpa = call_indirect<u64>(slots.translate, requester, address, write ? <u32>1 : <u32>0);
    if (gpa == REFUSED) return 0;
  }
  const host = ramAt(gpa, bytes);
  if (!host || !write) return host;
  return attrOf(pageOf(host)) & Attr.ROM ? 0 : host;
}

/** A function's bus-master enable changed: with it off, what the function asks for never reaches the bus. */
export function setMaster(requester: u32, on: bool): void {
  const at = heldAt(requester), bit: u32 = 1 << (requester & 7);
  store<u8>(at, <u8>(on ? load<u8>(at) & ~bit : load<u8>(at) | bit));
}

/** Addresses of the requester are physical whatever remaps others'. */
@inline function isPlain(requester: u32): bool { return (load<u8>(DMA_PLAIN + (requester >> 3 & 0x1fff)) >> <u8>(requester & 7) & 1) != 0; }
/** At attach, and when a bus gets another number. */
export function setPlain(requester: u32, on: bool): void {
  const at = DMA_PLAIN + (requester >> 3 & 0x1fff), bit: u32 = 1 << (requester & 7);
  store<u8>(at, <u8>(on ? load<u8>(at) | bit : load<u8>(at) & ~bit));
}

function abort(): void { dma.failed = 1; count(Counter.DMA_ABORTS); }

/** True if a transfer since the last call was aborted. */
export function dmaFailed(): bool { const failed = dma.failed != 0; dma.failed = 0; return failed; }

/** Bytes from `address` to the end of its page, at most `left`. */
@inline function pieceBytes(address: u64, left: u32): u32 { return min(left, 4096 - <u32>(address & 4095)); }

/** What a transfer spends. */
@inline function unitsOf(address: u64, bytes: u32): u32 {
  return TRANSFER_UNITS + PAGE_UNITS * <u32>(((address & 4095) + bytes + 4095) >> 12) + (bytes >> UNIT_BYTES_LOG2);
}

/** Copies `bytes` from guest memory to linear address `to`; false if any part was refused (those bytes are ones). */
export function dmaRead(requester: u32, address: u64, to: usize, bytes: u32): bool {
  count(Counter.DMA_READS);
  if (isTraced()) noteEvent(TraceKind.DMA_READ, requester, address, bytes);
  addCount(Counter.DMA_BYTES_READ, bytes);
  chargeBytes(bytes);
  spend(unitsOf(address, bytes));
  let ok = true;
  for (let done: u32 = 0; done < bytes;) {
    const piece = pieceBytes(address + done, bytes - done), host = translate(requester, address + done, piece, false);
    if (host) memory.copy(to + done, host, piece);
    else { memory.fill(to + done, 0xff, piece); ok = false; }
    done += piece;
  }
  if (!ok) abort();
  return ok;
}

/** Copies `bytes` from linear address `from` to guest memory; false if any part was refused. */
export function dmaWrite(requester: u32, address: u64, from: usize, bytes: u32): bool {
  count(Counter.DMA_WRITES);
  if (isTraced()) noteEvent(TraceKind.DMA_WRITE, requester, address, bytes);
  addCount(Counter.DMA_BYTES_WRITTEN, bytes);
  chargeBytes(bytes);
  spend(unitsOf(address, bytes));
  let ok = true;
  for (let done: u32 = 0; done < bytes;) {
    const piece = pieceBytes(address + done, bytes - done), host = translate(requester, address + done, piece, true);
    if (host) { memory.copy(host, from + done, piece); noteWrite(host, piece); }
    else ok = false;
    done += piece;
  }
  if (!ok) abort();
  return ok;
}

export function dmaRead8(requester: u32, address: u64): u32 { dmaRead(requester, address, SCRATCH, 1); return load<u8>(SCRATCH); }
export function dmaRead16(requester: u32, address: u64): u32 { dmaRead(requester, address, SCRATCH, 2); return load<u16>(SCRATCH); }
export function dmaRead32(requester: u32, address: u64): u32 { dmaRead(requester, address, SCRATCH, 4); return load<u32>(SCRATCH); }
export function dmaRead64(requester: u32, address: u64): u64 { dmaRead(requester, address, SCRATCH, 8); return load<u64>(SCRATCH); }

export function dmaWrite8(requester: u32, address: u64, value: u32): bool { store<u8>(SCRATCH, <u8>value); return dmaWrite(requester, address, SCRATCH, 1); }
export function dmaWrite16(requester: u32, address: u64, value: u32): bool { store<u16>(SCRATCH, <u16>value); return dmaWrite(requester, address, SCRATCH, 2); }
export function dmaWrite32(requester: u32, address: u64, value: u32): bool { store<u32>(SCRATCH, value); return dmaWrite(requester, address, SCRATCH, 4); }
export function dmaWrite64(requester: u32, address: u64, value: u64): bool { store<u64>(SCRATCH, value); return dmaWrite(requester, address, SCRATCH, 8); }
