// What module and host share of the lab (assembly/lab): a peer inside the module for measuring. Valid in both languages.

/** What the peer does (setLab). */
export const enum LabMode { NONE, SOURCE, SINK, ECHO }

/**
 * When a source begins: as soon as a driver listens, at a mark of the guest's (and then whether it has come), or at once, whoever listens.
 * A machine's reset puts MARKED back to SILENT.
 */
export const enum LabStart { LISTEN, SILENT, MARKED, NOW }

/** What a source's frames carry, and what is turned round in an echo. */
export const enum LabProto { RAW, UDP, UDP6, ICMP }

/** How a source's bursts lie in time: evenly, or as a Poisson process at the same mean rate. */
export const enum LabArrivals { EVEN, POISSON }

/** A lab's own words (labAt), by offset in bytes: what setLab was given, and frames that a source has had to give. */
export const enum LabAt { MODE = 0, SIZE = 4, RATE = 8, BURST = 12, KBITS = 16, LIMIT = 24, SENT = 56, START = 100 }

/**
 * A lab's traffic (trafficAt), by offset in bytes, which the host writes before setLab. Addresses as they are in frames. Of a replay: how many bytes its frames
 * take, 0: there is none, and how far it is.
 */
export const enum TrafficAt {
  PROTO = 0, FLOWS = 4, PORT = 8, SOURCE_PORT = 12, IP = 16, GUEST_IP = 20, IP6 = 24, GUEST_IP6 = 40, ARRIVALS = 56, SEED = 64, REPLAY_BYTES = 72, REPLAY_NEXT = 76,
  BYTES = 256,
}

/** What is replayed lies behind RAM: the address of each port's frames (4 bytes each), then the frames. One: ns after the first, bytes, and behind these 16 bytes the frame, padded to 16. */
export const enum ReplayFrame { NS = 0, BYTES = 8, HEADER = 16 }

/**
 * Frames as they pass labs, for a capture, in a ring behind RAM: head, tail and what found no room, in bytes and frames; from 64 on the ring. A record is ns, bytes, the port with
 * TO_GUEST, and the frame, padded to 16; it may wrap.
 */
export const enum CaptureAt { HEAD = 0, TAIL = 4, MISSED = 8, RING = 64, RING_BYTES = 8388608, NS = 0, BYTES = 8, PORT = 12, RECORD = 16 }
export const enum CaptureBit { TO_GUEST = 0x100 }
