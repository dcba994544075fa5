// Where the device floor keeps its parts inside its regions: each starts where the one before it ends. tests/house/layout.test.ts
// sees to it that none overlap and that all lie in their region.

import { CLOCK, DEVICES, INTERRUPT, KIB, REGISTERS, REGISTERS_SIZE, RINGS, SLOTS } from "../base/layout";

// --- CLOCK ---

/** Virtual time (clock.ts). */
@inline export const CLOCK_WORDS: usize = CLOCK;
@inline export const CLOCK_WORDS_SIZE: usize = 256;
/** Timers that can be armed: which are, a bit each, and their deadlines (timers.ts). */
@inline export const MAX_TIMERS: u32 = 128;
@inline export const ARMED: usize = CLOCK_WORDS + CLOCK_WORDS_SIZE;
@inline export const ARMED_SIZE: usize = 16;
@inline export const DEADLINES: usize = ARMED + ARMED_SIZE;
@inline export const DEADLINES_SIZE: usize = 8 * <usize>MAX_TIMERS;
/** What devices may still cost the host (allowance.ts). */
@inline export const ALLOWANCE: usize = DEADLINES + DEADLINES_SIZE;
@inline export const ALLOWANCE_SIZE: usize = 64;

// --- INTERRUPT ---

@inline export const LINE_WORDS: usize = INTERRUPT;
@inline export const LINE_WORDS_SIZE: usize = 64;
/** Who drives a line, a bit each (interrupt.ts). */
@inline export const LINE_SOURCES: usize = LINE_WORDS + LINE_WORDS_SIZE;
@inline export const LINE_SOURCES_SIZE: usize = 24 * 8;

// --- SLOTS ---

@inline export const SLOT_WORDS: usize = SLOTS;
@inline export const SLOT_WORDS_SIZE: usize = 512;
/** Timers handed out (timers.ts). */
@inline export const TIMER_IDS: usize = SLOT_WORDS + SLOT_WORDS_SIZE;
@inline export const TIMER_IDS_SIZE: usize = 64;
/** Bound timers and rings: u32 function, u32 device. */
@inline export const TIMER_SLOTS: usize = TIMER_IDS + TIMER_IDS_SIZE;
@inline export const TIMER_SLOTS_SIZE: usize = 8 * <usize>MAX_TIMERS;
@inline export const RING_SLOTS: usize = TIMER_SLOTS + TIMER_SLOTS_SIZE;
@inline export const RING_SLOTS_SIZE: usize = 64 * 8;
/** The outcome of transfers, and which requesters may not master the bus (dma.ts). */
@inline export const DMA_WORDS: usize = RING_SLOTS + RING_SLOTS_SIZE;
@inline export const DMA_WORDS_SIZE: usize = 64;
@inline export const DMA_HELD: usize = DMA_WORDS + DMA_WORDS_SIZE;
@inline export const DMA_HELD_SIZE: usize = 8192;
/** Requesters whose addresses are physical, a bit each (dma.ts). */
@inline export const DMA_PLAIN: usize = DMA_HELD + DMA_HELD_SIZE;
@inline export const DMA_PLAIN_SIZE: usize = 8192;
/** The probe's edges (run/probe.ts). */
@inline export const PROBE: usize = DMA_PLAIN + DMA_PLAIN_SIZE;
@inline export const PROBE_SIZE: usize = 768;

/** What each model of card is, a row each (run/cards.ts). */
@inline export const MODEL_ROWS: usize = PROBE + PROBE_SIZE;
@inline export const MODEL_ROWS_SIZE: usize = 32 * 32;

// --- REGISTERS ---

/** Register tables (registers.ts): how far, which there are, and the tables. */
@inline export const TABLE_WORDS: usize = REGISTERS;
@inline export const TABLE_WORDS_SIZE: usize = 64;
@inline export const MAX_TABLES: u32 = 64;
@inline export const TABLE_LIST: usize = TABLE_WORDS + TABLE_WORDS_SIZE;
@inline export const TABLE_LIST_SIZE: usize = 4 * <usize>MAX_TABLES;
@inline export const TABLES: usize = TABLE_LIST + TABLE_LIST_SIZE;
@inline export const TABLES_SIZE: usize = REGISTERS_SIZE - TABLE_WORDS_SIZE - TABLE_LIST_SIZE;

// --- DEVICES ---

/** The list of cards (card.ts). */
@inline export const CARD_LIST: usize = DEVICES;
@inline export const CARD_LIST_SIZE: usize = 8 * KIB;
/** Virtio devices (virtio/layout.ts). */
@inline export const VIRTIO_DATA: usize = CARD_LIST + CARD_LIST_SIZE;
@inline export const VIRTIO_DATA_SIZE: usize = 2432 * KIB;
/** Network cards other than virtio (nic/layout.ts). */
@inline export const NIC_DATA: usize = VIRTIO_DATA + VIRTIO_DATA_SIZE;
@inline export const NIC_DATA_SIZE: usize = 448 * KIB;
/** Cards that are neither, by their place in the list (card.ts). */
@inline export const CARD_STATE_BYTES: usize = 11 * KIB;
@inline export const CARD_DATA: usize = NIC_DATA + NIC_DATA_SIZE;
@inline export const CARD_DATA_SIZE: usize = 16 * CARD_STATE_BYTES;
/** The remapping unit (vtd/layout.ts). */
@inline export const VTD_DATA: usize = CARD_DATA + CARD_DATA_SIZE;
@inline export const VTD_DATA_SIZE: usize = 44 * KIB;
/** The screen's registers (display/layout.ts). */
@inline export const DISPLAY_DATA: usize = VTD_DATA + VTD_DATA_SIZE;
@inline export const DISPLAY_DATA_SIZE: usize = 4 * KIB;

// --- RINGS ---

@inline export const RING_TABLE: usize = RINGS;
@inline export const RING_TABLE_SIZE: usize = 64 * 16;
/** What cards and host tell each other beside their frames (frames.ts); eight ports. */
@inline export const PORT_WORDS: usize = RING_TABLE + RING_TABLE_SIZE;
@inline export const PORT_WORDS_SIZE: usize = 1024;
/** The same of consoles' streams (bytes.ts); eight streams. */
@inline export const STREAM_WORDS: usize = PORT_WORDS + PORT_WORDS_SIZE;
@inline export const STREAM_WORDS_SIZE: usize = 1024;
/** Peers inside the module, one a frame port (lab/). */
@inline export const LAB_WORDS: usize = STREAM_WORDS + STREAM_WORDS_SIZE;
@inline export const LAB_WORDS_SIZE: usize = 1024;
/** Bytes of serial ports and of port e9. */
@inline export const BYTE_DATA: usize = LAB_WORDS + LAB_WORDS_SIZE;
@inline export const BYTE_DATA_SIZE: usize = 504 * 1024;
/** What labs' traffic is (lab/traffic.ts), one a frame port. */
@inline export const LAB_TRAFFIC: usize = BYTE_DATA + BYTE_DATA_SIZE;
@inline export const LAB_TRAFFIC_SIZE: usize = 4 * 1024;
@inline export const STREAM_DATA: usize = LAB_TRAFFIC + LAB_TRAFFIC_SIZE;
@inline export const STREAM_DATA_SIZE: usize = 512 * 1024;
/** Frames: two rings a port (frames.ts). */
@inline export const FRAME_DATA: usize = STREAM_DATA + STREAM_DATA_SIZE;
@inline export const FRAME_DATA_SIZE: usize = 4 * 1024 * 1024;
/** Disks' requests and their data (blocks.ts). */
@inline export const DISK_TABLES: usize = FRAME_DATA + FRAME_DATA_SIZE;
@inline export const DISK_TABLES_SIZE: usize = 4 * 1024 * 1024;
