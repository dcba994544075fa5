// What a packet means (SPC-3, MMC-6): an answer in the drive's buffer, blocks of the medium for its controller to move, or sense data.

import { countUnit, packetOf, Result, Unit, UnitCount } from "../unit/state";
import { ejectMedium, MediaEvent } from "../unit/medium";
import { Data } from "../ata/outcome";
import { getConfiguration, inquire, modeSense, profileOf } from "./identity";
import { blocksOf, hasMedium, readCapacity, readDiscInformation, readDiscStructure, readToc } from "./medium";
import { blank, get16, get32, pass, put16, put8, refuse, refuseField, reply } from "./reply";
import { BLOCK_BYTES, BLOCK_SECTORS, Packet, Profile, SenseCode, SenseKey } from "./spec";

/** The most blocks of one command, so that its bytes are a number of 32 bits. */
@inline const MOST_BLOCKS: u32 = 1 << 20;

/** Carries out the packet. */
export function executePacket(u: Unit): void {
  const operation = <u32>load<u8>(packetOf(u));
  u.flags = 0;
  if (u.attention && !mayGoAhead(operation)) {
    u.attention = 0;
    refuse(u, SenseKey.UNIT_ATTENTION, SenseCode.MEDIUM_CHANGED);
    return;
  }
  if (needsMedium(operation) && !hasMedium(u)) { refuse(u, SenseKey.NOT_READY, SenseCode.NO_MEDIUM); return; }
  run(u, operation);
}

/** Commands that are carried out though the medium has changed (MMC-6, 4.1.6.1). */
function mayGoAhead(operation: u32): bool {
  return operation == Packet.INQUIRY || operation == Packet.REQUEST_SENSE || operation == Packet.GET_EVENT_STATUS || operation == Packet.GET_CONFIGURATION;
}
function needsMedium(operation: u32): bool {
  switch (operation) {
    case Packet.TEST_UNIT_READY: case Packet.READ_CAPACITY: case Packet.READ_10: case Packet.READ_12: case Packet.READ_CD: case Packet.READ_TOC: case Packet.SEEK_10:
    case Packet.READ_DISC_INFORMATION: case Packet.READ_DISC_STRUCTURE: case Packet.READ_SUBCHANNEL: case Packet.READ_TRACK_INFORMATION: return true;
    default: return false;
  }
}

function run(u: Unit, operation: u32): void {
  const packet = packetOf(u);
  switch (operation) {
    case Packet.TEST_UNIT_READY: case Packet.SET_CD_SPEED: pass(u); break;
    case Packet.REQUEST_SENSE: requestSense(u); break;
    case Packet.INQUIRY: inquire(u); break;
    case Packet.MODE_SENSE_6: modeSense(u, false); break;
    case Packet.MODE_SENSE_10: modeSense(u, true); break;
    case Packet.START_STOP: startStop(u); break;
    case Packet.PREVENT: u.locked = <u32>load<u8>(packet + 4) & 1; pass(u); break;
    case Packet.READ_CAPACITY: readCapacity(u); break;
    case Packet.READ_10: read(u, get32(packet + 2), get16(packet + 7)); break;
    case Packet.READ_12: read(u, get32(packet + 2), get32(packet + 6)); break;
    case Packet.READ_CD: readCd(u); break;
    case Packet.SEEK_10: if (get32(packet + 2) >= blocksOf(u)) refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.OUT_OF_RANGE); else pass(u); break;
    case Packet.READ_TOC: readToc(u); break;
    case Packet.GET_CONFIGURATION: getConfiguration(u); break;
    case Packet.GET_EVENT_STATUS: getEvent(u); break;
    case Packet.READ_DISC_INFORMATION: readDiscInformation(u); break;
    case Packet.READ_DISC_STRUCTURE: readDiscStructure(u, profileOf(u) == Profile.DVD_ROM); break;
    case Packet.MECHANISM_STATUS: { const at = blank(u, 8); put8(at + 5, 1); reply(u, 8, get16(packet + 8)); break; }
    default: refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.INVALID_OPCODE);
  }
}

/** Fixed format (SPC-3, 4.5.3). What was told is gone. */
function requestSense(u: Unit): void {
  const at = blank(u, 18), room = <u32>load<u8>(packetOf(u) + 4);
  put8(at, 0x70); put8(at + 2, u.senseKey); put8(at + 7, 10); put16(at + 12, u.senseCode);
  if (u.attention && !u.senseKey) { put8(at + 2, SenseKey.UNIT_ATTENTION); put16(at + 12, SenseCode.MEDIUM_CHANGED); u.attention = 0; }
  reply(u, 18, room);
}

/** Starting and stopping, and the tray: a locked one does not open. One that is closed again is as it was: empty until somebody puts a medium in. */
function startStop(u: Unit): void {
  const what = <u32>load<u8>(packetOf(u) + 4) & 3;
  if (what == 2) {
    if (u.locked) { refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.REMOVAL_PREVENTED); return; }
    if (hasMedium(u)) ejectMedium(u);
  }
  pass(u);
}

function read(u: Unit, block: u32, blocks: u32): void {
  const last = blocksOf(u);
  if (block > last || blocks > last - block || blocks > MOST_BLOCKS) { refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.OUT_OF_RANGE); return; }
  pass(u);
  if (!blocks) return;
  countUnit(u, UnitCount.READS);
  u.data = Data.READ; u.sector = <u64>block * BLOCK_SECTORS; u.bytes = blocks * BLOCK_BYTES; u.block = BLOCK_SECTORS;
}

/** User data alone: 2048 bytes of a data block. Headers and audio are not there to be read. */
function readCd(u: Unit): void {
  const packet = packetOf(u), what = <u32>load<u8>(packet + 9) & 0xf8, blocks = get32(packet + 5) & 0xff_ffff;
  if (what == 0) { pass(u); return; }
  if (what != 0x10) { refuse(u, SenseKey.ILLEGAL_REQUEST, SenseCode.INVALID_FIELD); return; }
  read(u, get32(packet + 2), blocks);
}

/** Media events, asked for one at a time (MMC-6, 6.6): the event, and whether tray and medium are there. */
function getEvent(u: Unit): void {
  const packet = packetOf(u), room = get16(packet + 7);
  if (!(load<u8>(packet + 1) & 1)) { refuseField(u); return; }
  const at = blank(u, 8), media = (load<u8>(packet + 4) & 0x10) != 0;
  put8(at + 3, 0x10);
  if (!media) { put16(at, 2); put8(at + 2, 0x80); reply(u, 4, room); return; }
  put16(at, 6); put8(at + 2, 4);
  put8(at + 4, u.event); put8(at + 5, hasMedium(u) ? 2 : 0);
  u.event = MediaEvent.NONE;
  reply(u, 8, room);
}

/** The blocks have been moved, or could not be. */
export function endPacket(u: Unit): void {
  if (u.jobResult == Result.HOST) refuse(u, SenseKey.MEDIUM_ERROR, SenseCode.READ_ERROR);
  else if (u.jobResult == Result.MEMORY) refuse(u, SenseKey.HARDWARE_ERROR, SenseCode.NONE);
  else pass(u);
}
