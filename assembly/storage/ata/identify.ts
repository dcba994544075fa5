// What a drive says of itself: IDENTIFY DEVICE (ATA8-ACS, 7.16) and IDENTIFY PACKET DEVICE (7.17), 256 words in the buffer.

import { bufferOf, isCd, serialOf, MAX_SERIAL, Unit } from "../unit/state";
import { HEADS, MOST_CYLINDERS, MOST_MULTIPLE, Mode, SECTOR_BYTES, TRACK } from "./spec";

@inline const BYTES: u32 = 512;
/** Commands that may wait in the drive by themselves (Serial ATA 2.6, 13.6). */
@inline const QUEUE_DEPTH: u32 = 32;

@inline function put(u: Unit, word: u32, value: u32): void { store<u16>(bufferOf(u) + (word << 1), <u16>value); }

/** Text goes two bytes a word, the first in the upper half, filled with spaces. */
function putByte(u: Unit, word: u32, i: u32, byte: u32): void { store<u8>(bufferOf(u) + (<usize>word << 1) + (i ^ 1), <u8>byte); }
function putText(u: Unit, word: u32, bytes: u32, text: string): void {
  for (let i: u32 = 0; i < bytes; i++) putByte(u, word, i, i < <u32>text.length ? text.charCodeAt(i) : 0x20);
}

/** What the host was given, or a number of the drive's own: "PT" and the place in the machine's list. */
function putSerial(u: Unit): void {
  const given = serialOf(u), length = min(<u32>load<u8>(given), MAX_SERIAL);
  for (let i: u32 = 0; i < MAX_SERIAL; i++) putByte(u, 10, i, i < length ? load<u8>(given + 1 + i) : 0x20);
  if (length) return;
  putText(u, 10, MAX_SERIAL, "PT00000");
  putByte(u, 10, 5, 0x30 + u.card / 10);
  putByte(u, 10, 6, 0x30 + u.card % 10);
}

/** The mode chosen, in the upper byte of the word of its kind. */
@inline function chosen(u: Unit, kind: u32, all: u32): u32 { return u.mode >> 3 == kind ? all | 0x100 << (u.mode & 7) : all; }

function putCommon(u: Unit, model: string): void {
  memory.fill(bufferOf(u), 0, BYTES);
  putSerial(u);
  put(u, 20, 3); put(u, 21, 512); put(u, 22, 4);
  putText(u, 23, 8, "1.0");
  putText(u, 27, 40, model);
  put(u, 48, 1);
  put(u, 49, 0x0b00);                                   // IORDY, LBA, DMA
  put(u, 53, 7);
  put(u, 62, chosen(u, Mode.SINGLE_DMA, 7)); put(u, 63, chosen(u, Mode.MULTI_DMA, 7)); put(u, 64, 3);
  for (let word: u32 = 65; word <= 68; word++) put(u, word, 120);
  put(u, 88, chosen(u, Mode.ULTRA_DMA, 0x3f));
}

/** Fills the buffer. `queues`: its controller has native command queuing. */
export function identify(u: Unit, queues: bool): u32 {
  if (isCd(u)) { identifyCd(u); return BYTES; }
  putCommon(u, "PINTAIL HARDDISK");
  put(u, 0, 0x0040);
  putGeometry(u);
  put(u, 47, 0x8000 | MOST_MULTIPLE);
  put(u, 51, 0x0200); put(u, 52, 0x0200);
  put(u, 59, u.multiple ? 0x100 | u.multiple : 0);
  store<u32>(bufferOf(u) + 120, <u32>min<u64>(u.sectors, 0x0fff_ffff));
  if (queues) { put(u, 75, QUEUE_DEPTH - 1); put(u, 76, 1 << 8); }
  put(u, 80, 0x00f0); put(u, 81, 0x16);
  const cache: u32 = u.cached ? 1 << 5 : 0;
  put(u, 82, 0x4000 | 1 << 5); put(u, 83, 0x7400); put(u, 84, 0x4060);
  put(u, 85, 0x4000 | cache); put(u, 86, 0x3400); put(u, 87, 0x4060);
  put(u, 93, 0x6001);
  store<u64>(bufferOf(u) + 200, u.sectors);
  put(u, 106, 0x6000);
  put(u, 169, 1);                                       // TRIM
  return BYTES;
}

function putGeometry(u: Unit): void {
  const cylinders = <u32>min<u64>(u.sectors / (HEADS * TRACK), MOST_CYLINDERS);
  put(u, 1, cylinders); put(u, 3, HEADS); put(u, 4, SECTOR_BYTES * TRACK); put(u, 5, SECTOR_BYTES); put(u, 6, TRACK);
  const now = <u32>min<u64>(u.sectors / (<u64>max(u.heads, <u32>1) * max(u.track, <u32>1)), 65535);
  put(u, 54, now); put(u, 55, u.heads); put(u, 56, u.track);
  store<u32>(bufferOf(u) + 114, now * u.heads * u.track);
}

/** Removable, CD-ROM, interrupts when it takes the packet of 12 bytes. */
function identifyCd(u: Unit): void {
  putCommon(u, "PINTAIL DVD-ROM");
  put(u, 0, 0x85c0);
  put(u, 71, 30); put(u, 72, 30);
  put(u, 80, 0x001e);
  put(u, 82, 0x4210); put(u, 83, 0x4000); put(u, 84, 0x4000);
  put(u, 85, 0x4210); put(u, 86, 0); put(u, 87, 0x4000);
}
