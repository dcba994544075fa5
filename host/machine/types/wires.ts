/** Frames as they pass between cards and their networks, and what their wires do to them. */

import type { Offload } from '../../net/backend.js';

/** A frame that a card has sent or was given. */
export interface SeenFrame {
  /** The `id` of the card's netdev. */
  netdev: string;
  toGuest: boolean;
  /** When the host took it or gave it: the boundary's virtual time, in ns. */
  virtualNs: bigint;
  /** From the Ethernet header on; a large segment is one frame. */
  bytes: Uint8Array;
  /** What is left to be done to it, in the fields of a virtio-net header. */
  offload: Offload;
}

export interface SeenFrames {
  /** In their order. */
  frames: SeenFrame[];
  /** How many came before them that were not kept: more than 4096, or than 16 MiB of them. */
  missed: number;
}

/** What a wire does to frames, each way; what is left out it does not do. Chances are from 0 to 1 for each frame. */
export interface WireOptions {
  loss?: number;
  duplicate?: number;
  /** A frame is held for 2 ms, so that others overtake it. */
  reorder?: number;
  /** Every frame takes so many ns of virtual time, and up to `jitterNs` more; each up to 60 s. */
  delayNs?: number;
  jitterNs?: number;
  /** What the wire carries, in bits a second: frames wait in line. 0, the default: it takes no time. */
  bitsPerSecond?: number;
}
