// Where network cards other than virtio keep their state, inside their part of the DEVICES region: a part for each card
// by its frame port, and scratch that one call uses and leaves.

import { KIB } from "../base/layout";
import { NIC_DATA } from "../device/layout";

@inline export const MAX_NICS: u32 = 8;
@inline export const NIC_BYTES: usize = 32 * KIB;
@inline export const NIC_STATE: usize = NIC_DATA;
@inline export const NIC_STATE_SIZE: usize = <usize>MAX_NICS * NIC_BYTES;
/** Remainders of the frame check sequence by byte (fcs.ts), made at attach. */
@inline export const FCS_TABLE: usize = NIC_STATE + NIC_STATE_SIZE;
@inline export const FCS_TABLE_SIZE: usize = KIB;
/** Descriptors of the packet in hand, 16 bytes each: one sent, and one received, perhaps the same by a loopback. How many there may be is
 * what one item may cost the host (device/allowance.ts). */
@inline export const MAX_PIECES: u32 = 512;
@inline export const DESCRIPTORS: usize = FCS_TABLE + FCS_TABLE_SIZE;
@inline export const DESCRIPTORS_SIZE: usize = <usize>MAX_PIECES * 16;
@inline export const MAX_LOOK: u32 = 256;
@inline export const RECEIVE_DESCRIPTORS: usize = DESCRIPTORS + DESCRIPTORS_SIZE;
@inline export const RECEIVE_DESCRIPTORS_SIZE: usize = <usize>MAX_LOOK * 16;
/** A frame on its way into the guest, and one on its way round a loopback; each with room for padding, a tag and the FCS. */
@inline export const RECEIVE_FRAME: usize = RECEIVE_DESCRIPTORS + RECEIVE_DESCRIPTORS_SIZE;
@inline export const RECEIVE_FRAME_SIZE: usize = 72 * KIB;
@inline export const LOOP_FRAME: usize = RECEIVE_FRAME + RECEIVE_FRAME_SIZE;
@inline export const LOOP_FRAME_SIZE: usize = 72 * KIB;

@inline export function nicState(i: u32): usize { return NIC_STATE + <usize>min(i, MAX_NICS - 1) * NIC_BYTES; }
