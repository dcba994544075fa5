// NVM commands (6): what they ask of the host (device/blocks.ts), and its answers. A command moves at most 256 KiB (MDTS), which fits the host's batch whole.

import { ask, Asked, askedAt, askedCount, clearAsked, dataOf, roomToAsk, unask } from "../../device/blocks";
import { addCount } from "../../base/counters";
import { Answer, AskedFlag, Range as HostRange, RequestType } from "../../surface/blocks";
import { MDTS } from "./identify";
import { transfer, Way } from "./prp";
import { Fate } from "./queues";
import { BROADCAST, NAMESPACES, Nvm, NvmFlag, Range, Sqe, Status } from "./spec";
import { Count, countNvme, hasSubmission, Nvme } from "./state";
import { refuse, tellLater } from "./done";

@inline const MOST_BYTES: u64 = 4096 << MDTS;
/** What a host may be asked to discard at once, in sectors. */
@inline const MOST_SECTORS: u64 = 1 << 30;
/** The command that is looked at. */
@unmanaged class Command { queue: u32; id: u32; opcode: u32; dw12: u32; prp1: u64; prp2: u64; first: u64; blocks: u64; }
const COMMAND: usize = memory.data(48, 8);
@inline const command = changetype<Command>(COMMAND);

/** The command at `at`; false when the host's batch has no room for it now. */
export function doIo(n: Nvme, queue: u32, at: usize): bool {
  command.queue = queue; command.id = load<u16>(at, Sqe.CID); command.opcode = load<u8>(at);
  command.prp1 = load<u64>(at, Sqe.PRP1); command.prp2 = load<u64>(at, Sqe.PRP2);
  command.first = load<u64>(at, Sqe.DW10); command.dw12 = load<u32>(at, Sqe.DW12); command.blocks = <u64>(command.dw12 & 0xffff) + 1;
  const status = check(n, load<u32>(at, Sqe.NSID), load<u8>(at, Sqe.FLAGS));
  if (status) { refuse(n, queue, command.id, status); return true; }
  switch (command.opcode) {
    case Nvm.FLUSH: return flush(n);
    case Nvm.WRITE_ZEROES: return zero(n);
    case Nvm.DSM: return discard(n, at);
    default: return move(n);
  }
}

function check(n: Nvme, namespace: u32, flags: u32): u32 {
  if (namespace != BROADCAST && (namespace < 1 || namespace > NAMESPACES)) return Status.INVALID_NAMESPACE;
  if (namespace != 1 && !(command.opcode == <u32>Nvm.FLUSH && namespace == BROADCAST)) return Status.INVALID_FIELD;
  const known: u32 = 1 << Nvm.FLUSH | 1 << Nvm.WRITE | 1 << Nvm.READ | 1 << Nvm.COMPARE | 1 << Nvm.WRITE_ZEROES | 1 << Nvm.DSM;
  if (command.opcode > 15 || !(known >> command.opcode & 1)) return Status.INVALID_OPCODE;
  if (flags & (Sqe.FUSE | Sqe.PSDT)) return Status.INVALID_FIELD;
  if (command.opcode == <u32>Nvm.FLUSH || command.opcode == <u32>Nvm.DSM) return Status.OK;
  if (command.opcode != <u32>Nvm.WRITE_ZEROES && command.blocks << n.blockShift > MOST_BYTES) return Status.INVALID_FIELD;
  return inside(n, command.first, command.blocks) ? changes(n) : <u32>Status.LBA_RANGE;
}
function changes(n: Nvme): u32 { return n.readOnly && (command.opcode == <u32>Nvm.WRITE || command.opcode == <u32>Nvm.WRITE_ZEROES) ? Status.WRITE_PROTECTED : Status.OK; }

function inside(n: Nvme, first: u64, blocks: u64): bool {
  const all = n.sectors >> (n.blockShift - 9);
  return first <= all && blocks <= all - first;
}
@inline function sectorsOf(n: Nvme, blocks: u64): u64 { return blocks << (n.blockShift - 9); }

/** Asks the host; null when the batch is full. */
function put(n: Nvme, type: u32, sector: u64, bytes: u32, fate: u32): Asked {
  const a = ask(n.table, type, sector, bytes);
  if (!changetype<usize>(a)) { countNvme(n, Count.WAITS); return a; }
  a.head = command.id; a.queue = command.queue; a.fate = fate; a.place = command.prp1; a.list = command.prp2;
  if (type != RequestType.IN && (!n.cached || (command.dw12 & NvmFlag.FUA && type == RequestType.OUT))) a.flags = AskedFlag.STABLE;
  return a;
}
@inline function has(a: Asked): bool { return changetype<usize>(a) != 0; }

/** READ, WRITE, COMPARE. */
function move(n: Nvme): bool {
  const writes = command.opcode == <u32>Nvm.WRITE, bytes = <u32>(command.blocks << n.blockShift);
  if (roomToAsk(n.table) < bytes) { countNvme(n, Count.WAITS); return false; }
  // Pages that make no sense are refused before the host reads.
  const found = writes ? Status.OK : transfer(n, command.prp1, command.prp2, 0, bytes, Way.LOOK);
  if (found) { refuse(n, command.queue, command.id, found); return true; }
  const a = put(n, writes ? RequestType.OUT : RequestType.IN, sectorsOf(n, command.first), bytes, command.opcode == <u32>Nvm.COMPARE ? Fate.COMPARE : Fate.TELL);
  if (!has(a)) return false;
  const moved = writes ? transfer(n, command.prp1, command.prp2, dataOf(a), bytes, Way.OUTWARD) : <u32>Status.OK;
  if (moved) { unask(n.table); refuse(n, command.queue, command.id, moved); return true; }
  note(n, writes, bytes);
  return true;
}

function note(n: Nvme, writes: bool, bytes: u32): void {
  countNvme(n, writes ? Count.WRITES : Count.READS);
  addCount(n.counters + (writes ? Count.BYTES_WRITTEN : Count.BYTES_READ), bytes);
  if (writes) { n.writes++; n.sectorsWritten += bytes >> 9; }
  else { n.reads++; n.sectorsRead += bytes >> 9; }
}

function flush(n: Nvme): bool {
  if (n.readOnly) { tellLater(n, command.queue, command.id, Status.OK); return true; }
  if (!has(put(n, RequestType.FLUSH, 0, 0, Fate.TELL))) return false;
  countNvme(n, Count.FLUSHES);
  return true;
}

@inline function putRange(at: usize, sector: u64, sectors: u64, flags: u32): void {
  store<u64>(at, sector, HostRange.SECTOR);
  store<u32>(at, <u32>min<u64>(sectors, MOST_SECTORS), HostRange.COUNT);
  store<u32>(at, flags, HostRange.FLAGS);
}

function zero(n: Nvme): bool {
  const a = put(n, RequestType.WRITE_ZEROES, 0, HostRange.BYTES, Fate.TELL);
  if (!has(a)) return false;
  putRange(dataOf(a), sectorsOf(n, command.first), sectorsOf(n, command.blocks), command.dw12 & NvmFlag.DEAC ? HostRange.UNMAP : 0);
  countNvme(n, Count.DISCARDS);
  return true;
}

/** DATASET MANAGEMENT: ranges to deallocate. Other attributes are hints, which nobody has to take. */
function discard(n: Nvme, at: usize): bool {
  const ranges = (load<u32>(at, Sqe.DW10) & 0xff) + 1, bytes = ranges * Range.BYTES;
  if (!(load<u32>(at, Sqe.DW11) & NvmFlag.DEALLOCATE)) { tellLater(n, command.queue, command.id, Status.OK); return true; }
  if (n.readOnly) { refuse(n, command.queue, command.id, Status.WRITE_PROTECTED); return true; }
  if (roomToAsk(n.table) < bytes) { countNvme(n, Count.WAITS); return false; }
  const a = put(n, RequestType.DISCARD, 0, bytes, Fate.TELL);
  if (!has(a)) return false;
  let status = transfer(n, command.prp1, command.prp2, dataOf(a), bytes, Way.OUTWARD);
  for (let i: u32 = 0; i < ranges && !status; i++) {
    const range = dataOf(a) + <usize>(i * Range.BYTES), blocks = <u64>load<u32>(range, Range.BLOCKS), first = load<u64>(range, Range.FIRST);
    if (!inside(n, first, blocks)) status = Status.LBA_RANGE;
    putRange(range, sectorsOf(n, first), sectorsOf(n, blocks), 0);
  }
  if (status) { unask(n.table); refuse(n, command.queue, command.id, status); return true; }
  countNvme(n, Count.DISCARDS);
  return true;
}

// --- From the host ---

/** The host has answered everything that it was asked; false while it has not, or was asked nothing. */
export function takeAnswers(n: Nvme): bool {
  const asked = askedCount(n.table);
  for (let i: u32 = 0; i < asked; i++) if (askedAt(n.table, i).answer == Answer.UNANSWERED) return false;
  for (let i: u32 = 0; i < asked; i++) finish(n, askedAt(n.table, i));
  clearAsked(n.table);
  return asked != 0;
}

function finish(n: Nvme, a: Asked): void {
  if (a.fate == Fate.FORGOTTEN || !hasSubmission(n, a.queue)) return;
  if (a.answer != Answer.OK) { tellLater(n, a.queue, a.head, a.type == RequestType.IN ? Status.READ_FAULT : Status.WRITE_FAULT); return; }
  const status = a.type == RequestType.IN ? transfer(n, a.place, a.list, dataOf(a), a.bytes, a.fate == Fate.COMPARE ? Way.COMPARE : Way.INWARD) : <u32>Status.OK;
  tellLater(n, a.queue, a.head, status == Status.TRANSFER_ERROR || status == Status.INVALID_PRP_OFFSET ? status | Status.DNR : status);
}

/** A reset of the controller: what the host was asked is done, and nobody is told. */
export function forgetAnswers(n: Nvme): void {
  for (let i: u32 = 0; i < askedCount(n.table); i++) askedAt(n.table, i).fate = Fate.FORGOTTEN;
}
