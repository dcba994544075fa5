// The legacy interface of a transitional device, in an I/O BAR. Virtio 1.2, 4.1.4.10: features of 32 bits, queues of a fixed size
// placed by page number in one piece, no FEATURES_OK. The device's configuration follows the registers, four bytes later when
// MSI-X is enabled. A driver that touches a register here is a legacy driver until the next reset.

import { commandOf } from "../../pci/functions";
import { configWriteOf } from "../../pci/config";
import { msixEnabled, vectorCount } from "../../pci/msix";
import { Config, PciCommand } from "../../pci/spec";
import { notifyQueue, Queue, queueOf, takeIsr, VirtioDevice, writeStatus } from "../device";
import { Avail, Legacy, NO_VECTOR, Status } from "../spec";
import { queueSelect, resetCommon, selectQueueNumber } from "./common";
import { readConfig, writeConfig } from "./device-config";

function selected(d: VirtioDevice): Queue {
  const i = queueSelect(d);
  return i < d.queueCount ? queueOf(d, i) : changetype<Queue>(0);
}

@inline function configStart(d: VirtioDevice): u32 { return msixEnabled(d.pci) ? Legacy.CONFIG_WITH_MSIX : Legacy.CONFIG; }

export function readLegacy(dev: usize, offset: u32, bytes: u32): u64 {
  const d = changetype<VirtioDevice>(dev), start = configStart(d);
  if (offset >= start) return readConfig(d, offset - start, bytes);
  // Registers are read by their width; a part of one is cut out of it.
  const at = registerAt(offset);
  return readRegister(d, at) >> (<u64>(offset - at) << 3);
}

/** Start of the register an offset lies in. */
function registerAt(offset: u32): u32 {
  if (offset < <u32>Legacy.QUEUE_SIZE) return offset & ~3;
  return offset < <u32>Legacy.DEVICE_STATUS || offset >= <u32>Legacy.CONFIG_VECTOR ? offset & ~1 : offset;
}

function readRegister(d: VirtioDevice, at: u32): u64 {
  const q = selected(d), there = changetype<usize>(q) != 0;
  switch (at) {
    case Legacy.DEVICE_FEATURES: return d.offered & 0xffff_ffff;
    case Legacy.DRIVER_FEATURES: return d.accepted & 0xffff_ffff;
    case Legacy.QUEUE_ADDRESS: return there && q.enabled ? q.desc >> 12 : 0;
    case Legacy.QUEUE_SIZE: return there ? q.maxSize : 0;
    case Legacy.QUEUE_SELECT: return queueSelect(d);
    case Legacy.DEVICE_STATUS: return d.status;
    case Legacy.ISR_STATUS: return takeIsr(d);
    case Legacy.CONFIG_VECTOR: return d.configVector;
    case Legacy.QUEUE_VECTOR: return there ? q.vector : NO_VECTOR;
    default: return 0;
  }
}

export function writeLegacy(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const d = changetype<VirtioDevice>(dev), start = configStart(d), v = <u32>value;
  if (offset >= start) { writeConfig(d, offset - start, bytes, value); return; }
  const q = selected(d);
  if (!(d.status & Status.FEATURES_OK)) d.legacy = 1;
  switch (offset) {
    case Legacy.DRIVER_FEATURES: if (!(d.status & Status.DRIVER_OK)) d.accepted = d.offered & value; break;
    case Legacy.QUEUE_ADDRESS: if (changetype<usize>(q)) placeQueue(q, v); break;
    case Legacy.QUEUE_SELECT: selectQueueNumber(d, v); break;
    case Legacy.QUEUE_NOTIFY: notifyQueue(d, v & 0xffff); break;
    case Legacy.DEVICE_STATUS: storeStatus(d, v & 0xff); break;
    case Legacy.CONFIG_VECTOR: d.configVector = v < vectorCount(d.pci) ? v : NO_VECTOR; break;
    case Legacy.QUEUE_VECTOR: if (changetype<usize>(q)) q.vector = v < vectorCount(d.pci) ? v : NO_VECTOR; break;
    default: break;
  }
}

/**
 * Drivers from before the rule never turn bus mastering on (Linux up to 2.6.33): it comes on when they say that they have found the device and
 * can drive it, as it does in QEMU.
 */
function storeStatus(d: VirtioDevice, status: u32): void {
  if (status == (Status.ACKNOWLEDGE | Status.DRIVER)) configWriteOf(d.pci, Config.COMMAND, 2, commandOf(d.pci) | PciCommand.MASTER);
  writeStatus(d, status);
  if (!status) resetCommon(d);
}

/** 2.7.2: descriptors and available ring in one piece, the used ring on the next page; page 0 takes the queue away. */
function placeQueue(q: Queue, page: u32): void {
  q.size = q.maxSize;
  q.desc = <u64>page << 12;
  q.driver = q.desc + (<u64>q.size << 4);
  const end = q.driver + Avail.RING + (<u64>q.size << 1) + 2;
  q.used = (end + Legacy.ALIGN - 1) & ~(<u64>Legacy.ALIGN - 1);
  q.enabled = page ? 1 : 0;
  q.nextAvail = 0; q.nextUsed = 0; q.pending = 0; q.quiet = 0;
}
