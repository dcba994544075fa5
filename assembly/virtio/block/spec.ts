// The block device. Virtio 1.2, 5.2.

export const enum BlockFeature { SIZE_MAX = 1, SEG_MAX = 2, RO = 5, BLK_SIZE = 6, FLUSH = 9, DISCARD = 13, WRITE_ZEROES = 14 }
/** 5.2.4. */
export const enum BlockConfig {
  CAPACITY = 0, SIZE_MAX = 8, SEG_MAX = 12, BLK_SIZE = 20, MAX_DISCARD_SECTORS = 36, MAX_DISCARD_SEG = 40, DISCARD_ALIGNMENT = 44,
  MAX_WRITE_ZEROES_SECTORS = 48, MAX_WRITE_ZEROES_SEG = 52, WRITE_ZEROES_MAY_UNMAP = 56, BYTES = 60,
}
/** 5.2.6: virtio_blk_req and its types. */
export const enum Request { TYPE = 0, SECTOR = 8, BYTES = 16, SECTOR_BYTES = 512, ID_BYTES = 20 }
export const enum RequestType { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 }
/** virtio_blk_discard_write_zeroes: sector, count, flags. */
export const enum Range { SECTOR = 0, COUNT = 8, FLAGS = 12, BYTES = 16, UNMAP = 1 }
export const enum Answer { OK, IOERR, UNSUPP }
