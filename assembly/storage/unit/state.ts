// A drive: a disk or CD-ROM drive on a controller of its own machine (AHCI, IDE), as its controller and the commands see it. 0 overlay, 400h a buffer of what the
// drive itself has to say, or a block that goes through a data port.
//
// The drive knows its controller as a Bus, which stands first in every controller's state: three functions that say where data goes to.

import { nameOwned, takeCounters } from "../../base/counters";
import { addCount, count } from "../../base/counters";
import { CARD_STATE_BYTES } from "../../device/layout";
import { cardState } from "../../device/card";

/** What a drive is. */
export const enum UnitKind { NONE, DISK, CD, FLOPPY }
export const enum JobState { NONE, READY, ASKED, WAITING }
/** What became of a job. HOST: the host could not; SHORT: the guest gave room for less; MEMORY: its buffers lie where no memory is. */
export const enum Result { OK, HOST, SHORT, MEMORY }

@unmanaged export class Bus {
  /** How many bytes of `wanted` have a place in the guest: (unit: usize, wanted: u32) => u32. */
  onReach: u32;
  /** Moves bytes between the module and that place, and goes on behind them: (unit: usize, at: usize, bytes: u32, inward: u32) => u32, 0 for no memory. */
  onMove: u32;
  /** A job is done; there is allowance again and no job in hand: (unit: usize) => void. */
  onDone: u32; onTurn: u32;
  /** Its drives' addresses, 0 where none is: eight. */
  unit0: u32;
}
@inline export const MOST_UNITS: u32 = 8;
@inline function unitSlot(bus: usize, port: u32): usize { return bus + offsetof<Bus>("unit0") + (<usize>(port & 7) << 2); }
@inline export function busOfCard(i: u32): usize { return cardState(i); }
/** Behind a Bus and its drives. */
@inline export const BUS_BYTES: usize = 64;

@unmanaged export class Unit {
  // Written at attach.
  bus: u32; port: u32; kind: u32; card: u32;
  /** Its table of requests to the host; timers of a job's end and of its turn. */
  table: u32; timer: u32; turn: u32; counters: u32;

  // The medium: 512-byte sectors, 0 without one.
  sectors: u64;
  readOnly: u32;
  /** The medium is another one than the guest has seen. */
  attention: u32;

  // The job in hand (job.ts): a RequestType, its first sector, bytes asked for and done, those of the part with the host.
  jobState: u32; jobType: u32;
  jobSector: u64;
  jobTotal: u32; jobDone: u32; jobPart: u32; jobResult: u32;
  /** Virtual ns from the host's last answer to its end; AskedFlag. */
  jobDelay: u32; jobFlags: u32;

  // The guest's list of places in memory (list.ts): the entry in hand, how many there are, bytes of it that are done.
  listAt: u64;
  listLeft: u32; listDone: u32;

  // What a command asks for (ata/, atapi/): a Data, bytes in the buffer; or a first sector and bytes.
  data: u32; dataBytes: u32;
  sector: u64;
  bytes: u32;
  /** AskedFlag.STABLE: it must be on the disk itself. */
  flags: u32;
  /** It takes the data by DMA, not block by block; sectors of a block. */
  byDma: u32; block: u32;

  // The task file (ATA/ATAPI-7, 5.1): each register with what was written before it.
  feature: u8; count: u8; low: u8; mid: u8; high: u8; device: u8; command: u8; status: u8;
  featureWas: u8; countWas: u8; lowWas: u8; midWas: u8; highWas: u8; error: u8; control: u8; pad0: u8;

  // What SET FEATURES, SET MULTIPLE MODE and INITIALIZE DEVICE PARAMETERS set: a write cache is on, sectors of a block, transfer mode, geometry.
  cached: u32; multiple: u32; mode: u32; heads: u32; track: u32;
  /** The last queued command that failed: its tag, status and error with its address (log 10h). */
  failedTag: u32; failedStatus: u32; failedError: u32;
  failedSector: u64;

  // ATAPI: sense, and whether the door is locked; the events that wait to be told.
  senseKey: u32; senseCode: u32; locked: u32; event: u32;
  /** Bytes that one interrupt may announce. */
  byteLimit: u32;
  stopped: u32;
}
/** The packet, the serial number as its length and bytes. */
@inline const PACKET: usize = 0x200;
@inline export const PACKET_BYTES: u32 = 12;
@inline const SERIAL: usize = 0x240;
@inline export const MAX_SERIAL: u32 = 20;
@inline const BUFFER: usize = 0x400;
@inline export const BUFFER_BYTES: u32 = <u32>CARD_STATE_BYTES - <u32>BUFFER;

@inline export function unitOfCard(i: u32): Unit { return changetype<Unit>(cardState(i)); }
/** The drive at a port of a controller; null where none is. */
@inline export function unitAt(bus: usize, port: u32): Unit { return changetype<Unit>(<usize>load<u32>(unitSlot(bus, port))); }
@inline export function isThere(u: Unit): bool { return changetype<usize>(u) != 0; }
@inline export function putUnit(u: Unit): void { store<u32>(unitSlot(u.bus, u.port), <u32>changetype<usize>(u)); }
@inline export function busOf(u: Unit): Bus { return changetype<Bus>(<usize>u.bus); }
@inline export function packetOf(u: Unit): usize { return changetype<usize>(u) + PACKET; }
@inline export function serialOf(u: Unit): usize { return changetype<usize>(u) + SERIAL; }
@inline export function bufferOf(u: Unit): usize { return changetype<usize>(u) + BUFFER; }
@inline export function isCd(u: Unit): bool { return u.kind == UnitKind.CD; }

export const enum UnitCount { COMMANDS, READS, WRITES, FLUSHES, BYTES_READ, BYTES_WRITTEN, REFUSED, PARTS, END }
@inline export function countUnit(u: Unit, what: u32): void { count(u.counters + what); }
@inline export function countBytes(u: Unit, what: u32, bytes: u32): void { addCount(u.counters + what, bytes); }

export function nameUnit(u: Unit, card: string, n: u32): void {
  const c = takeCounters(UnitCount.END);
  u.counters = c;
  nameOwned(c + UnitCount.COMMANDS, card, n, -1, "commands", "requests");
  nameOwned(c + UnitCount.READS, card, n, -1, "reads", "requests");
  nameOwned(c + UnitCount.WRITES, card, n, -1, "writes", "requests");
  nameOwned(c + UnitCount.FLUSHES, card, n, -1, "flushes", "requests");
  nameOwned(c + UnitCount.BYTES_READ, card, n, -1, "bytes read", "bytes");
  nameOwned(c + UnitCount.BYTES_WRITTEN, card, n, -1, "bytes written", "bytes");
  nameOwned(c + UnitCount.REFUSED, card, n, -1, "commands refused", "requests");
  nameOwned(c + UnitCount.PARTS, card, n, -1, "further batches of long requests", "events");
}
