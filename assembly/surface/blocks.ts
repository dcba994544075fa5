// A disk's requests to the host. device/blocks.ts says how the table works; types, answers and ranges are virtio 1.2's, 5.2.6.

/** The table: its count, then from FIRST on so many bytes a request, at most MOST of them. */
export const enum AskedTable { COUNT = 0, FIRST = 64, ENTRY_BYTES = 64, MOST = 64 }
export const enum AskedWord { TYPE = 0, ANSWER = 4, SECTOR = 8, BYTES = 16, DATA = 20, FLAGS = 24 }
/** STABLE: what is written must be on the disk itself before the answer. */
export const enum AskedFlag { STABLE = 1 }

/** virtio_blk_req and its types. */
export const enum Request { TYPE = 0, SECTOR = 8, BYTES = 16, SECTOR_BYTES = 512, ID_BYTES = 20 }
export const enum RequestType { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 }
/** UNANSWERED stands for an answer until there is one. */
export const enum Answer { OK, IOERR, UNSUPP, UNANSWERED = 0xff }
/** virtio_blk_discard_write_zeroes: sector, count, flags. */
export const enum Range { SECTOR = 0, COUNT = 8, FLAGS = 12, BYTES = 16, UNMAP = 1 }
