import { Request } from '../../assembly/surface/blocks.js';

/** The unit of a disk's addresses. */
export const SECTOR_BYTES = Request.SECTOR_BYTES;
