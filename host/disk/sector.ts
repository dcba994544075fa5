/** The unit of a disk's addresses. */
export const SECTOR_BYTES = 512;
