// The common configuration structure of virtio-pci. Virtio 1.2, 4.1.4.3.
//
// Selected values (features, the queue's fields) are shown in the values of the register block: writing a selector loads
// them, writing a field stores them into the device or queue, where that is allowed: features until FEATURES_OK, a
// queue's place until it is enabled.

import { Access, Block, countAccesses, define, hook, makeBlock, resetBlock } from "../../device/registers";
import { vectorCount } from "../../pci/msix";
import { commonOf, has, isPacked, Queue, queueOf, resetQueue, VirtioDevice, writeStatus } from "../device";
import { Common, FeatureBit, NO_VECTOR, Status } from "../spec";

@inline function deviceFrom(dev: usize): VirtioDevice { return changetype<VirtioDevice>(dev); }

/** Makes the register block; at attach. */
export function defineCommon(d: VirtioDevice, card: string): void {
  const b = makeBlock(Common.BYTES, 20), read: u32 = Access.RO, write: u32 = Access.RW;
  d.common = <u32>changetype<usize>(b);
  hook(define(b, "device_feature_select", Common.DEVICE_FEATURE_SELECT, 4, write, 0, 0xffff_ffff), 0, selectOffered.index);
  hook(define(b, "device_feature", Common.DEVICE_FEATURE, 4, read, <u32>d.offered, 0), 0, 0);
  hook(define(b, "driver_feature_select", Common.DRIVER_FEATURE_SELECT, 4, write, 0, 0xffff_ffff), 0, selectAccepted.index);
  hook(define(b, "driver_feature", Common.DRIVER_FEATURE, 4, write, 0, 0xffff_ffff), 0, writeFeatures.index);
  hook(define(b, "config_msix_vector", Common.CONFIG_MSIX_VECTOR, 2, write, NO_VECTOR, 0xffff), 0, writeConfigVector.index);
  define(b, "num_queues", Common.NUM_QUEUES, 2, read, d.queueCount, 0);
  hook(define(b, "device_status", Common.DEVICE_STATUS, 1, write, 0, 0xff), readStatus.index, storeStatus.index);
  hook(define(b, "config_generation", Common.CONFIG_GENERATION, 1, read, 0, 0), readGeneration.index, 0);
  hook(define(b, "queue_select", Common.QUEUE_SELECT, 2, write, 0, 0xffff), 0, selectQueue.index);
  hook(define(b, "queue_size", Common.QUEUE_SIZE, 2, write, queueOf(d, 0).maxSize, 0xffff), 0, writeSize.index);
  hook(define(b, "queue_msix_vector", Common.QUEUE_MSIX_VECTOR, 2, write, NO_VECTOR, 0xffff), 0, writeVector.index);
  hook(define(b, "queue_enable", Common.QUEUE_ENABLE, 2, write, 0, 1), 0, writeEnable.index);
  define(b, "queue_notify_off", Common.QUEUE_NOTIFY_OFF, 2, read, 0, 0);
  hook(define(b, "queue_desc", Common.QUEUE_DESC, 8, write, 0, ~(<u64>0)), 0, writePlace.index);
  hook(define(b, "queue_driver", Common.QUEUE_DRIVER, 8, write, 0, ~(<u64>0)), 0, writePlace.index);
  hook(define(b, "queue_device", Common.QUEUE_DEVICE, 8, write, 0, ~(<u64>0)), 0, writePlace.index);
  define(b, "queue_notify_data", Common.QUEUE_NOTIFY_DATA, 2, read, 0, 0);
  hook(define(b, "queue_reset", Common.QUEUE_RESET, 2, write, 0, 1), 0, writeQueueReset.index);
  countAccesses(b, card, d.number);
}

export function resetCommon(d: VirtioDevice): void { resetBlock(changetype<Block>(<usize>d.common), commonOf(d)); }

@inline function half(value: u64, select: u32): u32 { return select == 0 ? <u32>value : select == 1 ? <u32>(value >> 32) : 0; }

function selectOffered(dev: usize, offset: u32, old: u64, written: u64): void {
  store<u32>(commonOf(deviceFrom(dev)), half(deviceFrom(dev).offered, <u32>written), Common.DEVICE_FEATURE);
}
function selectAccepted(dev: usize, offset: u32, old: u64, written: u64): void {
  store<u32>(commonOf(deviceFrom(dev)), half(deviceFrom(dev).accepted, <u32>written), Common.DRIVER_FEATURE);
}

function writeFeatures(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev), at = commonOf(d), select = load<u32>(at, Common.DRIVER_FEATURE_SELECT);
  if (!(d.status & Status.FEATURES_OK)) {
    if (select == 0) d.accepted = d.accepted & ~(<u64>0xffff_ffff) | written & 0xffff_ffff;
    else if (select == 1) d.accepted = d.accepted & 0xffff_ffff | written << 32;
  }
  store<u32>(at, half(d.accepted, select), Common.DRIVER_FEATURE);
}

/** A vector the function does not have reads back as NO_VECTOR (4.1.5.1.2.1). */
@inline function vectorFrom(d: VirtioDevice, written: u64): u32 { return <u32>written < vectorCount(d.pci) ? <u32>written : NO_VECTOR; }

function writeConfigVector(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev);
  d.configVector = vectorFrom(d, written);
  store<u16>(commonOf(d), <u16>d.configVector, Common.CONFIG_MSIX_VECTOR);
}

function readStatus(dev: usize, offset: u32): void { store<u8>(commonOf(deviceFrom(dev)), <u8>deviceFrom(dev).status, Common.DEVICE_STATUS); }
function storeStatus(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev);
  writeStatus(d, <u32>written);
  if (written == 0) resetCommon(d);
}
function readGeneration(dev: usize, offset: u32): void { store<u8>(commonOf(deviceFrom(dev)), <u8>deviceFrom(dev).generation, Common.CONFIG_GENERATION); }

// --- Queues ---

/** The queue selected, null when there is none of that number. */
function selected(d: VirtioDevice): Queue {
  const i = <u32>load<u16>(commonOf(d), Common.QUEUE_SELECT);
  return i < d.queueCount ? queueOf(d, i) : changetype<Queue>(0);
}

/** Shows the selected queue's fields; a queue that is not there has size 0. */
function showQueue(d: VirtioDevice): void {
  const q = selected(d), at = commonOf(d), there = changetype<usize>(q) != 0;
  store<u16>(at, <u16>(there ? q.size : 0), Common.QUEUE_SIZE);
  store<u16>(at, <u16>(there ? q.vector : NO_VECTOR), Common.QUEUE_MSIX_VECTOR);
  store<u16>(at, <u16>(there ? q.enabled : 0), Common.QUEUE_ENABLE);
  store<u16>(at, <u16>(there ? q.index : 0), Common.QUEUE_NOTIFY_OFF);
  store<u16>(at, <u16>(there ? q.index : 0), Common.QUEUE_NOTIFY_DATA);
  store<u64>(at, there ? q.desc : 0, Common.QUEUE_DESC);
  store<u64>(at, there ? q.driver : 0, Common.QUEUE_DRIVER);
  store<u64>(at, there ? q.used : 0, Common.QUEUE_DEVICE);
  store<u16>(at, 0, Common.QUEUE_RESET);
}

function selectQueue(dev: usize, offset: u32, old: u64, written: u64): void { showQueue(deviceFrom(dev)); }

/** The driver may shrink a queue, split ones to a power of two (2.7, 2.8.10.1). */
function writeSize(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev), q = selected(d), size = <u32>written;
  if (changetype<usize>(q) && !q.enabled && size != 0 && size <= q.maxSize && (isPacked(q) || (size & (size - 1)) == 0)) q.size = size;
  showQueue(d);
}

function writeVector(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev), q = selected(d);
  if (changetype<usize>(q)) q.vector = vectorFrom(d, written);
  showQueue(d);
}

/** Rings lie where 2.7 aligns them: 16, 2 and 4 bytes. */
function writePlace(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev), q = selected(d);
  if (changetype<usize>(q) && !q.enabled) {
    const value = load<u64>(commonOf(d) + offset);
    if (offset == Common.QUEUE_DESC) q.desc = value & ~<u64>15;
    else if (offset == Common.QUEUE_DRIVER) q.driver = value & ~<u64>1;
    else q.used = value & ~<u64>3;
  }
  showQueue(d);
}

/** Only 1 may be written (4.1.4.3.2). */
function writeEnable(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev), q = selected(d);
  if (changetype<usize>(q) && written & 1) q.enabled = 1;
  showQueue(d);
}

/** 2.6.1: the queue is as after a device reset; done at once, so that the register reads 0 again. */
function writeQueueReset(dev: usize, offset: u32, old: u64, written: u64): void {
  const d = deviceFrom(dev), q = selected(d);
  if (changetype<usize>(q) && written & 1 && has(d, FeatureBit.RING_RESET)) {
    if (d.onQueueReset) call_indirect<void>(d.onQueueReset, dev, q.index);
    resetQueue(q);
  }
  showQueue(d);
}

/** The selector is shared with the legacy interface. */
export function queueSelect(d: VirtioDevice): u32 { return load<u16>(commonOf(d), Common.QUEUE_SELECT); }
export function selectQueueNumber(d: VirtioDevice, i: u32): void {
  store<u16>(commonOf(d), <u16>i, Common.QUEUE_SELECT);
  showQueue(d);
}
