// Where virtio devices keep their state, inside their part of the DEVICES region, and the scratch their ring walks use.

import { VIRTIO_DATA } from "../device/layout";

@inline export const MAX_DEVICES: u32 = 16;
@inline export const DEVICE_BYTES: usize = 16 * 1024;
@inline export const VIRTIO_STATE: usize = VIRTIO_DATA;
@inline export const VIRTIO_STATE_SIZE: usize = <usize>MAX_DEVICES * DEVICE_BYTES;
/** In a device's part: common configuration, device configuration, the kind's own state, queues, requests in flight. */
export const enum Part { COMMON = 0x100, CONFIG = 0x200, OWN = 0x400, QUEUES = 0x1000, REQUESTS = 0x2000 }
@inline export const MAX_CONFIG: u32 = 256;

/** Two chains of buffers, the first of a packet and the one in hand; 1024 pieces each. Consumed within one call. */
@inline export const CHAINS: usize = VIRTIO_STATE + VIRTIO_STATE_SIZE;
@inline export const CHAIN_BYTES: usize = 20 * 1024;
@inline export const CHAINS_SIZE: usize = 2 * CHAIN_BYTES;
/** Bytes on their way between chains and rings. */
@inline export const SCRATCH: usize = CHAINS + CHAINS_SIZE;
@inline export const SCRATCH_SIZE: usize = 80 * 1024 - 64;
/** The descriptor a walk is looking at. */
@inline export const DESCRIPTOR: usize = SCRATCH + SCRATCH_SIZE;
@inline export const DESCRIPTOR_SIZE: usize = 64;

/** What devices keep of packed rings: handed out queue by queue at attach (queue/packed.ts), after a word that says how far. */
@inline export const PACKED_STATE: usize = DESCRIPTOR + DESCRIPTOR_SIZE;
@inline export const PACKED_STATE_SIZE: usize = 2048 * 1024;
