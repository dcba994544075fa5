// virtio-9p, as Linux's include/uapi/linux/virtio_9p.h has it; virtio 1.2 only reserves its device id (clause 5).

/** Feature bit 0: the configuration has a mount tag. */
export const enum ShareFeature { MOUNT_TAG = 0 }
/** struct virtio_9p_config: the tag's length, and its bytes without an end. */
export const enum ShareConfig { TAG_BYTES = 0, TAG = 2 }
/** 9P: size (4), type (1), tag (2) begin every message and every answer. */
@inline export const MESSAGE_HEADER: u32 = 7;
