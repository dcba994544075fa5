/**
 * The one interface between a network card and whatever carries its frames (docs/design.md, 5).
 *
 *     card  --send-->  backend        card  <--deliver--  backend
 *           <--roomForSend--                --roomForDeliver-->
 *
 * Either way a frame is offered and the answer says whether it was taken. After a refusal the refuser owes one ready signal, and the
 * frame stays with the one who offered it: nothing is dropped for want of room. Buffers are borrowed both ways: `frame` (which may be
 * a view of the machine's memory) and `offload` are valid only until the call returns, so who keeps them copies them. A backend may
 * deliver from inside `send`, `flush` and `roomForDeliver`; neither side signals room from inside the call it refuses.
 */

import type { Counter } from '../rings/counter.js';

/** The fields of the virtio-net header (virtio 1.2, 5.1.6) that travel with a frame. */
export interface Offload {
  /** `OffloadFlag` bits. */
  flags: number;
  /** `GsoType`, perhaps with the Ecn bit. */
  gsoType: number;
  /** Bytes of all headers, Ethernet to TCP: a hint, never trusted. */
  hdrLen: number;
  /** Payload bytes of each segment. */
  gsoSize: number;
  /** Where the sum starts, and where from there it is stored; meaningful with NeedsChecksum. */
  csumStart: number;
  csumOffset: number;
}

export const OffloadFlag = { NeedsChecksum: 1, DataValid: 2 } as const;
export const GsoType = { None: 0, Tcp4: 1, Udp: 3, Tcp6: 4, Ecn: 0x80 } as const;

/** A whole frame whose sums are in place. */
export const NO_OFFLOAD: Readonly<Offload> = Object.freeze({ flags: 0, gsoType: 0, hdrLen: 0, gsoSize: 0, csumStart: 0, csumOffset: 0 });

/** What a receiver of frames takes without software's help. */
export interface OffloadSupport {
  readonly csum: boolean;
  readonly tso4: boolean;
  readonly tso6: boolean;
}

export const NO_SUPPORT: OffloadSupport = Object.freeze({ csum: false, tso4: false, tso6: false });
export const ALL_SUPPORT: OffloadSupport = Object.freeze({ csum: true, tso4: true, tso6: true });

/** The largest frame that travels: 64 KiB of IP behind an Ethernet header. */
export const MAX_FRAME = 14 + 65535;

/** The card's side, as a backend sees it. */
export interface FrameSink {
  /** What the guest takes now; read before each delivery, since a driver may change it. */
  readonly accepts: OffloadSupport;
  /** Offers a frame to the guest. False: no room; `roomForDeliver` follows. */
  deliver(frame: Uint8Array, offload: Readonly<Offload>): boolean;
  /** After a refused `send`: try again. */
  roomForSend(): void;
}

export interface NetBackend {
  readonly name: string;
  /** What `send` takes; anything else goes through `withSoftwareOffload` first. */
  readonly accepts: OffloadSupport;
  /** Connects the card, before the first frame. Again after the machine was made anew (reset, snapshot): the last one counts. */
  attach(sink: FrameSink): void;
  /** Offers a frame from the guest. False: no room, not taken; `roomForSend` follows. */
  send(frame: Uint8Array, offload: Readonly<Offload>): boolean;
  /** The last frame of a batch has been sent: answers held back for coalescing go now. Optional to call, never late by more than a turn of the event loop. */
  flush(): void;
  /** After a refused `deliver`: try again. */
  roomForDeliver(): void;
  counters(): Counter[];
  /** Closes every socket. Resolves when they are closed; safe to call twice. */
  close(): Promise<void>;
}

/** What a backend holds before a card is attached: refuses everything. */
export const DETACHED: FrameSink = Object.freeze({ accepts: NO_SUPPORT, deliver: () => false, roomForSend: () => undefined });
