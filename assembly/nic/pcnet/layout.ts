// Where a PCnet card keeps its state, inside its part of the network cards' (nic/layout.ts), and the scratch it uses.

import { DESCRIPTORS, RECEIVE_FRAME } from "../layout";

/** Descriptors of one frame, each way: what one item may cost the host (device/allowance.ts). */
@inline export const MAX_PIECES: u32 = 256;
@inline export const CARD_BYTES: usize = 1024;
/** In a card's part: address PROM, BCRs and CSRs, a word each. */
export const enum Part { APROM = 0x80, BCRS = 0x90, CSRS = 0x100 }
/** An init block or a descriptor as read, the descriptors in hand, and a frame on its way in. Consumed within one call. */
@inline export const SCRATCH: usize = DESCRIPTORS;
@inline export const HERE: usize = SCRATCH + 32;
@inline export const NEXT: usize = SCRATCH + 48;
@inline export const FRAME_SCRATCH: usize = RECEIVE_FRAME;
