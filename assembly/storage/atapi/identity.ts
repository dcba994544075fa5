// What the drive says of itself: INQUIRY, MODE SENSE and GET CONFIGURATION. SPC-3, 6.4; MMC-6, 6.5 and 7.

import { packetOf, Unit } from "../unit/state";
import { blank, get16, put16, put32, put8, refuse, refuseField, reply } from "./reply";
import { CD_BLOCKS, Page, PageControl, Profile, SenseCode, SenseKey } from "./spec";
import { blocksOf, hasMedium } from "./medium";

@inline const REMOVABLE_CD: u32 = 0x0580;

function putText(at: usize, bytes: u32, text: string): void {
  for (let i: u32 = 0; i < bytes; i++) store<u8>(at + i, i < <u32>text.length ? <u8>text.charCodeAt(i) : 0x20);
}

export function inquire(u: Unit): void {
  const packet = packetOf(u), room = get16(packet + 3);
  if (load<u8>(packet + 1) & 1 || load<u8>(packet + 2)) { refuseField(u); return; }
  const at = blank(u, 36);
  put16(at, REMOVABLE_CD);
  put8(at + 3, 0x21);                                   // ATAPI's format of the answer
  put8(at + 4, 31);
  putText(at + 8, 8, "PINTAIL"); putText(at + 16, 16, "DVD-ROM"); putText(at + 32, 4, "1.0");
  reply(u, 36, room);
}

// --- MODE SENSE ---

/** The header of MODE SENSE (10), and one page or all of them. The medium's type says whether there is one. */
export function modeSense(u: Unit, wide: bool): void {
  const packet = packetOf(u), page = <u32>load<u8>(packet + 2) & 0x3f, control = <u32>load<u8>(packet + 2) >> 6, room = wide ? get16(packet + 7) : <u32>load<u8>(packet + 4);
  if (control == PageControl.SAVED) { refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.SAVING_UNSUPPORTED); return; }
  const head: u32 = wide ? 8 : 4, at = blank(u, 128);
  const end = putPages(u, at + head, page, control);
  if (end == at + head) { refuseField(u); return; }
  const bytes = <u32>(end - at), medium: u32 = hasMedium(u) ? 0x01 : 0x70;
  if (wide) { put16(at, bytes - 2); put8(at + 2, medium); }
  else { put8(at, bytes - 1); put8(at + 1, medium); }
  reply(u, bytes, room);
}

/** Nothing of them can be changed: asked what could, they are zeros. */
function putPages(u: Unit, from: usize, page: u32, control: u32): usize {
  let at = from;
  const all = page == Page.ALL;
  if (all || page == Page.ERROR_RECOVERY) at = putPage(at, Page.ERROR_RECOVERY, 8, control);
  if (all || page == Page.AUDIO) at = putPage(at, Page.AUDIO, 16, control);
  if (all || page == Page.CAPABILITIES) {
    const start = at;
    at = putPage(at, Page.CAPABILITIES, 20, control);
    if (control != PageControl.CHANGEABLE) putCapabilities(u, start);
  }
  return at;
}

function putPage(at: usize, page: u32, bytes: u32, control: u32): usize {
  put8(at, page); put8(at + 1, bytes - 2);
  if (page == Page.ERROR_RECOVERY && control != PageControl.CHANGEABLE) put8(at + 3, 5);
  return at + bytes;
}

/** CD capabilities and mechanical status (MMC-3, 5.5.10): reads CD-R, CD-RW and DVD-ROM, a tray that locks and ejects, speeds in kB/s. */
function putCapabilities(u: Unit, at: usize): void {
  put8(at + 2, 0x3b); put8(at + 3, 0);
  put8(at + 4, 0x70); put8(at + 5, 0x00);
  put8(at + 6, 0x29 | (u.locked ? 2 : 0)); put8(at + 7, 0);
  put16(at + 8, 706); put16(at + 10, 2); put16(at + 12, 512); put16(at + 14, 706);
}

// --- GET CONFIGURATION ---

/** The profile of the medium that is in the drive. */
export function profileOf(u: Unit): u32 {
  if (!hasMedium(u)) return Profile.NONE;
  return blocksOf(u) > CD_BLOCKS ? Profile.DVD_ROM : Profile.CD_ROM;
}

/** Feature descriptors from the one asked for on: all, or those that are current, or that one. */
export function getConfiguration(u: Unit): void {
  const packet = packetOf(u), which = <u32>load<u8>(packet + 1) & 3, first = get16(packet + 2), room = get16(packet + 7), profile = profileOf(u);
  if (which == 3) { refuseField(u); return; }
  const at = blank(u, 256);
  put16(at + 6, profile);
  let end = at + 8;
  for (let feature: u32 = 0; feature <= 0x1f; feature++) {
    if (feature < first || (which == 2 && feature != first)) continue;
    end = putFeature(end, feature, profile, which == 1);
  }
  put32(at, <u32>(end - at) - 4);
  reply(u, <u32>(end - at), room);
}

/** One descriptor: profiles, core, removable medium, random readable, CD read, DVD read. Nothing for another number. */
function putFeature(at: usize, feature: u32, profile: u32, currentOnly: bool): usize {
  const cd = profile == Profile.CD_ROM, dvd = profile == Profile.DVD_ROM;
  switch (feature) {
    case 0x00:
      head(at, 0x00, 0x03, 8);
      put16(at + 4, Profile.DVD_ROM); put8(at + 6, dvd ? 1 : 0);
      put16(at + 8, Profile.CD_ROM); put8(at + 10, cd ? 1 : 0);
      return at + 12;
    case 0x01: head(at, 0x01, 0x0b, 8); put32(at + 4, 2); put8(at + 8, 1); return at + 12;
    case 0x03: head(at, 0x03, 0x03, 4); put8(at + 4, 0x39); return at + 8;
    case 0x10:
      if (currentOnly && !cd && !dvd) return at;
      head(at, 0x10, cd || dvd ? 1 : 0, 8);
      put32(at + 4, 2048); put16(at + 8, 1);
      return at + 12;
    case 0x1e: if (currentOnly && !cd) return at; head(at, 0x1e, cd ? 9 : 8, 4); return at + 8;
    case 0x1f: if (currentOnly && !dvd) return at; head(at, 0x1f, dvd ? 5 : 4, 4); return at + 8;
    default: return at;
  }
}

/** Feature code; version, whether it lasts and whether it is current; how much more there is. */
function head(at: usize, feature: u32, bits: u32, more: u32): void { put16(at, feature); put8(at + 2, bits); put8(at + 3, more); }
