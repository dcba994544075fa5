// Where PCnet cards keep their state, inside the DEVICES region.

import { DEVICES } from "../../base/layout";

@inline export const MAX_CARDS: u32 = 8;
@inline export const CARD_BYTES: usize = 1024;
@inline export const PCNET_STATE: usize = DEVICES + 640 * 1024;
/** In a card's part: address PROM, CSRs and BCRs, a word each. */
export const enum Part { APROM = 0x80, BCRS = 0x90, CSRS = 0x100 }
/** One card's init block or descriptor as read, the descriptors in hand, and a frame on its way in. Consumed within one call. */
@inline export const SCRATCH: usize = PCNET_STATE + <usize>MAX_CARDS * CARD_BYTES;
@inline export const HERE: usize = SCRATCH + 32;
@inline export const NEXT: usize = SCRATCH + 48;
@inline export const FRAME_SCRATCH: usize = SCRATCH + 64;
/** Four tables of 256 words; made at attach. */
@inline export const CRC_TABLES: usize = FRAME_SCRATCH + 8 * 1024;
