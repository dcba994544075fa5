// The firmware's flash memory: up to two chips whose contents are the ROM that ends at 4 GiB, chip 0 last. What the guest programs is written to the chip's drive.
//
//   array: the contents are memory like any ROM's          a write: a command; the chip then answers reads itself, and its memory is hidden (memory/ram.ts)
//   "read array" (FFh): memory again; what has changed since goes to the host, sector by sector (device/blocks.ts)
//
// Programming takes no time and sets bits, too, as QEMU's does; a chip that cannot be written says so in its status.

import { addCount, nameOwned, takeCounters } from "../../base/counters";
import { HIGH_RAM, RAM } from "../../base/layout";
import { machine } from "../../base/machine";
import { spend } from "../../device/allowance";
import { ask, askedAt, askedCount, clearAsked, dataOf, DATA_BYTES, roomToAsk } from "../../device/blocks";
import { Card, cardAt, cardState, optionOf, wordOf } from "../../device/card";
import { bindRing } from "../../device/ring";
import { mapMmio, Width } from "../../memory/bus";
import { hideRom, noteWrite } from "../../memory/ram";
import { Answer, RequestType } from "../../surface/blocks";
import { CardKind, CardOption } from "../../surface/cards";
import { RingId } from "../../surface/rings";
import { BLOCK_BYTES, BUFFER_BYTES, Cmd, Query, Status } from "./spec";

@unmanaged class Flash {
  // Written at attach.
  table: u32; counters: u32; bytes: u32; readOnly: u32;
  /** Its first address. */
  base: u64;
  /** Writes of the command so far, the command, the status, writes that the buffer still takes. */
  cycle: u32; command: u32; status: u32; left: u32;
  /** What the host has not, by offset; `end` 0: nothing. */
  first: u32; end: u32;
}
@inline const SECTOR: u32 = 512;
@inline function flashOfCard(i: u32): Flash { return changetype<Flash>(cardState(i)); }
@inline function contentOf(f: Flash, offset: u32): usize { return RAM - <usize>(HIGH_RAM - f.base) + offset; }
const enum Count { PROGRAMMED, ERASED, FAILED, END }

@inline function bytesOf(c: Card): u32 { return <u32>optionOf(c, CardOption.SECTORS) << 9; }
/** Bytes of the chips up to a unit: where it begins, below 4 GiB. */
function bytesUpTo(unit: u32): u32 {
  let bytes: u32 = 0;
  for (let i: u32 = 0; cardAt(i).kind && i < 16; i++) if (cardAt(i).kind == <u32>CardKind.PFLASH && wordOf(cardAt(i), CardOption.UNIT) <= unit) bytes += bytesOf(cardAt(i));
  return bytes;
}

/** A card of the machine's list. */
export function attachFlash(c: Card): void {
  const f = flashOfCard(c.index), dev = changetype<usize>(f);
  f.table = c.first; f.bytes = bytesOf(c); f.readOnly = wordOf(c, CardOption.READ_ONLY);
  f.base = HIGH_RAM - bytesUpTo(wordOf(c, CardOption.UNIT));
  machine.flashBytes = bytesUpTo(~0);
  f.counters = takeCounters(Count.END);
  nameOwned(f.counters + Count.PROGRAMMED, "pflash", c.number, -1, "bytes programmed", "bytes");
  nameOwned(f.counters + Count.ERASED, "pflash", c.number, -1, "bytes erased", "bytes");
  nameOwned(f.counters + Count.FAILED, "pflash", c.number, -1, "requests that the host failed", "requests");
  mapMmio(f.base, f.bytes, dev, readFlash.index, writeFlash.index, "pflash", Width.ALL);
  bindRing(RingId.FIRST_DISK + f.table, service.index, dev);
}

/** At the machine's reset: what is programmed stays. */
export function resetFlash(c: Card): void {
  const f = flashOfCard(c.index);
  f.status = 0;
  showArray(f);
}

// --- The chip ---

/** Memory again; what has changed goes to the host. */
function showArray(f: Flash): void {
  f.cycle = 0; f.command = Cmd.ARRAY;
  hideAll();
  carry(f);
}

/** A chip that answers by itself is no memory. */
function hideAll(): void {
  let from: u64 = HIGH_RAM, end: u64 = 0;
  for (let i: u32 = 0; cardAt(i).kind && i < 16; i++) {
    const f = flashOfCard(i);
    if (cardAt(i).kind != <u32>CardKind.PFLASH || (f.command == <u32>Cmd.ARRAY && !f.cycle)) continue;
    from = min(from, f.base); end = max(end, f.base + f.bytes);
  }
  hideRom(end ? from : 0, end ? <u32>(end - from) : 0);
}

function readFlash(dev: usize, offset: u32, bytes: u32): u64 {
  const f = changetype<Flash>(dev);
  switch (f.command) {
    case Cmd.ARRAY: return content(f, offset, bytes);
    // A maker and a device of zeros.
    case Cmd.ID: return 0;
    case Cmd.QUERY: return query(f, offset & 0xff);
    default: return f.status | (bytes > 2 ? f.status << 16 : 0);
  }
}
function content(f: Flash, offset: u32, bytes: u32): u64 {
  const at = contentOf(f, offset);
  return bytes == 1 ? load<u8>(at) : bytes == 2 ? load<u16>(at) : bytes == 4 ? load<u32>(at) : load<u64>(at);
}

/** What a driver asks to know the chip by. Times are powers of two, of us and ms. */
function query(f: Flash, at: u32): u64 {
  const blocks = f.bytes / BLOCK_BYTES - 1;
  switch (at) {
    case Query.Q: return 0x51;
    case Query.Q + 1: return 0x52;
    case Query.Q + 2: return 0x59;
    case Query.COMMAND_SET: return 1;
    case Query.TABLE: return Query.P;
    case Query.VCC_LEAST: return 0x45;
    case Query.VCC_MOST: return 0x55;
    case Query.PROGRAM_TIME: case Query.BUFFER_TIME: return 7;
    case Query.ERASE_TIME: return 10;
    case Query.SIZE: return 32 - <u64>clz<u32>(f.bytes - 1);
    case Query.BUFFER: return <u64>ctz<u32>(BUFFER_BYTES);
    case Query.REGIONS: return 1;
    case Query.BLOCKS: return blocks & 0xff;
    case Query.BLOCKS + 1: return blocks >> 8;
    // In units of 256 bytes.
    case Query.BLOCK + 1: return BLOCK_BYTES >> 16;
    case Query.BLOCK: return BLOCK_BYTES >> 8 & 0xff;
    default: return 0;
  }
}

function writeFlash(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const f = changetype<Flash>(dev), command = <u32>value & 0xff;
  if (f.cycle == 0) begin(f, offset, command);
  else if (!goOn(f, offset, bytes, value, command)) showArray(f);
  if (f.cycle == 1 || f.command == <u32>Cmd.STATUS || f.command == <u32>Cmd.ID) hideAll();
}

/** The first write of a command. */
function begin(f: Flash, offset: u32, command: u32): void {
  switch (command) {
    case Cmd.STATUS: case Cmd.ID: f.command = command; return;
    case Cmd.ERASE: case Cmd.ERASE_OTHER: erase(f, offset & ~(BLOCK_BYTES - 1)); break;
    // As QEMU's: a chip that cannot be written takes no buffer.
    case Cmd.BUFFER: if (f.readOnly) { showArray(f); return; } f.status |= Status.READY; break;
    case Cmd.PROGRAM: case Cmd.PROGRAM_OTHER: case Cmd.LOCK: case Cmd.QUERY: break;
    case Cmd.CLEAR_STATUS: f.status = 0; showArray(f); return;
    default: showArray(f); return;
  }
  f.command = command; f.cycle = 1;
}

/** The others; false: the chip is an array again, asked to or because it makes no sense. */
function goOn(f: Flash, offset: u32, bytes: u32, value: u64, command: u32): bool {
  switch (f.command) {
    case Cmd.PROGRAM: case Cmd.PROGRAM_OTHER: program(f, offset, bytes, value); f.cycle = 0; return true;
    case Cmd.ERASE: case Cmd.ERASE_OTHER: if (command != <u32>Cmd.CONFIRM) return false; break;
    case Cmd.LOCK: if (command != <u32>Cmd.CONFIRM && command != <u32>Cmd.LOCKED) return false; break;
    case Cmd.QUERY: return command != <u32>Cmd.RESET;
    case Cmd.BUFFER: return fillBuffer(f, offset, bytes, value, command);
    default: return false;
  }
  f.cycle = 0; f.status |= Status.READY;
  return true;
}

/** How many there will be, less one; they; and that they are meant. */
function fillBuffer(f: Flash, offset: u32, bytes: u32, value: u64, command: u32): bool {
  if (f.cycle == 1) { f.left = <u32>value & 0xff; f.cycle = 2; return true; }
  if (f.cycle == 2) {
    program(f, offset, bytes, value);
    if (!f.left--) f.cycle = 3;
    return true;
  }
  if (command != <u32>Cmd.CONFIRM) return false;
  f.cycle = 0; f.status |= Status.READY;
  return true;
}

function program(f: Flash, offset: u32, bytes: u32, value: u64): void {
  f.status |= f.readOnly ? Status.READY | Status.PROGRAM_ERROR : Status.READY;
  if (f.readOnly) return;
  const at = contentOf(f, offset);
  switch (bytes) {
    case 1: store<u8>(at, <u8>value); break;
    case 2: store<u16>(at, <u16>value); break;
    case 4: store<u32>(at, <u32>value); break;
    default: store<u64>(at, value);
  }
  note(f, offset, bytes);
  addCount(f.counters + Count.PROGRAMMED, bytes);
}

function erase(f: Flash, offset: u32): void {
  f.status |= f.readOnly ? Status.READY | Status.ERASE_ERROR : Status.READY;
  if (f.readOnly) return;
  memory.fill(contentOf(f, offset), 0xff, BLOCK_BYTES);
  note(f, offset, BLOCK_BYTES);
  addCount(f.counters + Count.ERASED, BLOCK_BYTES);
  spend(BLOCK_BYTES >> 7);
}

function note(f: Flash, offset: u32, bytes: u32): void {
  noteWrite(contentOf(f, offset), bytes);
  f.first = f.end ? min(f.first, offset) : offset;
  f.end = max(f.end, offset + bytes);
}

// --- To the host ---

/** Sectors that have changed, as many as a batch takes; the rest when those are written. */
function carry(f: Flash): void {
  if (!f.end || askedCount(f.table)) return;
  const from = f.first & ~(SECTOR - 1), all = ((f.end + SECTOR - 1) & ~(SECTOR - 1)) - from, bytes = min(all, min(roomToAsk(f.table), DATA_BYTES) & ~(SECTOR - 1));
  const a = ask(f.table, RequestType.OUT, from >> 9, bytes);
  if (!changetype<usize>(a)) return;
  memory.copy(dataOf(a), contentOf(f, from), bytes);
  spend(bytes >> 7);
  f.first = from + bytes;
  if (bytes == all) { f.first = 0; f.end = 0; }
}

/** The host has answered. There is nobody to tell of an error but who counts. */
function service(dev: usize): void {
  const f = changetype<Flash>(dev);
  if (!askedCount(f.table) || askedAt(f.table, 0).answer == Answer.UNANSWERED) return;
  if (askedAt(f.table, 0).answer != Answer.OK) addCount(f.counters + Count.FAILED, 1);
  clearAsked(f.table);
  if (f.command == <u32>Cmd.ARRAY && !f.cycle) carry(f);
}
