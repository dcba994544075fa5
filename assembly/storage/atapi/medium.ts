// The medium in a CD-ROM drive: how large it is, and what READ CAPACITY, READ TOC and their kin tell of it. One session with one data track. MMC-6, 6.

import { packetOf, Unit } from "../unit/state";
import { blank, get16, put16, put32, put8, refuse, refuseField, reply } from "./reply";
import { BLOCK_BYTES, BLOCK_SECTORS, LEAD_FRAMES, SenseCode, SenseKey } from "./spec";

@inline export function hasMedium(u: Unit): bool { return u.sectors != 0; }
export function blocksOf(u: Unit): u32 { return <u32>min<u64>(u.sectors / BLOCK_SECTORS, 0xffff_ffff); }

/** The number of the last block, and bytes of one. */
export function readCapacity(u: Unit): void {
  const at = blank(u, 8);
  put32(at, max(blocksOf(u), 1) - 1); put32(at + 4, BLOCK_BYTES);
  reply(u, 8, 8);
}

/** A place: as a block's number, or in minutes, seconds and frames from the start of the lead-in. */
function putPlace(at: usize, block: u32, inTime: bool): void {
  if (!inTime) { put32(at, block); return; }
  const frames = block + LEAD_FRAMES;
  put8(at, 0); put8(at + 1, min(frames / (75 * 60), <u32>255)); put8(at + 2, frames / 75 % 60); put8(at + 3, frames % 75);
}

@inline const DATA_TRACK: u32 = 0x14;
@inline const LEAD_OUT: u32 = 0xaa;

/** Formats 0 (tracks), 1 (sessions) and 2 (the whole of it, as a recorder wrote it). */
export function readToc(u: Unit): void {
  const packet = packetOf(u), inTime = (load<u8>(packet + 1) & 2) != 0, room = get16(packet + 7), first = <u32>load<u8>(packet + 6);
  const short = <u32>load<u8>(packet + 2) & 15, format = short ? short : <u32>load<u8>(packet + 9) >> 6;
  const at = blank(u, 64);
  let bytes: u32 = 12;
  switch (format) {
    case 0:
      if (first > 1 && first != LEAD_OUT) { refuseField(u); return; }
      bytes = putTracks(u, at, first, inTime);
      break;
    case 1: put16(at, 10); put8(at + 2, 1); put8(at + 3, 1); put8(at + 5, DATA_TRACK); put8(at + 6, 1); putPlace(at + 8, 0, inTime); break;
    case 2: bytes = putWhole(u, at); break;
    default: refuseField(u); return;
  }
  reply(u, bytes, room);
}

function putTracks(u: Unit, at: usize, first: u32, inTime: bool): u32 {
  let end = at + 4;
  put8(at + 2, 1); put8(at + 3, 1);
  if (first <= 1) { put8(end + 1, DATA_TRACK); put8(end + 2, 1); putPlace(end + 4, 0, inTime); end += 8; }
  put8(end + 1, DATA_TRACK); put8(end + 2, LEAD_OUT); putPlace(end + 4, blocksOf(u), inTime);
  end += 8;
  put16(at, <u32>(end - at) - 2);
  return <u32>(end - at);
}

/** First track, last track, lead-out, and the track itself: points A0, A1, A2 and 1, 11 bytes each. */
function putWhole(u: Unit, at: usize): u32 {
  put16(at, 2 + 4 * 11); put8(at + 2, 1); put8(at + 3, 1);
  for (let i: u32 = 0; i < 4; i++) {
    const entry = at + 4 + i * 11;
    put8(entry, 1); put8(entry + 1, DATA_TRACK); put8(entry + 3, i < 3 ? 0xa0 + i : 1);
    if (i < 2) put8(entry + 8, 1);
    else {
      const frames = i == 2 ? blocksOf(u) + LEAD_FRAMES : LEAD_FRAMES;
      put8(entry + 8, min(frames / (75 * 60), <u32>255)); put8(entry + 9, frames / 75 % 60); put8(entry + 10, frames % 75);
    }
  }
  return 4 + 4 * 11;
}

/** A finished disc of one session that nobody can write to. */
export function readDiscInformation(u: Unit): void {
  const packet = packetOf(u);
  if (load<u8>(packet + 1) & 7) { refuseField(u); return; }
  const at = blank(u, 34);
  put16(at, 32); put8(at + 2, 0x0e); put8(at + 3, 1); put8(at + 4, 1); put8(at + 5, 1); put8(at + 6, 1); put8(at + 7, 0x20);
  reply(u, 34, get16(packet + 7));
}

/** READ DISC STRUCTURE: of a DVD its physical format, copyright and manufacturing; a CD has none (MMC-6, 6.22). */
export function readDiscStructure(u: Unit, isDvd: bool): void {
  const packet = packetOf(u), format = <u32>load<u8>(packet + 7), room = get16(packet + 8), blocks = blocksOf(u);
  if (load<u8>(packet + 1) & 15 || load<u8>(packet + 6)) { refuseField(u); return; }
  if (!isDvd) { refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.INVALID_FIELD); return; }
  const at = blank(u, 2052);
  let bytes: u32 = 2052;
  if (format == 0) { put8(at + 4, 1); put8(at + 5, 0x0f); put8(at + 6, 1); put32(at + 8, 0x3_0000); put32(at + 12, 0x3_0000 + blocks - 1); put32(at + 16, 0); }
  else if (format == 1) bytes = 8;
  else if (format != 4) { refuseField(u); return; }
  put16(at, bytes - 2);
  reply(u, bytes, room);
}
