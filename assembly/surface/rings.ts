// Rings between the module and the host: their ids and where their words lie. device/ring.ts, frames.ts and bytes.ts say how they work.

/** Console n sends on TX0 + 2n and receives on the one above. */
export const enum RingId {
  TX0, RX0, TX1, RX1, TX2, RX2, TX3, RX3,
  /** Port 0xe9. */
  DEBUG,
  COUNT,
  /** Frame rings, two a network card (frames.ts). */
  FIRST_FRAME = 16,
  /** Disks are served with the rings but have tables of their own (blocks.ts). */
  FIRST_DISK = 40,
  /** Byte streams of consoles, two rings each (bytes.ts). */
  FIRST_STREAM = 48,
}

/** Serial ports, console ports and network cards that a machine may have. */
export const enum Most { SERIAL_PORTS = 4, STREAMS = 8, FRAME_PORTS = 8 }

/** What ringAt gives. */
export const enum RingPart { DATA, SIZE_BYTES, HEAD, TAIL }

/** A ring's words in the table, and its length there. */
export const enum RingWord { HEAD = 0, TAIL = 4, SIZE_BYTES = 8, DATA = 12, END = 16 }

/** The header of a frame's entry; SKIP in place of a length fills what is left before the end of the ring. */
export const enum FrameWord { BYTES = 0, FLAGS = 4, GSO_TYPE = 5, HDR_LEN = 6, GSO_SIZE = 8, CSUM_START = 10, CSUM_OFFSET = 12, PAD = 14, END = 16, SKIP = -1 }

/** What a card tells the host of its guest: the first word of its port (framePort). */
export const enum Accepts { CSUM = 1, TSO4 = 2, TSO6 = 4, LINK_UP = 8 }

/** Words of a console's stream: what the host says of its side, then whether the guest listens. */
export const enum StreamWord { HOST_LISTENS = 0, COLUMNS = 4, ROWS = 6, GUEST_LISTENS = 8 }
