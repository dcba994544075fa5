// Admin commands (5): each is done at once.

import { nowNs } from "../../device/clock";
import { requestEvent, unmaskEvents } from "./events";
import { featureResult, getFeature, setFeature } from "./features";
import { identify, TEMPERATURE } from "./identify";
import { createCompletion, createSubmission, deleteCompletion, deleteSubmission } from "./queues";
import { transfer, Way } from "./prp";
import { Admin, BROADCAST, Health, Log, NAMESPACES, Nvm, Sqe, Status } from "./spec";
import { Count, countNvme, hasSubmission, Nvme } from "./state";
import { refuse, tell } from "./done";

/** What goes to the guest: a page, or a log. */
const PAGE: usize = memory.data(4096, 16);

/** The command at `at`. */
export function doAdmin(n: Nvme, at: usize): void {
  const id = <u32>load<u16>(at, Sqe.CID), opcode = <u32>load<u8>(at);
  countNvme(n, Count.ADMIN);
  const flags = <u32>load<u8>(at, Sqe.FLAGS);
  if (flags & (Sqe.FUSE | Sqe.PSDT)) { refuse(n, 0, id, Status.INVALID_FIELD); return; }
  if (opcode == <u32>Admin.ASYNC_EVENT) { requestEvent(n, id); return; }
  let result: u32 = 0;
  const status = perform(n, at, opcode);
  if (opcode == <u32>Admin.SET_FEATURES || opcode == <u32>Admin.GET_FEATURES) result = featureResult();
  // Nothing is in hand that could be taken back.
  else if (opcode == <u32>Admin.ABORT) result = 1;
  // A completion queue may be deleted once its submission queues are.
  const retry: u32 = status == Status.OK || status == Status.QUEUE_DELETION ? 0 : Status.DNR;
  tell(n, 0, id, status | retry, result);
}

function perform(n: Nvme, at: usize, opcode: u32): u32 {
  const dw10 = load<u32>(at, Sqe.DW10), dw11 = load<u32>(at, Sqe.DW11), prp1 = load<u64>(at, Sqe.PRP1), namespace = load<u32>(at, Sqe.NSID);
  switch (opcode) {
    case Admin.DELETE_SQ: return deleteSubmission(n, dw10 & 0xffff);
    case Admin.CREATE_SQ: return createSubmission(n, prp1, dw10, dw11);
    case Admin.DELETE_CQ: return deleteCompletion(n, dw10 & 0xffff);
    case Admin.CREATE_CQ: return createCompletion(n, prp1, dw10, dw11);
    case Admin.IDENTIFY: return tellIdentity(n, at, dw10 & 0xff, namespace);
    case Admin.ABORT: return hasSubmission(n, dw10 & 0xffff) ? Status.OK : Status.INVALID_FIELD;
    case Admin.SET_FEATURES: return setFeature(n, namespace, dw10, dw11);
    case Admin.GET_FEATURES: return getFeature(n, namespace, dw10, dw11);
    case Admin.GET_LOG: return tellLog(n, at, dw10, dw11, namespace);
    default: return Status.INVALID_OPCODE;
  }
}

@inline function isThere(namespace: u32): bool { return namespace >= 1 && namespace <= NAMESPACES; }

function tellIdentity(n: Nvme, at: usize, cns: u32, namespace: u32): u32 {
  // A list begins behind a namespace; 1.4, 5.15.2.3 forbids the two last.
  if (cns == 2 ? namespace >= 0xffff_fffe : (cns == 0 || cns == 3) && !isThere(namespace)) return Status.INVALID_NAMESPACE;
  if (cns == 3 && namespace != 1) return Status.INVALID_FIELD;
  memory.fill(PAGE, 0, 4096);
  if (!identify(n, PAGE, cns, namespace)) return Status.INVALID_FIELD;
  return transfer(n, load<u64>(at, Sqe.PRP1), load<u64>(at, Sqe.PRP2), PAGE, 4096, Way.INWARD);
}

// --- Logs ---

function tellLog(n: Nvme, at: usize, dw10: u32, dw11: u32, namespace: u32): u32 {
  const log = dw10 & 0xff, wanted = <u64>((dw11 & 0xffff) << 16 | dw10 >> 16) + 1 << 2, from = load<u64>(at, Sqe.DW12);
  if (from & 3) return Status.INVALID_FIELD;
  memory.fill(PAGE, 0, 4096);
  let bytes: u32 = 0;
  switch (log) {
    case Log.ERRORS: bytes = 64; if (!(dw10 & Log.RAE)) unmaskEvents(n); break;
    case Log.HEALTH: bytes = Health.BYTES; if (namespace && namespace != BROADCAST && namespace != 1) return Status.INVALID_NAMESPACE; fillHealth(n); break;
    case Log.FIRMWARE: bytes = 512; store<u8>(PAGE, 1); store<u32>(PAGE, 0x20302e31, 8); store<u32>(PAGE, 0x20202020, 12); break;
    case Log.EFFECTS: bytes = 4096; fillEffects(); break;
    default: return Status.INVALID_FIELD;
  }
  if (from >= bytes) return Status.INVALID_FIELD;
  return transfer(n, load<u64>(at, Sqe.PRP1), load<u64>(at, Sqe.PRP2), PAGE + <usize>from, <u32>min<u64>(wanted, <u64>bytes - from), Way.INWARD);
}

/** Data in thousands of 512 bytes, rounded up. */
@inline function units(sectors: u64): u64 { return (sectors + 999) / 1000; }

function fillHealth(n: Nvme): void {
  store<u16>(PAGE, <u16>TEMPERATURE, Health.TEMPERATURE);
  store<u8>(PAGE, 100, Health.SPARE);
  store<u8>(PAGE, 10, Health.THRESHOLD);
  store<u64>(PAGE, units(n.sectorsRead), Health.UNITS_READ);
  store<u64>(PAGE, units(n.sectorsWritten), Health.UNITS_WRITTEN);
  store<u64>(PAGE, n.reads, Health.READS);
  store<u64>(PAGE, n.writes, Health.WRITES);
  // Hours since power-up.
  store<u64>(PAGE, nowNs() / 3_600_000_000_000, 128);
}

/** Which commands there are, and which change what the namespace holds (5.14.1.5): a dword an opcode, those for I/O from 1024 on. */
function fillEffects(): void {
  const admin: u32 = 1 << Admin.DELETE_SQ | 1 << Admin.CREATE_SQ | 1 << Admin.GET_LOG | 1 << Admin.DELETE_CQ | 1 << Admin.CREATE_CQ | 1 << Admin.IDENTIFY | 1 << Admin.ABORT | 1 << Admin.SET_FEATURES | 1 << Admin.GET_FEATURES | 1 << Admin.ASYNC_EVENT;
  const io: u32 = 1 << Nvm.FLUSH | 1 << Nvm.WRITE | 1 << Nvm.READ | 1 << Nvm.COMPARE | 1 << Nvm.WRITE_ZEROES | 1 << Nvm.DSM;
  const changes: u32 = 1 << Nvm.FLUSH | 1 << Nvm.WRITE | 1 << Nvm.WRITE_ZEROES | 1 << Nvm.DSM;
  for (let i: u32 = 0; i < 16; i++) {
    store<u32>(PAGE + (<usize>i << 2), admin >> i & 1);
    store<u32>(PAGE + 1024 + (<usize>i << 2), (io >> i & 1) | (changes >> i & 1) << 1);
  }
}
