// The block device. Virtio 1.2, 5.2.

export const enum BlockFeature {
  SIZE_MAX = 1, SEG_MAX = 2, GEOMETRY = 4, RO = 5, BLK_SIZE = 6, FLUSH = 9, TOPOLOGY = 10, CONFIG_WCE = 11, MQ = 12, DISCARD = 13, WRITE_ZEROES = 14,
}
/** 5.2.4. */
export const enum BlockConfig {
  CAPACITY = 0, SIZE_MAX = 8, SEG_MAX = 12, CYLINDERS = 16, HEADS = 18, SECTORS = 19, BLK_SIZE = 20, PHYSICAL_BLOCK_EXP = 24, ALIGNMENT_OFFSET = 25,
  MIN_IO_SIZE = 26, OPT_IO_SIZE = 28, WRITEBACK = 32, NUM_QUEUES = 34, MAX_DISCARD_SECTORS = 36, MAX_DISCARD_SEG = 40, DISCARD_ALIGNMENT = 44,
  MAX_WRITE_ZEROES_SECTORS = 48, MAX_WRITE_ZEROES_SEG = 52, WRITE_ZEROES_MAY_UNMAP = 56, BYTES = 60,
}
/** 5.2.6: virtio_blk_req and its types. */
export const enum Request { TYPE = 0, SECTOR = 8, BYTES = 16, SECTOR_BYTES = 512, ID_BYTES = 20 }
export const enum RequestType { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 }
/** virtio_blk_discard_write_zeroes: sector, count, flags. */
export const enum Range { SECTOR = 0, COUNT = 8, FLAGS = 12, BYTES = 16, UNMAP = 1 }
export const enum Answer { OK, IOERR, UNSUPP }
