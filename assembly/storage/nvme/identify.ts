// What the controller says of itself and of its namespace (5.15.2). The names are ours, the rest is QEMU's card where what it says is true here.

import { Cns, Controller, Id, Namespace, NAMESPACES, ONCS, VERSION } from "./spec";
import { MAX_SERIAL, MOST_EVENT_REQUESTS, Nvme, serialOf } from "./state";

/** 256 KiB: what a command may move, in pages of 4 KiB as a power of two. It fits the host's batch whole (device/blocks.ts). */
@inline export const MDTS: u32 = 6;
/** K: what it warns of, what is critical, and what it is. */
@inline export const WARM: u32 = 343;
@inline const HOT: u32 = 373;
@inline export const TEMPERATURE: u32 = 323;
@inline const MODEL: string = "Pintail NVMe Ctrl";
@inline const FIRMWARE: string = "1.0";
@inline const NQN: string = "nqn.2014-08.org.nvmexpress:uuid:";

/** Characters, and spaces up to `bytes`. */
function text(at: usize, value: string, bytes: u32): void {
  memory.fill(at, 0x20, bytes);
  for (let i: u32 = 0; i < min<u32>(<u32>value.length, bytes); i++) store<u8>(at + i, load<u8>(changetype<usize>(value) + (<usize>i << 1)));
}

export function identifyController(n: Nvme, at: usize): void {
  store<u16>(at, Id.VENDOR, Controller.VID);
  store<u16>(at, Id.SUBSYSTEM_VENDOR, Controller.SSVID);
  memory.fill(at + Controller.SN, 0x20, Controller.SN_BYTES);
  memory.copy(at + Controller.SN, serialOf(n) + 1, min<u32>(load<u8>(serialOf(n)), MAX_SERIAL));
  text(at + Controller.MN, MODEL, Controller.MN_BYTES);
  text(at + Controller.FR, FIRMWARE, Controller.FR_BYTES);
  store<u8>(at, 6, Controller.RAB);
  store<u8>(at, 0x00, Controller.IEEE); store<u8>(at, 0x54, Controller.IEEE + 1); store<u8>(at, 0x52, Controller.IEEE + 2);
  store<u8>(at, MDTS, Controller.MDTS);
  store<u32>(at, VERSION, Controller.VER);
  store<u8>(at, 1, Controller.CNTRLTYPE);
  store<u8>(at, 3, Controller.ACL);
  store<u8>(at, <u8>(MOST_EVENT_REQUESTS - 1), Controller.AERL);
  store<u8>(at, 0x03, Controller.FRMW);
  // The log of effects is there, and logs may be read from an offset.
  store<u8>(at, 0x06, Controller.LPA);
  store<u16>(at, <u16>WARM, Controller.WCTEMP);
  store<u16>(at, <u16>HOT, Controller.CCTEMP);
  store<u8>(at, 0x66, Controller.SQES);
  store<u8>(at, 0x44, Controller.CQES);
  store<u32>(at, NAMESPACES, Controller.NN);
  store<u16>(at, <u16>ONCS, Controller.ONCS);
  // A write cache, and FLUSH may name every namespace.
  store<u8>(at, 0x07, Controller.VWC);
  name(n, at + Controller.SUBNQN);
  // 25 W, in hundredths.
  store<u16>(at, 2500, Controller.PSD0);
}

export function identifyNamespace(n: Nvme, at: usize): void {
  const blocks = n.sectors >> (n.blockShift - 9);
  store<u64>(at, blocks, Namespace.NSZE); store<u64>(at, blocks, Namespace.NCAP); store<u64>(at, blocks, Namespace.NUSE);
  // What was deallocated reads as zeros, and WRITE ZEROES may deallocate.
  store<u8>(at, 0x09, Namespace.DLFEAT);
  store<u8>(at, n.readOnly ? 1 : 0, Namespace.NSATTR);
  store<u32>(at, n.blockShift << Namespace.LBADS_SHIFT, Namespace.LBAF0);
}

/** A UUID by the serial number (5.15.2.3): type 3, 16 bytes. */
export function identifyDescriptors(n: Nvme, at: usize): void {
  store<u8>(at, 3); store<u8>(at, 16, 1);
  putUuid(n, at + 4);
}

/** FNV-1a of the serial number, twice, with the bits of a version 8 UUID (RFC 9562). */
function putUuid(n: Nvme, at: usize): void {
  for (let half: u64 = 0; half < 2; half++) {
    let hash: u64 = 0xcbf2_9ce4_8422_2325 + half;
    for (let i: u32 = 0; i <= min<u32>(load<u8>(serialOf(n)), MAX_SERIAL); i++) hash = (hash ^ load<u8>(serialOf(n) + i)) * 0x100_0000_01b3;
    store<u64>(at + <usize>(half << 3), hash);
  }
  store<u8>(at, load<u8>(at, 6) & 0x0f | 0x80, 6);
  store<u8>(at, load<u8>(at, 8) & 0x3f | 0x80, 8);
}

/** NVM subsystem NQN (7.9): by the same UUID. */
function name(n: Nvme, at: usize): void {
  const digits = "0123456789abcdef", uuid = UUID;
  for (let i: u32 = 0; i < <u32>NQN.length; i++) store<u8>(at + i, load<u8>(changetype<usize>(NQN) + (<usize>i << 1)));
  putUuid(n, uuid);
  let to = at + NQN.length;
  for (let i: u32 = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) store<u8>(to++, 0x2d);
    const byte = load<u8>(uuid + i);
    store<u8>(to++, load<u8>(changetype<usize>(digits) + (<usize>(byte >> 4) << 1)));
    store<u8>(to++, load<u8>(changetype<usize>(digits) + (<usize>(byte & 15) << 1)));
  }
}
const UUID: usize = memory.data(16, 16);

/** What IDENTIFY gives into a page of zeros: false for what it cannot be asked. */
export function identify(n: Nvme, at: usize, cns: u32, namespace: u32): bool {
  switch (cns) {
    case Cns.CONTROLLER: identifyController(n, at); return true;
    case Cns.NAMESPACE: if (namespace == 1) identifyNamespace(n, at); return true;
    case Cns.NAMESPACES: if (namespace < 1) store<u32>(at, 1); return true;
    case Cns.DESCRIPTORS: identifyDescriptors(n, at); return true;
    default: return false;
  }
}
